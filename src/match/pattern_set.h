// SPDX-License-Identifier: Apache-2.0
#pragma once

// Text or URL patterns as Hyperscan databases, one of plain texts and one of expressions (block mode, each pattern reported
// once per text). Two, since plain texts compile some hundred times faster. Compiled on a control thread; a pattern that can't be compiled, or that matches everything, is left out with the reason and the rest loads.
// Combinations (HS_FLAG_COMBINATION) are never used: their cost grows with the number of rules that share a common word.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "match/hit.h"

struct hs_database;
struct hs_scratch;

namespace telefence {

struct PatternEntry {
  std::string expression;  // as written
  bool literal = false;
  bool over_url = false;
  std::uint32_t rule = 0;
};

struct PatternError {
  std::uint32_t rule = 0;  // index given by add_rule
  std::string reason;      // Hyperscan's own words
};

class PatternSet {
 public:
  enum class Subject { kText, kUrl };

  // Takes those of `entries` that are about `subject`. Appends to `rejected`.
  PatternSet(std::span<const PatternEntry> entries, Subject subject, std::uint32_t first_rule,
             std::vector<PatternError>& rejected);
  ~PatternSet();
  PatternSet(const PatternSet&) = delete;
  PatternSet& operator=(const PatternSet&) = delete;

  std::uint64_t size() const { return literals_.rules.size() + expressions_.rules.size(); }
  std::size_t bytes() const;
  // Each may be nullptr: there is no such pattern.
  std::array<const hs_database*, 2> databases() const { return {literals_.database.get(), expressions_.database.get()}; }

  // Appends a copy of `hit` with its rule for each pattern found. Text as UTF-8. Worker thread.
  void scan(std::string_view text, hs_scratch* scratch, const Hit& hit, HitList& hits) const;

 private:
  struct Release {
    void operator()(hs_database* database) const;
  };
  struct Compiled {
    std::unique_ptr<hs_database, Release> database;
    std::vector<std::uint32_t> rules;  // Hyperscan's id -> rule index in the MatchSet
  };
  Compiled literals_;
  Compiled expressions_;
};

}  // namespace telefence
