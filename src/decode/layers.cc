// SPDX-License-Identifier: Apache-2.0
#include "decode/layers.h"

#include <algorithm>

#include "base/reader.h"

namespace telefence {

namespace {

constexpr std::array<std::string_view, kTunnelKindCount> kTunnels = {"",      "gtp-u",  "gre",  "ip-in-ip",
                                                                     "vxlan", "geneve", "mpls", "pppoe"};

// Source and destination lie at 12 and 16 in IPv4 (RFC 791, 3.1), at 8 and 24 in IPv6 (RFC 8200, 3).
IpAddress address_at(const Frame& frame, std::uint16_t network, std::uint8_t version, bool destination) {
  IpAddress result;
  result.version = version;
  Reader reader(frame.bytes().subspan(network));
  const std::size_t width = version == 4 ? 4 : 16;
  reader.skip(version == 4 ? 12 : 8);
  if (destination) reader.skip(width);
  const Bytes view = reader.bytes(width);
  std::copy(view.begin(), view.end(), result.bytes.begin());
  return result;
}

}  // namespace

std::string_view tunnel_name(TunnelKind kind) { return kTunnels[static_cast<std::size_t>(kind)]; }

IpAddress source_address(const Frame& frame, const Layers& layers) {
  return address_at(frame, layers.network, layers.ip_version, false);
}

IpAddress destination_address(const Frame& frame, const Layers& layers) {
  return address_at(frame, layers.network, layers.ip_version, true);
}

IpEnds ip_ends_at(const Frame& frame, std::uint16_t network) {
  const auto version = static_cast<std::uint8_t>(frame.bytes()[network] >> 4);
  return {address_at(frame, network, version, false), address_at(frame, network, version, true)};
}

std::uint8_t hops_left(const Frame& frame, const Layers& layers) {
  return frame.bytes()[layers.network + (layers.ip_version == 4 ? 8u : 7u)];
}

TcpHeader tcp_header(const Frame& frame, const Layers& layers) {
  Reader reader(frame.bytes().subspan(layers.transport_at, 20));
  TcpHeader header;
  reader.skip(4);
  header.sequence = reader.u32();
  header.acknowledgement = reader.u32();
  header.header_bytes = static_cast<std::uint8_t>(4 * (reader.u8() >> 4));
  header.flags = reader.u8();
  header.window = reader.u16();
  return header;
}

std::uint32_t sequence_after(const TcpHeader& header, const Layers& layers) {
  std::uint32_t length = layers.payload_length;
  if ((header.flags & kTcpSyn) != 0) ++length;
  if ((header.flags & kTcpFin) != 0) ++length;
  return header.sequence + length;
}

}  // namespace telefence
