// SPDX-License-Identifier: Apache-2.0
#include "match/pattern_anchors.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace telefence {
namespace {

using Kind = PatternNode::Kind;
using Texts = std::vector<std::u16string>;

constexpr std::size_t kMostExact = 32;       // texts that a part is multiplied out into
constexpr std::size_t kMostAnchors = 256;    // of one expression
constexpr std::size_t kLongestExact = 24;
constexpr std::size_t kMostMembers = 4;      // of a class that is multiplied out
constexpr double kLeastBits = 8;             // one Chinese character, or two letters

// How rare a text is, in bits: of a few thousand Chinese characters that are used, of 26 letters unevenly used, of digits.
double bits_of(const std::u16string& text) {
  double bits = 0;
  for (const char16_t unit : text) bits += unit >= 128 ? 9 : unit >= u'0' && unit <= u'9' ? 3.3 : 4.2;
  return bits;
}

// How rare it is that any of them stands somewhere.
double bits_of(const Texts& texts) {
  if (texts.empty()) return 0;
  double share = 0;
  for (const std::u16string& text : texts) share += std::exp2(-bits_of(text));
  return -std::log2(share);
}

// What is known of a part of an expression.
struct Part {
  std::optional<Texts> exact;  // all that it matches, when that is few texts
  Texts anchors;               // the best set inside it; empty when there is none

  // The best set for a text that contains a match of this part.
  Texts best() const { return exact && bits_of(*exact) > bits_of(anchors) ? *exact : anchors; }
};

void keep_rarer(Texts& best, const Texts& other) {
  if (other.size() <= kMostAnchors && bits_of(other) > bits_of(best)) best = other;
}

// Every text of `left` followed by every text of `right`; nullopt when that is too much.
std::optional<Texts> multiplied(const Texts& left, const Texts& right) {
  if (left.size() * right.size() > kMostExact) return std::nullopt;
  Texts out;
  for (const std::u16string& first : left) {
    for (const std::u16string& second : right) {
      if (first.size() + second.size() > kLongestExact) return std::nullopt;
      out.push_back(first + second);
    }
  }
  return out;
}

Part part_of(const PatternNode& node);

Part sequence_part(const PatternNode& node) {
  Part out;
  Texts run = {u""};  // the exact texts of the neighbours up to here
  bool whole = true;
  for (const PatternNode& child : node.children) {
    const Part part = part_of(child);
    std::optional<Texts> longer;
    if (part.exact) longer = multiplied(run, *part.exact);
    if (longer) {
      run = std::move(*longer);
      continue;
    }
    whole = false;
    keep_rarer(out.anchors, run);
    keep_rarer(out.anchors, part.anchors);
    run = part.exact ? *part.exact : Texts{u""};
  }
  keep_rarer(out.anchors, run);
  if (whole) out.exact = std::move(run);
  return out;
}

Part choice_part(const PatternNode& node) {
  Part out{.exact = Texts{}};
  bool all_have_anchors = true;
  for (const PatternNode& child : node.children) {
    const Part part = part_of(child);
    if (part.exact && out.exact && out.exact->size() + part.exact->size() <= kMostExact)
      out.exact->insert(out.exact->end(), part.exact->begin(), part.exact->end());
    else
      out.exact.reset();
    const Texts best = part.best();
    all_have_anchors = all_have_anchors && !best.empty();
    out.anchors.insert(out.anchors.end(), best.begin(), best.end());
  }
  if (!all_have_anchors || out.anchors.size() > kMostAnchors) out.anchors.clear();
  return out;
}

Part repeat_part(const PatternNode& node) {
  const Part part = part_of(node.children.front());
  Part out;
  if (node.least > 0) out.anchors = part.best();
  if (part.exact && node.most == 1) {
    out.exact = *part.exact;
    if (node.least == 0) out.exact->push_back(u"");
  } else if (part.exact && node.least == node.most && node.least <= 4) {
    out.exact = Texts{u""};
    for (std::uint32_t i = 0; i < node.least && out.exact; ++i) out.exact = multiplied(*out.exact, *part.exact);
  }
  return out;
}

Part part_of(const PatternNode& node) {
  switch (node.kind) {
    case Kind::kText:
      return {.exact = Texts{node.text}, .anchors = {node.text}};
    case Kind::kClass: {
      Part out;
      if (const std::optional<std::u16string> members = node.unit_class.members(kMostMembers)) {
        out.exact = Texts{};
        for (const char16_t unit : *members) out.exact->emplace_back(1, unit);
      }
      return out;
    }
    case Kind::kAny:
      return {};
    case Kind::kSequence:
      return sequence_part(node);
    case Kind::kChoice:
      return choice_part(node);
    case Kind::kRepeat:
      return repeat_part(node);
    case Kind::kStart:
    case Kind::kEnd:
    case Kind::kWordEdge:
    case Kind::kNoWordEdge:
      return {.exact = Texts{u""}};
  }
  return {};
}

}  // namespace

std::vector<std::u16string> anchors_of(const PatternNode& tree) {
  Texts best = part_of(tree).best();
  if (bits_of(best) < kLeastBits) return {};
  std::sort(best.begin(), best.end());
  best.erase(std::unique(best.begin(), best.end()), best.end());
  return best;
}

}  // namespace telefence
