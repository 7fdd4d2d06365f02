// SPDX-License-Identifier: Apache-2.0
#pragma once

// Variable-length integers (RFC 9000, 16): the two highest bits of the first byte say how many bytes there are.

#include <cstdint>

#include "base/reader.h"

namespace telefence::quic {

inline std::uint64_t read_varint(Reader& reader) {
  const std::uint8_t first = reader.u8();
  std::uint64_t value = first & 0x3f;
  for (int more = (1 << (first >> 6)) - 1; more > 0; --more) value = value << 8 | reader.u8();
  return value;
}

}  // namespace telefence::quic
