// SPDX-License-Identifier: Apache-2.0
#pragma once

// Queues and a pool in memory: frames are given to a worker and what it sends is kept, without a NIC.

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "nic/queue.h"

namespace telefence::testing {

// 4096 octets, the frame starting at 256.
struct Buffer {
  static constexpr std::uint16_t kHeadroom = 256;
  std::array<std::uint8_t, 4096> bytes;
};

class MemoryPool : public FramePool {
 public:
  explicit MemoryPool(std::size_t buffers) : buffers_(buffers) {
    free_.reserve(buffers);
    for (auto& buffer : buffers_) {
      buffer = std::make_unique<Buffer>();
      free_.push_back(buffer.get());
    }
  }
  bool take(Frame& frame) override {
    if (free_.empty()) return false;
    Buffer* buffer = free_.back();
    free_.pop_back();
    frame = Frame{};
    frame.data = buffer->bytes.data() + Buffer::kHeadroom;
    frame.headroom = Buffer::kHeadroom;
    frame.tailroom = static_cast<std::uint16_t>(buffer->bytes.size() - Buffer::kHeadroom);
    frame.owner = buffer;
    return true;
  }
  void release(std::span<Frame> frames) override {
    for (Frame& frame : frames) free_.push_back(static_cast<Buffer*>(frame.owner));
  }
  std::size_t free_count() const { return free_.size(); }

 private:
  std::vector<std::unique_ptr<Buffer>> buffers_;
  std::vector<Buffer*> free_;
};

class MemoryQueue : public Queue {
 public:
  MemoryQueue(MemoryPool& pool, std::uint16_t port) : pool_(pool), port_(port) {
    // Nothing may grow while a burst runs, so that the allocation test counts the worker only.
    incoming_.reserve(4096);
    sent_.resize(8192);
    for (auto& one : sent_) one.reserve(2048);
  }

  void give(const std::vector<std::uint8_t>& bytes, std::uint64_t time_ns = 1'700'000'000'000'000'000) {
    Frame frame;
    if (!pool_.take(frame)) return;
    std::copy(bytes.begin(), bytes.end(), frame.data);
    frame.length = static_cast<std::uint32_t>(bytes.size());
    frame.tailroom = static_cast<std::uint16_t>(frame.tailroom - bytes.size());
    frame.port = port_;
    frame.time_ns = time_ns;
    frame.number = ++given_;
    incoming_.push_back(frame);
  }

  std::size_t receive(std::span<Frame> frames) override {
    std::size_t count = 0;
    while (count < frames.size() && next_ < incoming_.size()) frames[count++] = incoming_[next_++];
    if (next_ == incoming_.size()) {
      incoming_.clear();
      next_ = 0;
    }
    return count;
  }
  std::size_t transmit(std::span<Frame> frames) override {
    const std::size_t count = std::min(frames.size(), room_);
    for (std::size_t i = 0; i < count; ++i) {
      sent_[sent_count_++].assign(frames[i].data, frames[i].data + frames[i].length);
      pool_.release(frames.subspan(i, 1));
    }
    return count;
  }
  std::uint64_t now_ns() const override { return now_ns_; }
  void set_now(std::uint64_t now_ns) { now_ns_ = now_ns; }
  bool finished() const override { return next_ == incoming_.size(); }

  bool can_overrun() const override { return can_overrun_; }
  // As a NIC's queue does, and a capture does not.
  void set_can_overrun() { can_overrun_ = true; }

  // How many frames a transmit takes at most from now on.
  void set_room(std::size_t room) { room_ = room; }
  std::span<const std::vector<std::uint8_t>> sent() const { return {sent_.data(), sent_count_}; }
  void forget() { sent_count_ = 0; }

 private:
  MemoryPool& pool_;
  std::uint16_t port_;
  std::vector<Frame> incoming_;
  std::size_t next_ = 0;
  std::uint64_t given_ = 0;
  std::uint64_t now_ns_ = 0;
  bool can_overrun_ = false;
  std::size_t room_ = SIZE_MAX;
  std::vector<std::vector<std::uint8_t>> sent_;
  std::size_t sent_count_ = 0;
};

}  // namespace telefence::testing
