// SPDX-License-Identifier: Apache-2.0
#pragma once

// Packets from memory as a port, as fast as they are asked for or at a given rate; and the port they leave by, with the time they
// took. One thread.

#include <array>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include "nic/queue.h"
#include "traffic.h"

namespace telefence::perf {

// Adds to a field of 32 bits and corrects the checksums that are over it (RFC 1624): a few cycles, since a NIC would do none of this.
void add_to_field(Frame& frame, std::size_t at, std::uint32_t more, std::initializer_list<std::size_t> checksums);

// What is sent back through it goes to the real port.
class MemorySource final : public Queue {
 public:
  // More than this that were not taken in time are lost, as a NIC would lose them.
  static constexpr std::uint64_t kRing = 4096;

  MemorySource(const Traffic& traffic, FramePool& pool, Queue& port);

  // From now on: one packet every so many ns of the steady clock; 0: whenever asked.
  void pace(double ns_per_packet);
  // The clock of the packets stood still for so long.
  void stood_still(std::uint64_t ns) { started_ns_ += ns; }
  std::uint64_t lost() const { return lost_; }
  // Ends of their own that were sprayed so far.
  std::uint32_t sprayed() const { return sprayed_; }

  std::size_t receive(std::span<Frame> frames) override;
  std::size_t transmit(std::span<Frame> frames) override { return port_.transmit(frames); }
  std::uint64_t now_ns() const override { return now_ns_; }

 private:
  std::size_t due(std::size_t most);
  void give_as_they_stand(std::span<Frame> frames);
  void next(Frame& frame);
  void put_next(Frame& frame);
  void step_on();
  void move_on(Frame& frame, const Move& move) const;
  void spray(Frame& frame);

  const Traffic& traffic_;
  const std::size_t network_, transport_;  // where these headers begin
  FramePool& pool_;
  Queue& port_;
  const bool is_as_it_stands_;  // each packet is the same in every round
  std::size_t next_ = 0;
  std::uint32_t rounds_ = 0;
  std::uint32_t sprayed_ = 0;
  std::uint64_t now_ns_;
  double ns_per_packet_ = 0;
  std::uint64_t started_ns_ = 0;
  std::uint64_t given_ = 0;
  std::uint64_t lost_ = 0;
};

// Hands on to a port, and counts how long each frame was on its way since Frame::time_ns. What was counted is kept or dropped turn by turn.
class DelaySink final : public Queue {
 public:
  explicit DelaySink(Queue& port) : port_(port) {}
  std::size_t receive(std::span<Frame> frames) override { return port_.receive(frames); }
  std::size_t transmit(std::span<Frame> frames) override;
  std::uint64_t now_ns() const override { return port_.now_ns(); }

  void measure(bool on) { is_on_ = on; }
  // Of nothing that was counted so far.
  void forget();
  void keep();
  // Nor does what has come in before, when it leaves later.
  void drop(std::uint64_t now_ns);
  // So many of a million frames took longer than this, in ns.
  std::uint64_t beyond(double per_million) const;
  std::uint64_t longest() const { return longest_; }
  std::uint64_t count() const { return count_; }
  std::uint64_t dropped() const { return dropped_; }

 private:
  static constexpr std::uint64_t kStepNs = 50;
  Queue& port_;
  bool is_on_ = false;
  std::array<std::uint64_t, 40'000> histogram_{};  // up to 2 ms; the last one holds what took longer
  std::vector<std::uint64_t> turn_;  // ns, since it was kept or dropped
  std::uint64_t count_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint64_t since_ns_ = 0;
  std::uint64_t longest_ = 0;
};

// Both of them as one port: what comes in by it may be of either direction.
class OnePort final : public Queue {
 public:
  OnePort(MemorySource& source, DelaySink& sink) : source_(source), sink_(sink) {}
  std::size_t receive(std::span<Frame> frames) override { return source_.receive(frames); }
  std::size_t transmit(std::span<Frame> frames) override { return sink_.transmit(frames); }
  std::uint64_t now_ns() const override { return source_.now_ns(); }

 private:
  MemorySource& source_;
  DelaySink& sink_;
};

}  // namespace telefence::perf
