// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether a worker falls behind, and how far inspection is cut down for it. A worker that keeps up finds its queues empty, or less
// filled than it can take at once, again and again: a poll takes what came while the last burst was worked on. One poll after
// another that comes back full means that packets come as fast as they are taken; once more came in so than a queue can hold,
// it was filled anew while it was emptied, whatever had kept the worker away before. No clock is needed to see that, and a
// worker that the kernel let wait is not taken for one that is slow.
// Pure: what was polled and the time are parameters. Worker thread.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace telefence {

class LoadGauge {
 public:
  static constexpr std::size_t kMostQueues = 64;
  // Frames in full polls: twice what the longest receive queue holds, which is the kernel's ring (nic/device.cc). After a pause of the
  // machine all of that comes at once, and while it is taken nearly as much again, where a worker has half its time left.
  static constexpr std::uint32_t kRefilled = 4096;
  static constexpr std::uint32_t kPressed = 512;    // so many are no calm either
  // Where the driver tells how full a queue is, so many frames in full polls with so much of it filled are enough.
  static constexpr std::uint32_t kFilling = 256;
  static constexpr unsigned kFillingPercent = 50;
  static constexpr std::uint64_t kCalmNs = 200'000'000;  // so long without pressure: one level less

  // After each poll of a queue. is_full: it gave as much as could be taken. percent: how full it still is, 0 when unknown.
  void note_poll(std::size_t queue, std::uint32_t frames, bool is_full, unsigned percent) {
    std::uint32_t& run = runs_[queue % kMostQueues];
    run = is_full ? run + frames : 0;
    if (run < kFilling) [[likely]] return;
    is_behind_ |= run >= kRefilled || percent >= kFillingPercent;
    is_pressed_ |= is_behind_ || run >= kPressed;
  }

  // False at nearly every turn: then there is nothing to weigh, and no clock has to be read.
  bool is_due() const { return is_behind_ || level_ != 0; }
  // Sets the level anew. most: the highest there is.
  void weigh(std::uint64_t now_ns, std::size_t most) {
    if (is_behind_) {
      if (level_ < most)
        ++level_;
      else
        ++beyond_;
      runs_.fill(0);  // the next level needs a proof of its own
    }
    if (is_behind_ || is_pressed_) calm_since_ns_ = now_ns;
    is_behind_ = is_pressed_ = false;
    level_ = std::min(level_, most);
    while (level_ != 0 && now_ns - calm_since_ns_ >= kCalmNs) {
      --level_;
      calm_since_ns_ += kCalmNs;
    }
  }

  std::size_t level() const { return level_; }
  // How often it was behind at the highest level.
  std::uint64_t beyond() const { return beyond_; }
  void reset() {
    runs_.fill(0);
    level_ = 0;
    is_behind_ = is_pressed_ = false;
  }

 private:
  std::array<std::uint32_t, kMostQueues> runs_{};
  std::size_t level_ = 0;
  std::uint64_t calm_since_ns_ = 0;
  std::uint64_t beyond_ = 0;
  bool is_behind_ = false;
  bool is_pressed_ = false;
};

}  // namespace telefence
