// SPDX-License-Identifier: Apache-2.0
#include "match/block_filter.h"

#include <algorithm>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace telefence {

std::uint64_t BlockFilter::which_one_by_one(std::span<const std::uint64_t> hashes) const {
  std::uint64_t which = 0;
  for (std::size_t i = 0; i < hashes.size(); ++i) which |= std::uint64_t{may_contain(hashes[i])} << i;
  return which;
}

#if defined(__x86_64__)

__attribute__((target("avx2,bmi,bmi2"))) std::uint64_t BlockFilter::which_by_four(std::span<const std::uint64_t> hashes) const {
  const __m256i ones = _mm256_set1_epi64x(1), low_six = _mm256_set1_epi64x(63);
  std::uint64_t which = 0;
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    const Block& block = blocks_[block_of(static_cast<std::uint32_t>(hashes[i]))];
    const __m128i bits = _mm_cvtsi64_si128(static_cast<long long>(hashes[i] * kMix));
    const __m256i wanted = _mm256_sllv_epi64(ones, _mm256_and_si256(_mm256_cvtepu8_epi64(bits), low_six));
    const bool has_four = _mm256_testc_si256(_mm256_load_si256(reinterpret_cast<const __m256i*>(block.words)), wanted) != 0;
    // Half of the words turn most away.
    if (has_four) [[unlikely]] which |= std::uint64_t{may_contain(hashes[i])} << i;
  }
  return which;
}

namespace {
bool has_four() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2"); }
}  // namespace

#else

std::uint64_t BlockFilter::which_by_four(std::span<const std::uint64_t> hashes) const { return which_one_by_one(hashes); }

namespace {
bool has_four() { return false; }
}  // namespace

#endif

namespace {
int chosen_way = has_four() ? 1 : 0;
}  // namespace

std::uint64_t BlockFilter::which_may_be_there(std::span<const std::uint64_t> hashes) const {
  return chosen_way == 1 ? which_by_four(hashes) : which_one_by_one(hashes);
}

int block_filter_ways() { return has_four() ? 2 : 1; }
void force_block_filter_way(int way) { chosen_way = std::min(way, block_filter_ways() - 1); }

}  // namespace telefence
