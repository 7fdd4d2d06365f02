// SPDX-License-Identifier: Apache-2.0
#include "normalise/plain_units.h"

#include <algorithm>
#include <bit>

#include "base/check.h"
#include "normalise/tables.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace telefence {
namespace {

constexpr std::size_t kStride = 16;
constexpr int kNever = 0, kOneByOne = 1, kAvx2 = 2;

// Of few units, one after the other.
std::uint64_t bits_one_by_one(std::span<const char16_t> units) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < units.size(); ++i) bits |= std::uint64_t{folds_to_itself(units[i])} << i;
  return bits;
}

char16_t unit_at(Bytes body, std::size_t index) { return static_cast<char16_t>(body[2 * index] << 8 | body[2 * index + 1]); }

bool decode_one_by_one(Bytes body, char16_t* out) {
  const std::size_t count = body.size() / 2;
  bool all = true;
  for (std::size_t i = 0; i < count && all; ++i) {
    out[i] = unit_at(body, i);
    all = folds_to_itself(out[i]);
  }
  return all;
}

}  // namespace

#if defined(__x86_64__)

// gcc 12 warns falsely about its own intrinsics.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

namespace {

// The low bit of each of eight numbers says whether that unit is plain.
__attribute__((target("avx2"))) inline __m256i look_up_8(__m128i units) {
  static_assert(std::endian::native == std::endian::little);  // the table's words of 64 bits are read as two of 32
  const __m256i unit = _mm256_cvtepu16_epi32(units);
  const __m256i words = _mm256_i32gather_epi32(reinterpret_cast<const int*>(kFoldPlain), _mm256_srli_epi32(unit, 5), 4);
  return _mm256_srlv_epi32(words, _mm256_and_si256(unit, _mm256_set1_epi32(31)));
}

__attribute__((target("avx2"))) inline unsigned bits_16(__m256i units) {
  const auto sign = [](__m256i plain) __attribute__((target("avx2"), always_inline)) {
    return static_cast<unsigned>(_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_slli_epi32(plain, 31))));
  };
  return sign(look_up_8(_mm256_castsi256_si128(units))) | sign(look_up_8(_mm256_extracti128_si256(units, 1))) << 8;
}

// Sixteen units from where they stand in a body to where they belong. 1 in the low bits: all are plain.
__attribute__((target("avx2"))) inline __m256i decode_16(const std::uint8_t* from, char16_t* to) {
  const __m256i swap = _mm256_broadcastsi128_si256(_mm_setr_epi8(1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14));
  const __m256i units = _mm256_shuffle_epi8(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)), swap);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), units);
  return _mm256_and_si256(look_up_8(_mm256_castsi256_si128(units)), look_up_8(_mm256_extracti128_si256(units, 1)));
}

// Requires: kStride units at least. The last ones are looked at together with some of those before them.
__attribute__((target("avx2"))) std::uint64_t bits_avx2(std::span<const char16_t> units) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < units.size(); i += kStride) {
    const std::size_t at = std::min(i, units.size() - kStride);
    bits |= std::uint64_t{bits_16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(units.data() + at)))} << at;
  }
  return bits;
}

// Requires: kStride units at least.
__attribute__((target("avx2"))) bool decode_avx2(Bytes body, char16_t* out) {
  const std::size_t count = body.size() / 2;
  // Whether all are plain is asked now and then only: a text that isn't shows it early, and a long one must not be read in vain.
  constexpr std::size_t kAsked = 4 * kStride;
  for (std::size_t start = 0; start < count; start += kAsked) {
    __m256i all = _mm256_set1_epi32(1);
    for (std::size_t i = start; i < std::min(start + kAsked, count); i += kStride) {
      const std::size_t at = std::min(i, count - kStride);
      all = _mm256_and_si256(all, decode_16(body.data() + 2 * at, out + at));
    }
    if (_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_slli_epi32(all, 31))) != 0xff) return false;
  }
  return true;
}

int best_way() { return __builtin_cpu_supports("avx2") ? kAvx2 : kOneByOne; }

}  // namespace

#else

namespace {

std::uint64_t bits_avx2(std::span<const char16_t>) { return 0; }
bool decode_avx2(Bytes, char16_t*) { return false; }
int best_way() { return kOneByOne; }

}  // namespace

#endif

namespace {

int chosen_way = best_way();

}  // namespace

int plain_unit_ways() { return best_way() + 1; }
void force_plain_unit_way(int way) { chosen_way = std::min(way, best_way()); }

std::uint64_t plain_bits(std::span<const char16_t> units) {
  DCHECK(units.size() <= kMostPlainBits);
  if (chosen_way == kAvx2 && units.size() >= kStride) [[likely]] return bits_avx2(units);
  return chosen_way == kNever ? 0 : bits_one_by_one(units);
}

bool decode_plain_ucs2(Bytes body, char16_t* out) {
  if (chosen_way == kAvx2 && body.size() >= 2 * kStride) [[likely]] return decode_avx2(body, out);
  return chosen_way != kNever && decode_one_by_one(body, out);
}

}  // namespace telefence
