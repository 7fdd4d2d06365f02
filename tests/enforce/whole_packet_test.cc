// SPDX-License-Identifier: Apache-2.0
// A packet in one piece again, made of one of its fragments and of what all of them carry.
#include "enforce/whole_packet.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "../pipeline/fuzz_fragments.h"
#include "tunnelled.h"

namespace telefence {
namespace {

using namespace testing;

Octets frame_of(const PacketShape& shape) {
  const Packet packet(shape);
  return Octets(packet.frame.data, packet.frame.data + packet.frame.length);
}

// However it is cut, it comes out sound and with the same payload.
void expect_whole_again(const Octets& frame) {
  const Held whole(frame);
  for (const FragmentPart& one : cut_in_fragments(frame, whole.layers, 16, 0x1234)) {
    const Held part(one.bytes);
    ASSERT_EQ(part.layers.end, DecodeEnd::kFragment);
    const Bytes payload = whole.frame.bytes().subspan(whole.layers.transport_at, whole.layers.network_end - whole.layers.transport_at);
    Octets room(2 * frame.size());
    const std::size_t size = write_whole_packet(part.frame, part.layers, whole.layers.ip_protocol, payload, room);
    room.resize(size);
    const Held made(room);
    const bool has_fragment_header = whole.layers.ip_version == 6;
    ASSERT_EQ(size, frame.size() + (has_fragment_header ? 8 : 0));
    ASSERT_TRUE(std::equal(room.begin() + made.layers.transport_at, room.end(), frame.begin() + whole.layers.transport_at));
    EXPECT_EQ(made.layers.end, DecodeEnd::kPayload);
    EXPECT_EQ(made.layers.tunnels, whole.layers.tunnels);
    EXPECT_EQ(outer_problems(made.frame, true), std::vector<std::string>());
    Octets too_small(size - 1);
    EXPECT_EQ(write_whole_packet(part.frame, part.layers, whole.layers.ip_protocol, payload, too_small), 0u);
  }
}

TEST(WholePacket, IsWhatWasCut) {
  const std::string payload(100, 'x');
  for (const bool ipv6 : {false, true})
    for (const bool vlan : {false, true})
      for (const Transport transport : {Transport::kUdp, Transport::kTcp})
        expect_whole_again(frame_of({.ipv6 = ipv6, .vlan = vlan, .transport = transport, .payload = payload}));
}

TEST(WholePacket, IsWhatWasCutInsideOfTunnels) {
  const std::string payload(100, 'x');
  for (std::size_t kind = 1; kind < kTunnelKindCount; ++kind)
    for (const bool ipv6 : {false, true})
      for (const bool outer_ipv6 : {false, true})
        expect_whole_again(in_tunnel({.kind = static_cast<TunnelKind>(kind), .outer_ipv6 = outer_ipv6}, inner_for(static_cast<TunnelKind>(kind), {.ipv6 = ipv6, .payload = payload})));
}

TEST(WholePacket, NoPacketIsLongerThanItsLengthCanSay) {
  const Octets frame = frame_of({.transport = Transport::kUdp, .payload = "0123456789012345678901234567890"});
  const Held whole(frame);
  const Held part(cut_in_fragments(frame, whole.layers, 16, 1)[0].bytes);
  const Octets payload(65535);
  Octets room(70000);
  EXPECT_EQ(write_whole_packet(part.frame, part.layers, 17, Bytes(payload).first(65535 - 20), room), 14u + 65535);
  EXPECT_EQ(write_whole_packet(part.frame, part.layers, 17, Bytes(payload).first(65535 - 19), room), 0u);
}

}  // namespace
}  // namespace telefence
