// SPDX-License-Identifier: Apache-2.0
#pragma once

// From frames to events: each goes to whom it is for. A datagram is read as it is; a segment belongs to the stream lane, when many users
// share its connection, or to the name lane; a fragment waits for the others. One per worker, used by that thread alone.

#include <array>
#include <cstddef>
#include <cstdint>

#include "pipeline/burst.h"
#include "pipeline/datagram_flows.h"
#include "pipeline/fragments.h"
#include "pipeline/late_segments.h"
#include "pipeline/name_lane.h"
#include "pipeline/payload_reader.h"
#include "pipeline/shedder.h"
#include "pipeline/stream_lane.h"
#include "pipeline/worker_stats.h"
#include "protocols/classify.h"
#include "track/session_table.h"

namespace telefence {

class Extractor {
 public:
  Extractor(Burst& burst, SessionTable& sessions, DatagramFlows& datagrams, WorkerStats& stats, StreamLane& lane, Shedder& shedder,
            FramePool& pool, const PartOptions& options, const FragmentOptions& fragments);

  // Fills burst.events, and the fates of frames as far as they follow from what was read.
  void run(const Classifier& classifier);
  // Before anything leaves, when all fates are known.
  void settle() { fragments_.settle(); }
  // Nobody looks at the events any more.
  void end_of_burst();

 private:
  void frame(std::size_t index, const Classifier& classifier);
  void prefetch();
  void prefetch_closed();
  void fragment(std::size_t index, const Classifier& classifier);
  std::uint8_t note_header(std::size_t index);
  void segment(std::size_t index, const Classifier& classifier);
  void joined(std::size_t index, const Classifier& classifier);
  void whole(std::size_t index, const Classifier& classifier);
  bool goes_on_uncut(std::size_t index, const Classifier& classifier);
  void alone(std::size_t index, const Classifier& classifier);

  Burst& burst_;
  SessionTable& sessions_;
  StreamLane& lane_;
  Shedder& shedder_;
  PayloadReader reader_;
  NameLane names_;
  Fragments fragments_;
  std::array<bool, Burst::kFrames> may_be_late_{};
};

}  // namespace telefence
