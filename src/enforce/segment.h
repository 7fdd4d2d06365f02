// SPDX-License-Identifier: Apache-2.0
#pragma once

// TCP segments taken apart and told apart (RFC 9293). Worker thread; the checksums of what comes out are right.

#include <cstdint>
#include <span>

#include "base/frame.h"
#include "decode/layers.h"
#include "enforce/action.h"

namespace telefence {

// Makes two segments of one: `front` gets the first `count` bytes of the payload, the segment keeps the rest. front: an empty
// frame. False, and nothing is changed, when it does not fit into it, or a tunnel around it admits no second packet. Requires: 0 < count < payload; the checksum is right.
bool split_segment(Frame& segment, Layers& layers, std::uint32_t count, Frame& front, Layers& front_layers);

// Makes one segment of its own of it: `copy`, an empty frame, gets the headers and the payload, and nothing that may lie behind. False, and nothing
// is written, when it does not fit.
bool copy_segment(const Frame& segment, const Layers& layers, Frame& copy);

// Urgent data is read out of band by some receivers and in line by others (RFC 6093, 3): as ordinary data all read the same.
void clear_urgent(Frame& segment, const Layers& layers);

// Replaces bytes of the payload from `offset` on.
void overwrite(Frame& segment, const Layers& layers, std::uint32_t offset, Bytes bytes);

// What a receiver whose side this is would say to the sender of a segment that came before an earlier one.
struct SelectiveAcknowledgement {
  std::uint32_t acknowledgement = 0;
  std::uint16_t window = 0;
  bool has_timestamp = false;
  std::uint32_t timestamp = 0;
  std::uint32_t echoed_timestamp = 0;
  struct Block {
    std::uint32_t start = 0, end = 0;
  };
  std::span<const Block> blocks;  // newest first; the first three are said
};
// RFC 2018, 4. A receiver may take back what it said in blocks, so nothing is lost when it never gets these bytes. False: no
// frame was made.
bool acknowledge_selectively(const Frame& segment, const Layers& layers, const SelectiveAcknowledgement& what, Replies& replies);

}  // namespace telefence
