// SPDX-License-Identifier: Apache-2.0
#pragma once

// Signs of evasion in one burst: counted where they are seen, and put into the ring of records as far as the limit allows, so that
// nobody can fill a disk with them or push interceptions out of the ring. One per worker, used by that thread alone.

#include <cstddef>
#include <cstdint>

#include "pipeline/burst.h"
#include "pipeline/worker_stats.h"
#include "record/ring.h"
#include "track/session_table.h"
#include "verdict/evasion.h"

namespace telefence {

// What was sent with so many hops fewer than what came before it on its connection will not reach whom that one reached: evaders send
// such for filters alone to see. Routes of one connection seldom differ by more than two.
inline constexpr int kFewerHops = 4;

// The frame shows this sign. index: of a frame of the burst.
void note_evasion(Burst& burst, WorkerStats& stats, std::size_t index, EvasionKind kind);

class Evasions {
 public:
  // per_second: most records in a second.
  Evasions(Burst& burst, SessionTable& sessions, WorkerStats& stats, std::uint32_t per_second)
      : burst_(burst), sessions_(sessions), stats_(stats), per_second_(per_second) {}

  // While the frames are still there. The slots follow those of burst.record_count.
  void begin_records(RecordRing& ring);
  // When it is known what became of them. Returns how many there are.
  std::size_t finish_records(RecordRing& ring);

 private:
  bool may_record();

  Burst& burst_;
  SessionTable& sessions_;
  WorkerStats& stats_;
  const std::uint32_t per_second_;
  std::uint64_t second_ = 0;
  std::uint32_t recorded_ = 0;   // in this second
  std::uint32_t suppressed_ = 0; // since the last record
  std::array<std::uint16_t, Burst::kMostEvasions> frames_;  // of the slots
  std::size_t count_ = 0;
};

}  // namespace telefence
