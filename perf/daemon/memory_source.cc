// SPDX-License-Identifier: Apache-2.0
#include "memory_source.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "base/big_endian.h"

namespace telefence::perf {
namespace {

constexpr std::size_t kAhead = 2048;  // octets of the packets to come
constexpr std::size_t kIdentification = 4, kHeaderChecksum = 10;  // of IPv4
constexpr std::uint64_t kPause_ns = 10'000;  // so that what sessions remember expires as it does at 6 Mpps
constexpr std::size_t kTcpSequence = 4, kTcpAcknowledgement = 8, kTcpChecksum = 16;

std::uint64_t steady_ns() {
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

}  // namespace

void add_to_field(Frame& frame, std::size_t at, std::uint32_t more, std::initializer_list<std::size_t> checksums) {
  const auto old = big_endian<std::uint32_t>(frame.data + at);
  const std::uint32_t value = old + more;
  put_big_endian(value, frame.data + at);
  const std::uint32_t change = (~old >> 16) + (~old & 0xffff) + (value >> 16) + (value & 0xffff);
  for (const std::size_t checksum : checksums) {
    std::uint32_t sum = (~std::uint32_t{big_endian<std::uint16_t>(frame.data + checksum)} & 0xffff) + change;
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    put_big_endian(static_cast<std::uint16_t>(~sum), frame.data + checksum);
  }
}

namespace {

// In whole pieces where the packet is small, as a NIC writes it: there is room behind both ends (Traffic::kSpare).
inline void copy(const std::uint8_t* from, std::size_t length, std::uint8_t* to) {
  constexpr std::size_t kSmall = 256;
  if (length > kSmall) {
    std::memcpy(to, from, length);
    return;
  }
  for (std::size_t at = 0; at < length; at += Traffic::kSpare) std::memcpy(to + at, from + at, Traffic::kSpare);
}

}  // namespace

// Behind the steady clock, which pace() goes over to: connections that were followed before must not lie in its future.
MemorySource::MemorySource(const Traffic& traffic, FramePool& pool, Queue& port)
    : traffic_(traffic), network_(traffic.network()), transport_(traffic.transport()), pool_(pool), port_(port),
      is_as_it_stands_(traffic.moves.empty() && traffic.sprayed.empty() && !traffic.renumbered), now_ns_(steady_ns() / 2) {}

void MemorySource::pace(double ns_per_packet) {
  ns_per_packet_ = ns_per_packet;
  started_ns_ = steady_ns();
  now_ns_ = started_ns_;
  given_ = lost_ = 0;
}

std::size_t MemorySource::due(std::size_t most) {
  const auto arrived = static_cast<std::uint64_t>(static_cast<double>(steady_ns() - started_ns_) / ns_per_packet_);
  if (arrived <= given_) return 0;  // the clock stood still
  if (arrived - given_ > kRing) {
    lost_ += arrived - given_ - kRing;
    given_ = arrived - kRing;
  }
  return std::min<std::size_t>(arrived - given_, most);
}

std::size_t MemorySource::receive(std::span<Frame> frames) {
  const bool is_paced = ns_per_packet_ != 0;
  const std::size_t count = pool_.take_some(frames.first(is_paced ? due(frames.size()) : frames.size()));
  if (is_as_it_stands_ && !is_paced) {
    for (Frame& frame : frames.first(count)) frame.time_ns = now_ns_;
    give_as_they_stand(frames.first(count));
    now_ns_ += kPause_ns;
    return count;
  }
  for (Frame& frame : frames.first(count)) {
    next(frame);
    if (is_paced) now_ns_ = started_ns_ + static_cast<std::uint64_t>(static_cast<double>(++given_) * ns_per_packet_);
    frame.time_ns = now_ns_;
  }
  if (!is_paced) now_ns_ += kPause_ns;
  return count;
}

// A NIC writes what has arrived long before; nobody waits for its memory.
[[gnu::always_inline]] inline void MemorySource::put_next(Frame& frame) {
  const std::uint64_t start = traffic_.start[next_];
  const auto length = static_cast<std::uint32_t>(traffic_.start[next_ + 1] - start);
  const std::uint8_t* const from = traffic_.bytes.data() + start;
  for (std::size_t line = 0; line < length; line += 64) __builtin_prefetch(from + kAhead + line);
  copy(from, length, frame.data);
  frame.length = length;
  frame.tailroom = static_cast<std::uint16_t>(frame.tailroom - length);
}

[[gnu::always_inline]] inline void MemorySource::step_on() {
  if (++next_ == traffic_.count()) {
    next_ = 0;
    ++rounds_;
  }
}

// As cheap as may be: a NIC would take nothing of the core.
void MemorySource::give_as_they_stand(std::span<Frame> frames) {
  for (Frame& frame : frames) {
    put_next(frame);
    step_on();
  }
}

void MemorySource::next(Frame& frame) {
  put_next(frame);
  if (!traffic_.moves.empty()) move_on(frame, traffic_.moves[next_]);
  if (!traffic_.sprayed.empty() && traffic_.sprayed[next_]) spray(frame);
  if (traffic_.renumbered) add_to_field(frame, network_ + kIdentification, rounds_ << 16, {network_ + kHeaderChecksum});
  step_on();
}

// The connection goes on where the round before ended.
void MemorySource::move_on(Frame& frame, const Move& move) const {
  add_to_field(frame, transport_ + kTcpSequence, move.sequence * rounds_, {transport_ + kTcpChecksum});
  if (move.acknowledgement != 0)
    add_to_field(frame, transport_ + kTcpAcknowledgement, move.acknowledgement * rounds_, {transport_ + kTcpChecksum});
}

void MemorySource::spray(Frame& frame) {
  const std::uint32_t more = 0x64000000 + (sprayed_++ & 0xffffff);
  if (traffic_.carrier == Carrier::kIpv6)
    add_to_field(frame, network_ + 8 + 12, more, {transport_ + kTcpChecksum});
  else
    add_to_field(frame, network_ + 12, more, {network_ + kHeaderChecksum, transport_ + kTcpChecksum});
}

std::size_t DelaySink::transmit(std::span<Frame> frames) {
  const std::size_t sent = port_.transmit(frames);
  if (!is_on_) return sent;
  const std::uint64_t now = steady_ns();
  for (const Frame& frame : frames.first(sent))
    if (frame.time_ns >= since_ns_) turn_.push_back(now - frame.time_ns);
  return sent;
}

void DelaySink::forget() {
  histogram_.fill(0);
  turn_.clear();
  count_ = dropped_ = longest_ = 0;
}

void DelaySink::keep() {
  for (const std::uint64_t taken : turn_) {
    ++histogram_[std::min<std::uint64_t>(taken / kStepNs, histogram_.size() - 1)];
    longest_ = std::max(longest_, taken);
  }
  count_ += turn_.size();
  turn_.clear();
}

void DelaySink::drop(std::uint64_t now_ns) {
  since_ns_ = now_ns;
  dropped_ += turn_.size();
  turn_.clear();
}

std::uint64_t DelaySink::beyond(double per_million) const {
  std::uint64_t left = static_cast<std::uint64_t>(static_cast<double>(count_) * per_million / 1e6);
  for (std::size_t i = histogram_.size(); i-- > 0;) {
    if (histogram_[i] > left) return (i + 1) * kStepNs;
    left -= histogram_[i];
  }
  return 0;
}

}  // namespace telefence::perf
