// SPDX-License-Identifier: Apache-2.0
#pragma once

// Views of raw bytes. A view never owns: whoever hands one out says how long it lives.

#include <cstdint>
#include <span>
#include <string_view>

namespace telefence {

using Bytes = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;

// The same bytes read as text, nothing decoded.
inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// A part of a larger run of bytes, told by where it lies. Offsets survive a copy of the packet; pointers do not.
struct Place {
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
};

}  // namespace telefence
