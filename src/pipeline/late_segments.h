// SPDX-License-Identifier: Apache-2.0
#pragma once

// Segments that arrive on a connection which was closed because of one of its messages. Worker thread.

#include "pipeline/burst.h"
#include "track/session_table.h"

namespace telefence {

// True for such a segment: it gets its fate and a place in burst.late. One that opens the connection anew, or repeats the refused
// bytes (its sender has not seen our answer), goes the ordinary way; the latter is marked in burst.repeats_refused.
bool note_if_late(Burst& burst, std::size_t index, SessionTable& sessions);

// Refused bytes that came again and were not refused again: they ended a message whose beginning is forgotten. After actions.
void drop_unread_repeats(Burst& burst);

}  // namespace telefence
