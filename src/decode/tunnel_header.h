// SPDX-License-Identifier: Apache-2.0
#pragma once

// Recognises the header of each kind of tunnel and tells what it carries. Pure functions; all offsets are from the first byte of
// `frame`, and nothing behind its end is read. Headers are filled in place, which are given as they are made: a copy of one would
// wait until its pieces have reached the cache.

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "decode/ip.h"
#include "decode/layers.h"
#include "decode/link.h"
#include "decode/tunnel_path.h"

namespace telefence::decode_detail {

struct TunnelHeader {
  enum class Is : std::uint8_t {
    kNone,    // no tunnel, or one that carries nothing that is read here
    kCut,     // a tunnel whose header is not all there
    kTunnel,
  } is = Is::kNone;
  TunnelStep step;
  Network inside = Network::kUnknown;        // kIpv4, kIpv6, kAnyIp, kEthernet or kMpls, at step.inside
  bool is_odd = false;                       // not as its standard says, or hardly told by it: one only if a sound packet is inside
  std::size_t declared_end = SIZE_MAX;       // where that ends by this header's word; SIZE_MAX: it does not say
};

// More labels than any network stacks.
inline constexpr unsigned kMostLabels = 8;

// Label stack (RFC 3032, 2.1) on a link (network: TunnelStep::kOnLink) or in the IP packet at `network`. What it carries is not told by it: an IP packet, or
// an Ethernet frame with or without a control word (RFC 4385, 3; RFC 4448, 4.6), found out by how either would look.
void mpls_header(Bytes frame, std::uint16_t at, std::uint16_t network, TunnelHeader& header);

// Session stage of PPP over Ethernet (RFC 2516, 4 and 6).
void pppoe_header(Bytes frame, std::uint16_t at, TunnelHeader& header);

// The tunnel that an IP packet carries, by its protocol or its UDP port. Requires: may_be_tunnel(layers).
void carried_tunnel(Bytes frame, const Layers& layers, IpEnd end, TunnelHeader& header);

}  // namespace telefence::decode_detail
