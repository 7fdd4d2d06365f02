// SPDX-License-Identifier: Apache-2.0
#pragma once

// What an IP fragment says of its place in the packet it is a part of (RFC 791, 3.2; RFC 8200, 4.5).

#include <cstdint>

#include "base/frame.h"
#include "decode/layers.h"

namespace telefence {

struct FragmentHeader {
  std::uint32_t identification = 0;  // the same in all parts; IPv4: 16 bits
  std::uint32_t offset = 0;          // of its bytes in the payload of the whole packet
  bool is_last = false;
  std::uint8_t protocol = 0;  // of what the whole packet carries; IPv6: only that of the first part holds
};

// Requires: layers.end is kFragment, and the layers are of this frame.
FragmentHeader fragment_header(const Frame& frame, const Layers& layers);

// The part of the payload that this fragment carries: everything behind the IP header, the transport header among it.
inline Bytes fragment_payload(const Frame& frame, const Layers& layers) {
  return frame.bytes().subspan(layers.transport_at, layers.network_end - layers.transport_at);
}

// Whether UDP, TCP or a tunnel may stand in a packet with this part: IPv6 may have more extension headers in the fragmented part, and of
// later parts says nothing.
bool may_carry_messages(const FragmentHeader& header, std::uint8_t ip_version);

// True when the packet is longer than the frame by what its header says: no receiver takes such a part.
// Requires: as fragment_header().
bool is_cut_short(const Frame& frame, const Layers& layers);

// Whether this is the first part of a packet over IPv4 of GTP-U, of L2TP between two that both have its port, or of CAPWAP to its port: whose
// parts are cut by the tunnel's end, many of them a second, under numbers that come round. Not by its source, which anybody chooses.
bool begins_bearer(const FragmentHeader& header, Bytes part, std::uint8_t ip_version);

// What stands at the beginning of a packet's payload that was put together.
struct WholePayload {
  bool is_known = false;  // UDP or TCP, and sound
  std::uint8_t protocol = 0;  // behind extension headers
  std::size_t extensions = 0;  // octets of those
  Transport transport = Transport::kNone;
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  Bytes bytes;                 // above the transport header
  Bytes segment;               // with it
};
// protocol: of the first part.
WholePayload read_whole_payload(Bytes payload, std::uint8_t protocol, std::uint8_t ip_version);
// Whether it may be a tunnel, with another packet inside.
bool may_be_tunnel(const WholePayload& whole);

}  // namespace telefence
