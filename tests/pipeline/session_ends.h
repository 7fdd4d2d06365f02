// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the two ends of an SMPP session through a Filter do and see.

#include <string>

#include "decode/decode.h"
#include "filter.h"
#include "payloads.h"

namespace telefence::testing {

// Both ends agree on where the stream from 40000 to 2775 begins: at 1000, and at 1 in the other direction.
inline void open_session(Filter& filter) {
  filter.access.give(frame_of({.source_port = 40000, .destination_port = 2775, .sequence = 999, .acknowledgement = 0, .flags = kTcpSyn}));
  filter.run();
  filter.core.give(frame_of({.reversed = true, .source_port = 2775, .destination_port = 40000, .sequence = 0, .acknowledgement = 1000,
                             .flags = kTcpSyn | kTcpAck}));
  filter.run();
  filter.access.forget();
  filter.core.forget();
}

// All payloads that left by this queue, in the order in which they left.
inline std::string payloads_sent(const MemoryQueue& queue) {
  std::string text;
  for (const auto& bytes : queue.sent()) {
    Frame frame;
    frame.data = const_cast<std::uint8_t*>(bytes.data());
    frame.length = static_cast<std::uint32_t>(bytes.size());
    text += as_text(payload_of(std::as_const(frame), decode(frame)));
  }
  return text;
}

}  // namespace telefence::testing
