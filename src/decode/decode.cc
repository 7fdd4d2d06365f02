// SPDX-License-Identifier: Apache-2.0
#include "decode/decode.h"

#include "decode/network.h"
#include "decode/tunnel.h"

namespace telefence {

namespace {

using decode_detail::IpEnd;
using decode_detail::Network;

[[gnu::noinline]] Network decode_any(const Frame& frame, Layers& layers, IpEnd& end) {
  Network network = decode_detail::decode_link(frame, layers);
  if (network == Network::kAnyIp) network = decode_detail::by_version(frame.bytes(), layers.network);
  if (decode_detail::is_ip(network)) [[likely]]
    layers.end = decode_detail::decode_network(frame.bytes(), network, layers, end);
  else if (network != Network::kCut)
    layers.end = DecodeEnd::kUnknownLink;
  return network;
}

// Link, IP and transport as they come first. Nearly all packets are IPv4 over Ethernet, and are read without a call.
[[gnu::always_inline]] inline Network decode_outermost(const Frame& frame, Layers& layers, IpEnd& end) {
  const bool is_usual = frame.link == LinkType::kEthernet && decode_detail::decode_ethernet(frame.bytes(), layers) == Network::kIpv4;
  if (!is_usual) [[unlikely]] return decode_any(frame, layers, end);
  layers.end = decode_detail::decode_network(frame.bytes(), Network::kIpv4, layers, end);
  return Network::kIpv4;
}

}  // namespace

void decode(const Frame& frame, Layers& layers) {
  static constexpr Layers kNothing;  // copied: one made here in single octets would first have to reach the cache
  layers = kNothing;
  IpEnd end;
  const Network network = decode_outermost(frame, layers, end);
  if (decode_detail::may_be_tunnel(network, layers)) [[unlikely]] {
    TunnelPath path;
    decode_detail::walk_tunnels(frame.bytes(), network, end, layers, path);
  }
}

Layers decode(const Frame& frame) {
  Layers layers;
  decode(frame, layers);
  return layers;
}

Layers decode(const Frame& frame, TunnelPath& path) {
  Layers layers;
  IpEnd end;
  path.count = 0;
  const Network network = decode_outermost(frame, layers, end);
  if (decode_detail::may_be_tunnel(network, layers)) decode_detail::walk_tunnels(frame.bytes(), network, end, layers, path);
  return layers;
}

}  // namespace telefence
