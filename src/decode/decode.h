// SPDX-License-Identifier: Apache-2.0
#pragma once

// Finds the headers of a frame: link (Ethernet, 802.1Q, QinQ, and what captures bring: raw IP, Linux cooked v1/v2,
// loopback, PPP), tunnels (GTP-U, GRE, IP-in-IP, VXLAN, Geneve, MPLS, PPPoE, L2TP, CAPWAP, up to kMostTunnels of them), IPv4 with options,
// IPv6 with extension headers, UDP, TCP. Pure function over bytes; called by workers for every frame. Checksums are not verified
// here. Lengths that contradict each other give kBadHeader; an IP packet whose tail was cut off by the capture (frame.truncated
// or total length > bytes) is decoded as far as it goes.

#include "base/frame.h"
#include "decode/layers.h"
#include "decode/tunnel_path.h"

namespace telefence {

void decode(const Frame& frame, Layers& layers);
Layers decode(const Frame& frame);
// The same, and which tunnels it went through, the outermost first.
Layers decode(const Frame& frame, TunnelPath& path);

}  // namespace telefence
