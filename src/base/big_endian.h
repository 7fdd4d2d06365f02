// SPDX-License-Identifier: Apache-2.0
#pragma once

// Numbers in network order. For Reader and Writer, and where a header that was measured already is read in full.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace telefence {

// Requires: `width` octets lie at `bytes`. One load and one swap: a compiler makes single octets of the loop that says the same.
template <typename Value, std::size_t kWidth = sizeof(Value)>
Value big_endian(const std::uint8_t* bytes) {
  Value value = 0;
  if constexpr (kWidth != sizeof(Value) || kWidth == 1) {
    for (std::size_t i = 0; i < kWidth; ++i) value = static_cast<Value>(value << 8 | bytes[i]);
    return value;
  } else {
    std::memcpy(&value, bytes, kWidth);
    if constexpr (std::endian::native == std::endian::big) return value;
    if constexpr (kWidth == 2) return __builtin_bswap16(value);
    if constexpr (kWidth == 4) return __builtin_bswap32(value);
    if constexpr (kWidth == 8) return __builtin_bswap64(value);
  }
}

// Requires: room for the number at `bytes`.
template <typename Value>
void put_big_endian(Value value, std::uint8_t* bytes) {
  if constexpr (std::endian::native == std::endian::little) value = big_endian<Value>(reinterpret_cast<const std::uint8_t*>(&value));
  std::memcpy(bytes, &value, sizeof value);
}

}  // namespace telefence
