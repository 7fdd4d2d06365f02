// SPDX-License-Identifier: Apache-2.0
#pragma once

// Queues and a pool in memory, where each frame has a buffer of its own that is exactly as large as it says, between fences of known
// bytes: what is written beside it is seen when it is given back, and a sanitizer sees what is read there. A buffer that is given
// back twice, or a frame outside of its buffer, stops the test at once. For tests only; one thread.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <unordered_set>
#include <utility>
#include <vector>

#include <sanitizer/asan_interface.h>

#include "nic/queue.h"

namespace telefence::testing {

inline void promise(bool kept, const char* what) {
  if (kept) return;
  std::fprintf(stderr, "broken promise: %s\n", what);
  std::abort();
}

class GuardedBuffer {
 public:
  explicit GuardedBuffer(std::size_t size) : size_(size), memory_(std::make_unique<std::uint8_t[]>(size + 2 * kFence)) {
    std::memset(memory_.get(), kKnown, kFence);
    std::memset(memory_.get() + kFence + size, kKnown, kFence);
    ASAN_POISON_MEMORY_REGION(memory_.get(), kFence);
    ASAN_POISON_MEMORY_REGION(memory_.get() + kFence + size, kFence);
  }
  ~GuardedBuffer() {
    ASAN_UNPOISON_MEMORY_REGION(memory_.get(), size_ + 2 * kFence);
    promise(is_whole(memory_.get()) && is_whole(memory_.get() + kFence + size_), "something was written beside a frame");
  }
  GuardedBuffer(const GuardedBuffer&) = delete;
  GuardedBuffer& operator=(const GuardedBuffer&) = delete;

  std::uint8_t* bytes() { return memory_.get() + kFence; }
  bool holds(const Frame& frame) {
    const std::uint8_t* const start = frame.data - frame.headroom;
    return start >= bytes() && frame.data + frame.length + frame.tailroom <= bytes() + size_;
  }

 private:
  static constexpr std::size_t kFence = 64;
  static constexpr std::uint8_t kKnown = 0xa5;
  static bool is_whole(const std::uint8_t* fence) {
    return std::all_of(fence, fence + kFence, [](std::uint8_t byte) { return byte == kKnown; });
  }

  std::size_t size_;
  std::unique_ptr<std::uint8_t[]> memory_;
};

class GuardedPool : public FramePool {
 public:
  bool take(Frame& frame) override {
    if (out_.size() >= limit_) return false;
    frame = make({}, 128, 1600);
    return true;
  }
  void release(std::span<Frame> frames) override {
    for (Frame& frame : frames) {
      auto* const buffer = static_cast<GuardedBuffer*>(frame.owner);
      promise(out_.erase(buffer) == 1, "a buffer was given back that was not out");
      promise(buffer->holds(frame), "a frame lies outside of its buffer");
      delete buffer;
    }
  }
  Frame make(Bytes bytes, std::uint16_t headroom, std::uint16_t tailroom) {
    auto* const buffer = new GuardedBuffer(headroom + bytes.size() + tailroom);
    out_.insert(buffer);
    Frame frame;
    frame.data = buffer->bytes() + headroom;
    std::copy(bytes.begin(), bytes.end(), frame.data);
    frame.length = static_cast<std::uint32_t>(bytes.size());
    frame.headroom = headroom;
    frame.tailroom = tailroom;
    frame.owner = buffer;
    return frame;
  }
  // take() gives none while more than this are out.
  void set_limit(std::size_t limit) { limit_ = limit; }
  std::size_t out() const { return out_.size(); }

 private:
  std::unordered_set<GuardedBuffer*> out_;
  std::size_t limit_ = SIZE_MAX;
};

class GuardedQueue : public Queue {
 public:
  GuardedQueue(GuardedPool& pool, std::uint16_t port) : pool_(pool), port_(port) {}

  void give(Bytes bytes, std::uint64_t time_ns, std::uint16_t tailroom, bool is_truncated) {
    Frame frame = pool_.make(bytes, 0, tailroom);
    frame.port = port_;
    frame.time_ns = time_ns;
    frame.number = ++given_;
    frame.truncated = is_truncated;
    incoming_.push_back(frame);
  }
  std::size_t receive(std::span<Frame> frames) override {
    const std::size_t count = std::min(frames.size(), incoming_.size());
    std::copy_n(incoming_.begin(), count, frames.begin());
    incoming_.erase(incoming_.begin(), incoming_.begin() + static_cast<std::ptrdiff_t>(count));
    return count;
  }
  std::size_t transmit(std::span<Frame> frames) override {
    const std::size_t count = std::min(frames.size(), room_);
    for (Frame& frame : frames.first(count)) sent_.emplace_back(frame.data, frame.data + frame.length);
    pool_.release(frames.first(count));
    return count;
  }
  std::uint64_t now_ns() const override { return now_ns_; }
  void set_now(std::uint64_t now_ns) { now_ns_ = now_ns; }
  // How many frames a transmit takes at most from now on.
  void set_room(std::size_t room) { room_ = room; }
  std::vector<std::vector<std::uint8_t>> take_sent() { return std::exchange(sent_, {}); }

 private:
  GuardedPool& pool_;
  std::uint16_t port_;
  std::vector<Frame> incoming_;
  std::vector<std::vector<std::uint8_t>> sent_;
  std::uint64_t given_ = 0;
  std::uint64_t now_ns_ = 0;
  std::size_t room_ = SIZE_MAX;
};

}  // namespace telefence::testing
