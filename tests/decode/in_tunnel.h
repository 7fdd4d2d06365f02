// SPDX-License-Identifier: Apache-2.0
#pragma once

// Frames with a packet in a tunnel, of either direction and with right outer checksums.

#include <cstdint>

#include "decode/layers.h"
#include "tunnel_builder.h"

namespace telefence::testing {

struct TunnelShape {
  TunnelKind kind = TunnelKind::kGtpU;
  bool outer_ipv6 = false;
  bool reversed = false;       // the other direction: outer ends swapped
  bool outer_checksum = true;  // UDP, GRE
  std::uint32_t id = 0x11223344;
  GtpUFields gtp;
  GreFields gre;
  Octets geneve_options;
  L2tpFields l2tp;
  TeredoFields teredo;
  std::size_t label_count = 2;
  bool bridged = false;        // an Ethernet frame inside where the kind may carry either
  bool control_word = false;
  std::uint16_t source_port = 50000;  // of an outer datagram
};

// Both stations' addresses, the sender's in front of the receiver's where an outer header wants them so.
inline Octets stations(bool reversed, std::uint8_t last) {
  const Octets near{2, 0, 0, 0, last, 1}, far{2, 0, 0, 0, last, 2};
  return reversed ? near + far : far + near;
}

inline std::uint16_t sum_of(const Octets& octets, std::uint64_t start = 0) {
  std::uint64_t sum = start;
  for (std::size_t i = 0; i < octets.size(); ++i) sum += static_cast<std::uint64_t>(octets[i]) << (i % 2 == 0 ? 8 : 0);
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(sum);
}

inline void put16(Octets& octets, std::size_t at, std::uint16_t value) {
  octets[at] = static_cast<std::uint8_t>(value >> 8);
  octets[at + 1] = static_cast<std::uint8_t>(value & 0xff);
}

inline Octets outer_addresses(const TunnelShape& shape) {
  Octets first, second;
  if (shape.outer_ipv6) {
    first = ipv6_address(0x51), second = ipv6_address(0x52);
  } else {
    first = Octets{172, 16, 0, 1}, second = Octets{172, 16, 9, 2};
  }
  return shape.reversed ? second + first : first + second;
}

// With DSCP 10 and a hop limit of 61.
inline Octets carrier(const TunnelShape& shape, std::uint8_t protocol, const Octets& inside) {
  if (shape.outer_ipv6) return Octets{0x62, 0x81, 2, 3} + big16(inside.size()) + Octets{protocol, 61} + outer_addresses(shape) + inside;
  Octets header = Octets{0x45, 0x28} + big16(20 + inside.size()) + big16(0x4711) + big16(0x4000) + Octets{61, protocol, 0, 0} + outer_addresses(shape);
  put16(header, 10, static_cast<std::uint16_t>(~sum_of(header)));
  return header + inside;
}

// answers_from_port: the reversed direction goes from this port to where the other one comes from.
inline Octets outer_udp(const TunnelShape& shape, std::uint16_t port, const Octets& payload, bool answers_from_port = false) {
  const bool is_answer = answers_from_port && shape.reversed;
  Octets datagram = big16(is_answer ? port : shape.source_port) + big16(is_answer ? shape.source_port : port) + big16(8 + payload.size()) + big16(0) + payload;
  const std::uint16_t sum = sum_of(datagram, sum_of(outer_addresses(shape)) + 17u + datagram.size());
  if (shape.outer_checksum) put16(datagram, 6, sum == 0xffff ? std::uint16_t{0xffff} : static_cast<std::uint16_t>(~sum));
  return carrier(shape, 17, datagram);
}

inline Octets own_gre(const TunnelShape& shape, const Octets& inside) {
  GreFields fields = shape.gre;
  fields.checksum = shape.outer_checksum;
  Octets tunnel = gre(shape.bridged ? kBridged : inside[0] >> 4 == 4 ? kIpv4 : kIpv6, inside, fields);
  if (fields.checksum) put16(tunnel, 4, static_cast<std::uint16_t>(~sum_of(tunnel)));
  return tunnel;
}

// Whether a tunnel of this kind may carry such a packet.
inline bool may_carry(TunnelKind kind, const Octets& inner) { return kind != TunnelKind::kTeredo || inner[0] >> 4 == 6; }

// `inner`: an IP packet. Requires: may_carry().
inline Octets in_tunnel(const TunnelShape& shape, const Octets& inner) {
  const Octets type = big16(inner[0] >> 4 == 4 ? kIpv4 : kIpv6);
  const Octets frame = stations(shape.reversed, 9) + type + inner;
  const Octets inside = shape.bridged ? frame : inner;
  const Octets ppp_protocol{0, static_cast<std::uint8_t>(inner[0] >> 4 == 4 ? 0x21 : 0x57)};
  GtpUFields gtp = shape.gtp;
  gtp.teid = shape.id;
  Octets outside;
  switch (shape.kind) {
    case TunnelKind::kGtpU: outside = outer_udp(shape, kGtpUPort, gtp_u(inner, gtp)); break;
    case TunnelKind::kGre: outside = carrier(shape, kGre, own_gre(shape, inside)); break;
    case TunnelKind::kGreInUdp: outside = outer_udp(shape, kGreInUdpPort, own_gre(shape, inside)); break;
    case TunnelKind::kIpInIp: outside = carrier(shape, inner[0] >> 4 == 4 ? kIpInIp : kIpv6InIp, inner); break;
    case TunnelKind::kVxlan: outside = outer_udp(shape, kVxlanPort, vxlan(shape.id & 0xffffff, frame)); break;
    case TunnelKind::kGeneve:
      outside = outer_udp(shape, kGenevePort, geneve(shape.id & 0xffffff, kBridged, frame, shape.geneve_options));
      break;
    case TunnelKind::kMpls: {
      Octets stack;
      for (std::size_t i = 0; i < shape.label_count; ++i)
        stack = stack + label((shape.id & 0xffff) + static_cast<std::uint32_t>(i), i + 1 == shape.label_count);
      return stations(shape.reversed, 0) + big16(kMpls) + stack + (shape.control_word ? Octets{0, 0, 0x12, 0x34} : Octets{}) + inside;
    }
    case TunnelKind::kPppoe:
      return stations(shape.reversed, 0) + big16(kPppoe) +
             pppoe(static_cast<std::uint16_t>(shape.id), ppp_protocol + inner);
    case TunnelKind::kL2tp:
      outside = outer_udp(shape, kL2tpPort, l2tp(shape.id, Octets{0xff, 3} + ppp_protocol + inner, shape.l2tp), true);
      break;
    case TunnelKind::kCapwap: {
      const WlanFields fields{.flags = static_cast<std::uint8_t>(shape.reversed ? 2 : 1)};
      outside = outer_udp(shape, kCapwapPort, capwap(!shape.bridged, shape.bridged ? frame : wlan(inner[0] >> 4 == 4 ? kIpv4 : kIpv6, inner, fields)), true);
      break;
    }
    case TunnelKind::kTeredo: outside = outer_udp(shape, kTeredoPort, teredo(inner, shape.teredo), true); break;
    case TunnelKind::kAyiya: outside = outer_udp(shape, kAyiyaPort, ayiya(inner[0] >> 4 == 4 ? kIpInIp : kIpv6InIp, inner), true); break;
    case TunnelKind::kNone: outside = inner; break;
  }
  return stations(shape.reversed, 0) + big16(outside[0] >> 4 == 4 ? kIpv4 : kIpv6) + outside;
}

}  // namespace telefence::testing
