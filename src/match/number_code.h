// SPDX-License-Identifier: Apache-2.0
#pragma once

// A number of up to 15 digits in 51 bits: what it is, how many digits it has (010... and 10... differ), and whether it begins with a
// country code. There are (10^16 - 1) / 9 strings of up to 15 digits: 1.11 x 10^15, less than 2^50.

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/decimal.h"
#include "event/keys.h"

namespace telefence {

inline constexpr std::size_t kLongestCodedNumber = 15;
inline constexpr unsigned kNumberCodeBits = 51;

// [length]: how many strings of digits are shorter.
inline constexpr std::array<std::uint64_t, kLongestCodedNumber + 2> kShorterNumbers = [] {
  std::array<std::uint64_t, kLongestCodedNumber + 2> shorter{};
  for (std::size_t i = 1; i < shorter.size(); ++i) shorter[i] = shorter[i - 1] + kPowersOfTen[i - 1];
  return shorter;
}();
static_assert(kShorterNumbers[kLongestCodedNumber + 1] < std::uint64_t{1} << (kNumberCodeBits - 1));

// Requires: 1 to kLongestCodedNumber digits, value < 10^length.
constexpr std::uint64_t number_code(const PhoneDigits& digits) {
  return (kShorterNumbers[digits.length] + digits.value) << 1 | (digits.international ? 1 : 0);
}

constexpr PhoneDigits number_from_code(std::uint64_t code) {
  PhoneDigits digits;
  digits.international = (code & 1) != 0;
  code >>= 1;
  std::uint8_t length = kLongestCodedNumber;
  while (kShorterNumbers[length] > code) --length;
  digits.length = length;
  digits.value = code - kShorterNumbers[length];
  return digits;
}

}  // namespace telefence
