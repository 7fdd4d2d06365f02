// SPDX-License-Identifier: Apache-2.0
#pragma once

// One worker's queue pair of one DPDK port. A frame's owner is its mbuf. Called from that worker's thread only; allocates
// nothing, calls no system function but the clock, once per burst, through the vDSO.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/frame.h"
#include "nic/queue.h"
#include "stats/counter.h"

struct rte_mbuf;
struct rte_mempool;

namespace telefence {

// What the queues of one worker share.
struct Arrivals {
  std::uint64_t number = 0;   // frames received by this worker
  std::uint64_t time_ns = 0;  // of the newest
};

// Which queue pair it is.
struct PortQueue {
  std::uint16_t dpdk_port = 0;
  std::uint16_t queue = 0;
  std::uint16_t port_index = 0;
  std::uint32_t longest_sent = 0;  // bytes of a frame
  bool may_lack_checksums = false;  // its frames: see Frame
  std::uint16_t descriptors = 0;   // of the receive queue
  bool can_overrun = true;
};

class EthQueue final : public Queue {
 public:
  EthQueue(const PortQueue& place, rte_mempool* large_frames, Arrivals& arrivals)
      : place_(place), large_frames_(large_frames), arrivals_(arrivals) {}

  std::size_t receive(std::span<Frame> frames) override;
  std::size_t transmit(std::span<Frame> frames) override;
  std::uint64_t now_ns() const override;
  bool can_overrun() const override { return place_.can_overrun; }
  std::optional<unsigned> fullness() const override;

  std::uint16_t port_index() const { return place_.port_index; }
  bool is(std::size_t port, std::uint16_t queue) const { return place_.port_index == port && place_.queue == queue; }
  // Frames of which only a part was seen: they stayed in several segments, or the driver lost their end. Any thread.
  std::uint64_t truncated() const { return truncated_.read(); }
  // Frames that were taken and thrown away because the port cannot send so long ones. Any thread.
  std::uint64_t too_long() const { return too_long_.read(); }

 private:
  void fill(Frame& frame, rte_mbuf* mbuf);

  const PortQueue place_;
  rte_mempool* const large_frames_;
  Arrivals& arrivals_;
  Counter truncated_;
  Counter too_long_;
};

}  // namespace telefence
