// SPDX-License-Identifier: Apache-2.0
#pragma once

// Finds the headers of a frame: link (Ethernet, 802.1Q, QinQ, and what captures bring: raw IP, Linux cooked v1/v2,
// loopback, PPP), IPv4 with options, IPv6 with extension headers, UDP, TCP. Pure function over bytes; called by workers for
// every frame. Checksums are not verified here. Lengths that contradict each other give kBadHeader; an IP packet whose tail
// was cut off by the capture (frame.truncated or total length > bytes) is decoded as far as it goes.

#include "base/frame.h"
#include "decode/layers.h"

namespace telefence {

Layers decode(const Frame& frame);

}  // namespace telefence
