// SPDX-License-Identifier: Apache-2.0
#pragma once

// Takes one message in so many, by chance, and puts its canonical keys into a ring (sample/ring.h). Worker thread, once a burst behind
// normalise: a comparison when it is off, and mostly when it is on.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "event/event.h"
#include "event/keys.h"
#include "sample/options.h"
#include "sample/ring.h"

namespace telefence {

class Sampler {
 public:
  // Keys of one kind that are taken of one message: a list of recipients is no crowd.
  static constexpr std::size_t kMostOfOne = 16;

  // Before the worker runs. The ring outlives it.
  void start(SampleRing& ring, const SampleOptions& options, std::uint64_t seed);

  // Whether none of so many messages would be taken. pass(): they went by without events. Requires: passes(messages).
  bool passes(std::size_t messages) const { return messages <= left_; }
  void pass(std::size_t messages) { left_ -= messages; }

  void run(std::span<const Event> events, const KeyList& keys) {
    if (events.size() <= left_) [[likely]] {
      left_ -= events.size();
      return;
    }
    take(events.size(), keys);
  }

 private:
  void take(std::size_t events, const KeyList& keys);
  void take_one(std::uint16_t event, const KeyList& keys);
  std::uint64_t gap();

  std::uint64_t left_ = std::numeric_limits<std::uint64_t>::max();  // messages to pass over; off: no traffic has so many
  SampleRing* ring_ = nullptr;
  SampleOptions options_;
  std::uint64_t random_ = 1;
};

}  // namespace telefence
