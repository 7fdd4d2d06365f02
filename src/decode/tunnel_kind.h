// SPDX-License-Identifier: Apache-2.0
#pragma once

// What carries a packet inside another one, or between the link header and the packet, and what is so of all of one kind. Who adds
// one: a row here, its header in decode/tunnel_header, and whatever answers into it need in enforce/outer.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace telefence {

// Records hold the number.
enum class TunnelKind : std::uint8_t {
  kNone, kGtpU, kGre, kIpInIp, kVxlan, kGeneve, kMpls, kPppoe, kL2tp, kCapwap, kTeredo, kAyiya, kGreInUdp
};
inline constexpr std::size_t kTunnelKindCount = 13;
using TunnelKinds = std::uint16_t;  // a set of them: bit_of()
static_assert(kTunnelKindCount <= 8 * sizeof(TunnelKinds));
constexpr TunnelKinds bit_of(TunnelKind kind) { return static_cast<TunnelKinds>(1u << static_cast<unsigned>(kind)); }

struct TunnelTraits {
  std::string_view name;         // the word of metrics and records; "" for kNone
  bool over_udp = false;         // a datagram carries it: its own bytes begin with a UDP header
  bool one_way = false;          // the other direction's header does not follow from this one: who receives gives out TEIDs, labels and ids
                                 // of sessions, and an access controller knows at which port and by which radio a station is reached
  bool common_id = false;        // both directions bear the same id, which tells it from others between the same ends
  bool told_by_ports = false;    // both ends may share an address with others of the kind, told by the outer ports
  bool one_subscribers = false;  // given up when its subscriber goes, and given to another
  bool swaps_ports = false;      // the outer ports are both ends' own; otherwise the destination is assigned, and the source spreads load
  bool sealed = false;           // signed by who sends: nothing in it can be changed, and nothing of ours be put into it
};
inline constexpr std::array<TunnelTraits, kTunnelKindCount> kTunnelTraits = {{
    {},
    {.name = "gtp-u", .over_udp = true, .one_way = true, .one_subscribers = true},
    {.name = "gre", .common_id = true},
    {.name = "ip-in-ip"},
    {.name = "vxlan", .over_udp = true, .common_id = true},
    {.name = "geneve", .over_udp = true, .common_id = true},
    {.name = "mpls", .one_way = true},
    {.name = "pppoe", .common_id = true},
    {.name = "l2tp", .over_udp = true, .one_way = true, .told_by_ports = true, .one_subscribers = true},
    {.name = "capwap", .over_udp = true, .one_way = true, .told_by_ports = true, .one_subscribers = true},
    {.name = "teredo", .over_udp = true, .told_by_ports = true, .swaps_ports = true},
    {.name = "ayiya", .over_udp = true, .sealed = true},
    {.name = "gre-in-udp", .over_udp = true, .common_id = true},
}};
constexpr const TunnelTraits& traits_of(TunnelKind kind) { return kTunnelTraits[static_cast<std::size_t>(kind)]; }

// Those of which something is so.
constexpr TunnelKinds tunnels_that(bool TunnelTraits::*what) {
  TunnelKinds kinds = 0;
  for (std::size_t i = 0; i < kTunnelKindCount; ++i)
    if (kTunnelTraits[i].*what) kinds = static_cast<TunnelKinds>(kinds | bit_of(static_cast<TunnelKind>(i)));
  return kinds;
}
inline constexpr TunnelKinds kOneWayTunnels = tunnels_that(&TunnelTraits::one_way);
inline constexpr TunnelKinds kSealedTunnels = tunnels_that(&TunnelTraits::sealed);
constexpr bool is_over_udp(TunnelKind kind) { return traits_of(kind).over_udp; }

inline constexpr std::uint16_t kOuterUdpBytes = 8;
constexpr bool has_gre(TunnelKind kind) { return kind == TunnelKind::kGre || kind == TunnelKind::kGreInUdp; }
// Where its header stands in the tunnel's own bytes, which begin at `at`. Requires: has_gre(kind).
constexpr std::size_t gre_at(TunnelKind kind, std::size_t at) { return at + (is_over_udp(kind) ? kOuterUdpBytes : 0u); }

}  // namespace telefence
