// SPDX-License-Identifier: Apache-2.0
#pragma once

// Sixteen octets of text at a time: which of them are this or that, as bits, the first octet the lowest. Fewer than sixteen are put
// together by loads that overlap, so that nothing behind a text is ever read, and no loop ends elsewhere for each length.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace telefence {

// Eight octets as a number, the first one the lowest. Requires: so many lie there.
inline std::uint64_t eight_octets(const void* at) {
  static_assert(std::endian::native == std::endian::little);
  std::uint64_t octets = 0;
  std::memcpy(&octets, at, sizeof octets);
  return octets;
}

// Fewer than 16 octets as two numbers, zeros behind them. Put together in memory they would first have to reach the cache.
struct FewOctets {
  explicit FewOctets(std::string_view few) {
    static_assert(std::endian::native == std::endian::little);
    const std::size_t size = few.size();
    if (size >= 8) {
      std::memcpy(&low, few.data(), 8);
      if (size == 8) return;
      std::memcpy(&high, few.data() + size - 8, 8);
      high >>= 8 * (16 - size);
    } else if (size >= 4) {
      std::uint32_t front = 0, back = 0;
      std::memcpy(&front, few.data(), 4);
      std::memcpy(&back, few.data() + size - 4, 4);
      low = front | std::uint64_t{back} << (8 * (size - 4));
    } else {
      for (std::size_t i = 0; i < size; ++i) low |= std::uint64_t{static_cast<unsigned char>(few[i])} << (8 * i);
    }
  }
  std::uint64_t low = 0, high = 0;
};

class Chunk {
 public:
  static constexpr std::size_t kSize = 16;

#if defined(__SSE2__)
  // Requires: kSize octets lie there.
  static Chunk at(const char* from) { return Chunk(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))); }
  // Requires: fewer than kSize.
  static Chunk of_few(std::string_view few) {
    const FewOctets octets(few);
    return Chunk(_mm_set_epi64x(static_cast<long long>(octets.high), static_cast<long long>(octets.low)));
  }
  void store(char* out) const { _mm_storeu_si128(reinterpret_cast<__m128i*>(out), octets_); }

  unsigned equal(char octet) const { return bits(_mm_cmpeq_epi8(octets_, _mm_set1_epi8(octet))); }
  // One of these.
  template <typename... Octets>
  unsigned equal_any(char first, Octets... others) const {
    __m128i which = _mm_cmpeq_epi8(octets_, _mm_set1_epi8(first));
    ((which = _mm_or_si128(which, _mm_cmpeq_epi8(octets_, _mm_set1_epi8(others)))), ...);
    return bits(which);
  }
  // Requires: first and last are ASCII. Signed comparison: no octet above 0x7f is ever within.
  unsigned within(char first, char last) const { return bits(is_within(first, last)); }
  // ASCII capitals as small letters, all else as it is.
  Chunk lowered() const {
    // So shifted, capitals are the largest of all signed numbers: one comparison, where is_within() takes two.
    const __m128i shifted = _mm_add_epi8(octets_, _mm_set1_epi8(0x7f - 'Z'));
    const __m128i is_capital = _mm_cmpgt_epi8(shifted, _mm_set1_epi8(0x7f - 26));
    return Chunk(_mm_or_si128(octets_, _mm_and_si128(is_capital, _mm_set1_epi8(0x20))));
  }
  // Another octet in place of each that is not above `limit`, or above 0x7f, unless it is `kept`; and which these were, as bits.
  Chunk with_above(char limit, char kept, char other, unsigned& which) const {
    const __m128i stays = _mm_or_si128(_mm_cmpgt_epi8(octets_, _mm_set1_epi8(limit)), _mm_cmpeq_epi8(octets_, _mm_set1_epi8(kept)));
    which = bits(stays) ^ 0xffff;
    return Chunk(_mm_or_si128(_mm_and_si128(octets_, stays), _mm_andnot_si128(stays, _mm_set1_epi8(other))));
  }

 private:
  explicit Chunk(__m128i octets) : octets_(octets) {}
  static unsigned bits(__m128i which) { return static_cast<unsigned>(_mm_movemask_epi8(which)); }
  __m128i is_within(char first, char last) const {
    return _mm_and_si128(_mm_cmpgt_epi8(octets_, _mm_set1_epi8(static_cast<char>(first - 1))),
                         _mm_cmplt_epi8(octets_, _mm_set1_epi8(static_cast<char>(last + 1))));
  }

  __m128i octets_;
#else
  static Chunk at(const char* from) {
    Chunk chunk;
    std::memcpy(chunk.octets_.data(), from, kSize);
    return chunk;
  }
  static Chunk of_few(std::string_view few) {
    Chunk chunk;
    std::memcpy(chunk.octets_.data(), few.data(), few.size());
    return chunk;
  }
  void store(char* out) const { std::memcpy(out, octets_.data(), kSize); }

  unsigned equal(char octet) const { return within(octet, octet); }
  template <typename... Octets>
  unsigned equal_any(Octets... octets) const {
    return (equal(octets) | ...);
  }
  unsigned within(char first, char last) const {
    unsigned bits = 0;
    for (std::size_t i = 0; i < kSize; ++i) bits |= static_cast<unsigned>(octets_[i] >= first && octets_[i] <= last) << i;
    return bits;
  }
  Chunk lowered() const {
    Chunk chunk = *this;
    for (char& octet : chunk.octets_)
      if (octet >= 'A' && octet <= 'Z') octet = static_cast<char>(octet + ('a' - 'A'));
    return chunk;
  }
  Chunk with_above(char limit, char kept, char other, unsigned& which) const {
    Chunk chunk = *this;
    which = 0;
    for (std::size_t i = 0; i < kSize; ++i) {
      if (static_cast<signed char>(octets_[i]) > limit || octets_[i] == kept) continue;
      which |= 1u << i;
      chunk.octets_[i] = other;
    }
    return chunk;
  }

 private:
  std::array<char, kSize> octets_{};
#endif
};

// Where in `text` the first octet stands of which `marks(chunk)` has the bit; npos when there is none. For short texts: a call of
// memchr costs more than to look at the one or two chunks of most.
template <typename Marks>
std::size_t find_marked(std::string_view text, Marks marks) {
  const auto position = [](unsigned bits) { return static_cast<std::size_t>(std::countr_zero(bits)); };
  if (text.size() < Chunk::kSize) {
    const unsigned bits = marks(Chunk::of_few(text)) & ((1u << text.size()) - 1);
    return bits == 0 ? std::string_view::npos : position(bits);
  }
  std::size_t at = 0;
  for (; at + Chunk::kSize <= text.size(); at += Chunk::kSize)
    if (const unsigned bits = marks(Chunk::at(text.data() + at)); bits != 0) return at + position(bits);
  if (at == text.size()) return std::string_view::npos;
  const std::size_t last = text.size() - Chunk::kSize;  // some of it is known to have none
  const unsigned bits = marks(Chunk::at(text.data() + last));
  return bits == 0 ? std::string_view::npos : last + position(bits);
}

inline std::size_t find_octet(std::string_view text, char octet) {
  return find_marked(text, [octet](const Chunk& chunk) { return chunk.equal(octet); });
}

}  // namespace telefence
