// SPDX-License-Identifier: Apache-2.0
#include "match/pattern_set.h"

#include <hs/hs.h>

#include <algorithm>
#include <unordered_map>

#include "match/pattern_anchors.h"
#include "match/pattern_tree.h"
#include "match/scratch_state.h"
#include "normalise/pattern_text.h"
#include "normalise/sms_text.h"

namespace telefence {
namespace {

// Longer anchors say no more: the program decides.
constexpr std::size_t kLongestAnchor = 16;

// Octets as units: URLs are compared octet by octet.
std::u16string widened(std::string_view octets) {
  std::u16string out;
  for (const char octet : octets) out += static_cast<char16_t>(static_cast<unsigned char>(octet));
  return out;
}

char lower(char octet) { return octet >= 'A' && octet <= 'Z' ? static_cast<char>(octet + ('a' - 'A')) : octet; }

// Texts are folded, so their patterns are; URLs are only compared without regard to case.
std::u16string units_of(const PatternEntry& entry) {
  if (entry.over_url) return widened(entry.expression);
  return entry.literal ? fold_text(entry.expression) : fold_expression(entry.expression);
}

struct Found {
  MatchScratch::State& state;
  std::uint32_t anchors = 0;
};

int note_anchor(unsigned id, unsigned long long, unsigned long long to, unsigned, void* context) {
  const Found& found = *static_cast<const Found*>(context);
  if (to % 2 == 0 && id < found.anchors) found.state.note_anchor(id);
  return 0;
}

struct FoundExpressions {
  const std::vector<std::uint32_t>& rules;
  Hit hit;
  HitList& hits;
};

int push_hit(unsigned id, unsigned long long, unsigned long long, unsigned, void* context) {
  FoundExpressions& found = *static_cast<FoundExpressions*>(context);
  found.hit.rule = found.rules[id];
  found.hits.push(found.hit);
  return 0;
}

}  // namespace

// Sorts entries into anchored patterns and expressions for Hyperscan.
class PatternSet::Builder {
 public:
  Builder(PatternSet& set, Subject subject, std::uint32_t first_rule, std::vector<PatternError>& rejected)
      : set_(set), over_url_(subject == Subject::kUrl), first_rule_(first_rule), rejected_(rejected) {
    for (const char* probe : everything_probes(over_url_)) {
      probes_.push_back(over_url_ ? widened(probe) : fold_text(probe));
      longest_probe_ = std::max(longest_probe_, probes_.back().size());
    }
    workspace_ = std::make_unique<PatternWorkspace>(longest_probe_);
  }

  void take(const PatternEntry& entry) {
    const std::u16string units = units_of(entry);
    if (units.empty()) return reject(entry, "nothing is left of it after folding");
    const std::optional<PatternNode> tree = entry.literal ? plain_text(units) : parse_pattern(units);
    if (!tree || !take_tree(entry, *tree))
      expressions_.push_back({entry.over_url ? entry.expression : to_utf8(units), entry.rule, {}});
  }

  void finish() {
    std::vector<std::uint32_t> starts;
    for (const std::vector<std::uint32_t>& patterns : patterns_of_anchor_) {
      set_.anchor_starts_.push_back(static_cast<std::uint32_t>(set_.anchored_.size()));
      set_.anchored_.insert(set_.anchored_.end(), patterns.begin(), patterns.end());
    }
    set_.anchor_starts_.push_back(static_cast<std::uint32_t>(set_.anchored_.size()));
    set_.anchors_ = compile_texts(anchors_);
    std::vector<Expression> refused;
    set_.expressions_ = compile_expressions(expressions_, over_url_, refused);
    for (const Expression& expression : expressions_) set_.expression_rules_.push_back(expression.rule + first_rule_);
    for (const Expression& expression : refused) rejected_.push_back({expression.rule, expression.refused});
  }

 private:
  // False: Hyperscan is to judge the expression.
  bool take_tree(const PatternEntry& entry, const PatternNode& tree) {
    const std::vector<std::u16string> anchors = anchors_of(tree);
    if (anchors.empty() && !entry.literal) return false;
    const std::optional<std::uint32_t> program = set_.programs_.add(tree);
    if (!program) return false;
    if (matches_everything(*program)) {
      reject(entry, kMatchesEverything);
      return true;
    }
    Pattern pattern{.rule = entry.rule + first_rule_, .program = *program};
    if (entry.literal && tree.text.size() <= kLongestAnchor) pattern.program = kNoProgram;
    const auto index = static_cast<std::uint32_t>(set_.patterns_.size());
    set_.patterns_.push_back(pattern);
    // A plain text is its own anchor however common it is.
    for (const std::u16string& anchor : entry.literal ? std::vector{tree.text} : anchors)
      add_anchor(anchor.substr(0, kLongestAnchor), index);
    return true;
  }

  // No pattern with anchors matches an empty text.
  bool matches_everything(std::uint32_t program) {
    return std::all_of(probes_.begin(), probes_.end(), [&](const std::u16string& probe) {
      workspace_->begin_text(probe.size());
      return set_.programs_.found_in(program, probe, *workspace_);
    });
  }

  void add_anchor(std::u16string anchor, std::uint32_t pattern) {
    const auto [known, is_new] = ids_.try_emplace(anchor, static_cast<std::uint32_t>(anchors_.size()));
    if (is_new) {
      anchors_.push_back(std::move(anchor));
      patterns_of_anchor_.emplace_back();
    }
    std::vector<std::uint32_t>& patterns = patterns_of_anchor_[known->second];
    if (patterns.empty() || patterns.back() != pattern) patterns.push_back(pattern);
  }

  void reject(const PatternEntry& entry, std::string reason) { rejected_.push_back({entry.rule, std::move(reason)}); }

  PatternSet& set_;
  bool over_url_;
  std::uint32_t first_rule_;
  std::vector<PatternError>& rejected_;
  std::vector<std::u16string> probes_;
  std::size_t longest_probe_ = 0;
  std::unique_ptr<PatternWorkspace> workspace_;
  std::vector<std::u16string> anchors_;
  std::unordered_map<std::u16string, std::uint32_t> ids_;
  std::vector<std::vector<std::uint32_t>> patterns_of_anchor_;
  std::vector<Expression> expressions_;
};

PatternSet::PatternSet(std::span<const PatternEntry> entries, Subject subject, std::uint32_t first_rule,
                       std::vector<PatternError>& rejected) {
  Builder builder(*this, subject, first_rule, rejected);
  for (const PatternEntry& entry : entries)
    if (entry.over_url == (subject == Subject::kUrl)) builder.take(entry);
  builder.finish();
}

std::size_t PatternSet::bytes() const {
  std::size_t total = patterns_.capacity() * sizeof(Pattern) + programs_.bytes() +
                      (anchor_starts_.capacity() + anchored_.capacity() + expression_rules_.capacity()) * sizeof(std::uint32_t);
  for (const hs_database* database : databases()) {
    std::size_t size = 0;
    if (database != nullptr) (void)hs_database_size(database, &size);
    total += size;
  }
  return total;
}

void PatternSet::scan(std::u16string_view text, MatchScratch::State& state, const Hit& hit, HitList& hits) const {
  if (state.scratch() == nullptr) return;
  if (anchors_ != nullptr) {
    find_anchors(text, state);
    run_programs(text, state, hit, hits);
  }
  if (expressions_ == nullptr) return;
  const std::size_t size = to_utf8(text, state.characters());
  find_expressions({state.characters().data(), size}, state, hit, hits);
}

void PatternSet::scan(std::string_view url, MatchScratch::State& state, const Hit& hit, HitList& hits) const {
  if (state.scratch() == nullptr) return;
  if (anchors_ != nullptr) {
    const std::span<char16_t> units = state.units();
    const std::size_t size = std::min(url.size(), units.size());
    for (std::size_t i = 0; i < size; ++i) units[i] = static_cast<unsigned char>(lower(url[i]));
    const std::u16string_view text(units.data(), size);
    find_anchors(text, state);
    run_programs(text, state, hit, hits);
  }
  if (expressions_ != nullptr) find_expressions(url, state, hit, hits);
}

void PatternSet::find_anchors(std::u16string_view text, MatchScratch::State& state) const {
  state.begin_anchors();
  char16_t* const units = state.spread_units().data();
  const std::size_t size = std::min(text.size(), state.spread_units().size());
  for (std::size_t i = 0; i < size; ++i) units[i] = spread(text[i]);
  Found found{state, static_cast<std::uint32_t>(anchor_starts_.size() - 1)};
  (void)hs_scan(anchors_.get(), reinterpret_cast<const char*>(units), static_cast<unsigned>(size * sizeof(char16_t)), 0,
                state.scratch(), note_anchor, &found);
}

void PatternSet::run_programs(std::u16string_view text, MatchScratch::State& state, const Hit& hit, HitList& hits) const {
  if (state.has_lost_anchors()) hits.drop();
  if (state.anchors().empty()) return;
  for (const std::uint32_t anchor : state.anchors())
    for (std::uint32_t i = anchor_starts_[anchor]; i < anchor_starts_[anchor + 1]; ++i)
      if (!state.add_candidate(anchored_[i])) hits.drop();
  state.workspace().begin_text(text.size());
  Hit out = hit;
  for (const std::uint32_t index : state.candidates()) {
    const Pattern& pattern = patterns_[index];
    out.rule = pattern.rule;
    if (pattern.program == kNoProgram || programs_.found_in(pattern.program, text, state.workspace())) hits.push(out);
  }
  if (state.workspace().is_exhausted()) hits.drop();
}

void PatternSet::find_expressions(std::string_view text, MatchScratch::State& state, const Hit& hit, HitList& hits) const {
  FoundExpressions found{expression_rules_, hit, hits};
  (void)hs_scan(expressions_.get(), text.data(), static_cast<unsigned>(text.size()), 0, state.scratch(), push_hit, &found);
}

}  // namespace telefence
