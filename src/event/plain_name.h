// SPDX-License-Identifier: Apache-2.0
#pragma once

// A name of at most 63 octets in lower case, as canonical names are, with what whoever read it knows of it already. Views die with the burst.

#include <array>
#include <cstdint>
#include <string_view>

namespace telefence {

struct PlainName {
  std::string_view text;
  std::array<std::uint8_t, 3> label_starts{};  // of its last labels, the last one first; 0 for the first label and where there are fewer
};

}  // namespace telefence
