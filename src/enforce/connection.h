// SPDX-License-Identifier: Apache-2.0
#pragma once

// Frames that end a TCP connection which is not to go on, or answer for an end that we have cut off. Worker thread.

#include "base/frame.h"
#include "decode/layers.h"
#include "enforce/action.h"

namespace telefence {

// RST to both ends, in each other's name, with the sequence numbers that they expect next. False: not even the sender of the
// judged segment could be reset, and nothing was made.
bool reset_both_ends(const Frame& judged, const Layers& layers, Replies& replies);

// Only to the receiver of the judged segment.
void reset_receiver(const Frame& judged, const Layers& layers, Replies& replies);

// A segment on a connection that we closed, in place of the end that would have answered: `acknowledge` takes what it carries
// (the sender has our answer and finishes), else the sender is reset. Nothing for a segment that carries nothing.
void answer_late_segment(const Frame& late, const Layers& layers, bool acknowledge, Replies& replies);

}  // namespace telefence
