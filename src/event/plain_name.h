// SPDX-License-Identifier: Apache-2.0
#pragma once

// A name of at most 63 octets in lower case, as canonical names are, with what whoever read it knows of it already. Views die with the burst.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace telefence {

struct PlainName {
  // Where its text stands there is so much room from its first octet on: from any octet of it on sixteen can be read. Those behind its end
  // mean nothing.
  static constexpr std::size_t kRoom = 80;

  std::string_view text;
  std::array<std::uint8_t, 3> label_starts{};  // of its last labels, the last one first; 0 for the first label and where there are fewer
};

}  // namespace telefence
