// SPDX-License-Identifier: Apache-2.0
#pragma once

// Frames of our own around a payload: link header, VLAN tags and tunnels as in the frame that is answered, addresses and ports
// swapped or kept, lengths and checksums made. Worker thread; writes only into the frame given.

#include <cstdint>

#include "base/bytes.h"
#include "base/frame.h"
#include "decode/layers.h"
#include "decode/tunnel_path.h"
#include "enforce/outer.h"

namespace telefence {

// A UDP datagram. known: tunnel headers of packets that go to the sender of the judged frame, when any are known (outer.h). False
// when it does not fit into `out`, or there is no way back through the tunnels.
bool wrap_udp(const Frame& judged, const Layers& layers, Heading heading, Bytes payload, Frame& out,
              const TunnelHeaders* known = nullptr);

// A datagram that is turned around in its own frame: no other frame is needed, and nothing is copied. Its headers become those that wrap_udp()
// would make, which it must have in the plainest form (no tunnel, no IP options): can_turn_udp().
bool can_turn_udp(const Frame& judged, const Layers& layers);
// Where its payload is to be written, with all the room there is behind it.
MutableBytes room_to_turn(Frame& judged, const Layers& layers);
// payload: octets that were written there.
void turn_udp(Frame& judged, const Layers& layers, std::size_t payload);

struct TcpFields {
  std::uint32_t sequence = 0;
  std::uint32_t acknowledgement = 0;
  std::uint8_t flags = 0;
  std::uint16_t window = 0xffff;
  Bytes options = {};  // whole words, 40 octets at most
};
// A TCP segment.
bool wrap_tcp(const Frame& judged, const Layers& layers, Heading heading, const TcpFields& fields, Bytes payload, Frame& out,
              const TunnelHeaders* known = nullptr);

// The resets that end the connection of a judged segment which is not forwarded, with numbers that both ends accept
// (RFC 9293, 3.10.7; RFC 5961, 3.2: exactly the next expected sequence number).
TcpFields reset_back(const TcpHeader& judged, const Layers& layers);
TcpFields reset_onward(const TcpHeader& judged);

}  // namespace telefence
