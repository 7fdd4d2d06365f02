// SPDX-License-Identifier: Apache-2.0
#pragma once

// A name of at most 62 octets in lower case, as canonical names are, with what whoever read it knows of it already.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace telefence {

struct PlainName {
  static constexpr std::size_t kMost = 62;
  // From any octet of the name on so many can be read; those behind its end mean nothing.
  static constexpr std::size_t kReadable = 16;

  alignas(16) std::array<char, 1 + kMost + 1 + kReadable> octets;  // the first one is not of the name
  std::uint8_t size;
  // So many octets have its last label, its last two, its last three, with the dots between them; where there are fewer labels, all of it.
  std::array<std::uint8_t, 3> ends;

  std::string_view text() const { return {octets.data() + 1, size}; }
  std::string_view last(std::size_t count) const { return {octets.data() + 1 + size - count, count}; }
};

}  // namespace telefence
