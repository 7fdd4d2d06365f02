// SPDX-License-Identifier: Apache-2.0
#include "track/session_table.h"

#include <gtest/gtest.h>

#include <vector>

namespace telefence {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

// A frame that starts with an IPv4 header and has the given ports and payload; only what SessionTable looks at is filled.
struct Packet {
  std::vector<std::uint8_t> bytes;
  Frame frame;
  Layers layers;

  Packet(Transport transport, std::uint8_t from, std::uint16_t from_port, std::uint8_t to, std::uint16_t to_port,
         std::vector<std::uint8_t> payload, std::uint32_t sequence = 0, std::uint8_t flags = kTcpAck) {
    const bool tcp = transport == Transport::kTcp;
    const std::uint32_t head = 20 + (tcp ? 20u : 8u);
    bytes.assign(head, 0);
    bytes[0] = 0x45;
    bytes[12] = 10, bytes[15] = from;
    bytes[16] = 10, bytes[19] = to;
    if (tcp) {
      for (int i = 0; i < 4; ++i)
        bytes[static_cast<std::size_t>(24 + i)] = static_cast<std::uint8_t>(sequence >> (24 - 8 * i));
      bytes[32] = 5 << 4;
      bytes[33] = flags;
    }
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    layers.transport = transport;
    layers.ip_version = 4;
    layers.ip_protocol = tcp ? 6 : 17;
    layers.transport_at = 20;
    layers.payload = head;
    layers.payload_length = static_cast<std::uint32_t>(payload.size());
    layers.source_port = from_port;
    layers.destination_port = to_port;
    frame.data = bytes.data();
    frame.length = static_cast<std::uint32_t>(bytes.size());
    frame.time_ns = 1000 * kSecond;
  }
};

TEST(SessionTable, KeyOfBothDirectionsIsOneAndTheSame) {
  SessionTable table(random_secret());
  Packet there(Transport::kTcp, 1, 1000, 2, 80, {});
  Packet back(Transport::kTcp, 2, 80, 1, 1000, {});
  Packet other(Transport::kTcp, 1, 80, 2, 1000, {});
  const FlowKey a = table.key_of(there.frame, there.layers);
  const FlowKey b = table.key_of(back.frame, back.layers);
  const FlowKey c = table.key_of(other.frame, other.layers);
  EXPECT_EQ(a.both, b.both);
  EXPECT_EQ(a.forward, b.reverse);
  EXPECT_EQ(a.reverse, b.forward);
  EXPECT_NE(a.forward, a.reverse);
  EXPECT_NE(a.both, c.both);
}

TEST(SessionTable, SameDatagramIsSeenOnceAndAnotherOneAnew) {
  SessionTable table(random_secret());
  Packet query(Transport::kUdp, 1, 5000, 2, 53, {1, 2, 3, 4, 5, 6, 7, 8, 9});
  Packet other(Transport::kUdp, 1, 5000, 2, 53, {9, 2, 3, 4, 5, 6, 7, 8, 9});
  EXPECT_TRUE(table.first_sight(query.frame, query.layers, {0, 9}));
  EXPECT_FALSE(table.first_sight(query.frame, query.layers, {0, 9}));
  EXPECT_TRUE(table.first_sight(other.frame, other.layers, {0, 9}));
  query.frame.time_ns += 33 * kSecond;
  EXPECT_TRUE(table.first_sight(query.frame, query.layers, {0, 9})) << "after the retransmission time it is a new message";
}

TEST(SessionTable, SegmentIsKnownByItsSequenceNumbersNotItsBytes) {
  SessionTable table(random_secret());
  Packet first(Transport::kTcp, 1, 5000, 2, 2775, std::vector<std::uint8_t>(40, 7), 100);
  Packet next(Transport::kTcp, 1, 5000, 2, 2775, std::vector<std::uint8_t>(40, 7), 140);
  EXPECT_TRUE(table.first_sight(first.frame, first.layers, {0, 40}));
  EXPECT_TRUE(table.first_sight(next.frame, next.layers, {0, 40})) << "the same text sent twice is two messages";
  EXPECT_FALSE(table.first_sight(first.frame, first.layers, {0, 40}));
}

TEST(SessionTable, ClosedConnectionIsClosedBothWaysUntilANewOneOpens) {
  SessionTable table(random_secret());
  Packet there(Transport::kTcp, 1, 1000, 2, 80, {});
  Packet back(Transport::kTcp, 2, 80, 1, 1000, {});
  const std::uint64_t now = there.frame.time_ns;
  EXPECT_FALSE(table.any_closed(now));
  table.close(table.key_of(there.frame, there.layers), now);
  EXPECT_TRUE(table.any_closed(now));
  EXPECT_TRUE(table.is_closed(table.key_of(back.frame, back.layers), now));
  table.reopen(table.key_of(there.frame, there.layers), now);
  EXPECT_FALSE(table.is_closed(table.key_of(back.frame, back.layers), now));
}

TEST(SessionTable, RefusalWaitsForTheResponseOfItsOwnDirectionOnly) {
  SessionTable table(random_secret());
  Packet request(Transport::kTcp, 1, 1000, 2, 2775, {});
  Packet response(Transport::kTcp, 2, 2775, 1, 1000, {});
  const std::uint64_t now = request.frame.time_ns;
  table.expect_response(table.key_of(request.frame, request.layers), 17, 0x45, now);
  const FlowKey back = table.key_of(response.frame, response.layers);
  ASSERT_NE(table.refusal_for(back, 17, now), nullptr);
  EXPECT_EQ(*table.refusal_for(back, 17, now), 0x45u);
  EXPECT_NE(table.refusal_for(back, 17, now), nullptr) << "a retransmitted response is restated again";
  EXPECT_EQ(table.refusal_for(back, 18, now), nullptr);
  // The other side's own request 17 gets its response in the other direction, untouched.
  EXPECT_EQ(table.refusal_for(table.key_of(request.frame, request.layers), 17, now), nullptr);
  EXPECT_EQ(table.refusal_for(back, 17, now + 301 * kSecond), nullptr);
}

}  // namespace
}  // namespace telefence
