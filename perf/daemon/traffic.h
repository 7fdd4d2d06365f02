// SPDX-License-Identifier: Apache-2.0
#pragma once

// Packets for the daemon benchmark, made from a fixed seed: distinct, whole messages of one protocol with a share of blocked
// ones, and the entries that block them.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "match/match_set.h"

namespace telefence::perf {

// How far the numbers of a long connection move when the traffic is played again.
struct Move {
  std::uint32_t sequence = 0, acknowledgement = 0;
};

// What packets are carried in, behind Ethernet.
enum class Carrier : std::uint8_t {
  kIpv4,
  kIpv6,
  kVlan,  // IPv4 with one tag (IEEE 802.1Q)
  kGtpU,  // IPv4 in a tunnel of a mobile network (3GPP TS 29.281)
};

// All packets back to back; packet i is bytes[start[i] .. start[i + 1]).
struct Traffic {
  static constexpr std::size_t kSpare = 32;  // octets behind the last packet, so that it is copied in whole pieces, too
  Carrier carrier = Carrier::kIpv4;
  std::vector<std::uint8_t> bytes;
  std::vector<std::uint64_t> start{0};
  std::vector<Move> moves;     // by packet; empty: no long connections
  std::vector<bool> sprayed;   // by packet: each time from other ends; empty: none
  bool renumbered = false;     // IPv4 packets have another identification each time: what was refused under one stays so for a minute
  std::vector<bool> blocked;   // by packet: what is to become of it; not of all kinds
  double messages = 0;         // 0: one in each packet
  std::size_t count() const { return start.size() - 1; }
  std::size_t network() const;  // where the IP header of the message begins in each
  std::size_t transport() const { return network() + (carrier == Carrier::kIpv6 ? 40 : 20); }
};

struct Sizes {
  std::size_t packets = 200'000;
  std::size_t domains = 7'529'000;
  std::size_t numbers = 1'000'000;
  std::size_t prefixes = 0;
  std::size_t patterns = 10'000;
  bool gaps = false;      // patterns are rules with gaps instead of plain texts
  double blocked = 0.05;  // share of packets that hit an entry
  Carrier carrier = Carrier::kIpv4;
};

Traffic dns_traffic(const Sizes& sizes);   // 80-octet queries
Traffic tls_traffic(const Sizes& sizes);   // 571-octet frames with a ClientHello
Traffic quic_traffic(const Sizes& sizes);  // 1,242-octet frames with an Initial of one ClientHello; a tenth of the packets
Traffic smpp_traffic(const Sizes& sizes);  // submit_sm with 70 UCS-2 characters, on 1,000 connections in turn
// The same where what a sender sends does not keep to segments, and its receiver confirms: 2 of 5 PDUs cross a border.
Traffic smpp_stream_traffic(const Sizes& sizes);
Traffic tls_split_traffic(const Sizes& sizes);  // the ClientHello of tls_traffic in two segments, one behind the other
// The same with 512 others begun between the two, and eight halves that stay halves, each of a connection of its own.
Traffic half_open_traffic(const Sizes& sizes);
Traffic sip_traffic(const Sizes& sizes);   // INVITE with SDP, 711 octets
Traffic long_sip_traffic(const Sizes& sizes);  // the same with 24 candidates in its SDP: longer than an Ethernet's packets may be
Traffic sip_fragments_traffic(const Sizes& sizes);  // that in two IPv4 fragments, one behind the other

// A TLS record with a ClientHello of 517 octets.
std::string client_hello_record(const std::string& name);
// The payload of a packet of quic_traffic, with this server name; id: its connection id, and so its keys.
std::string quic_initial(const std::string& name, std::uint64_t id);

// The i-th pattern, as it is put in force.
PatternSource listed_pattern(const Sizes& sizes, std::size_t i);

// The entries that make `blocked` of the traffic above hit.
void add_entries(const Sizes& sizes, MatchSetBuilder& builder);

}  // namespace telefence::perf
