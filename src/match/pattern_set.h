// SPDX-License-Identifier: Apache-2.0
#pragma once

// Text or URL patterns: one table (pattern_table.h) for each way of folding that is asked for. Compiled on a control thread; a
// pattern that can't be taken, or that everyday messages show to be harmful (pattern_trial.h), is left out with the reason and the
// rest loads.
//
// Combinations of Hyperscan (HS_FLAG_COMBINATION) are never used: their cost grows with the number of rules that share a common
// word. As expressions, Hyperscan takes 113 s to compile the starter pack (68 expressions with gaps) and refuses six as too large;
// here it takes milliseconds.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "event/keys.h"
#include "match/hit.h"
#include "match/match_set.h"
#include "match/pattern_table.h"

namespace telefence {

class PatternSet {
 public:
  enum class Subject { kText, kUrl };

  // Takes those of `entries` that are about `subject`. Appends to `rejected`.
  PatternSet(std::span<const PatternEntry> entries, Subject subject, std::uint32_t first_rule, const PatternOptions& options,
             std::vector<PatternError>& rejected);

  std::uint64_t size() const;
  std::size_t bytes() const;
  const PatternTable& table(TextFold fold) const { return tables_[static_cast<std::size_t>(fold)]; }
  // Each may be nullptr: there is no such pattern.
  std::array<const hs_database*, kTextFolds> databases() const;

  // Appends a copy of `hit` with its rule for each pattern found, once per pattern. What would cost too much is counted as
  // a dropped hit. url: as in UrlKey. Worker thread.
  void scan(std::string_view url, MatchScratch::State& state, const Hit& hit, HitList& hits) const;
  // The texts of a burst; hits have their event and key.
  void scan(std::span<const TextKey> keys, HitPart part, MatchScratch::State& state, HitList& hits) const;

 private:
  void scan_as_sent(const TextKey& key, MatchScratch::State& state, const Hit& hit, HitList& hits) const;

  std::array<PatternTable, kTextFolds> tables_;  // by TextFold; those of URLs are in the first
  bool wants_as_sent_ = false;                   // some patterns are about texts that are not folded, or partly
};

}  // namespace telefence
