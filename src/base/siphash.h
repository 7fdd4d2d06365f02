// SPDX-License-Identifier: Apache-2.0
#pragma once

// SipHash-2-4 (Aumasson and Bernstein, 2012): a short keyed hash that nobody can predict or make collide without the
// key. For tags that we must know again without keeping state, and for tables that strangers fill. Not for secrets of
// value.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/bytes.h"

namespace telefence {

struct SipHashKey {
  std::uint64_t low = 0;   // octets 0 to 7 of the key, the first the lowest
  std::uint64_t high = 0;  // octets 8 to 15
};

namespace siphash_detail {

struct State {
  std::uint64_t v0, v1, v2, v3;

  void round() {
    v0 += v1;
    v2 += v3;
    v1 = std::rotl(v1, 13) ^ v0;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 = std::rotl(v0, 32);
    v2 += v1;
    v0 += v3;
    v1 = std::rotl(v1, 17) ^ v2;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 = std::rotl(v2, 32);
  }

  void take(std::uint64_t word) {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
};

// Little-endian, as the definition wants it; the fewer than eight octets of the end leave the upper ones zero.
inline std::uint64_t word_at(Bytes bytes, std::size_t offset, std::size_t count) {
  std::uint64_t word = 0;
  if (count == 8 && std::endian::native == std::endian::little) {
    std::memcpy(&word, bytes.data() + offset, 8);  // a compiler makes single octets of the loop that says the same
    return word;
  }
  for (std::size_t i = 0; i < count; ++i) word |= static_cast<std::uint64_t>(bytes[offset + i]) << (8 * i);
  return word;
}

}  // namespace siphash_detail

inline std::uint64_t siphash(const SipHashKey& key, Bytes bytes) {
  siphash_detail::State state{key.low ^ 0x736f6d6570736575, key.high ^ 0x646f72616e646f6d, key.low ^ 0x6c7967656e657261,
                              key.high ^ 0x7465646279746573};
  const std::size_t whole = bytes.size() / 8 * 8;
  for (std::size_t i = 0; i < whole; i += 8) state.take(siphash_detail::word_at(bytes, i, 8));
  const std::uint64_t length = static_cast<std::uint64_t>(bytes.size()) << 56;
  state.take(length | siphash_detail::word_at(bytes, whole, bytes.size() - whole));
  state.v2 ^= 0xff;
  for (int i = 0; i < 4; ++i) state.round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

}  // namespace telefence
