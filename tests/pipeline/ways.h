// SPDX-License-Identifier: Apache-2.0
#pragma once

// The ways in which one segment may lie in a frame: tags, extension headers, tunnels of each kind. Whatever crosses the filter as it
// is, must cross it so in each of them, and what is said in an end's name must take the way that this end expects it on.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <ostream>
#include <string>
#include <vector>

#include "../enforce/tunnelled.h"
#include "fuzz_tunnel.h"

namespace telefence::testing {

struct Way {
  const char* name;
  Octets (*carry)(PacketShape shape);
  bool has_tunnel = false;
  bool has_way_back = true;  // false: nothing made here can be put into it (docs/protocols.md, Tunnels)
};

inline Octets in_tunnel_of(TunnelShape tunnel, const PacketShape& shape) {
  const bool has_two_ids = (bit_of(tunnel.kind) & kOneWayTunnels) != 0;
  tunnel.reversed = shape.reversed;
  tunnel.id = shape.reversed && has_two_ids ? 0x2222 : 0x1111;
  return in_tunnel(tunnel, inner_packet(shape));
}

// Extension headers put behind the IPv6 header of an Ethernet frame without tags; `first`: the kind of the first of them. The last
// one of them must name TCP.
inline Octets with_extensions(Octets frame, std::uint8_t first, const Octets& extensions) {
  constexpr std::size_t kNetwork = 14, kHeader = 40;
  frame[kNetwork + 6] = first;
  put16(frame, kNetwork + 4, static_cast<std::uint16_t>(frame.size() - kNetwork - kHeader + extensions.size()));
  frame.insert(frame.begin() + kNetwork + kHeader, extensions.begin(), extensions.end());
  return frame;
}

// As frame_of(), and the stations change places with the direction.
inline Octets bare_frame(const PacketShape& shape) {
  Octets frame = frame_of(shape);
  if (shape.reversed) std::rotate(frame.begin(), frame.begin() + 6, frame.begin() + 12);
  return frame;
}
inline Octets ipv6_frame(PacketShape shape) {
  shape.ipv6 = true;
  return bare_frame(shape);
}

inline void PrintTo(const Way& way, std::ostream* out) { *out << way.name; }

// Tags behind both stations' addresses.
inline Octets with_tags(Octets frame, const Octets& tags) {
  frame.insert(frame.begin() + 12, tags.begin(), tags.end());
  return frame;
}

inline const std::array<Way, 25> kWays = {{
    {"plain", [](PacketShape shape) { return bare_frame(shape); }},
    {"QinQ", [](PacketShape shape) { return with_tags(bare_frame(shape), {0x88, 0xa8, 0, 0xc8, 0x81, 0, 0, 0x64}); }},
    {"two tags of 802.1Q", [](PacketShape shape) { return with_tags(ipv6_frame(shape), {0x81, 0, 0, 7, 0x81, 0, 0x20, 9}); }},
    {"IPv6 with hop-by-hop and destination options",
     [](PacketShape shape) { return with_extensions(ipv6_frame(shape), 0, {60, 0, 1, 4, 0, 0, 0, 0, 6, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}); }},
    {"IPv6 with an atomic fragment header", [](PacketShape shape) { return with_extensions(ipv6_frame(shape), 44, {6, 0, 0, 0, 0, 0, 0, 9}); }},
    {"GTP-U", [](PacketShape shape) { return in_tunnel_of({.kind = TunnelKind::kGtpU}, shape); }, true},
    {"GTP-U with a PDU session over IPv6, IPv6 inside",
     [](PacketShape shape) {
       shape.ipv6 = true;
       TunnelShape tunnel{.kind = TunnelKind::kGtpU, .outer_ipv6 = true};
       tunnel.gtp.sequence = 7;
       tunnel.gtp.extensions.push_back(pdu_session_container(!shape.reversed, 9));
       return in_tunnel_of(tunnel, shape);
     }, true},
    {"GRE with key", [](PacketShape shape) { return in_tunnel_of({.kind = TunnelKind::kGre, .gre = {.key = 77}}, shape); }, true},
    {"GRE with sequence numbers", [](PacketShape shape) { return in_tunnel_of({.kind = TunnelKind::kGre, .gre = {.key = 77, .sequence = 5}}, shape); }, true, false},
    {"Ethernet in GRE", [](PacketShape shape) { return in_tunnel_of({.kind = TunnelKind::kGre, .bridged = true}, shape); }, true},
    {"IP in IP", [](PacketShape shape) { return in_tunnel_of({.kind = TunnelKind::kIpInIp}, shape); }, true},
    {"VXLAN", [](PacketShape shape) { return in_tunnel_of({.kind = TunnelKind::kVxlan}, shape); }, true},
    {"VXLAN behind a tag", [](PacketShape shape) { return with_tags(in_tunnel_of({.kind = TunnelKind::kVxlan}, shape), {0x81, 0, 0, 0x64}); }, true},
    {"Geneve", [](PacketShape shape) { return in_tunnel_of({.kind = TunnelKind::kGeneve}, shape); }, true},
    {"Geneve with options", [](PacketShape shape) { return in_tunnel_of({.kind = TunnelKind::kGeneve, .geneve_options = Octets(8, 3)}, shape); }, true, false},
    {"MPLS", [](PacketShape shape) { return in_tunnel_of({.kind = TunnelKind::kMpls}, shape); }, true},
    {"L2TP", [](PacketShape shape) { return in_tunnel_of({.kind = TunnelKind::kL2tp}, shape); }, true},
    {"L2TP with sequence numbers", [](PacketShape shape) { return in_tunnel_of({.kind = TunnelKind::kL2tp, .l2tp = {.sequence = 7}}, shape); }, true, false},
    {"CAPWAP", [](PacketShape shape) { return in_tunnel_of({.kind = TunnelKind::kCapwap}, shape); }, true},
    {"CAPWAP with 802.3", [](PacketShape shape) { return in_tunnel_of({.kind = TunnelKind::kCapwap, .bridged = true}, shape); }, true},
    {"Teredo with all that servers add",
     [](PacketShape shape) {
       shape.ipv6 = true;
       return in_tunnel_of({.kind = TunnelKind::kTeredo, .teredo = {.authenticates = true, .has_origin = true}}, shape);
     }, true},
    {"GRE in UDP", [](PacketShape shape) { return in_tunnel_of({.kind = TunnelKind::kGreInUdp, .gre = {.key = 77}}, shape); }, true},
    {"Ethernet in GRE in UDP", [](PacketShape shape) { return in_tunnel_of({.kind = TunnelKind::kGreInUdp, .bridged = true}, shape); }, true},
    {"PPPoE", [](PacketShape shape) { return in_tunnel_of({.kind = TunnelKind::kPppoe}, shape); }, true},
    {"PPPoE with IPv6",
     [](PacketShape shape) {
       shape.ipv6 = true;
       return in_tunnel_of({.kind = TunnelKind::kPppoe}, shape);
     }, true},
}};

inline std::string name_of_way(const ::testing::TestParamInfo<Way>& way) {
  std::string name = way.param.name;
  for (char& one : name)
    if (!std::isalnum(static_cast<unsigned char>(one))) one = '_';
  return name;
}

// An untagged IPv4 frame in two fragments, the first with `cut` octets of its payload, a multiple of eight.
inline std::array<Octets, 2> in_two_fragments(const Octets& whole, std::ptrdiff_t cut, std::uint16_t identification = 0x1234) {
  constexpr std::ptrdiff_t kHeaders = 14 + 20;
  std::array<Octets, 2> parts;
  for (const bool is_last : {false, true}) {
    Octets& part = parts[is_last ? 1 : 0];
    part.assign(whole.begin(), whole.begin() + kHeaders);
    part.insert(part.end(), whole.begin() + kHeaders + (is_last ? cut : 0), is_last ? whole.end() : whole.begin() + kHeaders + cut);
    put16(part, 16, static_cast<std::uint16_t>(part.size() - 14));
    put16(part, 18, identification);
    put16(part, 20, is_last ? static_cast<std::uint16_t>(cut / 8) : std::uint16_t{0x2000});
    put16(part, 24, 0);
    put16(part, 24, static_cast<std::uint16_t>(~sum_of(Octets(part.begin() + 14, part.begin() + kHeaders))));
  }
  return parts;
}

inline Frame view_of(const Octets& octets) {
  Frame frame;
  frame.data = const_cast<std::uint8_t*>(octets.data());
  frame.length = static_cast<std::uint32_t>(octets.size());
  return frame;
}

// Nothing when a frame made here lies as frames of that direction do: tags, tunnels and ids, ends, lengths and checksums.
inline std::vector<std::string> problems_of_way(const Octets& made, const Way& way, const PacketShape& direction) {
  const Octets wanted = way.carry(direction);
  std::vector<std::string> problems = outer_problems(view_of(made), true);
  const Frame frame = view_of(made), model = view_of(wanted);
  const Layers layers = decode(frame), as = decode(model);
  if (layers.transport != as.transport || layers.ip_version != as.ip_version) return {"another transport, or another version of IP"};
  if (layers.vlan != as.vlan || layers.inner_vlan != as.inner_vlan) problems.push_back("other tags");
  if (!(TunnelRoute::of(made) == TunnelRoute::of(wanted))) problems.push_back("another tunnel, or another id");
  if (layers.source_port != as.source_port || layers.destination_port != as.destination_port) problems.push_back("other ports");
  if (source_address(frame, layers) != source_address(model, as) || destination_address(frame, layers) != destination_address(model, as))
    problems.push_back("other addresses");
  if (layers.outer_network == as.outer_network && as.outer_network != as.network && layers.tunnels != 0) {
    const IpEnds ends = ip_ends_at(frame, layers.outer_network), wanted_ends = ip_ends_at(model, as.outer_network);
    if (ends.source != wanted_ends.source || ends.destination != wanted_ends.destination) problems.push_back("other ends of the tunnel");
  }
  if (!std::equal(made.begin(), made.begin() + 12, wanted.begin())) problems.push_back("other stations");
  return problems;
}

}  // namespace telefence::testing
