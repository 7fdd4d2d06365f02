// SPDX-License-Identifier: Apache-2.0
#include "match/pattern_table_builder.h"

#include <algorithm>
#include <utility>

#include "match/scratch_state.h"
#include "normalise/pattern_text.h"
#include "normalise/sms_text.h"

namespace telefence {
namespace {

using Kind = PatternNode::Kind;

// Alternatives of an expression that have anchors of their own.
constexpr std::size_t kMostParts = 64;

// Octets as units: URLs are compared octet by octet.
std::u16string widened(std::string_view octets) {
  std::u16string out;
  for (const char octet : octets) out += static_cast<char16_t>(static_cast<unsigned char>(octet));
  return out;
}

std::u16string in_lower_case(std::u16string text) {
  fold_partly(text, TextFold::kCase);
  return text;
}

}  // namespace

PatternTable::Builder::Builder(TextFold fold, bool over_url, std::uint32_t first_rule, std::vector<PatternError>& rejected)
    : fold_(fold),
      over_url_(over_url),
      letters_(over_url || fold == TextFold::kAll || fold == TextFold::kCase ? Letters::kAnyCase : Letters::kExact),
      first_rule_(first_rule),
      rejected_(rejected),
      rarity_(over_url ? TextRarity::of_urls() : TextRarity::of_texts()) {
  std::size_t longest = 0;
  for (const char* probe : everything_probes(over_url_)) {
    probes_.push_back(over_url_ ? widened(probe) : fold_text(probe, fold_));
    longest = std::max(longest, probes_.back().size());
  }
  workspace_ = std::make_unique<PatternWorkspace>(longest);
}

// Texts are folded, so their patterns are; URLs are only compared without regard to case.
std::u16string PatternTable::Builder::folded(const PatternEntry& entry) const {
  if (over_url_) return widened(entry.expression);
  return entry.literal ? fold_text(entry.expression, fold_) : fold_expression(entry.expression, fold_);
}

// nullopt: nothing is left of one of them.
std::optional<PatternTable::Builder::FoldedWords> PatternTable::Builder::folded_words(const PatternEntry& entry) const {
  FoldedWords out;
  bool is_whole = true;
  const auto fold_all = [&](const std::vector<std::string>& from, std::vector<std::u16string>& to) {
    for (const std::string& word : from) {
      to.push_back(over_url_ ? in_lower_case(widened(word)) : fold_text(word, fold_));
      is_whole = is_whole && !to.back().empty();
    }
  };
  fold_all(entry.words.all, out.all);
  fold_all(entry.words.any, out.any);
  fold_all(entry.words.none, out.none);
  return is_whole ? std::optional(std::move(out)) : std::nullopt;
}

void PatternTable::Builder::take(const PatternEntry& entry) {
  std::optional<FoldedWords> words = folded_words(entry);
  if (!words) return reject(entry, "nothing is left of one of its words after folding");
  std::optional<PatternNode> tree;
  std::u16string units;
  const bool has_expression = !entry.expression.empty() || entry.words.is_empty();
  if (has_expression) {
    units = folded(entry);
    if (units.empty()) return reject(entry, "nothing is left of it after folding");
    tree = entry.literal ? plain_text(units, letters_) : parse_pattern(units, letters_);
  } else if (words->all.empty() && words->any.empty()) {
    return reject(entry, "it only says which words must not be there: give 'all' or 'any', too");
  }
  if ((tree || !has_expression) && take_anchored(entry, tree, *words)) return;
  expressions_.push_back({over_url_ ? entry.expression : to_utf8(units), entry.rule, add_words(*words), {}});
}

PatternTable::Builder::Plan PatternTable::Builder::plan_of(const PatternNode& tree) const {
  Plan plan;
  const auto add = [&](PatternNode sequence) {
    Anchors anchors = find_anchors(sequence, {rarity_, &use_counts_});
    plan.parts.push_back({std::move(sequence), std::move(anchors)});
  };
  PatternNode sequence = as_sequence(tree);
  const bool has_alternatives = sequence.children.size() == 1 && sequence.children.front().kind == Kind::kChoice &&
                                sequence.children.front().children.size() <= kMostParts;
  if (has_alternatives)
    for (const PatternNode& alternative : sequence.children.front().children) add(as_sequence(alternative));
  else
    add(std::move(sequence));
  plan.cost = 0;
  plan.is_anchored = true;
  for (const Plan::Part& part : plan.parts) {
    if (part.anchors.texts.empty()) plan.is_anchored = false;
    for (const std::u16string& text : part.anchors.texts) plan.cost += cost_of(text);
  }
  return plan;
}

// A word, or the words of which one has to stand there, are looked for first when they are rarer. They need not be looked for again.
void PatternTable::Builder::prefer_words(Plan& plan, FoldedWords& words) const {
  std::vector<std::u16string>* best = nullptr;
  std::size_t best_word = 0;
  const auto offer = [&](std::vector<std::u16string>* list, std::size_t word, double cost) {
    if (plan.is_anchored && cost >= plan.cost) return;
    plan.is_anchored = true;
    plan.cost = cost;
    best = list;
    best_word = word;
  };
  for (std::size_t i = 0; i < words.all.size(); ++i) offer(&words.all, i, cost_of(words.all[i]));
  double cost_of_any = 0;
  for (const std::u16string& word : words.any) cost_of_any += cost_of(word);
  if (!words.any.empty()) offer(&words.any, 0, cost_of_any);
  if (best == nullptr) return;
  plan.parts.clear();
  if (best == &words.any) {
    plan.words = std::exchange(words.any, {});
  } else {
    plan.words = {words.all[best_word]};
    words.all.erase(words.all.begin() + static_cast<std::ptrdiff_t>(best_word));
  }
}

// False: Hyperscan is to judge the expression.
bool PatternTable::Builder::take_anchored(const PatternEntry& entry, const std::optional<PatternNode>& tree, FoldedWords& words) {
  Plan plan;
  if (tree && entry.literal) {
    // A plain text is its own anchor however common it is.
    plan.cost = cost_of(tree->text);
    plan.is_anchored = true;
    plan.parts.push_back({as_sequence(*tree), {.texts = {tree->text}, .is_exact = true, .first = 0, .end = 1}});
  } else if (tree) {
    plan = plan_of(*tree);
  }
  FoldedWords left = words;
  prefer_words(plan, left);
  if (!plan.is_anchored) return false;
  Pattern pattern{.rule = entry.rule + first_rule_};
  if (tree) {
    const std::optional<std::uint32_t> program = table_.programs_.add(*tree);
    if (!program) return false;
    if (matches_everything(*program)) {
      reject(entry, kMatchesEverything);
      return true;
    }
    pattern.program = *program;
  }
  pattern.words = add_words(left);
  const auto index = static_cast<std::uint32_t>(table_.patterns_.size());
  table_.patterns_.push_back(pattern);
  for (const Plan::Part& part : plan.parts) add_uses(part, index, true);
  std::sort(plan.words.begin(), plan.words.end());
  plan.words.erase(std::unique(plan.words.begin(), plan.words.end()), plan.words.end());
  for (const std::u16string& word : plan.words) add_use(word, {.pattern = index, .before = tree ? kWhole : kNone});
  return true;
}

void PatternTable::Builder::add_uses(const Plan::Part& part, std::uint32_t pattern, bool has_program) {
  Use use{.pattern = pattern};
  const Anchors& anchors = part.anchors;
  bool is_nearby = anchors.is_exact;
  if (is_nearby) {
    const std::uint32_t whole = has_program ? kWhole : kNone;
    use.before = add_side(part.sequence, 0, anchors.first, true);
    use.behind = add_side(part.sequence, anchors.end, part.sequence.children.size(), false);
    is_nearby = use.before != whole && use.behind != whole;
  }
  if (!is_nearby) use = {.pattern = pattern, .before = kWhole};
  for (const std::u16string& text : anchors.texts) add_use(text, use);
}

// The part for those children; kNone: there are none; kWhole: it reaches too far.
std::uint32_t PatternTable::Builder::add_side(const PatternNode& sequence, std::size_t first, std::size_t end, bool before) {
  if (first == end) return kNone;
  PatternNode side;
  side.children.assign(sequence.children.begin() + static_cast<std::ptrdiff_t>(first), sequence.children.begin() + static_cast<std::ptrdiff_t>(end));
  if (longest_match(side) > PatternPrograms::kNearby) return kWhole;
  return table_.programs_.add_part(before ? mirrored(std::move(side)) : side);
}

void PatternTable::Builder::add_use(const std::u16string& anchor, const Use& use) {
  const auto [known, is_new] = ids_.try_emplace(anchor, static_cast<std::uint32_t>(anchors_.size()));
  if (is_new) {
    anchors_.push_back(anchor);
    uses_of_anchor_.emplace_back();
  }
  uses_of_anchor_[known->second].push_back(use);
  ++use_counts_[anchor];
}

std::uint32_t PatternTable::Builder::add_words(const FoldedWords& words) {
  if (words.all.empty() && words.any.empty() && words.none.empty()) return kNone;
  table_.word_groups_.push_back({.first = static_cast<std::uint32_t>(table_.words_.size()),
                                 .all = static_cast<std::uint32_t>(words.all.size()),
                                 .any = static_cast<std::uint32_t>(words.any.size()),
                                 .none = static_cast<std::uint32_t>(words.none.size())});
  for (const std::vector<std::u16string>* list : {&words.all, &words.any, &words.none}) {
    for (const std::u16string& word : *list) {
      table_.words_.push_back({static_cast<std::uint32_t>(table_.word_units_.size()), static_cast<std::uint32_t>(word.size())});
      table_.word_units_ += word;
    }
  }
  return static_cast<std::uint32_t>(table_.word_groups_.size() - 1);
}

// No pattern with anchors matches an empty text.
bool PatternTable::Builder::matches_everything(std::uint32_t program) {
  return std::all_of(probes_.begin(), probes_.end(), [&](const std::u16string& probe) {
    workspace_->begin_text(probe.size());
    return table_.programs_.found_in(program, probe, *workspace_);
  });
}

PatternTable PatternTable::Builder::finish(const DatabaseCache& cache) {
  for (const std::vector<Use>& uses : uses_of_anchor_) {
    table_.use_starts_.push_back(static_cast<std::uint32_t>(table_.uses_.size()));
    table_.uses_.insert(table_.uses_.end(), uses.begin(), uses.end());
  }
  table_.use_starts_.push_back(static_cast<std::uint32_t>(table_.uses_.size()));
  if (!anchors_.empty()) table_.finder_ = TextFinder(anchors_, rarity_);
  std::vector<Expression> refused;
  table_.database_ = compile_expressions(expressions_, {over_url_, letters_ == Letters::kAnyCase}, cache, refused);
  table_.expressions_ = std::move(expressions_);
  for (Expression& expression : table_.expressions_) expression.rule += first_rule_;
  for (const Expression& expression : refused) rejected_.push_back({expression.rule, expression.refused});
  return std::move(table_);
}

}  // namespace telefence
