// SPDX-License-Identifier: Apache-2.0
#include "enforce/wrap.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "enforce/packet.h"

namespace telefence {
namespace {

using testing::Packet;
using testing::PacketShape;
using testing::Spare;

TEST(Wrap, UdpReplySwapsEndsAndReadsBackWithRightChecksums) {
  for (const bool ipv6 : {false, true}) {
    for (const bool vlan : {false, true}) {
      Packet judged(PacketShape{.ipv6 = ipv6, .vlan = vlan, .transport = Transport::kUdp, .source_port = 5000,
                                .destination_port = 53, .payload = "query"});
      Spare out;
      ASSERT_TRUE(wrap_udp(judged.frame, judged.layers, Heading::kBack, as_bytes("a longer answer"), out.frame));
      const Layers layers = decode(out.frame);
      ASSERT_EQ(layers.end, DecodeEnd::kPayload);
      EXPECT_EQ(layers.vlan, vlan ? 100 : 0);
      EXPECT_EQ(as_text(payload_of(std::as_const(out.frame), layers)), "a longer answer");
      EXPECT_EQ(layers.source_port, 53);
      EXPECT_EQ(layers.destination_port, 5000);
      EXPECT_EQ(source_address(out.frame, layers), destination_address(judged.frame, judged.layers));
      EXPECT_EQ(destination_address(out.frame, layers), source_address(judged.frame, judged.layers));
      EXPECT_TRUE(std::equal(out.frame.data, out.frame.data + 6, judged.frame.data + 6));
      EXPECT_TRUE(std::equal(out.frame.data + 6, out.frame.data + 12, judged.frame.data));
      EXPECT_TRUE(std::equal(out.frame.data + 12, out.frame.data + layers.network, judged.frame.data + 12));
      EXPECT_TRUE(testing::transport_checksum_is_right(out.frame, layers));
      EXPECT_TRUE(testing::header_checksum_is_right(out.frame, layers));
    }
  }
}

TEST(Wrap, ADatagramThatIsTurnedAroundIsTheOneThatWouldBeMade) {
  for (const bool ipv6 : {false, true}) {
    for (const bool vlan : {false, true}) {
      for (const std::string_view answer : {std::string_view(), std::string_view("no"), std::string_view("a longer answer, of odd length")}) {
        Packet judged(PacketShape{.ipv6 = ipv6, .vlan = vlan, .transport = Transport::kUdp, .source_port = 5000,
                                  .destination_port = 53, .payload = "query"});
        judged.frame.may_lack_checksum = true;
        Spare made;
        ASSERT_TRUE(wrap_udp(judged.frame, judged.layers, Heading::kBack, as_bytes(answer), made.frame));
        ASSERT_TRUE(can_turn_udp(judged.frame, judged.layers));
        const std::uint32_t end = judged.frame.length + judged.frame.tailroom;
        const MutableBytes room = room_to_turn(judged.frame, judged.layers);
        ASSERT_EQ(room.data() + room.size(), judged.frame.data + end);
        std::copy(answer.begin(), answer.end(), room.begin());
        turn_udp(judged.frame, judged.layers, answer.size());
        EXPECT_TRUE(std::ranges::equal(judged.frame.bytes(), made.frame.bytes())) << ipv6 << vlan << answer.size();
        EXPECT_EQ(judged.frame.length + judged.frame.tailroom, end);
        EXPECT_FALSE(judged.frame.may_lack_checksum);
      }
    }
  }
}

TEST(Wrap, OnlyAPlainDatagramCanBeTurnedAround) {
  const PacketShape udp{.transport = Transport::kUdp, .payload = "query"};
  Packet judged(udp);
  EXPECT_TRUE(can_turn_udp(judged.frame, judged.layers));
  Layers with_options = judged.layers;
  with_options.transport_at += 4;
  EXPECT_FALSE(can_turn_udp(judged.frame, with_options));
  Layers in_tunnel = judged.layers;
  in_tunnel.tunnels = 1;
  EXPECT_FALSE(can_turn_udp(judged.frame, in_tunnel));
  judged.frame.truncated = true;
  EXPECT_FALSE(can_turn_udp(judged.frame, judged.layers));
  Packet segment(PacketShape{.payload = "query"});
  EXPECT_FALSE(can_turn_udp(segment.frame, segment.layers));
}

TEST(Wrap, RefusesWhatDoesNotFit) {
  Packet judged(PacketShape{.transport = Transport::kUdp, .payload = "query"});
  Spare out;
  out.frame.tailroom = 40;
  EXPECT_FALSE(wrap_udp(judged.frame, judged.layers, Heading::kBack, as_bytes("too much of it"), out.frame));
  EXPECT_EQ(out.frame.length, 0u);
}

TEST(Wrap, ResetsCarryTheNumbersThatEachEndExpectsNext) {
  Packet judged(PacketShape{.sequence = 0xfffffffe, .acknowledgement = 77, .payload = "hello"});
  const TcpHeader header = tcp_header(judged.frame, judged.layers);
  const TcpFields back = reset_back(header, judged.layers);
  EXPECT_EQ(back.sequence, 77u);
  EXPECT_EQ(back.acknowledgement, 3u) << "wraps";
  const TcpFields onward = reset_onward(header);
  EXPECT_EQ(onward.sequence, 0xfffffffeu);
  EXPECT_EQ(onward.acknowledgement, 77u);
}

TEST(Wrap, OnwardSegmentKeepsTheSendersAddressesAndPorts) {
  Packet judged(PacketShape{.payload = "hello"});
  Spare out;
  const TcpFields fields = reset_onward(tcp_header(judged.frame, judged.layers));
  ASSERT_TRUE(wrap_tcp(judged.frame, judged.layers, Heading::kOnward, fields, {}, out.frame));
  const Layers layers = decode(out.frame);
  EXPECT_EQ(layers.end, DecodeEnd::kNoPayload);
  EXPECT_EQ(layers.source_port, 40000);
  EXPECT_EQ(layers.destination_port, 80);
  EXPECT_EQ(source_address(out.frame, layers), source_address(judged.frame, judged.layers));
  EXPECT_EQ(out.frame.data[0], judged.frame.data[0]);
  EXPECT_EQ(tcp_header(out.frame, layers).flags, kTcpRst | kTcpAck);
  EXPECT_TRUE(testing::transport_checksum_is_right(out.frame, layers));
}

}  // namespace
}  // namespace telefence
