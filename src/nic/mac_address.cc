// SPDX-License-Identifier: Apache-2.0
#include "nic/mac_address.h"

#include <charconv>

namespace telefence {

std::optional<MacAddress> mac_from(std::string_view text) {
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

bool is_one_station(const MacAddress& address) { return address != MacAddress{} && (address[0] & 1) == 0; }

}  // namespace telefence
