// SPDX-License-Identifier: Apache-2.0
#include "nic/eth_queue.h"

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include <algorithm>
#include <ctime>

#include "base/check.h"
#include "nic/memory.h"

namespace telefence {
namespace {

constexpr std::size_t kMostSentAtOnce = 64;
// Some drivers give no more than 32 or 64 at a call, however many wait; but a burst that is not full says that none do.
constexpr std::uint16_t kPiece = 32;

std::uint64_t wall_clock_ns() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

// Tells the mbuf what became of its frame. A chain that was too long for any buffer is sent as it came: only bytes of its
// first segment can have changed.
rte_mbuf* take_back(const Frame& frame) {
  auto* mbuf = static_cast<rte_mbuf*>(frame.owner);
  if (mbuf->nb_segs != 1) [[unlikely]] return mbuf;
  mbuf->data_off = static_cast<std::uint16_t>(frame.data - static_cast<std::uint8_t*>(mbuf->buf_addr));
  mbuf->data_len = static_cast<std::uint16_t>(frame.length);
  mbuf->pkt_len = frame.length;
  DCHECK(mbuf->data_off + std::uint32_t{mbuf->data_len} <= mbuf->buf_len);
  return mbuf;
}

}  // namespace

std::uint64_t EthQueue::now_ns() const { return wall_clock_ns(); }

void EthQueue::fill(Frame& frame, rte_mbuf* mbuf) {
  const std::uint32_t stated = mbuf->pkt_len;
  if (mbuf->nb_segs != 1 || mbuf->data_len != stated) [[unlikely]] {
    mbuf->pkt_len = bytes_present(mbuf);
    if (mbuf->nb_segs != 1) mbuf = make_contiguous(mbuf, large_frames_);
  }
  frame.data = rte_pktmbuf_mtod(mbuf, std::uint8_t*);
  frame.length = mbuf->data_len;
  frame.headroom = rte_pktmbuf_headroom(mbuf);
  frame.tailroom = rte_pktmbuf_tailroom(mbuf);
  frame.port = place_.port_index;
  frame.link = LinkType::kEthernet;
  frame.may_lack_checksum = place_.may_lack_checksums;
  frame.truncated = mbuf->data_len != stated;
  frame.is_made = false;
  frame.time_ns = arrivals_.time_ns;
  frame.number = ++arrivals_.number;
  frame.owner = mbuf;
  if (frame.truncated) [[unlikely]] {
    // Its length may not change.
    frame.headroom = 0;
    frame.tailroom = 0;
    truncated_.add(1);
  }
}

std::optional<unsigned> EthQueue::fullness() const {
  const int waiting = place_.descriptors == 0 ? -1 : rte_eth_rx_queue_count(place_.dpdk_port, place_.queue);
  if (waiting < 0) return std::nullopt;  // the driver can't tell
  return static_cast<unsigned>(waiting) * 100 / place_.descriptors;
}

std::size_t EthQueue::receive(std::span<Frame> frames) {
  rte_mbuf* mbufs[kBurstFrames];
  const std::size_t most = std::min(frames.size(), kBurstFrames);
  std::size_t count = 0;
  while (count < most) {
    const auto wanted = static_cast<std::uint16_t>(std::min<std::size_t>(most - count, kPiece));
    const std::uint16_t got = rte_eth_rx_burst(place_.dpdk_port, place_.queue, mbufs + count, wanted);
    count += got;
    if (got < wanted) break;
  }
  if (count == 0) return 0;
  for (std::size_t i = 0; i < count; ++i) rte_prefetch0(rte_pktmbuf_mtod(mbufs[i], void*));
  arrivals_.time_ns = wall_clock_ns();
  for (std::size_t i = 0; i < count; ++i) fill(frames[i], mbufs[i]);
  return count;
}

std::size_t EthQueue::transmit(std::span<Frame> frames) {
  rte_mbuf* mbufs[kMostSentAtOnce];
  std::size_t sent = 0;
  while (sent < frames.size()) {
    const auto most = static_cast<std::uint16_t>(std::min(frames.size() - sent, kMostSentAtOnce));
    std::uint16_t count = 0;
    rte_mbuf* too_long = nullptr;
    while (count < most && too_long == nullptr) {
      rte_mbuf* mbuf = take_back(frames[sent + count]);
      if (mbuf->pkt_len > place_.longest_sent) [[unlikely]] {
        too_long = mbuf;
      } else {
        mbufs[count++] = mbuf;
      }
    }
    const std::uint16_t accepted = rte_eth_tx_burst(place_.dpdk_port, place_.queue, mbufs, count);
    sent += accepted;
    if (accepted < count) break;
    if (too_long == nullptr) continue;
    // Kept back it would only be called "port full", and with it all behind it.
    rte_pktmbuf_free(too_long);
    too_long_.add(1);
    ++sent;
  }
  return sent;
}

}  // namespace telefence
