// SPDX-License-Identifier: Apache-2.0
#include "track/session_table.h"

#include "track/recent_filter.h"
#include "track/session_clock.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace telefence {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kNow = 1000 * kSecond;

// A frame that starts with an IPv4 header and has the given ports and payload; only what SessionTable looks at is filled.
struct Packet {
  std::vector<std::uint8_t> bytes;
  Frame frame;
  Layers layers;

  Packet(Transport transport, std::uint8_t from, std::uint16_t from_port, std::uint8_t to, std::uint16_t to_port,
         std::vector<std::uint8_t> payload, std::uint32_t sequence = 0, std::uint8_t flags = kTcpAck,
         std::uint32_t acknowledgement = 0) {
    const bool tcp = transport == Transport::kTcp;
    const std::uint32_t head = 20 + (tcp ? 20u : 8u);
    bytes.assign(head, 0);
    bytes[0] = 0x45;
    bytes[12] = 10, bytes[15] = from;
    bytes[16] = 10, bytes[19] = to;
    if (tcp) {
      for (int i = 0; i < 4; ++i) {
        bytes[static_cast<std::size_t>(24 + i)] = static_cast<std::uint8_t>(sequence >> (24 - 8 * i));
        bytes[static_cast<std::size_t>(28 + i)] = static_cast<std::uint8_t>(acknowledgement >> (24 - 8 * i));
      }
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

TEST(SessionTable, TagsAndWiresAreApart) {
  SessionTable table(random_secret());
  Packet packet(Transport::kTcp, 1, 1000, 2, 80, {});
  const std::uint64_t plain = table.key_of(packet.frame, packet.layers).both;
  packet.layers.inner_vlan = 7;
  const std::uint64_t tagged = table.key_of(packet.frame, packet.layers).both;
  packet.layers.inner_vlan = 0;
  packet.frame.wire = 1;
  const std::uint64_t elsewhere = table.key_of(packet.frame, packet.layers).both;
  EXPECT_NE(plain, tagged);
  EXPECT_NE(plain, elsewhere);
}

TEST(SessionTable, SameDatagramIsSeenOnceAndAnotherOneAnew) {
  SessionTable table(random_secret());
  Packet query(Transport::kUdp, 1, 5000, 2, 53, {1, 2, 3, 4, 5, 6, 7, 8, 9});
  Packet other(Transport::kUdp, 1, 5000, 2, 53, {9, 2, 3, 4, 5, 6, 7, 8, 9});
  const auto first = [&](const Packet& packet, std::uint16_t ordinal, std::uint64_t now) {
    return table.first_sight(table.key_of(packet.frame, packet.layers), Transport::kUdp,
                             {{0, 9}, ordinal, payload_of(packet.frame, packet.layers), 0}, now);
  };
  EXPECT_TRUE(first(query, 0, kNow));
  EXPECT_FALSE(first(query, 0, kNow));
  EXPECT_TRUE(first(query, 1, kNow)) << "a second question of the same message is another event";
  EXPECT_TRUE(first(other, 0, kNow));
  EXPECT_TRUE(first(query, 0, kNow + 33 * kSecond)) << "after the retransmission time it is a new message";
}

TEST(SessionTable, SegmentIsKnownByItsSequenceNumbersNotItsBytes) {
  SessionTable table(random_secret());
  Packet one(Transport::kTcp, 1, 5000, 2, 2775, std::vector<std::uint8_t>(40, 7), 100);
  Packet next(Transport::kTcp, 1, 5000, 2, 2775, std::vector<std::uint8_t>(40, 7), 140);
  const auto first = [&](const Packet& packet) {
    const std::uint32_t sequence = tcp_header(packet.frame, packet.layers).sequence;
    return table.first_sight(table.key_of(packet.frame, packet.layers), Transport::kTcp,
                             {{0, 40}, 0, payload_of(packet.frame, packet.layers), sequence}, kNow);
  };
  EXPECT_TRUE(first(one));
  EXPECT_TRUE(first(next)) << "the same text sent twice is two messages";
  EXPECT_FALSE(first(one));
}

Packet from_client(std::uint32_t sequence, std::size_t bytes, std::uint8_t flags = kTcpAck) {
  return {Transport::kTcp, 1, 1000, 2, 80, std::vector<std::uint8_t>(bytes, 1), sequence, flags, 9000};
}
Packet from_server(std::uint32_t sequence) { return {Transport::kTcp, 2, 80, 1, 1000, {1, 2, 3}, sequence}; }

TEST(SessionTable, ClosedConnectionIsClosedBothWaysUntilANewOneOpens) {
  SessionTable table(random_secret());
  const auto closed = [&](const Packet& packet) {
    Ending ending{};
    return table.closed(packet.frame, packet.layers, table.key_of(packet.frame, packet.layers), kNow, ending);
  };
  const Packet judged = from_client(500, 100);
  EXPECT_FALSE(table.any_closed(kNow));
  EXPECT_EQ(closed(judged), Closed::kNo);
  table.close(table.key_of(judged.frame, judged.layers), {500, 100, 9000, Ending::kReset}, kNow);
  EXPECT_TRUE(table.any_closed(kNow));
  EXPECT_EQ(closed(judged), Closed::kJudgedAgain);
  EXPECT_EQ(closed(from_client(500, 40)), Closed::kJudgedAgain) << "cut differently";
  EXPECT_EQ(closed(from_client(480, 60)), Closed::kJudgedAgain);
  EXPECT_EQ(closed(from_client(599, 60)), Closed::kJudgedAgain) << "any of its bytes";
  EXPECT_EQ(closed(from_client(480, 20)), Closed::kFromSender);
  EXPECT_EQ(closed(from_client(600, 10)), Closed::kFromSender);
  EXPECT_EQ(closed(from_client(500, 0)), Closed::kFromSender);
  EXPECT_EQ(closed(from_server(9000)), Closed::kFromReceiver);
  EXPECT_EQ(closed(from_client(77, 0, kTcpSyn)), Closed::kNo);
  EXPECT_EQ(closed(from_client(600, 10)), Closed::kNo) << "a new connection on the same ports";
}

TEST(SessionTable, AForgedSegmentElsewhereClosesNothing) {
  SessionTable table(random_secret());
  const Packet forged = from_client(500, 100);
  table.close(table.key_of(forged.frame, forged.layers), {500, 100, 9000, Ending::kReset}, kNow);
  const Packet real = from_client(0x80000000, 100);
  Ending ending{};
  EXPECT_EQ(table.closed(real.frame, real.layers, table.key_of(real.frame, real.layers), kNow, ending), Closed::kNo);
  const Packet answer = from_server(0x70000000);
  EXPECT_EQ(table.closed(answer.frame, answer.layers, table.key_of(answer.frame, answer.layers), kNow, ending), Closed::kNo);
}

class Refusals : public testing::Test {
 protected:
  FlowKey there() { return table.key_of(request.frame, request.layers); }
  FlowKey back() { return table.key_of(response.frame, response.layers); }
  const std::uint32_t* code(std::uint32_t number, std::uint32_t sequence, std::uint64_t now = kNow) {
    return table.refusal_for(back(), number, sequence, now);
  }
  SessionTable table{random_secret()};
  Packet request{Transport::kTcp, 1, 1000, 2, 2775, {}};
  Packet response{Transport::kTcp, 2, 2775, 1, 1000, {}};
};

TEST_F(Refusals, AResponseOfItsOwnDirectionAndNumberOnly) {
  table.expect_response(there(), 17, 0x45, false, kNow);
  ASSERT_NE(code(17, 900), nullptr);
  EXPECT_EQ(*code(17, 900), 0x45u);
  EXPECT_NE(code(17, 900), nullptr) << "a retransmitted response is restated again";
  EXPECT_EQ(code(18, 900), nullptr);
  // The other side's own request 17 gets its response in the other direction, untouched.
  EXPECT_EQ(table.refusal_for(there(), 17, 900, kNow), nullptr);
  EXPECT_EQ(code(17, 900, kNow + 301 * kSecond), nullptr);
}

TEST_F(Refusals, ANumberUsedAgainIsAnotherMessage) {
  table.expect_response(there(), 17, 0x45, false, kNow);
  ASSERT_NE(code(17, 900), nullptr);
  EXPECT_EQ(code(17, 5000), nullptr) << "a later response under the same number";
  table.expect_response(there(), 17, 0x45, true, kNow);
  EXPECT_EQ(code(17, 5000), nullptr) << "the refused request repeated is still the old one";
  EXPECT_NE(code(17, 900), nullptr);
  table.expect_response(there(), 17, 0x0b, false, kNow);
  ASSERT_NE(code(17, 7000), nullptr) << "another refused request under that number";
  EXPECT_EQ(*code(17, 7000), 0x0bu);
  table.forget_response(there(), 17, kNow);
  EXPECT_EQ(code(17, 7000), nullptr) << "an innocent request under that number";
}

TEST_F(Refusals, ANewConnectionStartsItsNumbersAgain) {
  table.expect_response(there(), 1, 0x45, false, kNow);
  EXPECT_TRUE(table.any_pending(kNow));
  table.forget_responses(there(), kNow);
  EXPECT_EQ(code(1, 900), nullptr);
  table.expect_response(there(), 1, 0x45, false, kNow);
  EXPECT_NE(code(1, 900), nullptr);
}

TEST(SessionClock, NeverGoesBackAndNeverLeaps) {
  SessionClock clock;
  const std::uint64_t start = clock.advance(1000 * kSecond);
  EXPECT_EQ(clock.advance(1001 * kSecond), start + kSecond);
  EXPECT_EQ(clock.advance(1 * kSecond), start + kSecond) << "set back: time stands still for one frame";
  EXPECT_EQ(clock.advance(3 * kSecond), start + 3 * kSecond) << "and then goes on";
  EXPECT_LE(clock.advance(100000 * kSecond), start + 3 * kSecond + 600 * kSecond);
}

TEST(RecentFilter, HoldsAKeyForASpanAndForgetsItAfterTwo) {
  const auto filter = std::make_unique<RecentFilter>(60 * kSecond);
  EXPECT_FALSE(filter->may_hold(42, kNow));
  filter->put(42, kNow);
  for (std::uint64_t later = 0; later <= 60; ++later) EXPECT_TRUE(filter->may_hold(42, kNow + later * kSecond)) << later;
  EXPECT_FALSE(filter->may_hold(42, kNow + 121 * kSecond));
  filter->put(43, kNow + 200 * kSecond);
  EXPECT_FALSE(filter->may_hold(43, kNow + 900 * kSecond)) << "after a long silence, too";
}

}  // namespace
}  // namespace telefence
