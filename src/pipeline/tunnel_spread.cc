// SPDX-License-Identifier: Apache-2.0
#include "pipeline/tunnel_spread.h"

#include <algorithm>

namespace telefence {
namespace {

// A burst of all its frames for one worker must fit; what waits longer than that in a ring only grows old.
constexpr std::size_t kLeastInRing = Burst::kFrames;
constexpr std::size_t kMostInRing = 512;

// Only what is read, or what comes before and behind it: a packet of another protocol needs no memory of others.
bool is_flow(const Layers& layers) {
  if (layers.tunnels == 0) return false;
  return layers.end == DecodeEnd::kPayload || layers.end == DecodeEnd::kNoPayload || layers.end == DecodeEnd::kFragment;
}

}  // namespace

TunnelSpread::TunnelSpread(std::size_t seats, std::size_t frames, const HashSecret& secret) : secret_(secret), seats_(seats) {
  const std::size_t each = std::clamp(frames / std::max<std::size_t>(seats - 1, 1), kLeastInRing, kMostInRing);
  for (std::size_t i = 0; i < seats * seats; ++i)
    rings_.push_back(i / seats == i % seats ? nullptr : std::make_unique<FrameRing>(std::bit_floor(each)));
}

std::size_t TunnelSpread::seat_of(const Frame& frame, const Layers& layers) const {
  const std::uint64_t key = address_pair_key(frame, layers.network, secret_);
  return static_cast<std::size_t>((key >> 32) * seats_.size() >> 32);
}

std::size_t TunnelSpread::take(std::size_t seat, std::span<Frame> room) {
  std::size_t& last = seats_[seat].last_taken;
  std::size_t count = 0;
  for (std::size_t i = 0; i < seats_.size() && count < room.size(); ++i) {
    last = last + 1 == seats_.size() ? 0 : last + 1;
    if (last != seat) count += ring(last, seat).pop(room.subspan(count));
  }
  return count;
}

bool TunnelSpread::is_empty(std::size_t seat) const {
  for (std::size_t from = 0; from < seats_.size(); ++from)
    if (from != seat && !rings_[from * seats_.size() + seat]->is_empty()) return false;
  return true;
}

bool TunnelSpread::hand_over(const Frame& frame, std::size_t from, std::size_t to) {
  return !seats_[to].is_closed.load(std::memory_order_acquire) && ring(from, to).push(frame);
}

TunnelSpread::Passed TunnelSpread::pass_on(std::size_t seat, Burst& burst) {
  Passed passed;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < burst.count; ++i) {
    const Frame& frame = burst.frames[i];
    if (is_flow(burst.layers[i])) {
      const std::size_t owner = seat_of(frame, burst.layers[i]);
      if (owner != seat && hand_over(frame, seat, owner)) {
        ++passed.frames;
        passed.bytes += frame.length;
        continue;
      }
      passed.no_room += owner != seat ? 1 : 0;
    }
    if (kept != i) {
      burst.frames[kept] = frame;
      burst.layers[kept] = burst.layers[i];
      burst.fates[kept] = burst.fates[i];
    }
    ++kept;
  }
  burst.count = kept;
  for (std::size_t to = 0; passed.frames != 0 && to < seats_.size(); ++to)
    if (to != seat) ring(seat, to).publish();
  return passed;
}

}  // namespace telefence
