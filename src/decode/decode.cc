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

// A whole datagram in one IPv4 packet without options over Ethernet, in no tunnel. Of such a one most of what there is to tell is always the same.
// False: it is another one, and nothing is told.
[[gnu::always_inline]] inline bool decode_plain_datagram(const Frame& frame, Layers& layers) {
  constexpr std::size_t kIp = decode_detail::kEthernetBytes, kIpHeader = 20, kUdp = kIp + kIpHeader, kUdpHeader = 8;
  static constexpr Layers kPlain{.end = DecodeEnd::kPayload,
                                 .transport = Transport::kUdp,
                                 .ip_version = 4,
                                 .ip_protocol = decode_detail::kProtocolUdp,
                                 .network = kIp,
                                 .transport_at = kUdp,
                                 .payload = kUdp + kUdpHeader};
  if (frame.link != LinkType::kEthernet || frame.length <= kUdp + kUdpHeader) return false;
  const std::uint8_t* const at = frame.data;
  // EtherType, version and length of the header; then flags and offset, of which DF says nothing here, and the protocol.
  if ((big_endian<std::uint32_t>(at + kIp - 2) & 0xffff'ff00) != (std::uint32_t{decode_detail::kTypeIpv4} << 16 | 0x4500)) return false;
  if ((big_endian<std::uint32_t>(at + kIp + 6) & 0x3fff'00ff) != decode_detail::kProtocolUdp) return false;
  const std::size_t total = big_endian<std::uint16_t>(at + kIp + 2);
  const std::size_t length = big_endian<std::uint16_t>(at + kUdp + 4);
  if (kIp + total > frame.length || length <= kUdpHeader || kIpHeader + length > total) return false;
  const auto source = big_endian<std::uint16_t>(at + kUdp), destination = big_endian<std::uint16_t>(at + kUdp + 2);
  if (decode_detail::may_be_tunnel(source, destination)) return false;
  layers = kPlain;
  layers.payload_length = static_cast<std::uint32_t>(length - kUdpHeader);
  layers.network_end = static_cast<std::uint32_t>(kIp + total);
  layers.source_port = source;
  layers.destination_port = destination;
  return true;
}

[[gnu::noinline]] void decode_other(const Frame& frame, Layers& layers) {
  static constexpr Layers kNothing;  // copied: one made here in single octets would first have to reach the cache
  layers = kNothing;
  IpEnd end;
  const Network network = decode_outermost(frame, layers, end);
  if (decode_detail::may_be_tunnel(network, layers)) [[unlikely]] {
    TunnelPath path;
    decode_detail::walk_tunnels(frame.bytes(), network, end, layers, path);
  }
}

}  // namespace

void decode(const Frame& frame, Layers& layers) {
  if (!decode_plain_datagram(frame, layers)) decode_other(frame, layers);
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
