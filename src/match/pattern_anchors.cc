// SPDX-License-Identifier: Apache-2.0
#include "match/pattern_anchors.h"

#include <algorithm>
#include <optional>

namespace telefence {
namespace {

using Kind = PatternNode::Kind;
using Texts = std::vector<std::u16string>;

constexpr std::size_t kMostExact = 32;       // texts that a part is multiplied out into
constexpr std::size_t kMostAnchors = 256;    // of one expression
constexpr std::size_t kLongestExact = 24;
constexpr std::size_t kMostMembers = 4;      // of a class that is multiplied out
// At more than one place of a hundred an anchor would call for its expression in most messages.
constexpr double kMostChance = 0.01;

// What is known of a part of an expression.
struct Part {
  std::optional<Texts> exact;  // all that it matches, when that is few texts
  Texts anchors;               // the best set inside it; empty when there is none

};

bool is_edge(const PatternNode& node) {
  return node.kind == Kind::kStart || node.kind == Kind::kEnd || node.kind == Kind::kWordEdge || node.kind == Kind::kNoWordEdge;
}

bool has_edge(const PatternNode& node) { return is_edge(node) || std::any_of(node.children.begin(), node.children.end(), has_edge); }

// Every text of `left` followed by every text of `right`; nullopt when that is too much.
std::optional<Texts> multiplied(const Texts& left, const Texts& right) {
  if (left.size() * right.size() > kMostExact) return std::nullopt;
  Texts out;
  for (const std::u16string& first : left) {
    for (const std::u16string& second : right) {
      if (!first.empty() && !second.empty() && first.size() + second.size() > kLongestExact) return std::nullopt;
      out.push_back(first + second);
    }
  }
  return out;
}

class Chooser {
 public:
  explicit Chooser(const AnchorCost& cost) : cost_(cost) {}

  // The chance that one of them begins at a given place.
  double chance(const Texts& texts) const {
    if (texts.empty()) return 1;
    double sum = 0;
    for (const std::u16string& text : texts) sum += cost_.rarity.chance(text);
    return std::min(sum, 1.0);
  }
  double cost(const Texts& texts) const {
    if (texts.empty()) return 1e9;
    double sum = 0;
    for (const std::u16string& text : texts) sum += cost_.of(text);
    return sum;
  }

  Part part_of(const PatternNode& node) const;
  Anchors sequence_anchors(const PatternNode& node, Part& out) const;

  // The best set for a text that contains a match of this part.
  Texts best(const Part& part) const { return part.exact && cost(*part.exact) < cost(part.anchors) ? *part.exact : part.anchors; }

 private:
  bool is_rarer(const Texts& other, const Texts& than) const { return other.size() <= kMostAnchors && chance(other) < 1 && cost(other) < cost(than); }
  Part choice_part(const PatternNode& node) const;
  Part repeat_part(const PatternNode& node) const;

  const AnchorCost& cost_;
};

// The best anchors of what follows one another: of a run of neighbours that match few texts, or of one of them alone. Fills `out`.
Anchors Chooser::sequence_anchors(const PatternNode& node, Part& out) const {
  Anchors best;
  Texts run = {u""};  // the exact texts of the children from `first` on
  std::uint32_t first = 0;
  bool whole = true;
  const auto keep_run = [&](std::uint32_t end) {
    if (is_rarer(run, best.texts)) best = {.texts = run, .is_exact = true, .first = first, .end = end};
  };
  for (std::uint32_t i = 0; i < node.children.size(); ++i) {
    const Part part = part_of(node.children[i]);
    std::optional<Texts> longer;
    if (part.exact) longer = multiplied(run, *part.exact);
    if (longer) {
      run = std::move(*longer);
      continue;
    }
    whole = false;
    keep_run(i);
    if (is_rarer(part.anchors, best.texts)) best = {.texts = part.anchors};
    run = part.exact ? *part.exact : Texts{u""};
    first = part.exact ? i : i + 1;
  }
  keep_run(static_cast<std::uint32_t>(node.children.size()));
  if (whole) out.exact = std::move(run);
  out.anchors = best.texts;
  return best;
}

Part Chooser::choice_part(const PatternNode& node) const {
  Part out{.exact = Texts{}};
  bool all_have_anchors = true;
  for (const PatternNode& child : node.children) {
    const Part part = part_of(child);
    if (part.exact && out.exact && out.exact->size() + part.exact->size() <= kMostExact)
      out.exact->insert(out.exact->end(), part.exact->begin(), part.exact->end());
    else
      out.exact.reset();
    const Texts rarest = best(part);
    all_have_anchors = all_have_anchors && !rarest.empty();
    out.anchors.insert(out.anchors.end(), rarest.begin(), rarest.end());
  }
  if (!all_have_anchors || out.anchors.size() > kMostAnchors) out.anchors.clear();
  return out;
}

Part Chooser::repeat_part(const PatternNode& node) const {
  const Part part = part_of(node.children.front());
  Part out;
  if (node.least > 0) out.anchors = best(part);
  if (part.exact && node.most == 1) {
    out.exact = *part.exact;
    if (node.least == 0) out.exact->push_back(u"");
  } else if (part.exact && node.least == node.most && node.least <= 4) {
    out.exact = Texts{u""};
    for (std::uint32_t i = 0; i < node.least && out.exact; ++i) out.exact = multiplied(*out.exact, *part.exact);
  }
  return out;
}

Part Chooser::part_of(const PatternNode& node) const {
  Part out;
  switch (node.kind) {
    case Kind::kText:
      out.exact = Texts{node.text};
      out.anchors = {node.text};
      return out;
    case Kind::kClass:
      if (const std::optional<std::u16string> members = node.unit_class.members(kMostMembers)) {
        out.exact = Texts{};
        for (const char16_t unit : *members) out.exact->emplace_back(1, unit);
      }
      return out;
    case Kind::kAny:
      return out;
    case Kind::kSequence:
      (void)sequence_anchors(node, out);
      return out;
    case Kind::kChoice:
      return choice_part(node);
    case Kind::kRepeat:
      return repeat_part(node);
    case Kind::kStart:
    case Kind::kEnd:
    case Kind::kWordEdge:
    case Kind::kNoWordEdge:
      out.exact = Texts{u""};
      return out;
  }
  return out;
}

void sort_out(Texts& texts) {
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
}

// Edges at the ends of the run are left to what stands beside it; inside it they would be forgotten.
void leave_edges_out(const PatternNode& sequence, Anchors& anchors) {
  while (anchors.first < anchors.end && is_edge(sequence.children[anchors.first])) ++anchors.first;
  while (anchors.first < anchors.end && is_edge(sequence.children[anchors.end - 1])) --anchors.end;
  for (std::uint32_t i = anchors.first; i < anchors.end; ++i)
    if (has_edge(sequence.children[i])) anchors.is_exact = false;
}

void append_flat(PatternNode&& node, PatternNode& sequence) {
  if (node.kind != Kind::kSequence) {
    sequence.children.push_back(std::move(node));
    return;
  }
  for (PatternNode& child : node.children) append_flat(std::move(child), sequence);
}

}  // namespace

PatternNode as_sequence(PatternNode tree) {
  PatternNode out;
  append_flat(std::move(tree), out);
  return out;
}

Anchors find_anchors(const PatternNode& sequence, const AnchorCost& cost) {
  const Chooser chooser(cost);
  Part part;
  Anchors out = chooser.sequence_anchors(sequence, part);
  if (chooser.chance(out.texts) > kMostChance) return {};
  if (out.is_exact) leave_edges_out(sequence, out);
  sort_out(out.texts);
  return out;
}

std::vector<std::u16string> anchors_of(const PatternNode& tree) {
  const AnchorCost cost{TextRarity::of_texts()};
  const Chooser chooser(cost);
  Texts best = chooser.best(chooser.part_of(tree));
  if (chooser.chance(best) > kMostChance) return {};
  sort_out(best);
  return best;
}

}  // namespace telefence
