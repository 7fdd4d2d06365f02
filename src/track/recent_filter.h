// SPDX-License-Identifier: Apache-2.0
#pragma once

// "Was this key put lately?", answered from the second-level cache: no means no, yes means look. In front of a TimedCache, whose
// sets lie in memory, it spares a miss for nearly every packet. Two generations, each of one span of time: a key is found for
// at least a span, and forgotten after two. Worker thread.

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/fetch_ahead.h"

namespace telefence {

class RecentFilter {
 public:
  // span_ns: at least as long as the entries that it stands in front of live.
  explicit RecentFilter(std::uint64_t span_ns) : span_ns_(span_ns) {}

  void put(std::uint64_t key, std::uint64_t now_ns) {
    turn(now_ns);
    words_[word_of(key)][current_] |= bit_of(key);
  }
  bool may_hold(std::uint64_t key, std::uint64_t now_ns) {
    if (now_ns >= turn_at_ns_) [[unlikely]]
      turn(now_ns);
    const Generations& word = words_[word_of(key)];
    return ((word[0] | word[1]) & bit_of(key)) != 0;
  }
  // Brings what either will touch into the first-level cache.
  void prefetch(std::uint64_t key) const { fetch_ahead(&words_[word_of(key)]); }

 private:
  static constexpr std::size_t kWords = 8192;  // 128 KiB
  using Generations = std::array<std::uint64_t, 2>;

  static std::size_t word_of(std::uint64_t key) { return key >> 6 & (kWords - 1); }
  static std::uint64_t bit_of(std::uint64_t key) { return std::uint64_t{1} << (key & 63); }

  void turn(std::uint64_t now_ns) {
    if (now_ns < turn_at_ns_) return;
    if (now_ns - turn_at_ns_ >= span_ns_) clear_current();  // both are older than a span
    current_ = 1 - current_;
    clear_current();
    turn_at_ns_ = now_ns + span_ns_;
  }

  void clear_current() {
    for (Generations& word : words_) word[current_] = 0;
  }

  const std::uint64_t span_ns_;
  std::uint64_t turn_at_ns_ = 0;
  std::size_t current_ = 0;
  alignas(64) std::array<Generations, kWords> words_{};  // both of a word side by side: one line for a look-up
};

}  // namespace telefence
