// SPDX-License-Identifier: Apache-2.0
#pragma once

// Frames on their way from one worker to another, in order: one thread pushes, one pops, and neither waits for the other. What is
// pushed is seen there after publish(), so that a burst costs one store that the other side has to fetch. Fixed memory.

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/frame.h"

namespace telefence {

class FrameRing {
 public:
  // Rounded up to a power of two.
  explicit FrameRing(std::size_t frames) : mask_(std::bit_ceil(frames) - 1), frames_(std::make_unique<Frame[]>(mask_ + 1)) {}

  // Of the pushing thread. False: full; the frame stays the caller's.
  bool push(const Frame& frame) {
    if (pushed_ - popped_seen_ > mask_) {
      popped_seen_ = popped_.load(std::memory_order_acquire);
      if (pushed_ - popped_seen_ > mask_) return false;
    }
    frames_[pushed_++ & mask_] = frame;
    return true;
  }
  void publish() {
    if (published_.load(std::memory_order_relaxed) != pushed_) published_.store(pushed_, std::memory_order_release);
  }

  // Of the popping thread.
  std::size_t pop(std::span<Frame> room) {
    const std::uint64_t from = popped_.load(std::memory_order_relaxed);
    const std::uint64_t there = published_.load(std::memory_order_acquire) - from;
    const std::size_t count = there < room.size() ? static_cast<std::size_t>(there) : room.size();
    for (std::size_t i = 0; i < count; ++i) room[i] = frames_[(from + i) & mask_];
    if (count != 0) popped_.store(from + count, std::memory_order_release);
    return count;
  }
  bool is_empty() const { return published_.load(std::memory_order_acquire) == popped_.load(std::memory_order_relaxed); }

 private:
  const std::uint64_t mask_;
  const std::unique_ptr<Frame[]> frames_;
  // Each side's own line: what it writes, and what it last saw of the other.
  alignas(64) std::atomic<std::uint64_t> published_{0};
  std::uint64_t pushed_ = 0;
  std::uint64_t popped_seen_ = 0;
  alignas(64) std::atomic<std::uint64_t> popped_{0};
};

}  // namespace telefence
