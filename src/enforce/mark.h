// SPDX-License-Identifier: Apache-2.0
#pragma once

// The DSCP of a packet (RFC 2474, 3): the upper six bits of the second octet of IPv4, of the traffic class of IPv6. ECN below
// stays (RFC 3168). Inside tunnels every header is marked: equipment on the way sees the outermost, and who takes it off the one
// inside (the uniform model of RFC 2983, 3). Worker thread.

#include <cstdint>

#include "base/frame.h"
#include "decode/layers.h"

namespace telefence {

// Sets it and corrects the checksums around it. Requires: layers.ip_version is 4 or 6; dscp < 64.
void mark(Frame& frame, const Layers& layers, std::uint8_t dscp);

}  // namespace telefence
