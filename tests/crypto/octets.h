// SPDX-License-Identifier: Apache-2.0
#pragma once

// Octets from hexadecimal digits, as standards print them.

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace telefence::testing {

inline std::vector<std::uint8_t> octets(std::string_view digits) {
  std::vector<std::uint8_t> out;
  int high = -1;
  for (const char c : digits) {
    if (c == ' ' || c == '\n') continue;
    const int value = c <= '9' ? c - '0' : c - 'a' + 10;
    if (high < 0) {
      high = value;
      continue;
    }
    out.push_back(static_cast<std::uint8_t>(high << 4 | value));
    high = -1;
  }
  return out;
}

template <typename Fixed>
Fixed fixed(std::string_view digits) {
  Fixed result{};
  const auto from = octets(digits);
  for (std::size_t i = 0; i < result.size() && i < from.size(); ++i) result[i] = from[i];
  return result;
}

}  // namespace telefence::testing
