// SPDX-License-Identifier: Apache-2.0
#pragma once

// One layer of a MatchSet: the tables made from one collection of entries, base or delta. Immutable after construction; shared
// between the sets that use it. Rule indexes in its hits start at first_rule.

#include <cstdint>
#include <memory>
#include <vector>

#include "match/allowed_names.h"
#include "match/domain_table.h"
#include "match/match_set.h"
#include "match/number_table.h"
#include "match/pattern_set.h"

namespace telefence {

// What was added to a builder. Rule indexes count from 0.
struct LayerEntries {
  std::vector<Rule> rules;
  std::vector<DomainEntry> domains;
  std::vector<NumberEntry> numbers;
  std::vector<PatternEntry> patterns;
  PatternOptions pattern_options;

  // Adds the entries of another collection whose rules are not in `removed_ids` (sorted).
  void append_without(const LayerEntries& other, const std::vector<std::uint64_t>& removed_ids);
};

class Layer {
 public:
  // keep_entries: a delta keeps what it was made of, for the next delta above the same base.
  Layer(LayerEntries entries, std::uint32_t first_rule, bool keep_entries, std::vector<PatternError>& rejected);

  const DomainTable& domains() const { return domains_; }
  const NumberTable& numbers() const { return numbers_; }
  const PatternSet& texts() const { return texts_; }
  const PatternSet& urls() const { return urls_; }
  const AllowedNames& allowed_names() const { return allowed_names_; }
  const std::vector<Rule>& rules() const { return entries_.rules; }
  const LayerEntries& entries() const { return entries_; }
  std::size_t bytes() const;

 private:
  LayerEntries entries_;
  DomainTable domains_;
  NumberTable numbers_;
  PatternSet texts_;
  PatternSet urls_;
  AllowedNames allowed_names_;
};

struct MatchSet::Parts {
  std::shared_ptr<const Layer> base;
  std::shared_ptr<const Layer> delta;        // may be null
  std::vector<std::uint64_t> removed_ids;    // of base rules; sorted
  std::uint64_t version = 0;
};

}  // namespace telefence
