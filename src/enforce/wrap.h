// SPDX-License-Identifier: Apache-2.0
#pragma once

// Frames of our own around a payload: link header and VLAN tags as in the frame that is answered, addresses and ports swapped or
// kept, lengths and checksums made. Worker thread; writes only into the frame given.

#include <cstdint>

#include "base/bytes.h"
#include "base/frame.h"
#include "decode/layers.h"

namespace telefence {

// Where a made frame goes: back to the sender of the judged frame, or onward to its receiver in the sender's name.
enum class Heading : std::uint8_t { kBack, kOnward };

// A UDP datagram. False when it does not fit into `out`.
bool wrap_udp(const Frame& judged, const Layers& layers, Heading heading, Bytes payload, Frame& out);

struct TcpFields {
  std::uint32_t sequence = 0;
  std::uint32_t acknowledgement = 0;
  std::uint8_t flags = 0;
  std::uint16_t window = 0xffff;
  Bytes options;  // whole words, 40 octets at most
};
// A TCP segment.
bool wrap_tcp(const Frame& judged, const Layers& layers, Heading heading, const TcpFields& fields, Bytes payload,
              Frame& out);

// The resets that end the connection of a judged segment which is not forwarded, with numbers that both ends accept
// (RFC 9293, 3.10.7; RFC 5961, 3.2: exactly the next expected sequence number).
TcpFields reset_back(const TcpHeader& judged, const Layers& layers);
TcpFields reset_onward(const TcpHeader& judged);

}  // namespace telefence
