// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace telefence {

using MacAddress = std::array<std::uint8_t, 6>;

// "02:00:00:00:00:01", six pairs of hexadecimal digits with colons. nullopt: it is none.
std::optional<MacAddress> mac_from(std::string_view text);
// Of one station: not of a group (IEEE 802, 8.2), and not all zeros.
bool is_one_station(const MacAddress& address);

}  // namespace telefence
