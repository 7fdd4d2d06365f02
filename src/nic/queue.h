// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the worker sees of ports. Three implementations: DPDK queues (eth_queue), capture files (capture), and memory (tests).
// Virtual, since it is called once per burst. All calls from one worker thread.

#include <cstddef>
#include <optional>
#include <span>

#include "base/frame.h"

namespace telefence {

// One worker's share of one port: its receive queue and its transmit queue.
class Queue {
 public:
  virtual ~Queue() = default;
  // Fills frames from the wire, at most frames.size(); returns how many. They belong to the caller until transmitted or
  // released. Frames are contiguous; one that could not be made so, or that arrived without its end, is marked truncated.
  virtual std::size_t receive(std::span<Frame> frames) = 0;
  // Takes the frames that the port accepts, in order; returns how many. The rest stay with the caller. A frame longer than the
  // port can ever send is taken, thrown away and counted there.
  virtual std::size_t transmit(std::span<Frame> frames) = 0;
  // The time of a frame that would come now. Asked for only when none came and something waits.
  virtual std::uint64_t now_ns() const = 0;
  // True when nothing will ever be received again (end of a capture).
  virtual bool finished() const { return false; }
  // True when frames are lost here if nobody takes them in time. A capture waits.
  virtual bool can_overrun() const { return false; }
  // How full it is, in percent; nothing where the driver does not tell. Asked for only after a poll that found it well filled.
  virtual std::optional<unsigned> fullness() const { return std::nullopt; }
};

// Buffers for frames that the worker makes itself, and the way back for those it does not send.
class FramePool {
 public:
  virtual ~FramePool() = default;
  // An empty frame (length 0) with headroom >= 128 and tailroom >= 1600. False when none is left.
  virtual bool take(Frame& frame) = 0;
  // Fills as many as are left, in order; returns how many.
  virtual std::size_t take_some(std::span<Frame> frames) {
    std::size_t count = 0;
    while (count < frames.size() && take(frames[count])) ++count;
    return count;
  }
  virtual void release(std::span<Frame> frames) = 0;
};

}  // namespace telefence
