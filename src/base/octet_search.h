// SPDX-License-Identifier: Apache-2.0
#pragma once

// The few of many small values side by side that are not like the rest, without a branch for each: which these are can't be foretold, and each
// would be foretold wrongly.

#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/chunk.h"

namespace telefence {

inline constexpr std::size_t kOctetsAtOnce = 64;

// visit(index), rising, for each of the first `count` that is not `usual`. Value: of one octet. Requires: from `values` on so many can be read as
// make whole pieces of kOctetsAtOnce.
template <typename Value, typename Visit>
[[gnu::always_inline]] inline void visit_unlike(const Value* values, std::size_t count, Value usual, Visit visit) {
  static_assert(sizeof(Value) == 1 && kOctetsAtOnce == 4 * Chunk::kSize);
  const auto* const octets = reinterpret_cast<const char*>(values);
  for (std::size_t first = 0; first < count; first += kOctetsAtOnce) {
    std::uint64_t alike = 0;
    for (std::size_t at = 0; at < kOctetsAtOnce; at += Chunk::kSize)
      alike |= std::uint64_t{Chunk::at(octets + first + at).equal(static_cast<char>(usual))} << at;
    const std::size_t behind = first + kOctetsAtOnce <= count ? 0 : first + kOctetsAtOnce - count;
    for (std::uint64_t others = ~alike << behind >> behind; others != 0; others &= others - 1)
      visit(first + static_cast<std::size_t>(std::countr_zero(others)));
  }
}

}  // namespace telefence
