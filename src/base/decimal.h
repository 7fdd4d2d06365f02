// SPDX-License-Identifier: Apache-2.0
#pragma once

// What digits in a text are worth. Eight at a time: where they are added up one by one each waits for the product before it.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/chunk.h"

namespace telefence {

inline constexpr std::array<std::uint64_t, 20> kPowersOfTen = [] {
  std::array<std::uint64_t, 20> powers{1};
  for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();

inline bool are_eight_digits(std::uint64_t octets) {
  constexpr std::uint64_t kUpper = 0xf0f0f0f0f0f0f0f0;
  return ((octets & kUpper) | ((octets + 0x0606060606060606) & kUpper) >> 4) == 0x3333333333333333;
}

// Of eight octets, the first digit the lowest of them. What is 0 in place of a digit counts as one.
inline std::uint64_t value_of_eight(std::uint64_t octets) {
  octets = (octets & 0x0f0f0f0f0f0f0f0f) * (10 << 8 | 1) >> 8;
  octets = (octets & 0x00ff00ff00ff00ff) * (std::uint64_t{100} << 16 | 1) >> 16;
  return (octets & 0x0000ffff0000ffff) * (std::uint64_t{10000} << 32 | 1) >> 32;
}

// Requires: digits and nothing else, at most 20, and no more than 2^64 - 1. 0 of none.
inline std::uint64_t decimal_value(std::string_view digits) {
  constexpr std::size_t kAtOnce = 16;
  constexpr std::uint64_t kEightDigits = 100'000'000;
  std::uint64_t before = 0;
  if (digits.size() > kAtOnce) [[unlikely]] {
    before = decimal_value(digits.substr(0, digits.size() - kAtOnce)) * kPowersOfTen[kAtOnce];
    digits.remove_prefix(digits.size() - kAtOnce);
  }
  if (digits.size() <= 8) return before + value_of_eight(digits.empty() ? 0 : FewOctets(digits).low << 8 * (8 - digits.size()));
  std::uint64_t low = eight_octets(digits.data());  // those before the last eight, and some of these
  if (digits.size() < kAtOnce) low <<= 8 * (kAtOnce - digits.size());
  return before + value_of_eight(low) * kEightDigits + value_of_eight(eight_octets(digits.data() + digits.size() - 8));
}

}  // namespace telefence
