// SPDX-License-Identifier: Apache-2.0
#pragma once

// What lists consist of. Control thread.

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "lists/intake.h"

namespace telefence {

struct ListStats {
  using Counted = std::pair<std::string, std::uint64_t>;

  std::array<std::uint64_t, 4> kinds{};             // by SignatureKind
  std::array<std::uint64_t, kCategoryCount> categories{};
  std::array<std::uint64_t, 4> tiers{};             // by tier; 0 is not used
  std::uint64_t allowed = 0, shadow = 0, expiring = 0, expired = 0;
  std::uint64_t exact_domains = 0, international_domains = 0;
  std::array<std::uint64_t, 12> labels{};           // domains by how many; the last: and more
  std::array<std::uint64_t, 21> prefix_digits{};    // number prefixes by how many digits
  std::uint64_t exact_numbers = 0;
  std::vector<Counted> suffixes;                    // the public suffixes with most domains below them, and how many
  std::uint64_t suffix_count = 0;                   // different ones
  std::vector<std::string> wide;                    // entries that take in very many numbers or texts: to be looked at by people
  std::uint64_t wide_count = 0;
  std::uint64_t memory_bytes = 0;                   // of the names and texts themselves
};

// At most `most` suffixes and wide entries are named. Requires: intake.finish() was called.
Result<ListStats> stats_of(Intake& intake, std::size_t most, std::int64_t now_s);

}  // namespace telefence
