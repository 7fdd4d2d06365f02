// SPDX-License-Identifier: Apache-2.0
#pragma once

// One worker's queue pair of one DPDK port. A frame's owner is its mbuf. Called from that worker's thread only; allocates
// nothing, calls no system function but the clock, once per burst, through the vDSO.

#include <cstddef>
#include <cstdint>
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

class EthQueue final : public Queue {
 public:
  EthQueue(std::uint16_t dpdk_port, std::uint16_t queue, std::uint16_t port_index, rte_mempool* large_frames,
           Arrivals& arrivals)
      : dpdk_port_(dpdk_port), queue_(queue), port_index_(port_index), large_frames_(large_frames), arrivals_(arrivals) {}

  std::size_t receive(std::span<Frame> frames) override;
  std::size_t transmit(std::span<Frame> frames) override;

  std::uint16_t port_index() const { return port_index_; }
  // Frames of which only a part was seen: they stayed in several segments, or the driver lost their end. Any thread.
  std::uint64_t truncated() const { return truncated_.read(); }

 private:
  void fill(Frame& frame, rte_mbuf* mbuf);

  const std::uint16_t dpdk_port_;
  const std::uint16_t queue_;
  const std::uint16_t port_index_;
  rte_mempool* const large_frames_;
  Arrivals& arrivals_;
  Counter truncated_;
};

}  // namespace telefence
