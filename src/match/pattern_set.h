// SPDX-License-Identifier: Apache-2.0
#pragma once

// Text or URL patterns. What is looked for in every text are the anchors of the patterns (pattern_anchors.h), all of them at
// once in one Hyperscan database of plain texts; where an anchor was found, its pattern's own program is run
// (pattern_program.h). An expression without anchors, or with more syntax than is read here, goes to a second database as it
// is. Compiled on a control thread; a pattern that can't be taken is left out with the reason and the rest loads.
//
// Measured on the starter pack (68 expressions with gaps): as expressions, Hyperscan takes 113 s to compile them and refuses
// six as too large; their anchors take milliseconds. Combinations (HS_FLAG_COMBINATION) are never used: their cost grows with
// the number of rules that share a common word.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "match/hit.h"
#include "match/match_set.h"
#include "match/pattern_compiler.h"
#include "match/pattern_program.h"

namespace telefence {

struct PatternEntry {
  std::string expression;  // as written
  bool literal = false;
  bool over_url = false;
  std::uint32_t rule = 0;
};

class PatternSet {
 public:
  enum class Subject { kText, kUrl };

  // Takes those of `entries` that are about `subject`. Appends to `rejected`.
  PatternSet(std::span<const PatternEntry> entries, Subject subject, std::uint32_t first_rule,
             std::vector<PatternError>& rejected);

  std::uint64_t size() const { return patterns_.size() + expression_rules_.size(); }
  std::size_t bytes() const;
  // Each may be nullptr: there is no such pattern.
  std::array<const hs_database*, 2> databases() const { return {anchors_.get(), expressions_.get()}; }

  // Appends a copy of `hit` with its rule for each pattern found, once per pattern. What would cost too much is counted as
  // a dropped hit. text: folded; url: as in UrlKey. Worker thread.
  void scan(std::u16string_view text, MatchScratch::State& state, const Hit& hit, HitList& hits) const;
  void scan(std::string_view url, MatchScratch::State& state, const Hit& hit, HitList& hits) const;

 private:
  static constexpr std::uint32_t kNoProgram = 0xffffffff;
  struct Pattern {
    std::uint32_t rule = 0;                // index in the MatchSet
    std::uint32_t program = kNoProgram;  // kNoProgram: its anchor is all of it
  };
  class Builder;

  void find_anchors(std::u16string_view text, MatchScratch::State& state) const;
  void run_programs(std::u16string_view text, MatchScratch::State& state, const Hit& hit, HitList& hits) const;
  void find_expressions(std::string_view text, MatchScratch::State& state, const Hit& hit, HitList& hits) const;

  std::vector<Pattern> patterns_;
  PatternPrograms programs_;
  HsDatabase anchors_;
  std::vector<std::uint32_t> anchor_starts_;    // Hyperscan's id -> where its patterns start in anchored_; one more at the end
  std::vector<std::uint32_t> anchored_;         // indexes in patterns_
  HsDatabase expressions_;
  std::vector<std::uint32_t> expression_rules_;  // Hyperscan's id -> rule index in the MatchSet
};

}  // namespace telefence
