// SPDX-License-Identifier: Apache-2.0
#pragma once

// Frames that wait for the verdict on the message they carry, in one queue per direction of a connection, in the order of the
// stream. Fixed number; a queue is a chain through one array. Worker thread.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/frame.h"
#include "decode/layers.h"

namespace telefence {

struct HeldFrame {
  Frame frame;
  Layers layers;
  std::uint64_t start = 0;  // of its payload in the stream
  std::uint64_t end = 0;
  std::uint64_t since_ns = 0;
  bool differs = false;  // bytes of it are not what is to leave
  std::uint16_t place = 0;  // in the burst that it came in
  std::uint16_t link = 0;   // by which it came in
  std::uint32_t burst = 0;
  std::uint32_t next = 0;
};

class HeldFrames {
 public:
  static constexpr std::uint32_t kNone = 0xffffffff;

  struct Queue {
    std::uint32_t first = kNone;
    std::uint32_t last = kNone;
    std::uint32_t count = 0;
    std::uint32_t newest_burst = 0;  // in which one of them came last; the owner sets it
    bool is_empty() const { return first == kNone; }
  };

  explicit HeldFrames(std::uint32_t most) : frames_(std::make_unique<HeldFrame[]>(most)), free_(most == 0 ? kNone : 0) {
    for (std::uint32_t i = 0; i < most; ++i) frames_[i].next = i + 1 < most ? i + 1 : kNone;
  }

  HeldFrame& operator[](std::uint32_t index) { return frames_[index]; }
  std::size_t held() const { return held_; }
  // Of these, packets that were received: not what was made of one beside another.
  std::size_t received() const { return held_ - made_; }
  bool is_full() const { return free_ == kNone; }

  // Puts a frame where its start belongs; what else is known of it the caller sets. Requires: !is_full().
  HeldFrame& insert(Queue& queue, const Frame& frame, const Layers& layers, std::uint64_t start, std::uint64_t end) {
    const std::uint32_t index = free_;
    free_ = frames_[index].next;
    HeldFrame& held = frames_[index];
    held.frame = frame;
    held.layers = layers;
    held.start = start;
    held.end = end;
    held.next = kNone;
    ++held_;
    made_ += frame.is_made;
    ++queue.count;
    if (queue.is_empty() || frames_[queue.last].start <= start) {
      (queue.is_empty() ? queue.first : frames_[queue.last].next) = index;
      queue.last = index;
      return held;
    }
    std::uint32_t* place = &queue.first;
    while (frames_[*place].start <= start) place = &frames_[*place].next;
    held.next = *place;
    *place = index;
    return held;
  }

  // Takes the first one out. Requires: the queue is not empty.
  void take_first(Queue& queue) {
    const std::uint32_t index = queue.first;
    queue.first = frames_[index].next;
    if (queue.first == kNone) queue.last = kNone;
    --queue.count;
    frames_[index].next = free_;
    free_ = index;
    --held_;
    made_ -= frames_[index].frame.is_made;
  }

  // Takes out those that begin at `start` or behind it, in order; each(held) is called with them.
  template <typename Each>
  void take_from(Queue& queue, std::uint64_t start, Each each) {
    std::uint32_t last = kNone;
    std::uint32_t* place = &queue.first;
    for (; *place != kNone && frames_[*place].start < start; place = &frames_[*place].next) last = *place;
    std::uint32_t index = *place;
    *place = kNone;
    queue.last = last;
    while (index != kNone) {
      HeldFrame& held = frames_[index];
      each(std::as_const(held));
      const std::uint32_t following = held.next;
      held.next = free_;
      free_ = index;
      index = following;
      --queue.count;
      --held_;
      made_ -= held.frame.is_made;
    }
  }

 private:
  std::unique_ptr<HeldFrame[]> frames_;
  std::uint32_t free_;
  std::size_t held_ = 0;
  std::size_t made_ = 0;
};

}  // namespace telefence
