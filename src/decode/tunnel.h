// SPDX-License-Identifier: Apache-2.0
#pragma once

// Packets inside tunnels. A tunnel in which no IP packet is found is left alone: its carrier then stands in the layers as if nothing
// were known of tunnels, so that an innocent datagram on a tunnel's port is treated as any other.

#include <cstdint>

#include "base/bytes.h"
#include "decode/ip.h"
#include "decode/layers.h"
#include "decode/link.h"
#include "decode/tunnel_path.h"

namespace telefence::decode_detail {

// 3GPP TS 29.281, 4.4.2.3; RFC 7348, 5; draft-ietf-nvo3-vxlan-gpe, 9.1; RFC 8926, 3.3; RFC 8086, 8. The destination port alone is assigned:
// the source port is the sender's. 8472 is where Linux sends VXLAN unless it is told otherwise.
inline constexpr std::uint16_t kPortGtpU = 2152, kPortVxlan = 4789, kPortVxlanGpe = 4790, kPortGeneve = 6081, kPortLinuxVxlan = 8472,
                               kPortGreInUdp = 4754;
// RFC 2661, 8.1; RFC 5415, 3.1; RFC 4380, 2.7; draft-massar-v6ops-ayiya, 5. Here one end only has the port, and sends from it what goes to the
// other one.
inline constexpr std::uint16_t kPortL2tp = 1701, kPortCapwap = 5247, kPortTeredo = 3544, kPortAyiya = 5072;
// RFC 2003, 3.1; RFC 4213, 3 and RFC 2473, 3; RFC 2784, 3; RFC 4023, 3.
inline constexpr std::uint8_t kProtocolIpv4 = 4, kProtocolIpv6 = 41, kProtocolGre = 47, kProtocolMpls = 137;

inline bool is_port_of_one_end(std::uint16_t port) {
  return port == kPortL2tp || port == kPortCapwap || port == kPortTeredo || port == kPortAyiya;
}
inline bool is_tunnel_port(std::uint16_t destination_port) {
  switch (destination_port) {
    case kPortGtpU:
    case kPortVxlan:
    case kPortVxlanGpe:
    case kPortGeneve:
    case kPortLinuxVxlan:
    case kPortGreInUdp: return true;
    default: return is_port_of_one_end(destination_port);
  }
}
// Anybody may send from any port: that says something only of what goes to none that a service has (RFC 6335, 6).
inline bool may_be_tunnel(std::uint16_t source_port, std::uint16_t destination_port) {
  constexpr std::uint16_t kLeastOfUsers = 1024;  // nor has a tunnel any below
  if (destination_port < kLeastOfUsers) [[likely]] return false;
  return is_tunnel_port(destination_port) || is_port_of_one_end(source_port);
}
inline bool is_tunnel_protocol(std::uint8_t protocol) {
  return protocol == kProtocolIpv4 || protocol == kProtocolIpv6 || protocol == kProtocolGre || protocol == kProtocolMpls;
}

// The one look that a packet without tunnels pays for.
inline bool may_be_tunnel(Network network, const Layers& layers) {
  if (layers.transport == Transport::kUdp) return may_be_tunnel(layers.source_port, layers.destination_port);
  if (layers.end == DecodeEnd::kUnknownTransport) return is_tunnel_protocol(layers.ip_protocol);
  return network == Network::kMpls || network == Network::kPppoe;
}

// Requires: `layers` describes the outermost packet, or link header, of `frame`, and may_be_tunnel(). It then describes the
// innermost packet that was found; path gets the tunnels in between.
void walk_tunnels(Bytes frame, Network network, IpEnd end, Layers& layers, TunnelPath& path);

}  // namespace telefence::decode_detail
