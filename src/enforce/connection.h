// SPDX-License-Identifier: Apache-2.0
#pragma once

// Frames that end a TCP connection which is not to go on, or answer for an end that we have cut off. Worker thread.

#include "base/frame.h"
#include "decode/layers.h"
#include "enforce/action.h"

namespace telefence {

// RST to both ends, in each other's name, with the sequence numbers that they expect next: kReset. kForwardedActionFailed: not even
// the sender of the judged segment could be reset, and nothing was made. Else fate_without_way(), and the receiver alone was reset.
Fate reset_both_ends(const Frame& judged, const Layers& layers, Replies& replies);

// What becomes of a message whose sender can't be told. In a tunnel, when no packet has shown how to reach that sender (outer.h), or
// its kind admits none of ours: the message is kept from its receiver all the same. Without tunnels there is always a way, so
// something else is wrong.
Fate fate_without_way(const Layers& layers);

// Only to the receiver of the judged segment. Of a copy: with the number that the receiver expects once it has the segment itself
// (Replies::receiver_expects), since only exactly that one resets (RFC 5961, 3.2).
void reset_receiver(const Frame& judged, const Layers& layers, Replies& replies);

// A segment on a connection that we closed, in place of the end that would have answered: `acknowledge` takes what it carries
// (the sender has our answer and finishes), else the sender is reset. Nothing for a segment that carries nothing.
void answer_late_segment(const Frame& late, const Layers& layers, bool acknowledge, Replies& replies);

}  // namespace telefence
