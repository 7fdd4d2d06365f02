// SPDX-License-Identifier: Apache-2.0
// Segments taken apart and changed inside tunnels: lengths and checksums of everything around them stay right.

#include "enforce/segment.h"

#include <gtest/gtest.h>

#include "enforce/mark.h"
#include "enforce/tunnelled.h"

namespace telefence {
namespace {

using namespace testing;  // the builders' functions; tests only

constexpr PacketShape kMessages{.transport = Transport::kTcp, .payload = "one two three"};

std::vector<TunnelShape> shapes() {
  std::vector<TunnelShape> all;
  for (std::size_t kind = 0; kind < kTunnelKindCount; ++kind)
    for (const bool outer_ipv6 : {false, true}) all.push_back({.kind = static_cast<TunnelKind>(kind), .outer_ipv6 = outer_ipv6});
  all.push_back({.gtp = {.sequence = 7, .extensions = {pdu_session_container(true, 9)}}});
  all.push_back({.kind = TunnelKind::kMpls, .bridged = true, .control_word = true});
  all.push_back({.kind = TunnelKind::kGre, .gre = {.key = 5}, .bridged = true});
  return all;
}

std::string_view text_of(const Frame& frame) { return as_text(payload_of(frame, decode(frame))); }

TEST(Segment, ASegmentInATunnelIsTakenApart) {
  for (const TunnelShape& shape : shapes()) {
    Held whole(in_tunnel(shape, inner_for(shape.kind, kMessages)));
    Spare front;
    Layers front_layers;
    const Layers before = whole.layers;
    ASSERT_TRUE(split_segment(whole.frame, whole.layers, 4, front.frame, front_layers)) << traits_of(shape.kind).name;
    EXPECT_EQ(text_of(front.frame), "one ");
    EXPECT_EQ(text_of(whole.frame), "two three");
    for (const Frame* part : {&front.frame, &whole.frame}) {
      EXPECT_EQ(outer_problems(*part, true), std::vector<std::string>()) << traits_of(shape.kind).name;
      EXPECT_EQ(decode(*part).tunnel_id, before.tunnel_id);
      EXPECT_EQ(decode(*part).tunnels, before.tunnels);
    }
    EXPECT_EQ(front_layers, decode(front.frame));
    EXPECT_EQ(whole.layers, decode(whole.frame));
  }
}

TEST(Segment, InNestedTunnelsToo) {
  Octets inside = in_tunnel({.id = 5}, inner_packet(kMessages));
  inside.erase(inside.begin(), inside.begin() + 14);
  Held whole(in_tunnel({.kind = TunnelKind::kVxlan, .outer_ipv6 = true}, inside));
  ASSERT_EQ(whole.layers.tunnels, 2);
  Spare front;
  Layers front_layers;
  ASSERT_TRUE(split_segment(whole.frame, whole.layers, 5, front.frame, front_layers));
  for (const Frame* part : {&front.frame, &whole.frame}) EXPECT_EQ(outer_problems(*part, true), std::vector<std::string>());
}

TEST(Segment, OptionsOfTheCarrierStay) {
  Octets octets = in_tunnel({.kind = TunnelKind::kIpInIp}, inner_packet(kMessages));
  octets.insert(octets.begin() + 34, {1, 1, 1, 1});
  octets[14] = 0x46;
  put16(octets, 16, static_cast<std::uint16_t>(octets.size() - 14));
  Held whole(octets);
  ASSERT_EQ(whole.layers.tunnels, 1);
  Spare front;
  Layers front_layers;
  ASSERT_TRUE(split_segment(whole.frame, whole.layers, 5, front.frame, front_layers));
  for (const Frame* part : {&front.frame, &whole.frame}) EXPECT_EQ(outer_problems(*part, true), std::vector<std::string>());
}

TEST(Segment, WhereTunnelsNumberTheirPacketsNoneIsMadeOfOne) {
  Held whole(in_tunnel({.kind = TunnelKind::kGre, .gre = {.sequence = 1}}, inner_packet(kMessages)));
  const Octets before = whole.octets;
  Spare front;
  Layers front_layers;
  EXPECT_FALSE(split_segment(whole.frame, whole.layers, 4, front.frame, front_layers));
  EXPECT_EQ(whole.octets, before);
}

TEST(Segment, WhatIsChangedInPlaceCorrectsTheChecksumsAround) {
  PacketShape urgent = kMessages;
  urgent.flags = kTcpAck | kTcpUrg;
  for (const TunnelShape& shape : shapes()) {
    Held changed(in_tunnel(shape, inner_for(shape.kind, urgent)));
    clear_urgent(changed.frame, changed.layers);
    EXPECT_EQ(tcp_header(changed.frame, changed.layers).flags & kTcpUrg, 0);
    overwrite(changed.frame, changed.layers, 4, as_bytes("TWO"));
    mark(changed.frame, changed.layers, 10);
    EXPECT_EQ(text_of(changed.frame), "one TWO three");
    EXPECT_EQ(outer_problems(changed.frame, true), std::vector<std::string>()) << traits_of(shape.kind).name;
  }
}

}  // namespace
}  // namespace telefence
