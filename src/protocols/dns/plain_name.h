// SPDX-License-Identifier: Apache-2.0
#pragma once

// Names in a DNS message as nearly all of them are (RFC 1035, 3.1): one run of labels, without pointers, in which nothing has to be
// escaped. Inline, since it is half of what reading a query costs. What is otherwise is for NameText (name.h).

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/bytes.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace telefence::dns {

inline constexpr std::size_t kLongestWire = 255;       // RFC 1035, 2.3.4
inline constexpr std::uint8_t kLabelTypeMask = 0xc0;  // RFC 1035, 4.1.4: 00 a label, 11 a pointer, the rest is reserved

// A dot or backslash among the first `count` octets. Looks at eight at a time where so many are there to be read. At the packet's own
// octets: those of the text were stored a moment ago in other pieces.
inline bool has_odd_octet(const std::uint8_t* octets, std::size_t count, std::size_t readable) {
  constexpr std::uint64_t kEach = 0x0101010101010101;
  constexpr std::uint64_t kHigh = 0x8080808080808080;
  const auto holds = [](std::uint64_t eight, std::uint64_t octet) {
    const std::uint64_t zero_where_equal = eight ^ (kEach * octet);
    return ((zero_where_equal - kEach) & ~zero_where_equal & kHigh) != 0;
  };
  std::size_t at = 0;
  for (; at < count && at + 8 <= readable; at += 8) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, octets + at, 8);
    static_assert(std::endian::native == std::endian::little);
    if (count - at < 8) eight &= (std::uint64_t{1} << (8 * (count - at))) - 1;
    if (holds(eight, '.') || holds(eight, '\\')) return true;
  }
  for (; at < count; ++at)
    if (octets[at] == '.' || octets[at] == '\\') return true;
  return false;
}

// Octets of the labels from the first one's length to the root label, both included; 0: a pointer, a reserved type, cut, too long, or
// the root alone.
inline std::size_t wire_length(Bytes octets) {
  const std::size_t most = octets.size() < kLongestWire ? octets.size() : kLongestWire;
  std::size_t at = 0;
  while (at < most) {
    const std::uint8_t length = octets[at];
    if (length == 0) return at == 0 ? 0 : at + 1;
    if ((length & kLabelTypeMask) != 0) return 0;
    at += std::size_t{1} + length;
  }
  return 0;
}

#if defined(__SSE2__)
using Octets = __m128i;

inline Octets odd_octets(Octets octets) {
  return _mm_or_si128(_mm_cmpeq_epi8(octets, _mm_set1_epi8('.')), _mm_cmpeq_epi8(octets, _mm_set1_epi8('\\')));
}

// False when one of the octets is a dot or a backslash. Whole pieces, of which the last may cover some octets again: no loop that ends
// elsewhere for each name, no call. A length of 46 looks like a dot; such a name goes the long way, too.
inline bool copy_without_odd(const std::uint8_t* from, std::size_t count, char* out) {
  const auto copy = [&](std::size_t at) {
    const Octets octets = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + at));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + at), octets);
    return odd_octets(octets);
  };
  if (count < 16) {
    if (count >= 8) {
      std::memcpy(out, from, 8);
      std::memcpy(out + count - 8, from + count - 8, 8);
    } else {
      for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<char>(from[i]);
    }
    return !has_odd_octet(from, count, count);
  }
  Octets odd = _mm_or_si128(copy(0), copy(count - 16));
  for (std::size_t at = 16; at + 16 < count; at += 16) odd = _mm_or_si128(odd, copy(at));
  return _mm_movemask_epi8(odd) == 0;
}
#else
inline bool copy_without_odd(const std::uint8_t* from, std::size_t count, char* out) {
  std::memcpy(out, from, count);
  return !has_odd_octet(from, count, count);
}
#endif

// Copies such a name, which starts at `octets`, as text to `out` and returns how many octets it takes on the wire; the text has two
// fewer. 0: it is another one, the root, or cut. out: room for kLongestWire characters.
inline std::size_t copy_plain_name(Bytes octets, char* out) {
  const std::size_t wire = wire_length(octets);
  if (wire == 0) return 0;
  const std::size_t text = wire - 2;
  if (!copy_without_odd(octets.data() + 1, text, out)) return 0;
  // Where a length stood, a dot stands in the text.
  for (std::size_t at = octets[0]; at < text; at += std::size_t{1} + octets[at + 1]) out[at] = '.';
  return wire;
}

}  // namespace telefence::dns
