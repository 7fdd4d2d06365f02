// SPDX-License-Identifier: Apache-2.0
#pragma once

// A packet in one piece that came in fragments (RFC 791, 3.2; RFC 8200, 4.5), for who wants to read what stands in the tunnel that it
// carries. Worker thread; writes only into the room given.

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/frame.h"
#include "decode/layers.h"

namespace telefence {

// Everything in front of the packet as in one of its fragments, and the IP header as if it had never been cut: lengths and checksums are
// right, also of the tunnels around it. Over IPv6 a fragment header stays that says that this is all (RFC 6946). protocol: by the first
// fragment. payload: what all fragments carry. Returns how many octets were written; 0: they do not fit, or no packet is that long.
// Requires: part_layers.end is kFragment, and the layers are of this frame.
std::size_t write_whole_packet(const Frame& part, const Layers& part_layers, std::uint8_t protocol, Bytes payload, MutableBytes room);

}  // namespace telefence
