// SPDX-License-Identifier: Apache-2.0
#pragma once

// Patterns that are compared with texts of one form (folded in the same way). What is looked for in every text are the anchors of
// the patterns (pattern_anchors.h), all of them at once (text_finder.h); where one was found, what the pattern asks for before and
// behind it is compared there (nearby_run.cc). Patterns whose anchor may stand anywhere in a match are run over the whole text
// (pattern_program.h), once. An expression without anchors, or with more syntax than is read here, goes to Hyperscan as it is.
// Immutable; made by PatternTable::Builder on a control thread, read by workers.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "match/hit.h"
#include "match/match_set.h"
#include "match/pattern_compiler.h"
#include "match/pattern_program.h"
#include "match/text_finder.h"

namespace telefence {

struct PatternEntry : PatternSource {
  std::uint32_t rule = 0;
  bool allow = false;    // its rule acquits: it may be about what innocents write
  bool is_told = false;  // what was to be said of it was said
};

class PatternTable {
 public:
  class Builder;

  PatternTable() = default;
  std::uint64_t size() const { return patterns_.size() + expressions_.size(); }
  std::size_t bytes() const;
  const hs_database* database() const { return database_.get(); }  // may be null
  // By Hyperscan's ids.
  std::span<const Expression> expressions() const { return expressions_; }

  // Appends a copy of `hit` with its rule for each pattern found, once per pattern. What would cost too much is counted as a
  // dropped hit. octets: what Hyperscan is to read; nullptr: `text` as UTF-8. Requires: text.size() <= TextFinder::kLongestScan.
  // Worker thread.
  void scan(std::u16string_view text, const std::string_view* octets, MatchScratch::State& state, const Hit& hit, HitList& hits) const;
  // The same of at most kTogether texts, folded in all ways, of which the first one has this number among the keys of its burst: where something may stand
  // in them is looked for first, so that what all of these places lead to comes from memory together.
  static constexpr std::size_t kTogether = 64;
  void scan_together(std::span<const TextKey> keys, std::size_t first, MatchScratch::State& state, Hit hit, HitList& hits) const;

 private:
  static constexpr std::uint32_t kNone = 0xffffffff;
  static constexpr std::uint32_t kWhole = 0xfffffffe;
  struct Pattern {
    std::uint32_t rule = 0;         // index in the MatchSet
    std::uint32_t program = kNone;  // of the whole expression; kNone: the anchor is all of it
    std::uint32_t words = kNone;    // in word_groups_
  };
  // A pattern that an anchor calls for, and the parts that have to stand before and behind it: kNone: nothing has to. kWhole in
  // `before`: the pattern's program says.
  struct Use {
    std::uint32_t pattern = 0;
    std::uint32_t before = kNone;
    std::uint32_t behind = kNone;
  };
  struct Word {
    std::uint32_t first = 0;  // in word_units_
    std::uint32_t size = 0;
  };
  // Neighbours in words_: those that have to stand there, those of which one has to, those that must not.
  struct WordGroup {
    std::uint32_t first = 0;
    std::uint32_t all = 0, any = 0, none = 0;
  };
  class Scan;

  void fetch(std::span<const TextFinder::Candidate> candidates) const;
  bool has_word(std::u16string_view text, std::uint32_t word) const;
  bool hold(std::uint32_t group, std::u16string_view text) const;
  void find_expressions(std::u16string_view text, const std::string_view* octets, MatchScratch::State& state, const Hit& hit,
                        HitList& hits) const;

  std::vector<Pattern> patterns_;
  PatternPrograms programs_;
  TextFinder finder_;
  std::vector<std::uint32_t> use_starts_;  // anchor -> where its uses start in uses_; one more at the end
  std::vector<Use> uses_;
  std::vector<WordGroup> word_groups_;
  std::vector<Word> words_;
  std::u16string word_units_;
  HsDatabase database_;
  std::vector<Expression> expressions_;  // rule: index in the MatchSet
};

// Whether `word` stands in the text. Worker thread.
bool stands_in(std::u16string_view word, std::u16string_view text);

}  // namespace telefence
