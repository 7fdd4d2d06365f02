// SPDX-License-Identifier: Apache-2.0
#pragma once

// The errors that inspection itself can bring about, and that bypass mends. What bypass would not mend is none of them: a worker that
// hangs forwards nothing either way, and what can't be read never stops anything. Pure. One thread, one look a second.

#include <cstdint>
#include <string>
#include <vector>

#include "base/frame.h"

namespace telefence {

class TroubleWatch {
 public:
  // Fewer free packet buffers than one burst can take, at so many looks in a row: held packets, or a leak, have used them up.
  static constexpr std::uint32_t kFewFrames = kBurstFrames;
  static constexpr std::uint32_t kLooksWithoutFrames = 3;
  // A worker was found behind though it sheds all it may, in each of so many seconds in a row.
  static constexpr std::uint32_t kLooksBehind = 5;

  struct Signs {
    std::uint32_t free_frames = 0;
    bool may_shed_all = false;          // every cause fails open: else loss is what the operator chose
    std::vector<std::uint64_t> beyond;  // by worker: WorkerStats::overload_beyond
  };
  // What is wrong, as a sentence; "" when nothing is.
  std::string look(const Signs& signs);
  // What was seen counts no more.
  void forget();

 private:
  std::uint32_t looks_without_frames_ = 0;
  struct Seen {
    std::uint64_t beyond = 0;
    std::uint32_t looks = 0;
  };
  std::vector<Seen> seen_;
};

}  // namespace telefence
