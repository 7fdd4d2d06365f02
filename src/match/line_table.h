// SPDX-License-Identifier: Apache-2.0
#pragma once

// Open addressing in cache lines: a bucket is one line of four 16-byte slots (96 bits of key, 32 bits of payload), a key that
// finds its line full goes to the next one. For what needs a key of more than 64 bits (slot_table.h has the others). In front
// stands a filter of 16 bits per entry. Filled on a control thread, then read by any number of workers.

#include <cstddef>
#include <cstdint>

#include "base/fetch_ahead.h"
#include "match/block_filter.h"
#include "base/large_memory.h"

namespace telefence {

// 96 bits that stand for a key.
struct SlotKey {
  std::uint64_t low = 0;
  std::uint32_t high = 0;
  friend bool operator==(const SlotKey&, const SlotKey&) = default;
};

class LineTable {
 public:
  static constexpr std::uint32_t kAbsent = 0;  // no payload is 0

  LineTable() = default;
  // Room for `entries` keys.
  explicit LineTable(std::size_t entries);

  bool is_empty() const { return size_ == 0; }
  std::size_t room() const { return room_; }
  std::size_t size() const { return size_; }
  std::size_t bytes() const;

  // The payload stored for `key`, nullptr when there is none. `hash` must be the same at insertion and look-up.
  std::uint32_t* find_to_change(const SlotKey& key, std::uint64_t hash);
  // Requires: payload != 0, the key isn't there, fewer than `entries` keys were inserted.
  void insert(const SlotKey& key, std::uint64_t hash, std::uint32_t payload);

  // A look-up in three steps, so that a burst has all its lines under way before it waits for the first.
  void prefetch_filter(std::uint64_t hash) const { filter_.prefetch(hash); }
  bool may_contain(std::uint64_t hash) const { return filter_.may_contain(hash); }
  void prefetch_line(std::uint64_t hash) const { fetch_ahead(&lines_[line_of(hash)]); }
  std::uint32_t find(const SlotKey& key, std::uint64_t hash) const {
    for (std::size_t line = line_of(hash);; line = line + 1 == line_count_ ? 0 : line + 1) {
      for (const Slot& slot : lines_[line].slots) {
        if (slot.payload == kAbsent) return kAbsent;  // slots of a line fill in order and nothing is ever taken out
        if (slot.key_low == key.low && slot.key_high == key.high) return slot.payload;
      }
    }
  }

 private:
  struct Slot {
    std::uint64_t key_low;
    std::uint32_t key_high;
    std::uint32_t payload;
  };
  struct alignas(64) Line {
    Slot slots[4];
  };
  // Upper bits choose the line (multiplication instead of division).
  std::size_t line_of(std::uint64_t hash) const { return ((hash >> 32) * line_count_) >> 32; }

  std::size_t room_ = 0;
  std::size_t size_ = 0;
  std::uint64_t line_count_ = 0;
  LargeArray<Line> lines_;
  BlockFilter filter_;
};

}  // namespace telefence
