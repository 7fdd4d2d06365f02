// SPDX-License-Identifier: Apache-2.0
#pragma once

// Packet buffers: how many there are, the two DPDK pools they lie in, and how a packet that came in several segments is made
// contiguous. Sized and allocated at start; workers only take and give back.

#include <cstdint>
#include <span>

#include "base/frame.h"
#include "base/result.h"
#include "nic/options.h"
#include "nic/queue.h"

struct rte_mbuf;
struct rte_mempool;

namespace telefence {

inline constexpr std::uint32_t kUsualFrameBytes = 2048;
// Ethernet jumbo frames, and what the kernel's receive offload puts together before a host captures it (45 segments of 1448
// bytes). A buffer and its headroom are counted in 16 bits.
inline constexpr std::uint32_t kLargeFrameBytes = 65280;
inline constexpr std::uint16_t kDescriptors = 1024;  // of each receive and each transmit queue

struct MemoryPlan {
  std::uint32_t frames = 0;         // buffers of frame_bytes
  std::uint32_t frame_bytes = 0;    // without headroom
  std::uint32_t large_frames = 0;   // buffers of kLargeFrameBytes, for packets of several segments
  // What DPDK needs in all, from hugepages and from ordinary pages: there no buffer may lie across a page's end.
  std::uint64_t bytes_in_hugepages = 0;
  std::uint64_t bytes_in_pages = 0;
};

struct MemoryNeeds {
  std::size_t ports = 0;
  std::size_t workers = 0;
  std::uint32_t wanted = 0;        // NicOptions::frames, 0 = enough for every descriptor of every queue and what workers hold
  std::uint32_t largest_frame = 0; // what one buffer has to hold at least
  std::uint32_t held_frames = 2048;  // NicOptions::held_frames
  bool pass_on = false;            // workers hand packets to one another
};
MemoryPlan plan_memory(const MemoryNeeds& needs);

class PacketMemory {
 public:
  // Requires: DPDK runs, and no other PacketMemory is there.
  static Result<PacketMemory> create(const MemoryPlan& plan);
  PacketMemory(PacketMemory&& other) noexcept;
  PacketMemory& operator=(PacketMemory&&) = delete;
  ~PacketMemory();

  rte_mempool* frames() const { return frames_; }
  rte_mempool* large_frames() const { return large_frames_; }
  std::uint32_t free_frames() const;

 private:
  PacketMemory() = default;
  rte_mempool* frames_ = nullptr;
  rte_mempool* large_frames_ = nullptr;
};

// What the segments hold. pkt_len is only what a driver says: net_pcap says more than there is of a packet of 66 KiB or more,
// and then DPDK's own functions read behind the last segment.
std::uint32_t bytes_present(const rte_mbuf* mbuf);

// Requires: mbuf has several segments, and pkt_len is what they hold. Returns a packet of one segment with the same bytes, and
// has freed `mbuf` unless it is the one returned; or returns `mbuf` as it was when no buffer is large enough or none is left.
rte_mbuf* make_contiguous(rte_mbuf* mbuf, rte_mempool* large_frames);

// One worker's view of the pool. Frames taken carry the time of the newest packet that the worker received.
class EthFramePool final : public FramePool {
 public:
  EthFramePool(const PacketMemory& memory, const std::uint64_t& newest_time_ns)
      : memory_(memory.frames()), newest_time_ns_(newest_time_ns) {}

  bool take(Frame& frame) override;
  std::size_t take_some(std::span<Frame> frames) override;
  void release(std::span<Frame> frames) override;

 private:
  void fill(Frame& frame, rte_mbuf* mbuf) const;

  rte_mempool* memory_;
  const std::uint64_t& newest_time_ns_;
};

}  // namespace telefence
