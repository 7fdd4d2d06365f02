// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace telefence {

using MacAddress = std::array<std::uint8_t, 6>;

// "02:00:00:00:00:01", six pairs of hexadecimal digits with colons. nullopt: it is none.
inline std::optional<MacAddress> mac_from(std::string_view text) {
  MacAddress address{};
  if (text.size() != 3 * address.size() - 1) return std::nullopt;
  for (std::size_t i = 0; i < address.size(); ++i) {
    const std::string_view digits = text.substr(3 * i, 2);
    const auto [end, failure] = std::from_chars(digits.data(), digits.data() + 2, address[i], 16);
    if (failure != std::errc() || end != digits.data() + 2) return std::nullopt;
    if (i + 1 < address.size() && text[3 * i + 2] != ':') return std::nullopt;
  }
  return address;
}

// Of one station: not of a group (IEEE 802, 8.2), and not all zeros.
inline bool is_one_station(const MacAddress& address) { return address != MacAddress{} && (address[0] & 1) == 0; }

}  // namespace telefence
