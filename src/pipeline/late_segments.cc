// SPDX-License-Identifier: Apache-2.0
#include "pipeline/late_segments.h"

namespace telefence {
namespace {

// The sender of an answered message has the answer or will get it, and is let to finish; all others learn that it is over.
LateSegment::Answer answer_of(Closed closed, Ending ending) {
  if (ending == Ending::kDropped) return LateSegment::Answer::kNone;
  return closed == Closed::kFromSender && ending == Ending::kAnswered ? LateSegment::Answer::kAcknowledge
                                                                      : LateSegment::Answer::kReset;
}

}  // namespace

bool note_if_late(Burst& burst, std::size_t index, SessionTable& sessions) {
  const Layers& layers = burst.layers[index];
  // What was closed in line is nothing to a copy, and what copies are of goes on.
  if (burst.is_copy || layers.transport != Transport::kTcp || !sessions.any_closed(burst.now_ns)) return false;
  Ending ending{};
  const Closed closed = sessions.closed(burst.frames[index], layers, burst.flow_of(index, sessions), burst.now_ns, ending);
  if (closed == Closed::kNo) return false;
  if (closed == Closed::kJudgedAgain) {
    burst.repeats_refused[index] = true;
    burst.refused_by[index] = ending;
    burst.has_repeats = true;
    return false;
  }
  burst.fates[index] = Fate::kDroppedDeadConnection;
  burst.late[burst.late_count++] = {static_cast<std::uint16_t>(index), answer_of(closed, ending)};
  return true;
}

void drop_unread_repeats(Burst& burst) {
  for (std::size_t i = 0; burst.has_repeats && i < burst.count; ++i) {
    if (!burst.repeats_refused[i] || !leaves(burst.fates[i])) continue;
    burst.fates[i] = Fate::kDroppedDeadConnection;
    const bool silent = burst.refused_by[i] == Ending::kDropped;
    burst.late[burst.late_count++] = {static_cast<std::uint16_t>(i),
                                      silent ? LateSegment::Answer::kNone : LateSegment::Answer::kReset};
  }
}

}  // namespace telefence
