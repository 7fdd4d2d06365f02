// SPDX-License-Identifier: Apache-2.0
#pragma once

// Signs that somebody sends packets for a filter to misread. Each is counted, and recorded as far as the limit of records allows;
// none of them is a verdict by itself: broken devices give some of them, too.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace telefence {

enum class EvasionKind : std::uint8_t {
  kInconsistentCopy,      // bytes that came again as other ones
  kBadChecksum,           // part of a message, or to be blocked, but its receiver will not take it
  kFewHops,               // part of a message, but it may not reach whom another part reached
  kOddFlags,              // bytes under flags with which no receiver takes any: without ACK, in a SYN of an open connection
  kDataAfterReset,        // a connection went on after a reset: the reset was not meant for its ends
  kOverlappingFragments,  // a part of an IP packet that repeats bytes as other ones
  kAmbiguousHost,         // an HTTP request that names several hosts
  kCrowdedFlow,           // a flow that begins so many QUIC connections that others of it are forgotten
  kUntriedPackets,        // a datagram of so many sealed packets that not all were tried
};
inline constexpr std::size_t kEvasionKindCount = 9;

// The word of metrics and records.
std::string_view evasion_name(EvasionKind kind);

}  // namespace telefence
