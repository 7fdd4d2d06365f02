// SPDX-License-Identifier: Apache-2.0
#pragma once

// Turns innocent look-ups away before anything is made of them: of a burst's datagrams that ask for one name in the plainest way (nearly
// all DNS queries), those of whose name nothing can be listed are done here. What an event, its keys and its verdict would cost is then
// paid by the few that may be listed, which are read anew like everything else. One per worker, used by that thread alone.

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/uncleared.h"
#include "event/plain_name.h"
#include "match/match_set.h"
#include "pipeline/burst.h"
#include "pipeline/worker_stats.h"
#include "protocols/classify.h"
#include "protocols/protocol.h"

namespace telefence {

class NameSieve {
 public:
  NameSieve(Burst& burst, WorkerStats& stats);

  // Gives the frames that are done their fate, counts them as messages without a hit, and marks them in burst.is_turned_away. Returns how
  // many. Requires: the burst is decoded, nobody wants to see events of innocents.
  std::size_t run(const MatchSet& set, const Classifier& classifier);

 private:
  // Where most names are listed, asking first is only a further cost: after a burst of which more than half are, so many others are not asked about.
  static constexpr unsigned kPause = 15;

  std::size_t collect(const Classifier& classifier);
  std::size_t read_names(std::uint8_t protocol, std::size_t waiting, std::size_t count);
  std::size_t which_may_be_listed(const MatchSet& set, std::size_t count);
  void turn_away(std::size_t count, std::size_t listed);
  void count_innocents(std::size_t listed);
  void count_innocent(std::uint8_t protocol, std::uint64_t messages);

  Burst& burst_;
  WorkerStats& stats_;
  unsigned pause_ = 0;
  Uncleared<Bytes, Burst::kFrames> messages_;          // of a protocol, to be read together
  std::array<std::uint16_t, Burst::kFrames> waiting_;  // of these: the frames
  std::array<PlainName, Burst::kFrames> names_{};      // what stands behind one is read, and then masked
  std::array<std::uint16_t, Burst::kFrames> frames_;   // of the names
  std::array<std::uint16_t, Burst::kFrames> listed_;   // indexes of names
  struct Run {
    std::uint8_t protocol;
    std::uint16_t end;  // so many names with those before it
  };
  std::array<Run, Burst::kFrames> runs_;  // of names of one protocol
  std::size_t run_count_ = 0;
};

}  // namespace telefence
