// SPDX-License-Identifier: Apache-2.0
#pragma once

// How much of a core whoever may ask gets: a fifth at most. So many answers in a second, and after a long one so much rest. What an
// answer costs is the time its thread ran: on a machine with more to do than cores it stands still for long, and whoever asks would
// wait four times that for nothing. One thread.

#include <chrono>
#include <cstdint>

namespace telefence {

class AnswerPace {
 public:
  using Steady = std::chrono::steady_clock::time_point;
  static constexpr std::uint32_t kMostInSecond = 4;
  static constexpr std::chrono::milliseconds kLongAnswer{50};
  static constexpr int kRest = 4;

  // Whether one more may be made now; then it counts as made.
  bool takes(Steady now);
  // The last one ended now, and its thread ran so long for it.
  void made(Steady now, std::chrono::nanoseconds ran);

 private:
  Steady rests_until_, second_;
  std::uint32_t in_second_ = 0;
};

// How long the calling thread has run since it began.
std::chrono::nanoseconds thread_time();

}  // namespace telefence
