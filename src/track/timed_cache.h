// SPDX-License-Identifier: Apache-2.0
#pragma once

// A fixed-size map from a 64-bit key to a small value that forgets: each entry lives until its time, and when a set of four is
// full the entry that would end first gives way (counted). One look-up touches one cache line, and another for what it finds. Worker thread.

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "base/fetch_ahead.h"
#include "base/large_memory.h"

namespace telefence {

template <typename Value>
class TimedCache {
 public:
  static constexpr std::size_t kWays = 4;

  // entries: a power of two, at least kWays.
  explicit TimedCache(std::size_t entries)
      : sets_(make_large<Set>(entries / kWays)), values_(make_large<Value>(entries)), set_mask_(entries / kWays - 1) {
    CHECK(entries >= kWays && (entries & (entries - 1)) == 0);
  }

  static constexpr std::uint64_t memory_for(std::size_t entries) { return in_large(entries / kWays * sizeof(Set)) + in_large(entries * sizeof(Value)); }

  // Brings what find() of this key touches into the cache, as far as that is known beforehand: all of it when the key is not there.
  void prefetch(std::uint64_t key) const { fetch_ahead(&sets_[set_of(key)]); }

  // The rest of it, where the key is there. Reads what prefetch() asked for.
  void prefetch_value(std::uint64_t key) const {
    const std::size_t at = set_of(key);
    for (std::size_t way = 0; way < kWays; ++way)
      if (sets_[at].keys[way] == key) fetch_ahead(&values_[at * kWays + way]);
  }

  // The value put under this key, or nullptr when there is none or its time is over.
  Value* find(std::uint64_t key, std::uint64_t now_ns) {
    if (now_ns >= newest_end_ns_) return nullptr;
    const std::size_t at = set_of(key);
    const Set& set = sets_[at];
    for (std::size_t way = 0; way < kWays; ++way)
      if (set.keys[way] == key && set.ends_ns[way] > now_ns) return &values_[at * kWays + way];
    return nullptr;
  }

  // Puts or renews.
  void put(std::uint64_t key, const Value& value, std::uint64_t now_ns, std::uint64_t end_ns) {
    const std::size_t at = set_of(key);
    Set& set = sets_[at];
    std::size_t victim = 0;
    for (std::size_t way = 0; way < kWays; ++way) {
      if (set.keys[way] == key) {
        victim = way;
        break;
      }
      if (set.ends_ns[way] < set.ends_ns[victim]) victim = way;
    }
    if (set.keys[victim] != key && set.ends_ns[victim] > now_ns) ++evicted_;
    set.keys[victim] = key;
    set.ends_ns[victim] = end_ns;
    values_[at * kWays + victim] = value;
    if (end_ns > newest_end_ns_) newest_end_ns_ = end_ns;
  }

  void erase(std::uint64_t key, std::uint64_t now_ns) {
    if (now_ns >= newest_end_ns_) return;
    Set& set = sets_[set_of(key)];
    for (std::size_t way = 0; way < kWays; ++way)
      if (set.keys[way] == key) set.ends_ns[way] = 0;
  }
  // False when an entry may still live.
  bool is_empty(std::uint64_t now_ns) const { return now_ns >= newest_end_ns_; }

  // Entries that gave way before their time.
  std::uint64_t evicted() const { return evicted_; }

 private:
  // Keys and times of a set in one line; the values apart, since most look-ups find none.
  struct alignas(64) Set {
    std::array<std::uint64_t, kWays> keys{};
    std::array<std::uint64_t, kWays> ends_ns{};
  };
  static_assert(sizeof(Set) == 64);

  std::size_t set_of(std::uint64_t key) const { return (key >> 17) & set_mask_; }

  LargeArray<Set> sets_;
  LargeArray<Value> values_;
  std::size_t set_mask_;
  std::uint64_t newest_end_ns_ = 0;  // after it the cache is known to be empty
  std::uint64_t evicted_ = 0;
};

}  // namespace telefence
