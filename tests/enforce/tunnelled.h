// SPDX-License-Identifier: Apache-2.0
#pragma once

// Packets with right checksums in tunnels, and a check of everything that tunnels say about lengths and checksums, written apart from
// what enforce/ computes them by.

#include <string>
#include <vector>

#include "decode/in_tunnel.h"
#include "enforce/packet.h"

namespace telefence::testing {

inline Octets inner_packet(const PacketShape& shape) {
  const Packet packet(shape);
  return Octets(packet.frame.data + packet.layers.network, packet.frame.data + packet.frame.length);
}

// Of the version that such a tunnel carries.
inline Octets inner_for(TunnelKind kind, PacketShape shape) {
  shape.ipv6 = shape.ipv6 || kind == TunnelKind::kTeredo;
  return inner_packet(shape);
}

inline Octets part(const Frame& frame, std::size_t from, std::size_t to) { return Octets(frame.data + from, frame.data + to); }

inline void check_carrier(const Frame& frame, const TunnelStep& step, std::vector<std::string>& problems) {
  const Octets packet = part(frame, step.network, frame.length);
  const bool is_ipv4 = packet[0] >> 4 == 4;
  const std::size_t length = static_cast<std::size_t>(packet[is_ipv4 ? 2 : 4] << 8 | packet[is_ipv4 ? 3 : 5]) + (is_ipv4 ? 0 : 40);
  if (length != packet.size()) problems.push_back("length of an outer packet");
  if (is_ipv4 && sum_of(part(frame, step.network, step.at)) != 0xffff) problems.push_back("checksum of an outer IPv4 header");
}

inline void check_datagram(const Frame& frame, const TunnelStep& step, bool has_checksum, std::vector<std::string>& problems) {
  const Octets datagram = part(frame, step.at, frame.length);
  if (static_cast<std::size_t>(datagram[4] << 8 | datagram[5]) != datagram.size()) problems.push_back("length of an outer datagram");
  const bool is_ipv4 = frame.data[step.network] >> 4 == 4;
  const Octets ends = part(frame, step.network + (is_ipv4 ? 12u : 8u), step.network + (is_ipv4 ? 20u : 40u));
  if ((datagram[6] != 0 || datagram[7] != 0) != has_checksum) problems.push_back("an outer datagram with checksum, or without");
  if (has_checksum && sum_of(datagram, sum_of(ends) + 17u + datagram.size()) != 0xffff) problems.push_back("checksum of an outer datagram");
}

// Nothing when all that tunnels say of lengths and checksums is right. has_checksums: whether outer datagrams over IPv4 bear one.
inline std::vector<std::string> outer_problems(const Frame& frame, bool has_checksums) {
  TunnelPath path;
  const Layers layers = decode(frame, path);
  std::vector<std::string> problems;
  if (layers.end == DecodeEnd::kBadHeader) problems.push_back("a bad header");
  if (layers.network_end != frame.length) problems.push_back("octets behind the packet");
  for (const TunnelStep& step : path.all()) {
    if (step.network != TunnelStep::kOnLink) check_carrier(frame, step, problems);
    const Octets own = part(frame, step.at, frame.length);
    switch (step.kind) {
      case TunnelKind::kGtpU:
      case TunnelKind::kVxlan:
      case TunnelKind::kGeneve:
      case TunnelKind::kL2tp:
      case TunnelKind::kCapwap:
      case TunnelKind::kTeredo:
      case TunnelKind::kAyiya:
        check_datagram(frame, step, has_checksums || frame.data[step.network] >> 4 == 6, problems);
        if (step.kind == TunnelKind::kGtpU && static_cast<std::size_t>(own[10] << 8 | own[11]) != own.size() - 16) problems.push_back("length of GTP-U");
        if (step.kind == TunnelKind::kL2tp && (own[8] & 0x40) != 0 && static_cast<std::size_t>(own[10] << 8 | own[11]) != own.size() - 8)
          problems.push_back("length of L2TP");
        break;
      case TunnelKind::kGreInUdp: check_datagram(frame, step, has_checksums || frame.data[step.network] >> 4 == 6, problems); [[fallthrough]];
      case TunnelKind::kGre: {
        const Octets header(own.begin() + (step.kind == TunnelKind::kGre ? 0 : 8), own.end());
        if ((header[0] & 0x80) != 0 && sum_of(header) != 0xffff) problems.push_back("checksum of GRE");
        break;
      }
      case TunnelKind::kPppoe:
        if (static_cast<std::size_t>(own[4] << 8 | own[5]) != own.size() - 6) problems.push_back("length of PPPoE");
        break;
      default: break;
    }
  }
  if (layers.transport == Transport::kNone) return problems;
  if (!header_checksum_is_right(frame, layers)) problems.push_back("checksum of the inner IPv4 header");
  if (!transport_checksum_is_right(frame, layers)) problems.push_back("checksum of the inner segment");
  return problems;
}

// A frame that owns its octets.
struct Held {
  Octets octets;
  Frame frame;
  Layers layers;

  explicit Held(Octets given) : octets(std::move(given)) {
    frame.data = octets.data();
    frame.length = static_cast<std::uint32_t>(octets.size());
    layers = decode(frame);
  }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

  TunnelHeaders headers() const {
    TunnelHeaders copy;
    (void)decode(frame, copy.path);
    copy.link = frame.link;
    copy.ip_version = layers.ip_version;
    copy.length = static_cast<std::uint8_t>(layers.network);
    std::copy(octets.begin(), octets.begin() + layers.network, copy.octets.begin());
    return copy;
  }
};

}  // namespace telefence::testing
