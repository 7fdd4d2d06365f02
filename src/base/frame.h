// SPDX-License-Identifier: Apache-2.0
#pragma once

// One packet as it came in: contiguous bytes with room before and after them, the port, and the time. nic/ owns the bytes
// (`owner` is its handle) and they live until the end of the burst. A worker may change bytes, length and start within the
// room that is told here.

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace telefence {

// So many frames at most are received, judged and sent together. Fixed arrays and limits of many kinds follow from it.
inline constexpr std::size_t kBurstFrames = 128;

// What the first byte of a frame is. NICs give kEthernet; captures may give any.
enum class LinkType : std::uint8_t { kEthernet, kRawIp, kLinuxCooked, kLinuxCooked2, kLoopback, kPpp, kWlan, kRadiotap, kNflog, kUnknown };

struct Frame {
  std::uint8_t* data = nullptr;
  std::uint32_t length = 0;
  std::uint16_t headroom = 0;  // bytes before data that may be used
  std::uint16_t tailroom = 0;  // bytes after data + length that may be used
  std::uint16_t port = 0;      // index of the port it came in on
  std::uint16_t wire = 0;      // index of the wire that the port belongs to; the same for both directions
  LinkType link = LinkType::kEthernet;
  bool may_lack_checksum = false;  // it may have come before its checksum was made (kernel interfaces, captures of a sender)
  bool truncated = false;      // inspection sees only a part (frame larger than the largest buffer, or capture cut it)
  bool is_made = false;        // made here, beside others that stand for the packet that was received: it is not counted as one
  std::uint64_t time_ns = 0;   // since 1970-01-01 UTC
  std::uint64_t number = 0;    // 1-based, in order of arrival at this worker; a capture's frame number
  void* owner = nullptr;

  Bytes bytes() const { return {data, length}; }
  MutableBytes mutable_bytes() { return {data, length}; }
};

}  // namespace telefence
