// SPDX-License-Identifier: Apache-2.0
#pragma once

// Tries patterns on everyday messages and URLs (innocent_texts.h): one that hits too many of them, or takes too long, would harm
// innocents, whatever its samples say. What an expression costs that only Hyperscan can look for is told. Control thread.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "match/pattern_set.h"

namespace telefence {

// What is to be said of the patterns of `set`, which was made of `entries`. Measured: 0.13 ms for a set of one text, its making included.
std::vector<PatternError> try_patterns(const PatternSet& set, bool over_url, std::span<const PatternEntry* const> entries,
                                       std::uint32_t first_rule, const PatternOptions& options);

// Those of `entries`, all of texts or all of URLs, that hit more than this share of the everyday ones: PatternError::rule is the index in
// `entries`, the reason as above. What can't be compiled is not among them. All are compiled together, once.
std::vector<PatternError> innocent_hits(std::vector<PatternEntry> entries, double share, const std::string& cache_directory);

}  // namespace telefence
