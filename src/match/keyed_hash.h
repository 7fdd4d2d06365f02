// SPDX-License-Identifier: Apache-2.0
#pragma once

// 128-bit hash (XXH3) under a secret drawn once per process, so that nobody outside can make names that collide. The door to
// xxhash.

#include <cstdint>
#include <string_view>

namespace telefence {

struct Hash128 {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
};

Hash128 keyed_hash(std::string_view bytes);
// Of numbers.
std::uint64_t keyed_hash(std::uint64_t value, std::uint32_t more);

}  // namespace telefence
