// SPDX-License-Identifier: Apache-2.0
#pragma once

// Records from one worker to the writer thread: single producer, single consumer, fixed memory, no waiting. When it is full the
// record is dropped and counted; packets never wait for it.

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/fetch_ahead.h"
#include "base/large_memory.h"
#include "record/record.h"
#include "stats/counter.h"

namespace telefence {

class RecordRing {
 public:
  // capacity: a power of two.
  explicit RecordRing(std::size_t capacity) : slots_(make_large<Record>(capacity)), mask_(capacity - 1) {}

  // Worker: the slot to fill, or nullptr when full (counted). Several may be filled before commit() hands them over: `ahead`
  // is how many are claimed already.
  Record* claim(std::size_t ahead = 0) {
    const std::size_t head = head_.load(std::memory_order_relaxed) + ahead;
    if (head - tail_.load(std::memory_order_acquire) > mask_) [[unlikely]] {
      dropped_.add(1);
      return nullptr;
    }
    return &slots_[head & mask_];
  }
  // Worker: brings what most records fill of such a slot into the cache.
  void prefetch(std::size_t ahead) const {
    const auto* const slot = reinterpret_cast<const char*>(&slots_[(head_.load(std::memory_order_relaxed) + ahead) & mask_]);
    constexpr std::size_t kLine = 64, kLines = 5;
    for (std::size_t line = 0; line < kLines; ++line) fetch_ahead_to_write(slot + line * kLine);
  }
  // Worker: a slot that was claimed and not yet handed over.
  Record& claimed(std::size_t ahead) { return slots_[(head_.load(std::memory_order_relaxed) + ahead) & mask_]; }
  void commit(std::size_t count = 1) {
    head_.store(head_.load(std::memory_order_relaxed) + count, std::memory_order_release);
    pushed_.add(count);
  }

  // Writer: the oldest record, or nullptr; release() frees it.
  const Record* front() const {
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    return tail == head_.load(std::memory_order_acquire) ? nullptr : &slots_[tail & mask_];
  }
  void release() { tail_.store(tail_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }

  std::uint64_t pushed() const { return pushed_.read(); }
  std::uint64_t dropped() const { return dropped_.read(); }

 private:
  LargeArray<Record> slots_;
  std::size_t mask_;
  alignas(64) std::atomic<std::size_t> head_{0};
  Counter pushed_;
  Counter dropped_;
  alignas(64) std::atomic<std::size_t> tail_{0};
};

}  // namespace telefence
