// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where the city's packets come in, and where they leave: the two know of each packet what is right, and count what
// came of it. One thread.

#include <array>
#include <cstdint>
#include <vector>

#include "city_events.h"
#include "nic/queue.h"

namespace telefence::perf {

class CitySource final : public Queue {
 public:
  CitySource(FramePool& pool, Queue& port) : pool_(pool), port_(port) {}

  // From now on these, from the first, until so many frauds have come.
  void play(Events& events, std::uint64_t frauds);
  bool is_over() const { return fraud_ >= most_frauds_; }
  std::uint64_t innocent() const { return innocent_; }
  std::uint64_t fraud() const { return fraud_; }

  std::size_t receive(std::span<Frame> frames) override;
  std::size_t transmit(std::span<Frame> frames) override { return port_.transmit(frames); }
  std::uint64_t now_ns() const override { return now_ns_; }

  // Octets of an innocent one as it came; of one in kCompared.
  static constexpr std::uint64_t kCompared = 61;
  struct Copy {
    std::uint64_t number = 0;
    std::vector<std::uint8_t> bytes;
  };
  const Copy& copy_of(std::uint64_t number) const { return copies_[number / kCompared % copies_.size()]; }

 private:
  FramePool& pool_;
  Queue& port_;
  Events* events_ = nullptr;
  std::uint64_t next_ = 0, innocent_ = 0, fraud_ = 0, most_frauds_ = 0;
  std::uint64_t now_ns_ = 1'700'000'000'000'000'000;
  std::array<Copy, 4096> copies_;
};

// Frame::number tells fraud in its lowest bit.
class CitySink final : public Queue {
 public:
  CitySink(Queue& port, const CitySource& source) : port_(port), source_(source) {}
  std::size_t receive(std::span<Frame> frames) override { return port_.receive(frames); }
  std::size_t transmit(std::span<Frame> frames) override;
  std::uint64_t now_ns() const override { return port_.now_ns(); }

  std::uint64_t innocent = 0, fraud = 0;    // that left here
  std::uint64_t compared = 0, changed = 0;  // innocent ones, octet by octet

 private:
  Queue& port_;
  const CitySource& source_;
};

}  // namespace telefence::perf
