// SPDX-License-Identifier: Apache-2.0
#include "nic/memory.h"

#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>

#include <algorithm>
#include <bit>
#include <string>
#include <utility>

namespace telefence {
namespace {

constexpr std::uint32_t kFewest = 4096;
constexpr std::uint32_t kLargeFrames = 127;
constexpr unsigned kCache = 256;
// A burst from each of four links, as many replies as there is room for (Burst::kReplies), and the cache of its core.
constexpr std::uint32_t kOwnOfWorker = 4 * kBurstFrames + 8 * kBurstFrames + kCache;
constexpr std::size_t kMostAtOnce = 64;
constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kBookkeepingPerFrame = sizeof(rte_mbuf) + RTE_PKTMBUF_HEADROOM + 128;
// Queues, rings, the pools' own rings and drivers' memory.
constexpr std::uint64_t kOtherBytes = 32 * 1024 * 1024;

}  // namespace

MemoryPlan plan_memory(const MemoryNeeds& needs) {
  MemoryPlan plan;
  const std::size_t queues = needs.ports * needs.workers;
  const std::size_t of_workers = needs.workers * (std::size_t{kOwnOfWorker} + needs.held_frames);
  const std::size_t on_their_way = std::max<std::size_t>(kPassedOnFrames, (needs.workers - 1) * kBurstFrames);  // a burst of each at least
  const std::size_t passed_on = needs.pass_on && needs.workers > 1 ? queues * on_their_way : 0;
  const std::size_t enough = std::max<std::size_t>(queues * 2 * kDescriptors + of_workers + passed_on, kFewest);
  // A pool of 2^n - 1 wastes nothing of the ring it lies in.
  plan.frames = static_cast<std::uint32_t>(std::bit_ceil((needs.wanted != 0 ? needs.wanted : enough) + std::size_t{1}) - 1);
  plan.frame_bytes = std::max(needs.largest_frame, kUsualFrameBytes);
  plan.large_frames = kLargeFrames;
  const auto total = [&](std::uint64_t granule) {
    const auto one = [&](std::uint64_t bytes) { return (bytes + kBookkeepingPerFrame + granule - 1) / granule * granule; };
    return plan.frames * one(plan.frame_bytes) + plan.large_frames * one(kLargeFrameBytes) + kOtherBytes;
  };
  plan.bytes_in_hugepages = total(RTE_CACHE_LINE_SIZE);
  plan.bytes_in_pages = total(kPage);
  return plan;
}

Result<PacketMemory> PacketMemory::create(const MemoryPlan& plan) {
  PacketMemory memory;
  const auto room = [](std::uint32_t bytes) { return static_cast<std::uint16_t>(bytes + RTE_PKTMBUF_HEADROOM); };
  const int socket = static_cast<int>(rte_socket_id());
  const unsigned cache = std::min(kCache, plan.frames / 8);
  memory.frames_ = rte_pktmbuf_pool_create("telefence_frames", plan.frames, cache, 0, room(plan.frame_bytes), socket);
  if (memory.frames_ != nullptr)
    memory.large_frames_ =
        rte_pktmbuf_pool_create("telefence_large", plan.large_frames, 0, 0, room(kLargeFrameBytes), socket);
  const int error = rte_errno;
  if (memory.frames_ == nullptr || memory.large_frames_ == nullptr)
    return Error{ErrorCode::kEnvironment, "no memory for " + std::to_string(plan.frames) + " packet buffers of " +
                                              std::to_string(plan.frame_bytes) + " bytes (" + rte_strerror(error) +
                                              "): reserve more hugepages, or make `engine: {frames: N}` smaller"};
  return memory;
}

PacketMemory::PacketMemory(PacketMemory&& other) noexcept
    : frames_(std::exchange(other.frames_, nullptr)), large_frames_(std::exchange(other.large_frames_, nullptr)) {}

PacketMemory::~PacketMemory() {
  rte_mempool_free(frames_);
  rte_mempool_free(large_frames_);
}

std::uint32_t PacketMemory::free_frames() const { return rte_mempool_avail_count(frames_); }

std::uint32_t bytes_present(const rte_mbuf* mbuf) {
  std::uint32_t bytes = 0;
  for (; mbuf != nullptr; mbuf = mbuf->next) bytes += mbuf->data_len;
  return bytes;
}

rte_mbuf* make_contiguous(rte_mbuf* mbuf, rte_mempool* large_frames) {
  if (mbuf->pkt_len - mbuf->data_len <= rte_pktmbuf_tailroom(mbuf) && rte_pktmbuf_linearize(mbuf) == 0) return mbuf;
  if (mbuf->pkt_len > kLargeFrameBytes) return mbuf;
  rte_mbuf* copy = rte_pktmbuf_copy(mbuf, large_frames, 0, UINT32_MAX);
  if (copy == nullptr) return mbuf;
  rte_pktmbuf_free(mbuf);
  return copy;
}

[[gnu::always_inline]] inline void EthFramePool::fill(Frame& frame, rte_mbuf* mbuf) const {
  frame = Frame{};
  frame.data = rte_pktmbuf_mtod(mbuf, std::uint8_t*);
  frame.headroom = rte_pktmbuf_headroom(mbuf);
  frame.tailroom = rte_pktmbuf_tailroom(mbuf);
  frame.time_ns = newest_time_ns_;
  frame.owner = mbuf;
}

bool EthFramePool::take(Frame& frame) {
  rte_mbuf* mbuf = rte_pktmbuf_alloc(memory_);
  if (mbuf == nullptr) return false;
  fill(frame, mbuf);
  return true;
}

std::size_t EthFramePool::take_some(std::span<Frame> frames) {
  std::size_t taken = 0;
  while (taken < frames.size()) {
    rte_mbuf* mbufs[kMostAtOnce];
    const std::size_t count = std::min(frames.size() - taken, kMostAtOnce);
    // All or none; the last few come one by one.
    if (rte_pktmbuf_alloc_bulk(memory_, mbufs, static_cast<unsigned>(count)) != 0) return taken + FramePool::take_some(frames.subspan(taken));
    for (std::size_t i = 0; i < count; ++i) fill(frames[taken + i], mbufs[i]);
    taken += count;
  }
  return taken;
}

void EthFramePool::release(std::span<Frame> frames) {
  rte_mbuf* mbufs[kMostAtOnce];
  while (!frames.empty()) {
    const std::size_t count = std::min(frames.size(), kMostAtOnce);
    for (std::size_t i = 0; i < count; ++i) mbufs[i] = static_cast<rte_mbuf*>(std::exchange(frames[i].owner, nullptr));
    rte_pktmbuf_free_bulk(mbufs, static_cast<unsigned>(count));
    frames = frames.subspan(count);
  }
}

}  // namespace telefence
