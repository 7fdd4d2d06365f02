// SPDX-License-Identifier: Apache-2.0
#pragma once

// A fixed-size map from a 64-bit key to a small value that forgets: each entry lives until its time, and when a set of four is
// full the entry that would end first gives way (counted). One look-up touches one or two cache lines. Worker thread.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/check.h"

namespace telefence {

template <typename Value>
class TimedCache {
 public:
  static constexpr std::size_t kWays = 4;

  // entries: a power of two, at least kWays.
  explicit TimedCache(std::size_t entries)
      : entries_(std::make_unique<Entry[]>(entries)), set_mask_(entries / kWays - 1) {
    CHECK(entries >= kWays && (entries & (entries - 1)) == 0);
  }

  static constexpr std::uint64_t memory_for(std::size_t entries) { return entries * sizeof(Entry); }

  // The value put under this key, or nullptr when there is none or its time is over.
  Value* find(std::uint64_t key, std::uint64_t now_ns) {
    if (now_ns >= newest_end_ns_) return nullptr;
    Entry* set = set_of(key);
    for (std::size_t way = 0; way < kWays; ++way)
      if (set[way].key == key && set[way].end_ns > now_ns) return &set[way].value;
    return nullptr;
  }

  // Puts or renews.
  void put(std::uint64_t key, const Value& value, std::uint64_t now_ns, std::uint64_t end_ns) {
    Entry* set = set_of(key);
    Entry* victim = &set[0];
    for (std::size_t way = 0; way < kWays; ++way) {
      if (set[way].key == key) {
        victim = &set[way];
        break;
      }
      if (set[way].end_ns < victim->end_ns) victim = &set[way];
    }
    if (victim->key != key && victim->end_ns > now_ns) ++evicted_;
    *victim = {key, end_ns, value};
    if (end_ns > newest_end_ns_) newest_end_ns_ = end_ns;
  }

  // Entries that gave way before their time.
  std::uint64_t evicted() const { return evicted_; }

 private:
  struct Entry {
    std::uint64_t key = 0;
    std::uint64_t end_ns = 0;
    Value value{};
  };

  Entry* set_of(std::uint64_t key) { return &entries_[((key >> 17) & set_mask_) * kWays]; }

  std::unique_ptr<Entry[]> entries_;
  std::size_t set_mask_;
  std::uint64_t newest_end_ns_ = 0;  // after it the cache is known to be empty
  std::uint64_t evicted_ = 0;
};

}  // namespace telefence
