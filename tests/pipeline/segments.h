// SPDX-License-Identifier: Apache-2.0
#pragma once

// A stream cut into segments, the frames they go in, and what its receiver can put together of those that leave.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "filter.h"
#include "payloads.h"

namespace telefence::testing {

struct Segment {
  std::uint32_t at = 0;  // offset in the stream
  std::string bytes;
};

inline constexpr std::uint32_t kFirst = 0xfffffe00;  // sequence numbers wrap inside the message

inline std::vector<std::uint8_t> segment_frame(const Segment& segment, std::uint16_t port, std::uint16_t from) {
  return frame_of({.source_port = from, .destination_port = port, .sequence = kFirst + segment.at, .payload = segment.bytes});
}

inline std::vector<std::uint8_t> opening_frame(std::uint16_t port, std::uint16_t from) {
  return frame_of({.source_port = from, .destination_port = port, .sequence = kFirst - 1, .acknowledgement = 0, .flags = kTcpSyn});
}

inline std::vector<Segment> cut(std::string_view stream, std::vector<std::size_t> borders) {
  std::vector<Segment> segments;
  borders.push_back(stream.size());
  std::size_t at = 0;
  for (const std::size_t border : borders) {
    if (border > at) segments.push_back({static_cast<std::uint32_t>(at), std::string(stream.substr(at, border - at))});
    at = std::max(at, border);
  }
  return segments;
}

// The receiver's side: what of the stream it can put together in the end.
inline std::size_t delivered(const Filter& filter, std::string_view stream) {
  std::string got(stream.size(), '\0');
  std::vector<bool> has(stream.size());
  for (const auto& bytes : filter.core.sent()) {
    Frame frame;
    frame.data = const_cast<std::uint8_t*>(bytes.data());
    frame.length = static_cast<std::uint32_t>(bytes.size());
    const Layers layers = decode(frame);
    const TcpHeader header = tcp_header(frame, layers);
    if ((header.flags & (kTcpSyn | kTcpRst)) != 0) continue;
    const std::string_view payload = as_text(payload_of(std::as_const(frame), layers));
    const std::uint32_t at = header.sequence - kFirst;
    for (std::size_t i = 0; i < payload.size(); ++i) {
      EXPECT_EQ(payload[i], stream[at + i]) << "no byte is changed";
      has[at + i] = true;
    }
  }
  return static_cast<std::size_t>(std::find(has.begin(), has.end(), false) - has.begin());
}

}  // namespace telefence::testing
