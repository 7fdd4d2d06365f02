// SPDX-License-Identifier: Apache-2.0
#pragma once

// Spreads the packets in tunnels over the workers of one port by what is inside. A NIC spreads by the outermost addresses and ports,
// and many see none in MPLS and PPPoE: all subscribers behind one pair of tunnel ends would be one worker's, and where outer source
// ports differ by direction, the two directions of a connection would come to two workers.
//
// A worker hands each packet that lies in a tunnel to the worker that the packet's innermost addresses name, over a ring for each pair
// of workers; packets in no tunnel stay where the NIC put them. It goes by addresses only, never by ports: those stand in the first
// fragment of a packet only, and all fragments, whole packets beside them, and both directions have to meet. So what two addresses
// say to one another is one worker's, as with a NIC that hashes addresses alone; who joins two sites through one address each gains
// nothing. Outer headers and labels do not count either, since they may differ by direction.
//
// The order within a pair of addresses is kept, but for the moment in which bypass goes on or off. Only when a ring is full is a packet judged where it came in, and may overtake
// those in the ring: nothing is lost, and nobody waits for a worker that is behind.
//
// One for all workers of a port; each calls with its own seat, from its own thread. Nothing is allocated after construction.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/frame.h"
#include "pipeline/burst.h"
#include "pipeline/frame_ring.h"
#include "track/flow_key.h"

namespace telefence {

class TunnelSpread {
 public:
  // frames: that may wait for one worker, from all others together.
  TunnelSpread(std::size_t seats, std::size_t frames, const HashSecret& secret);

  std::size_t seats() const { return seats_.size(); }
  // Whose the packet is. Requires: layers.ip_version is 4 or 6.
  std::size_t seat_of(const Frame& frame, const Layers& layers) const;

  // What others have for this seat, in the order of each.
  std::size_t take(std::size_t seat, std::span<Frame> room);
  bool is_empty(std::size_t seat) const;

  struct Passed {
    std::uint64_t frames = 0;
    std::uint64_t bytes = 0;
    std::uint64_t no_room = 0;  // others' frames that stay in the burst
  };
  // Takes what is others' out of the burst. Requires: its frames are decoded, and nothing more has been done with them.
  Passed pass_on(std::size_t seat, Burst& burst);

  // Nobody hands anything to this seat from now on; who does so at this very moment may still.
  void close(std::size_t seat) { seats_[seat].is_closed.store(true, std::memory_order_release); }

 private:
  struct alignas(64) Seat {
    std::atomic<bool> is_closed{false};
    std::size_t last_taken = 0;  // whose ring was looked into last
  };

  FrameRing& ring(std::size_t from, std::size_t to) { return *rings_[from * seats_.size() + to]; }
  bool hand_over(const Frame& frame, std::size_t from, std::size_t to);

  const HashSecret secret_;
  std::vector<Seat> seats_;
  std::vector<std::unique_ptr<FrameRing>> rings_;  // [from][to]
};

}  // namespace telefence
