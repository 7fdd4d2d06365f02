// SPDX-License-Identifier: Apache-2.0
// Packets of ours inside each kind of tunnel, and what a change in place does to the checksums around it.

#include "enforce/outer.h"

#include <gtest/gtest.h>

#include "enforce/action.h"
#include "enforce/connection.h"
#include "enforce/tunnelled.h"
#include "enforce/wrap.h"

namespace telefence {
namespace {

using namespace testing;  // the builders' functions; tests only

constexpr PacketShape kRequest{.transport = Transport::kTcp, .payload = "GET / HTTP/1.1"};
constexpr PacketShape kRequest6{.ipv6 = true, .transport = Transport::kTcp, .payload = "GET / HTTP/1.1"};

std::vector<TunnelShape> reversible_shapes() {
  std::vector<TunnelShape> shapes;
  for (const bool outer_ipv6 : {false, true}) {
    for (const bool outer_checksum : {false, true}) {
      for (const TunnelKind kind : {TunnelKind::kGre, TunnelKind::kIpInIp, TunnelKind::kVxlan, TunnelKind::kGeneve, TunnelKind::kPppoe})
        shapes.push_back({.kind = kind, .outer_ipv6 = outer_ipv6, .outer_checksum = outer_checksum || (outer_ipv6 && kind != TunnelKind::kGre)});
      for (const TunnelKind kind : {TunnelKind::kGre, TunnelKind::kGreInUdp})
        shapes.push_back({.kind = kind, .outer_ipv6 = outer_ipv6, .outer_checksum = outer_checksum || (outer_ipv6 && kind == TunnelKind::kGreInUdp),
                          .gre = {.key = 77}, .bridged = true});
    }
  }
  return shapes;
}

void expect_swapped_ends(const Held& judged, const Frame& made, const Layers& layers) {
  EXPECT_EQ(source_address(made, layers), destination_address(judged.frame, judged.layers));
  EXPECT_EQ(destination_address(made, layers), source_address(judged.frame, judged.layers));
  EXPECT_EQ(layers.source_port, judged.layers.destination_port);
  EXPECT_EQ(layers.tunnel, judged.layers.tunnel);
  if (layers.outer_network == layers.network) return;
  const IpEnds before = ip_ends_at(judged.frame, judged.layers.outer_network);
  const IpEnds after = ip_ends_at(made, layers.outer_network);
  EXPECT_EQ(after.source, before.destination);
  EXPECT_EQ(after.destination, before.source);
}

TEST(Outer, AReplySwapsTheEndsOfTunnelsWhoseDirectionsBearTheSameId) {
  for (const TunnelShape& shape : reversible_shapes()) {
    for (const PacketShape& inner : {kRequest, kRequest6}) {
      const Held judged(in_tunnel(shape, inner_packet(inner)));
      ASSERT_EQ(judged.layers.tunnels, 1);
      ASSERT_TRUE(outer_problems(judged.frame, shape.outer_checksum).empty());
      Spare out;
      ASSERT_TRUE(wrap_tcp(judged.frame, judged.layers, Heading::kBack, {1, 2, kTcpAck}, as_bytes("an answer of odd length"), out.frame))
          << traits_of(shape.kind).name;
      const Layers layers = decode(out.frame);
      ASSERT_EQ(layers.end, DecodeEnd::kPayload) << traits_of(shape.kind).name;
      EXPECT_EQ(as_text(payload_of(std::as_const(out.frame), layers)), "an answer of odd length");
      EXPECT_EQ(outer_problems(out.frame, shape.outer_checksum), std::vector<std::string>()) << traits_of(shape.kind).name;
      expect_swapped_ends(judged, out.frame, layers);
      EXPECT_EQ(layers.tunnel_id, judged.layers.tunnel_id);
      EXPECT_EQ(part(out.frame, 0, 6), part(judged.frame, 6, 12));
    }
  }
}

TEST(Outer, StationsInsideAreSwappedAndPortsOutsideAreNot) {
  const Held judged(in_tunnel({.kind = TunnelKind::kVxlan, .id = 42, .source_port = 51234}, inner_packet(kRequest)));
  Spare out;
  ASSERT_TRUE(wrap_udp(judged.frame, judged.layers, Heading::kBack, as_bytes("x"), out.frame));
  TunnelPath path;
  (void)decode(out.frame, path);
  const std::size_t inside = path.steps[0].inside;
  EXPECT_EQ(part(out.frame, inside, inside + 6), part(judged.frame, inside + 6, inside + 12));
  EXPECT_EQ(part(out.frame, inside + 6, inside + 12), part(judged.frame, inside, inside + 6));
  EXPECT_EQ(part(out.frame, path.steps[0].at, path.steps[0].at + 4u), big16(51234) + big16(4789));
  EXPECT_EQ(out.frame.data[14 + 8], 64) << "hops of an own packet";
}

TEST(Outer, WhatGoesOnKeepsTheJudgedTunnelHeaders) {
  std::vector<TunnelShape> shapes = reversible_shapes();
  for (const bool outer_ipv6 : {false, true}) {
    shapes.push_back({.outer_ipv6 = outer_ipv6});
    shapes.push_back({.outer_ipv6 = outer_ipv6, .gtp = {.sequence = 7, .n_pdu = 3, .extensions = {pdu_session_container(true, 9)}}});
    shapes.push_back({.kind = TunnelKind::kGre, .outer_ipv6 = outer_ipv6, .gre = {.key = 5, .sequence = 99}});
    for (const bool has_length : {false, true})
      shapes.push_back({.kind = TunnelKind::kL2tp, .outer_ipv6 = outer_ipv6, .l2tp = {.has_length = has_length, .sequence = 9, .offset = 2}});
    for (const bool bridged : {false, true}) shapes.push_back({.kind = TunnelKind::kCapwap, .outer_ipv6 = outer_ipv6, .bridged = bridged});
  }
  shapes.push_back({.kind = TunnelKind::kMpls});
  shapes.push_back({.kind = TunnelKind::kMpls, .bridged = true});
  shapes.push_back({.kind = TunnelKind::kMpls, .bridged = true, .control_word = true});
  shapes.push_back({.kind = TunnelKind::kGeneve, .geneve_options = Octets{1, 2, 0x80, 1, 9, 9, 9, 9}});
  for (const TunnelShape& shape : shapes) {
    const Held judged(in_tunnel(shape, inner_packet(kRequest)));
    Spare out;
    ASSERT_TRUE(wrap_tcp(judged.frame, judged.layers, Heading::kOnward, {1, 2, kTcpRst}, {}, out.frame)) << traits_of(shape.kind).name;
    const Layers layers = decode(out.frame);
    EXPECT_EQ(outer_problems(out.frame, shape.outer_checksum), std::vector<std::string>()) << traits_of(shape.kind).name;
    EXPECT_EQ(layers.tunnel_id, judged.layers.tunnel_id) << traits_of(shape.kind).name;
    EXPECT_EQ(source_address(out.frame, layers), source_address(judged.frame, judged.layers));
    EXPECT_EQ(part(out.frame, 0, 12), part(judged.frame, 0, 12));
    if (layers.outer_network == layers.network) continue;
    EXPECT_EQ(ip_ends_at(out.frame, layers.outer_network).source, ip_ends_at(judged.frame, judged.layers.outer_network).source);
    EXPECT_EQ(out.frame.data[14 + (shape.outer_ipv6 ? 7 : 8)], 61) << "hops as the judged one had left";
  }
}

TEST(Outer, NumberedGreIsContinuedInPlaceOfTheJudgedPacketOnly) {
  const Held judged(in_tunnel({.kind = TunnelKind::kGre, .gre = {.sequence = 99}}, inner_packet(kRequest)));
  Spare out;
  ASSERT_TRUE(wrap_tcp(judged.frame, judged.layers, Heading::kOnward, {1, 2, kTcpRst}, {}, out.frame));
  EXPECT_EQ(part(out.frame, judged.layers.tunnel_at, judged.layers.tunnel_at + 12u), part(judged.frame, 34, 38) + part(out.frame, 38, 42) + big32(99));
  Spare back;
  EXPECT_FALSE(wrap_tcp(judged.frame, judged.layers, Heading::kBack, {1, 2, kTcpRst}, {}, back.frame)) << "the number would come twice";
  EXPECT_EQ(back.frame.length, 0u);
}

TEST(Outer, PointToPointTunnelsAreContinuedOnly) {
  const TunnelShape shape;
  const Held judged(stations(false, 0) + big16(kIpv4) + carrier(shape, kGre, pptp(9, 0x0021, inner_packet(kRequest), true)));
  ASSERT_EQ(judged.layers.tunnels, 1);
  Spare out;
  ASSERT_TRUE(wrap_tcp(judged.frame, judged.layers, Heading::kOnward, {1, 2, kTcpRst}, {}, out.frame));
  EXPECT_EQ(outer_problems(out.frame, true), std::vector<std::string>());
  EXPECT_EQ(part(out.frame, 34 + 4, 34 + 6), big16(2 + 40)) << "length of the payload (RFC 2637, 4.1)";
  EXPECT_FALSE(wrap_tcp(judged.frame, judged.layers, Heading::kBack, {1, 2, kTcpRst}, {}, out.frame));
}

TEST(Outer, CopiesOfMirroredFramesAreNeverAnswered) {
  const TunnelShape shape;
  const Octets frame = stations(false, 9) + big16(kIpv4) + inner_packet(kRequest);
  for (const Octets& carried : {carrier(shape, kGre, gre(0x88be, frame)), outer_udp(shape, kGreInUdpPort, gre(0x88be, frame))}) {
    const Held judged(stations(false, 0) + big16(kIpv4) + carried);
    ASSERT_EQ(judged.layers.tunnels, 1);
    Spare out;
    EXPECT_FALSE(wrap_tcp(judged.frame, judged.layers, Heading::kBack, {1, 2, kTcpRst}, {}, out.frame));
    EXPECT_EQ(bytes_before_copy(judged.frame, judged.layers), judged.octets.size() - frame.size()) << "but what they are copies of can be";
  }
}

TEST(Outer, OnlyMirroringTunnelsAreNoPartOfTheNetwork) {
  const Held plain(in_tunnel({}, inner_packet(kRequest)));
  EXPECT_EQ(bytes_before_copy(plain.frame, plain.layers), 0u);
  const Packet bare(kRequest);
  EXPECT_EQ(bytes_before_copy(bare.frame, bare.layers), 0u);
}

TEST(Outer, OptionsOfGeneveAreNotOursToSendBack) {
  const Held judged(in_tunnel({.kind = TunnelKind::kGeneve, .geneve_options = filled(8, 1)}, inner_packet(kRequest)));
  Spare out;
  EXPECT_FALSE(wrap_tcp(judged.frame, judged.layers, Heading::kBack, {1, 2, kTcpRst}, {}, out.frame));
}

TEST(Outer, TheWayBackIntoGtpUMustBeKnown) {
  const Held judged(in_tunnel({.id = 0xaaaa0001}, inner_packet(kRequest)));
  Spare out;
  EXPECT_FALSE(wrap_udp(judged.frame, judged.layers, Heading::kBack, as_bytes("answer"), out.frame));
  EXPECT_EQ(out.frame.length, 0u);
  for (const bool outer_checksum : {false, true}) {
    PacketShape response = kRequest;
    response.reversed = true;
    const Held seen(in_tunnel({.reversed = true, .outer_checksum = outer_checksum, .id = 0xbbbb0002}, inner_packet(response)));
    const TunnelHeaders known = seen.headers();
    ASSERT_TRUE(wrap_udp(judged.frame, judged.layers, Heading::kBack, as_bytes("answer"), out.frame, &known));
    const Layers layers = decode(out.frame);
    EXPECT_EQ(layers.tunnel_id, 0xbbbb0002);
    EXPECT_EQ(outer_problems(out.frame, outer_checksum), std::vector<std::string>());
    expect_swapped_ends(judged, out.frame, layers);
    out.frame.tailroom = static_cast<std::uint16_t>(out.frame.tailroom + out.frame.length);
    out.frame.length = 0;
  }
}

TEST(Outer, OfGtpUOnlyTheFlowOfTheSessionIsTakenOver) {
  const Held judged(in_tunnel({.id = 1, .gtp = {.extensions = {pdu_session_container(true, 5)}}}, inner_packet(kRequest)));
  // A time stamp and numbers belong to the packet that they were on.
  const std::pair<std::uint8_t, Octets> stamped{std::uint8_t{0x85}, Octets{0x0c, 0x45} + filled(12, 0xee)};
  const Held seen(in_tunnel({.reversed = true, .id = 2, .gtp = {.sequence = 77, .extensions = {{std::uint8_t{0xc0}, big16(5)}, stamped}}},
                            inner_packet(kRequest)));
  ASSERT_EQ(seen.layers.tunnels, 1);
  const TunnelHeaders known = seen.headers();
  Spare out;
  ASSERT_TRUE(wrap_udp(judged.frame, judged.layers, Heading::kBack, as_bytes("answer"), out.frame, &known));
  const std::size_t at = 14 + 20 + 8;
  EXPECT_EQ(part(out.frame, at, at + 2), (Octets{0x34, 0xff}));
  EXPECT_EQ(part(out.frame, at + 8, at + 16), (Octets{0, 0, 0, 0x85, 1, 0x00, 0x05, 0})) << "down, flow 5";
  EXPECT_EQ(outer_problems(out.frame, true), std::vector<std::string>());
}

TEST(Outer, KnownLabelsLeadBackAndAControlWordBearsNoNumber) {
  for (const bool control_word : {false, true}) {
    const Held judged(in_tunnel({.kind = TunnelKind::kMpls, .id = 100, .bridged = control_word, .control_word = control_word}, inner_packet(kRequest)));
    const Held seen(in_tunnel({.kind = TunnelKind::kMpls, .reversed = true, .id = 200, .label_count = 3, .bridged = control_word, .control_word = control_word},
                              inner_packet(kRequest)));
    Spare out;
    EXPECT_FALSE(wrap_tcp(judged.frame, judged.layers, Heading::kBack, {1, 2, kTcpRst}, {}, out.frame));
    const TunnelHeaders known = seen.headers();
    ASSERT_TRUE(wrap_tcp(judged.frame, judged.layers, Heading::kBack, {1, 2, kTcpRst}, {}, out.frame, &known));
    const Layers layers = decode(out.frame);
    EXPECT_EQ(layers.tunnel_id, 202u);
    EXPECT_EQ(outer_problems(out.frame, true), std::vector<std::string>());
    EXPECT_EQ(part(out.frame, 0, 12), part(seen.frame, 0, 12));
    if (!control_word) continue;
    const std::size_t word = 14 + 12;
    EXPECT_EQ(part(out.frame, word, word + 4), (Octets{0, 4 + 14 + 40, 0, 0})) << "a short frame tells its length, without padding";
    EXPECT_EQ(part(out.frame, word + 4, word + 10), part(judged.frame, 14 + 8 + 4 + 6, 14 + 8 + 4 + 12)) << "to the judged one's own station";
  }
}

TEST(Outer, KnownSessionsAndStationsLeadBack) {
  std::vector<TunnelShape> shapes;
  for (const bool outer_ipv6 : {false, true}) {
    for (const bool has_length : {false, true}) shapes.push_back({.kind = TunnelKind::kL2tp, .outer_ipv6 = outer_ipv6, .l2tp = {.has_length = has_length}});
    for (const bool bridged : {false, true}) shapes.push_back({.kind = TunnelKind::kCapwap, .outer_ipv6 = outer_ipv6, .bridged = bridged});
  }
  PacketShape response = kRequest;
  response.reversed = true;
  response.payload = "200";
  for (const TunnelShape& shape : shapes) {
    TunnelShape reversed = shape;
    reversed.reversed = true;
    reversed.id = shape.id + 1;
    const Held judged(in_tunnel(shape, inner_packet(kRequest)));
    const Held seen(in_tunnel(reversed, inner_packet(response)));
    Spare out;
    EXPECT_FALSE(wrap_tcp(judged.frame, judged.layers, Heading::kBack, {1, 2, kTcpRst}, {}, out.frame)) << traits_of(shape.kind).name;
    const TunnelHeaders known = seen.headers();
    ASSERT_TRUE(wrap_tcp(judged.frame, judged.layers, Heading::kBack, {1, 2, kTcpRst}, {}, out.frame, &known)) << traits_of(shape.kind).name;
    const Layers layers = decode(out.frame);
    EXPECT_EQ(layers.tunnel, shape.kind);
    EXPECT_EQ(layers.tunnel_id, seen.layers.tunnel_id) << traits_of(shape.kind).name;
    EXPECT_EQ(outer_problems(out.frame, true), std::vector<std::string>()) << traits_of(shape.kind).name;
    EXPECT_EQ(part(out.frame, layers.tunnel_at, layers.tunnel_at + 4u), part(seen.frame, seen.layers.tunnel_at, seen.layers.tunnel_at + 4u)) << "ports";
    EXPECT_EQ(destination_address(out.frame, layers), source_address(judged.frame, judged.layers));
  }
}

TEST(Outer, APacketOfTeredoIsAnsweredBetweenItsOwnPortsWithoutWhatProvedItsSender) {
  PacketShape request = kRequest;
  request.ipv6 = true;
  for (const bool reversed : {false, true}) {
    const TunnelShape shape{.kind = TunnelKind::kTeredo, .reversed = reversed, .teredo = {.authenticates = true, .has_origin = true}};
    const Held judged(in_tunnel(shape, inner_packet(request)));
    ASSERT_EQ(judged.layers.tunnel, TunnelKind::kTeredo);
    for (const Heading heading : {Heading::kBack, Heading::kOnward}) {
      Spare out;
      ASSERT_TRUE(wrap_tcp(judged.frame, judged.layers, heading, {1, 2, kTcpRst}, {}, out.frame));
      const Layers layers = decode(out.frame);
      EXPECT_EQ(layers.tunnel, TunnelKind::kTeredo);
      EXPECT_EQ(outer_problems(out.frame, true), std::vector<std::string>());
      EXPECT_EQ(layers.network, layers.tunnel_at + 8) << "the packet alone";
      const Octets ports = reversed == (heading == Heading::kBack) ? big16(50000) + big16(kTeredoPort) : big16(kTeredoPort) + big16(50000);
      EXPECT_EQ(part(out.frame, layers.tunnel_at, layers.tunnel_at + 4u), ports);
    }
  }
}

TEST(Outer, NothingIsPutIntoATunnelWhosePacketsAreSigned) {
  const Held judged(in_tunnel({.kind = TunnelKind::kAyiya}, inner_packet(kRequest)));
  ASSERT_EQ(judged.layers.tunnel, TunnelKind::kAyiya);
  Spare out;
  for (const Heading heading : {Heading::kBack, Heading::kOnward})
    EXPECT_FALSE(wrap_tcp(judged.frame, judged.layers, heading, {1, 2, kTcpRst}, {}, out.frame));
}

TEST(Outer, ARadiosFrameInGreIsContinuedOnly) {
  const TunnelShape shape;
  const Held judged(stations(false, 0) + big16(kIpv4) + carrier(shape, kGre, gre(0x8200, wlan(kIpv4, inner_packet(kRequest)))));
  ASSERT_EQ(judged.layers.tunnels, 1);
  Spare out;
  ASSERT_TRUE(wrap_tcp(judged.frame, judged.layers, Heading::kOnward, {1, 2, kTcpRst}, {}, out.frame));
  EXPECT_EQ(outer_problems(out.frame, true), std::vector<std::string>());
  EXPECT_FALSE(wrap_tcp(judged.frame, judged.layers, Heading::kBack, {1, 2, kTcpRst}, {}, out.frame));
}

// That a frame is sent again, its station goes to sleep, or more is waiting for it holds for that one only.
TEST(Outer, AStationsFrameIsNotSaidToBeSentAgain) {
  PacketShape response = kRequest;
  response.reversed = true;
  for (const bool is_swapped : {false, true}) {
    const auto carried = [&](const PacketShape& packet, std::uint8_t flags, bool reversed) {
      const TunnelShape shape{.kind = TunnelKind::kCapwap, .reversed = reversed};
      const Octets frame = wlan(kIpv4, inner_packet(packet), {.flags = flags, .is_swapped = is_swapped});
      return stations(reversed, 0) + big16(kIpv4) + outer_udp(shape, kCapwapPort, capwap(true, frame), true);
    };
    const Held judged(carried(kRequest, 0x01, false));
    const TunnelHeaders known = Held(carried(response, 0x3a, true)).headers();
    Spare out;
    ASSERT_TRUE(wrap_tcp(judged.frame, judged.layers, Heading::kBack, {1, 2, kTcpRst}, {}, out.frame, &known));
    const Layers layers = decode(out.frame);
    ASSERT_EQ(layers.tunnel, TunnelKind::kCapwap);
    const std::size_t control = layers.tunnel_at + 8u + 16u;
    EXPECT_EQ(part(out.frame, control, control + 2), (is_swapped ? Octets{0x02, 0x88} : Octets{0x88, 0x02}));
    EXPECT_EQ(outer_problems(out.frame, true), std::vector<std::string>());
  }
}

TEST(Outer, NumberedSessionsAreNotAnswered) {
  const Held judged(in_tunnel({.kind = TunnelKind::kL2tp}, inner_packet(kRequest)));
  const TunnelHeaders known = Held(in_tunnel({.kind = TunnelKind::kL2tp, .reversed = true, .l2tp = {.sequence = 9}}, inner_packet(kRequest))).headers();
  Spare out;
  EXPECT_FALSE(wrap_tcp(judged.frame, judged.layers, Heading::kBack, {1, 2, kTcpRst}, {}, out.frame, &known)) << "the number would come twice";
}

TEST(Outer, AWayBackMayHaveNoLabelsAndAWayWithoutMayHaveThemBack) {
  PacketShape response = kRequest;
  response.reversed = true;
  const Held labelled(in_tunnel({.kind = TunnelKind::kMpls, .id = 100}, inner_packet(kRequest)));
  const Held plain(stations(true, 0) + big16(kIpv4) + inner_packet(response));
  const TunnelHeaders without = plain.headers();
  Spare out;
  ASSERT_TRUE(wrap_tcp(labelled.frame, labelled.layers, Heading::kBack, {1, 2, kTcpRst}, {}, out.frame, &without));
  EXPECT_EQ(decode(out.frame).tunnels, 0);
  EXPECT_EQ(outer_problems(out.frame, true), std::vector<std::string>());
  const TunnelHeaders with = labelled.headers();
  Spare second;
  ASSERT_TRUE(wrap_tcp(plain.frame, plain.layers, Heading::kBack, {1, 2, kTcpRst}, {}, second.frame, &with));
  EXPECT_EQ(decode(second.frame).tunnel_id, 101u);
  EXPECT_EQ(outer_problems(second.frame, true), std::vector<std::string>());
}

TEST(Outer, KnownHeadersOfAnotherShapeAreNotMixedIn) {
  const Held judged(in_tunnel({.kind = TunnelKind::kMpls, .bridged = true}, inner_packet(kRequest)));
  const Held seen(in_tunnel({.kind = TunnelKind::kMpls, .reversed = true}, inner_packet(kRequest)));
  const TunnelHeaders known = seen.headers();
  Spare out;
  EXPECT_FALSE(wrap_tcp(judged.frame, judged.layers, Heading::kBack, {1, 2, kTcpRst}, {}, out.frame, &known));
}

// Found by outer_fuzz: a subscriber with both versions has one bearer.
TEST(Outer, AWayBackOfTheOtherIpVersionIsTakenOnlyWhereNothingNamesTheVersion) {
  PacketShape response = kRequest;
  response.reversed = true;
  const auto answers_with = [](const Octets& judged_frame, const Octets& seen_frame) {
    const Held judged(judged_frame);
    const TunnelHeaders known = Held(seen_frame).headers();
    Spare out;
    if (!wrap_tcp(judged.frame, judged.layers, Heading::kBack, {1, 2, kTcpRst}, {}, out.frame, &known)) return std::uint8_t{0};
    EXPECT_EQ(outer_problems(out.frame, true), std::vector<std::string>());
    return decode(out.frame).ip_version;
  };
  EXPECT_EQ(answers_with(in_tunnel({.id = 1}, inner_packet(kRequest6)), in_tunnel({.reversed = true, .id = 2}, inner_packet(response))), 6);
  EXPECT_EQ(answers_with(in_tunnel({.kind = TunnelKind::kMpls}, inner_packet(kRequest6)),
                         in_tunnel({.kind = TunnelKind::kMpls, .reversed = true}, inner_packet(response))), 6);
  const auto gre_in_gtp = [](bool reversed, const Octets& inner) {
    Octets tunnel = in_tunnel({.kind = TunnelKind::kGre, .reversed = reversed}, inner);
    tunnel.erase(tunnel.begin(), tunnel.begin() + 14);
    return in_tunnel({.reversed = reversed, .id = 5}, tunnel);
  };
  EXPECT_EQ(answers_with(gre_in_gtp(false, inner_packet(kRequest)), gre_in_gtp(true, inner_packet(response))), 4);
  EXPECT_EQ(answers_with(gre_in_gtp(false, inner_packet(kRequest6)), gre_in_gtp(true, inner_packet(response))), 0) << "GRE names IPv4";
  const Octets plain = stations(true, 0) + big16(kIpv4) + inner_packet(response);
  EXPECT_EQ(answers_with(stations(false, 0) + big16(kIpv6) + inner_packet(kRequest6), plain), 6) << "its own header is as good";
}

TEST(Outer, NestedTunnelsAreAllMade) {
  const Octets gtp = part(Held(in_tunnel({.outer_ipv6 = true, .id = 5}, inner_packet(kRequest))).frame, 14, 14 + 40 + 8 + 8);
  const Octets inner = inner_packet(kRequest);
  const TunnelShape shape{.kind = TunnelKind::kVxlan, .id = 7};
  const Octets whole = in_tunnel(shape, gtp + inner);
  const Held judged(whole);
  ASSERT_EQ(judged.layers.tunnels, 2);
  ASSERT_EQ(outer_problems(judged.frame, true), std::vector<std::string>());
  Spare out;
  ASSERT_TRUE(wrap_tcp(judged.frame, judged.layers, Heading::kOnward, {1, 2, kTcpRst}, as_bytes("odd"), out.frame));
  EXPECT_EQ(outer_problems(out.frame, true), std::vector<std::string>());
  EXPECT_EQ(decode(out.frame).tunnels, 2);
}

TEST(Outer, OptionsOfTheCarrierStayBehind) {
  Octets whole = in_tunnel({.kind = TunnelKind::kIpInIp}, inner_packet(kRequest));
  // Four octets of options into the outer header.
  whole.insert(whole.begin() + 34, {1, 1, 1, 1});
  whole[14] = 0x46;
  put16(whole, 16, static_cast<std::uint16_t>(whole.size() - 14));
  const Held judged(whole);
  ASSERT_EQ(judged.layers.tunnels, 1);
  Spare out;
  ASSERT_TRUE(wrap_tcp(judged.frame, judged.layers, Heading::kBack, {1, 2, kTcpRst}, {}, out.frame));
  EXPECT_EQ(decode(out.frame).tunnel_at, 34);
  EXPECT_EQ(outer_problems(out.frame, true), std::vector<std::string>());
}

TEST(Outer, WhatDoesNotFitIsRefused) {
  const Held judged(in_tunnel({.kind = TunnelKind::kVxlan, .outer_ipv6 = true}, inner_packet(kRequest)));
  for (std::uint16_t room = 0; room < 14 + 40 + 8 + 8 + 14 + 40; ++room) {
    Spare out;
    out.frame.tailroom = room;
    EXPECT_FALSE(wrap_tcp(judged.frame, judged.layers, Heading::kBack, {1, 2, kTcpRst}, {}, out.frame)) << room;
    EXPECT_EQ(out.frame.length, 0u);
  }
}

TEST(OuterChecksums, FollowAChangeInPlaceThroughAllTunnels) {
  std::vector<TunnelShape> shapes = reversible_shapes();
  shapes.push_back({});
  shapes.push_back({.outer_ipv6 = true, .gtp = {.extensions = {pdu_session_container(true, 9)}}});
  shapes.push_back({.kind = TunnelKind::kMpls});
  for (const TunnelShape& shape : shapes) {
    Held judged(in_tunnel(shape, inner_packet(kRequest)));
    const ChecksumKeeper keeper(judged.frame, judged.layers, {3, 6});
    for (int i = 3; i < 9; ++i) payload_of(judged.frame, judged.layers)[static_cast<std::size_t>(i)] = 'x';
    keeper.correct(judged.frame);
    EXPECT_EQ(outer_problems(judged.frame, shape.outer_checksum), std::vector<std::string>()) << traits_of(shape.kind).name;
  }
}

TEST(OuterChecksums, AreCorrectedAlsoWhereTheInnerDatagramHasNone) {
  Octets inner = inner_packet({.transport = Transport::kUdp, .destination_port = 53, .payload = "query"});
  inner[26] = inner[27] = 0;
  Held judged(in_tunnel({.kind = TunnelKind::kGre}, inner));
  const ChecksumKeeper keeper(judged.frame, judged.layers, {0, 5});
  payload_of(judged.frame, judged.layers)[0] = 'Q';
  keeper.correct(judged.frame);
  EXPECT_EQ(sum_of(part(judged.frame, 34, judged.frame.length)), 0xffff);
}

TEST(OuterChecksums, WrongOnesStayWrong) {
  Held judged(in_tunnel({}, inner_packet(kRequest)));
  judged.frame.data[34 + 7] ^= 1;
  const ChecksumKeeper keeper(judged.frame, judged.layers, {0, 3});
  payload_of(judged.frame, judged.layers)[0] = 'P';
  keeper.correct(judged.frame);
  EXPECT_EQ(outer_problems(judged.frame, true), std::vector<std::string>{"checksum of an outer datagram"});
}

// A tunnel in a tunnel where a header of odd length stands in between.
TEST(OuterChecksums, FollowThroughAnOddOffset) {
  const Octets inner = inner_packet(kRequest);
  const TunnelShape shape{.kind = TunnelKind::kVxlan};
  const Octets session = stations(false, 9) + big16(kPppoe) + pppoe(5, Octets{0x21} + inner);
  Held judged(stations(false, 0) + big16(kIpv4) + outer_udp(shape, kVxlanPort, vxlan(7, session)));
  ASSERT_EQ(judged.layers.tunnels, 2);
  ASSERT_EQ(judged.layers.network % 2, 1);
  ASSERT_EQ(outer_problems(judged.frame, true), std::vector<std::string>());
  const ChecksumKeeper keeper(judged.frame, judged.layers, {1, 3});
  payload_of(judged.frame, judged.layers)[2] = '!';
  keeper.correct(judged.frame);
  EXPECT_EQ(outer_problems(judged.frame, true), std::vector<std::string>());
  Spare out;
  ASSERT_TRUE(wrap_tcp(judged.frame, judged.layers, Heading::kBack, {1, 2, kTcpAck}, as_bytes("even"), out.frame));
  EXPECT_EQ(outer_problems(out.frame, true), std::vector<std::string>());
}

}  // namespace
}  // namespace telefence
