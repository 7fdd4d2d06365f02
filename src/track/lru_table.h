// SPDX-License-Identifier: Apache-2.0
#pragma once

// A fixed number of entries under 64-bit keys, the one used longest ago first to go. Keys are hashes under a secret, so nobody
// can choose where they fall. One look-up touches a line of the index and the first of the entry: what an entry's users touch each time
// should stand first in it, within 112 octets. Worker thread, nothing allocated after construction.

#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "base/fetch_ahead.h"
#include "base/large_memory.h"

namespace telefence {

template <typename Entry>
class LruTable {
 public:
  // capacity: at least 1.
  explicit LruTable(std::size_t capacity) : capacity_(capacity) {
    CHECK(capacity >= 1 && capacity < kNone);
    index_size_ = index_size_for(capacity);
    index_ = make_large<std::uint32_t>(index_size_);
    slots_ = make_large<Slot>(capacity);
    for (std::size_t i = 0; i < index_size_; ++i) index_[i] = kNone;
    for (std::size_t i = 0; i < capacity; ++i) links(i).next = i + 1 < capacity ? static_cast<std::uint32_t>(i + 1) : kNone;
  }

  static constexpr std::size_t index_size_for(std::size_t capacity) {
    std::size_t size = 4;
    while (size < 2 * capacity) size *= 2;
    return size;
  }
  static constexpr std::uint64_t memory_for(std::size_t capacity) {
    return in_large(capacity * sizeof(Slot)) + in_large(index_size_for(capacity) * sizeof(std::uint32_t));
  }

  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  std::uint64_t evicted() const { return evicted_; }  // entries that gave way to others

  // nullptr when there is none. Does not count as use.
  Entry* find(std::uint64_t key) {
    const std::uint32_t slot = index_[place_of(key)];
    return slot == kNone ? nullptr : &slots_[slot];
  }
  // The same for one that this key had a moment ago, without the index.
  Entry* find_again(Entry& entry, std::uint64_t key) { return key_of(entry) == key ? &entry : find(key); }

  // Brings the lines of one look-up into the cache: that of the index, and when it is there, that of the entry. No state changes.
  void prefetch_place(std::uint64_t key) const { fetch_ahead(&index_[home_of(key)]); }
  void prefetch_entry(std::uint64_t key) const {
    const std::uint32_t slot = index_[home_of(key)];
    if (slot == kNone) return;
    prefetch_slot(slots_[slot]);
  }
  // The same for one that this key had a moment ago.
  void prefetch(const Entry& entry, std::uint64_t key) const {
    prefetch_place(key);
    prefetch_slot(static_cast<const Slot&>(entry));
  }

  // Requires: no entry has this key. `leaving` is called with the entry that gives way, if one must.
  template <typename Leaving>
  Entry& insert(std::uint64_t key, Leaving leaving) {
    if (free_ == kNone) {
      ++evicted_;
      Entry& oldest = slots_[oldest_];
      leaving(oldest);
      erase(oldest);
    }
    const std::uint32_t slot = free_;
    free_ = links(slot).next;
    links(slot).key = key;
    index_[place_of(key)] = slot;
    link_as_newest(slot);
    ++size_;
    return slots_[slot];
  }

  // Used now: the last to go.
  void touch(Entry& entry) {
    const std::uint32_t slot = slot_of(entry);
    if (slot == newest_) return;
    unlink(slot);
    link_as_newest(slot);
  }

  // The entry's own memory is the caller's to give back before.
  void erase(Entry& entry) {
    const std::uint32_t slot = slot_of(entry);
    const std::size_t place = place_of(links(slot).key);
    DCHECK(index_[place] == slot);  // it is not free already
    remove_from_index(place);
    unlink(slot);
    links(slot) = {.next = free_};
    free_ = slot;
    --size_;
  }

  Entry* oldest() { return oldest_ == kNone ? nullptr : &slots_[oldest_]; }
  std::uint64_t key_of(const Entry& entry) const { return links(slot_of(entry)).key; }

 private:
  static constexpr std::uint32_t kNone = 0xffffffff;

  struct Links {
    std::uint64_t key = 0;
    std::uint32_t next = kNone;  // towards the newest; of a free slot the next free one
    std::uint32_t previous = kNone;
  };
  struct alignas(64) Slot : Links, Entry {};
  static constexpr std::size_t kTouched = sizeof(Slot) < 128 ? sizeof(Slot) : 128;

  static void prefetch_slot(const Slot& slot) {
    for (std::size_t line = 0; line < kTouched; line += 64) fetch_ahead(reinterpret_cast<const char*>(&slot) + line);
  }
  Links& links(std::size_t slot) { return slots_[slot]; }
  const Links& links(std::size_t slot) const { return slots_[slot]; }

  std::size_t home_of(std::uint64_t key) const { return static_cast<std::size_t>(key >> 20) & (index_size_ - 1); }

  // Where the key is in the index, or where it would be put.
  std::size_t place_of(std::uint64_t key) const {
    std::size_t at = home_of(key);
    while (index_[at] != kNone && links(index_[at]).key != key) at = (at + 1) & (index_size_ - 1);
    return at;
  }

  // Moves back what only stands further on because this place was taken.
  void remove_from_index(std::size_t hole) {
    for (std::size_t at = (hole + 1) & (index_size_ - 1); index_[at] != kNone; at = (at + 1) & (index_size_ - 1)) {
      const std::size_t home = home_of(links(index_[at]).key);
      const std::size_t distance = (at - home) & (index_size_ - 1);
      if (distance < ((at - hole) & (index_size_ - 1))) continue;
      index_[hole] = index_[at];
      hole = at;
    }
    index_[hole] = kNone;
  }

  std::uint32_t slot_of(const Entry& entry) const {
    return static_cast<std::uint32_t>(static_cast<const Slot*>(&entry) - slots_.get());
  }

  void unlink(std::uint32_t slot) {
    const Links& one = links(slot);
    (one.previous == kNone ? oldest_ : links(one.previous).next) = one.next;
    (one.next == kNone ? newest_ : links(one.next).previous) = one.previous;
  }

  void link_as_newest(std::uint32_t slot) {
    links(slot).previous = newest_;
    links(slot).next = kNone;
    (newest_ == kNone ? oldest_ : links(newest_).next) = slot;
    newest_ = slot;
  }

  std::size_t capacity_;
  std::size_t index_size_;
  LargeArray<std::uint32_t> index_;
  LargeArray<Slot> slots_;
  std::uint32_t free_ = 0;
  std::uint32_t oldest_ = kNone;
  std::uint32_t newest_ = kNone;
  std::size_t size_ = 0;
  std::uint64_t evicted_ = 0;
};

}  // namespace telefence
