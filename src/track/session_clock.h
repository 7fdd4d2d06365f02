// SPDX-License-Identifier: Apache-2.0
#pragma once

// The time by which a worker forgets. It follows the frames' own times (so a capture is replayed as it was), but never goes
// back and never leaps: when the wall clock is set back two hours, a closed connection must not stay closed for two hours.

#include <algorithm>
#include <cstdint>

namespace telefence {

class SessionClock {
 public:
  // Takes the time of the newest frame and tells the session time. Both in ns.
  std::uint64_t advance(std::uint64_t frame_time_ns) {
    if (frame_time_ns > last_frame_ns_) now_ns_ += std::min(frame_time_ns - last_frame_ns_, kLongestStep);
    last_frame_ns_ = frame_time_ns;
    return now_ns_;
  }
  std::uint64_t now_ns() const { return now_ns_; }

 private:
  // After it everything that is remembered has ended anyway.
  static constexpr std::uint64_t kLongestStep = 600ULL * 1'000'000'000;
  std::uint64_t last_frame_ns_ = 0;
  std::uint64_t now_ns_ = 1;
};

}  // namespace telefence
