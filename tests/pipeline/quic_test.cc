// SPDX-License-Identifier: Apache-2.0
// QUIC connections on their way: what is refused is dropped to its end, and nothing else is touched.
#include <gtest/gtest.h>

#include "enforce/tunnelled.h"
#include "filter.h"
#include "pipeline/worker.h"
#include "quic_payloads.h"

namespace telefence {
namespace {

using namespace testing;

constexpr std::uint64_t kSecond = 1'000'000'000;
const Octets kFirstId{1, 2, 3, 4, 5, 6, 7, 8};
const Octets kServerId{0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5};

std::vector<std::uint8_t> with_header_checksum(std::vector<std::uint8_t> bytes) {
  bytes[14 + 10] = bytes[14 + 11] = 0;
  const std::uint16_t sum = checksum_of(word_sum(Bytes(bytes).subspan(14, 20)));
  bytes[14 + 10] = static_cast<std::uint8_t>(sum >> 8);
  bytes[14 + 11] = static_cast<std::uint8_t>(sum);
  return bytes;
}

std::uint64_t evasions(const Filter& filter, EvasionKind kind) { return filter.stats().evasions[static_cast<std::size_t>(kind)].read(); }

std::vector<std::uint8_t> with_hops(std::vector<std::uint8_t> bytes, std::uint8_t hops) {
  bytes[14 + 8] = hops;
  return with_header_checksum(std::move(bytes));
}

class Quic : public ::testing::Test {
 protected:
  void SetUp() override {
    filter.block([](MatchSetBuilder& b) {
      Filter::block_domain(b, "evil.example");
      Filter::block_domain(b, "closed.example", "answer");
    });
  }
  void TearDown() override {
    std::uint64_t sum = 0;
    for (const Counter& fate : filter.stats().fates) sum += fate.read();
    EXPECT_EQ(sum, filter.stats().received.read());
    EXPECT_EQ(filter.free_buffers(), Filter::kBuffers);
  }
  // Each in a burst of its own.
  void send(const Octets& datagram, std::uint16_t from = 40000) {
    give(datagram, from);
    filter.run();
  }
  void give(const Octets& datagram, std::uint16_t from = 40000) { filter.access.give(quic_frame(datagram, from), now_ns); }
  std::size_t forwarded() const { return filter.core.sent().size(); }
  std::uint64_t interceptions() const { return filter.ring.pushed(); }
  std::uint64_t repeats() const { return filter.stats().repeats[protocol_index("quic")].read(); }
  std::uint64_t messages() const { return filter.stats().messages[protocol_index("quic")].read(); }
  std::uint64_t seen(FlowMemory::Sight sight) const {
    return filter.stats().datagrams.sights[static_cast<std::size_t>(sight)].read();
  }

  Filter filter;
  std::uint64_t now_ns = 1'700'000'000 * kSecond;
};

TEST_F(Quic, ABlockedHelloIsDroppedAndAnInnocentOneUntouched) {
  const Octets good = quic_whole(quic_hello("good.example"));
  send(quic_whole(quic_hello("www.evil.example")));
  send(good, 40001);
  ASSERT_EQ(forwarded(), 1u);
  EXPECT_EQ(filter.core.sent()[0], quic_frame(good, 40001));
  EXPECT_EQ(filter.access.sent().size(), 0u) << "nothing is said";
  EXPECT_EQ(filter.fate(Fate::kDroppedByVerdict), 1u);
  EXPECT_EQ(filter.fate(Fate::kForwardedInspected), 1u);
  EXPECT_EQ(interceptions(), 1u);
}

TEST_F(Quic, TheDatagramThatCompletesTheNameIsDroppedAndAllLaterOnes) {
  const Octets hello = long_quic_hello("evil.example");
  send(quic_part(hello, 0, 1100));
  EXPECT_EQ(forwarded(), 1u) << "nothing is held";
  EXPECT_EQ(filter.fate(Fate::kForwardedNeedMore), 1u);
  send(quic_part(hello, 1100, hello.size(), {.number = 1}));
  EXPECT_EQ(filter.fate(Fate::kDroppedByVerdict), 1u);
  // What a client sends that gets no answer, or one from the server to the first half.
  send(quic_part(hello, 0, 1100, {.number = 2}));
  send(quic_part(hello, 1100, hello.size(), {.number = 3}));
  send(initial({.number = 4, .frames = {1}}));
  send(quic_part(hello, 1100, hello.size(), {.destination_id = kServerId, .key_id = kFirstId, .number = 5}));
  send(sealed_packet({}, quic::PacketType::kZeroRtt, 1100));
  EXPECT_EQ(forwarded(), 1u);
  EXPECT_EQ(filter.fate(Fate::kDroppedDeadConnection), 5u);
  EXPECT_EQ(interceptions(), 1u);
  EXPECT_EQ(repeats(), 5u);
  EXPECT_EQ(messages(), 1u);
}

TEST_F(Quic, ItIsTheSameWithinOneBurst) {
  const Octets hello = long_quic_hello("evil.example");
  for (std::uint32_t round = 0; round < 3; ++round) {
    give(quic_part(hello, 0, 1100, {.number = 2 * round}));
    give(quic_part(hello, 1100, hello.size(), {.number = 2 * round + 1}));
  }
  filter.run();
  EXPECT_EQ(forwarded(), 0u) << "also the first half, which is still here";
  EXPECT_EQ(filter.fate(Fate::kDroppedByVerdict) + filter.fate(Fate::kDroppedDeadConnection), 6u);
  EXPECT_EQ(interceptions(), 1u);
  EXPECT_EQ(messages(), 1u);
  EXPECT_EQ(repeats(), 4u);
}

TEST_F(Quic, ARetransmittedHelloIsOneInterception) {
  for (std::uint32_t number = 0; number < 5; ++number) {
    send(quic_whole(quic_hello("evil.example"), {.number = number}));
    now_ns += 20 * kSecond;  // each one renews the memory
  }
  EXPECT_EQ(forwarded(), 0u);
  EXPECT_EQ(interceptions(), 1u);
  EXPECT_EQ(repeats(), 4u);
  EXPECT_EQ(messages(), 1u);
}

TEST_F(Quic, AVisitLongAfterIsANewOne) {
  send(quic_whole(quic_hello("evil.example")));
  now_ns += 100 * kSecond;
  send(quic_whole(quic_hello("evil.example"), {.destination_id = Octets(8, 7)}));
  EXPECT_EQ(interceptions(), 2u);
  EXPECT_EQ(forwarded(), 0u);
}

// The first half is answered with a Retry, which makes the client begin again under other keys.
TEST_F(Quic, ARetryIsTheSameVisit) {
  const Octets hello = long_quic_hello("evil.example");
  send(quic_part(hello, 0, 1100));
  send(quic_part(hello, 1100, hello.size(), {.number = 1}));
  const InitialShape retried{.destination_id = Octets(12, 0x51), .token = Octets(40, 3), .number = 2};
  send(quic_part(hello, 0, 1000, retried));
  send(quic_part(hello, 1000, hello.size(), retried));
  send(quic_part(hello, 0, 1000, retried));
  EXPECT_EQ(forwarded(), 2u) << "the first half of each";
  EXPECT_EQ(interceptions(), 1u);
  EXPECT_EQ(messages(), 1u);
}

TEST_F(Quic, AnotherConnectionOfTheSameFlowIsNotTouched) {
  const Octets hello = long_quic_hello("evil.example");
  const InitialShape other{.destination_id = Octets(8, 0x42)};
  send(quic_part(hello, 0, 1100));
  send(quic_whole(quic_hello("good.example"), other));
  send(quic_part(hello, 1100, hello.size(), {.number = 1}));
  send(quic_whole(quic_hello("good.example"), other));
  send(sealed_packet(other, quic::PacketType::kHandshake, 800));
  send(initial({.destination_id = kServerId, .key_id = other.destination_id, .number = 1, .frames = {1}}));
  send(Octets(900, 0x45));  // with a short header: a connection that was refused has none
  EXPECT_EQ(forwarded(), 6u);
  EXPECT_EQ(filter.fate(Fate::kDroppedByVerdict), 1u);
  EXPECT_EQ(filter.fate(Fate::kDroppedDeadConnection), 0u);
}

TEST_F(Quic, WhatDoesNotAuthenticateIsForwardedAndCounted) {
  Octets damaged = quic_whole(quic_hello("evil.example"));
  damaged.back() ^= 1;
  send(damaged);
  send(quic_whole(quic_hello("evil.example"), {.key_id = Octets(8, 0x66)}));
  EXPECT_EQ(forwarded(), 2u);
  EXPECT_EQ(filter.core.sent()[0], quic_frame(damaged));
  EXPECT_EQ(seen(FlowMemory::Sight::kNotOpened), 2u);
  EXPECT_EQ(interceptions(), 0u);
  send(quic_whole(quic_hello("evil.example")));
  EXPECT_EQ(forwarded(), 2u) << "it hid nothing";
}

TEST_F(Quic, OtherVersionsAreCountedAsNotRecognised) {
  Octets other = quic_whole(quic_hello("evil.example"));
  other[4] = 0x77;
  send(other);
  send(octets_of(std::string("\xc3Q046") + std::string(1200, 'x')));
  EXPECT_EQ(filter.fate(Fate::kForwardedNotRecognised), 2u);
}

TEST_F(Quic, IsKnownByItsContentOnAnyPort) {
  filter.access.give(quic_frame(quic_whole(quic_hello("evil.example")), 40000, 50123));
  filter.access.give(quic_frame(quic_whole(quic_hello("evil.example")), 50123, 853));
  filter.run();
  EXPECT_EQ(forwarded(), 0u);
  EXPECT_EQ(interceptions(), 2u);
}

TEST_F(Quic, WhenItIsOffNothingIsRead) {
  filter.turn_off("quic");
  send(quic_whole(quic_hello("evil.example")));
  EXPECT_EQ(forwarded(), 1u);
  EXPECT_EQ(filter.fate(Fate::kForwardedNotInspected), 1u);
}

TEST_F(Quic, TheAnswerCloseComesFromTheServer) {
  const Octets hello = long_quic_hello("closed.example");
  send(quic_part(hello, 0, 1100));
  send(quic_part(hello, 1100, hello.size()));
  send(quic_part(hello, 1100, hello.size()));
  EXPECT_EQ(forwarded(), 1u);
  EXPECT_EQ(filter.fate(Fate::kAnswered), 1u);
  EXPECT_EQ(filter.fate(Fate::kDroppedDeadConnection), 1u);
  ASSERT_EQ(filter.access.sent().size(), 1u);
  auto bytes = filter.access.sent()[0];
  Frame frame;
  frame.data = bytes.data();
  frame.length = static_cast<std::uint32_t>(bytes.size());
  const Layers layers = decode(frame);
  EXPECT_EQ(layers.source_port, 443);
  EXPECT_EQ(layers.destination_port, 40000);
  EXPECT_TRUE(transport_checksum_is_right(frame, layers));
  quic::LongHeader header;
  ASSERT_EQ(quic::read_long_header(payload_of(std::as_const(frame), layers), header), quic::HeaderFound::kPacket);
  quic::Protection protection;
  Bytes text;
  EXPECT_TRUE(protection.open(header, quic::KeyMaker().make(*header.version, kFirstId, quic::Side::kServer), text));
  EXPECT_EQ(text[0], 0x1c);
}

TEST_F(Quic, AMonitorSaysWhatItWouldDo) {
  Filter watching(Mode::kMonitor);
  watching.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
  const Octets hello = long_quic_hello("evil.example");
  for (std::uint32_t round = 0; round < 2; ++round) {
    watching.access.give(quic_frame(quic_part(hello, 0, 1100, {.number = round})));
    watching.access.give(quic_frame(quic_part(hello, 1100, hello.size(), {.number = round + 2})));
    watching.run();
  }
  EXPECT_EQ(watching.core.sent().size(), 4u);
  EXPECT_EQ(watching.ring.pushed(), 1u);
}

// A copy for the filter's eyes alone: its receiver will not take it.
TEST_F(Quic, ADatagramThatWillNotArriveDoesNotMislead) {
  const Octets real = long_quic_hello("evil.example");
  const Octets decoy = long_quic_hello("good.example");
  auto bad = quic_frame(quic_part(decoy, 1000, decoy.size(), {.number = 1}));
  bad[14 + 20 + 7] ^= 1;  // its checksum
  const auto low_end = with_hops(quic_frame(quic_part(decoy, 1000, decoy.size(), {.number = 1})), 3);
  const auto low_start = with_hops(quic_frame(quic_part(decoy, 0, 1400, {.number = 1})), 3);
  for (const auto& fake : {bad, low_end}) {
    Filter fresh;
    fresh.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
    fresh.access.give(quic_frame(quic_part(real, 0, 1100)));
    fresh.access.give(fake);
    fresh.run();
    fresh.access.give(quic_frame(quic_part(real, 1100, real.size(), {.number = 2})));
    fresh.run();
    EXPECT_EQ(fresh.fate(Fate::kDroppedByVerdict), 1u);
    EXPECT_EQ(evasions(fresh, EvasionKind::kBadChecksum) + evasions(fresh, EvasionKind::kFewHops), 1u);
  }
  filter.access.give(low_start);
  filter.access.give(quic_frame(quic_part(real, 0, 1100)));
  filter.access.give(quic_frame(quic_part(real, 1100, real.size(), {.number = 2})));
  filter.run();
  EXPECT_EQ(filter.fate(Fate::kDroppedByVerdict), 1u);
}

// Whether a datagram arrives is not known from its hops: both parts are read, whichever has fewer.
TEST_F(Quic, PartsWithOtherHopsArePutTogetherAndCounted) {
  const Octets hello = long_quic_hello("evil.example");
  std::uint16_t from = 40000;
  for (const auto& [first, second] : {std::pair<std::uint8_t, std::uint8_t>{60, 64}, {64, 60}, {3, 64}, {64, 3}, {62, 64}}) {
    filter.access.give(with_hops(quic_frame(quic_part(hello, 0, 1100), ++from), first));
    filter.run();
    filter.access.give(with_hops(quic_frame(quic_part(hello, 1100, hello.size(), {.number = 1}), from), second));
    filter.run();
    EXPECT_EQ(filter.fate(Fate::kDroppedByVerdict), from - 40000u) << int{first} << " and " << int{second};
  }
  EXPECT_EQ(evasions(filter, EvasionKind::kFewHops), 4u) << "not for two hops";
}

// What the few hops told stands until others contradict it, in whatever order they come.
TEST_F(Quic, OfContradictingPartsTheOnesWithMoreHopsCount) {
  const Octets real = long_quic_hello("evil.example");
  const Octets decoy = long_quic_hello("good.example");
  const auto decoy_end = with_hops(quic_frame(quic_part(decoy, 1100, decoy.size(), {.number = 1})), 60);
  const auto start = with_hops(quic_frame(quic_part(real, 0, 1100)), 64);
  const auto end = with_hops(quic_frame(quic_part(real, 1100, real.size(), {.number = 2})), 64);
  for (const auto& order : {std::vector{start, decoy_end, end}, std::vector{decoy_end, start, end}, std::vector{decoy_end, end, start}}) {
    Filter fresh;
    fresh.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
    for (const auto& frame : order) {
      fresh.access.give(frame);
      fresh.run();
    }
    EXPECT_EQ(fresh.fate(Fate::kDroppedByVerdict), 1u);
    EXPECT_GE(evasions(fresh, EvasionKind::kFewHops), 1u);
  }
}

// RFC 9000, A.3: only the end of a number is sent.
TEST_F(Quic, NumbersGoOnWhereTheLastOneStood) {
  const Octets hello = long_quic_hello("evil.example");
  send(quic_part(hello, 0, 1100, {.number = 0x1ff, .number_bytes = 2}));
  send(quic_part(hello, 1100, hello.size(), {.number = 0x200, .number_bytes = 1}));
  EXPECT_EQ(filter.fate(Fate::kDroppedByVerdict), 1u);
  send(quic_part(hello, 1100, hello.size(), {.destination_id = kServerId, .key_id = kFirstId, .number = 0x201, .number_bytes = 1}));
  EXPECT_EQ(filter.fate(Fate::kDroppedDeadConnection), 1u) << "also of a refused connection";
  // A packet that says nothing new counts, too.
  send(quic_part(hello, 0, 1100, {.number = 1}), 40001);
  send(initial({.number = 0x4000, .number_bytes = 2, .frames = {1}}), 40001);
  send(quic_part(hello, 1100, hello.size(), {.number = 0x4001, .number_bytes = 1}), 40001);
  EXPECT_EQ(filter.fate(Fate::kDroppedByVerdict), 2u);
  // Within one datagram.
  const Octets two = quic_hello("evil.example");
  Octets datagram = quic_part(two, 0, 40, {.number = 0x1ff, .number_bytes = 2, .size = 0});
  append(datagram, quic_part(two, 40, two.size(), {.number = 0x200, .number_bytes = 1}));
  send(datagram, 40002);
  EXPECT_EQ(filter.fate(Fate::kDroppedByVerdict), 3u);
}

TEST_F(Quic, PartsMayBeAMinuteApart) {
  const Octets hello = long_quic_hello("evil.example");
  send(quic_part(hello, 0, 1100));
  now_ns += 59 * kSecond;
  send(quic_part(hello, 1100, hello.size(), {.number = 1}));
  EXPECT_EQ(filter.fate(Fate::kDroppedByVerdict), 1u);
}

TEST_F(Quic, ManyConnectionsOfOneFlowAreCounted) {
  const Octets hello = long_quic_hello("evil.example");
  for (std::uint8_t i = 0; i < 16; ++i) send(quic_part(hello, 0, 1100, {.destination_id = Octets(8, i)}));
  EXPECT_EQ(evasions(filter, EvasionKind::kCrowdedFlow), 0u);
  send(quic_part(hello, 1100, hello.size(), {.destination_id = kServerId, .key_id = Octets(8, 0), .number = 1}));
  EXPECT_EQ(filter.fate(Fate::kDroppedByVerdict), 1u) << "the oldest is tried, too";
  for (std::uint8_t i = 20; i < 22; ++i) send(quic_part(hello, 0, 1100, {.destination_id = Octets(8, i)}));
  EXPECT_EQ(evasions(filter, EvasionKind::kCrowdedFlow), 1u);
}

TEST_F(Quic, PacketsThatDoNotOpenHideNoneBehindThem) {
  const Octets hello = quic_hello("evil.example");
  const auto garbage = [](std::uint8_t id) { return initial({.destination_id = Octets(8, id), .key_id = Octets(8, 0xee), .size = 0}); };
  std::uint64_t refused = 0;
  for (const bool same_id : {true, false}) {
    for (const std::uint8_t count : {std::uint8_t{1}, std::uint8_t{16}, std::uint8_t{17}, std::uint8_t{25}}) {
      Octets datagram;
      for (std::uint8_t i = 0; i < count; ++i) append(datagram, same_id ? initial({.key_id = Octets(8, 0xee), .size = 0}) : garbage(i));
      append(datagram, quic_whole(hello));
      send(datagram, static_cast<std::uint16_t>(41000 + count + 100 * same_id));
      EXPECT_EQ(filter.fate(Fate::kDroppedByVerdict), ++refused) << int{count};
    }
  }
  EXPECT_EQ(evasions(filter, EvasionKind::kUntriedPackets), 1u) << "of twenty-six ids";
}

// Receivers know keys of the first id alone, and some do not mind another behind it.
TEST_F(Quic, AnotherIdBehindTheFirstHidesNothing) {
  const Octets hello = quic_hello("evil.example");
  for (const bool opens : {true, false}) {
    Octets datagram = initial({.key_id = opens ? Octets() : Octets(8, 0xee), .frames = {1}, .size = 0});
    append(datagram, quic_whole(hello, {.destination_id = Octets(8, 0x44), .key_id = kFirstId, .number = 1}));
    send(datagram, static_cast<std::uint16_t>(42000 + opens));
  }
  EXPECT_EQ(filter.fate(Fate::kDroppedByVerdict), 2u);
}

TEST_F(Quic, InconsistentBytesCount) {
  const Octets real = long_quic_hello("evil.example");
  const Octets decoy = long_quic_hello("good.example");
  send(quic_part(real, 0, 1100));
  send(quic_part(real, 1200, real.size(), {.number = 1}));
  send(quic_part(decoy, 1100, decoy.size(), {.number = 2}));
  EXPECT_EQ(filter.stats().inconsistent_copies.read(), 1u);
  EXPECT_EQ(filter.fate(Fate::kDroppedByVerdict), 1u);
}

TEST_F(Quic, AFloodOfBeginningsFromOneSenderPushesOutNobodyElse) {
  const Octets hello = long_quic_hello("evil.example");
  std::vector<std::uint8_t> first = quic_frame(quic_part(hello, 0, 1100));
  std::vector<std::uint8_t> second = quic_frame(quic_part(hello, 1100, hello.size()));
  // The same packets from other senders: the addresses are no part of the seal.
  const auto from = [](std::vector<std::uint8_t> bytes, std::uint8_t host, std::uint16_t port) {
    bytes[14 + 15] = host;
    bytes[14 + 20] = static_cast<std::uint8_t>(port >> 8);
    bytes[14 + 21] = static_cast<std::uint8_t>(port);
    bytes[14 + 20 + 6] = bytes[14 + 20 + 7] = 0;  // no checksum over IPv4
    return with_header_checksum(std::move(bytes));
  };
  constexpr std::uint8_t kHonest = 100;
  for (std::uint8_t i = 0; i < kHonest; ++i) filter.access.give(from(first, i, 40000));
  filter.run();
  for (std::uint32_t i = 0; i < 40'000; ++i) {
    filter.access.give(from(first, 200, static_cast<std::uint16_t>(i + 1024)));
    if (i % 64 == 0) filter.run();
    filter.core.forget();
  }
  filter.run();
  for (std::uint8_t i = 0; i < kHonest; ++i) filter.access.give(from(second, i, 40000));
  filter.run();
  // Eight of 1024 sets are the flooder's.
  EXPECT_GE(filter.fate(Fate::kDroppedByVerdict), kHonest - 10u);
  EXPECT_GT(filter.stats().datagrams.evicted.read(), 39'000u);
}

// Two networks may use the same addresses.
TEST_F(Quic, InATunnelAConnectionIsThatTunnelsAlone) {
  const Octets hello = long_quic_hello("evil.example");
  const auto give_in = [&](std::uint32_t tunnel, const Octets& datagram) {
    const auto packet = inner_packet({.transport = Transport::kUdp, .destination_port = 443, .payload = as_text(datagram)});
    filter.access.give(in_tunnel({.kind = TunnelKind::kVxlan, .id = tunnel}, packet), now_ns);
    filter.run();
  };
  give_in(1, quic_part(hello, 0, 1100));
  give_in(2, quic_part(hello, 1100, hello.size(), {.number = 1}));
  EXPECT_EQ(filter.fate(Fate::kForwardedNeedMore), 2u);
  give_in(1, quic_part(hello, 1100, hello.size(), {.number = 1}));
  give_in(1, quic_part(hello, 0, 1100, {.number = 2}));
  EXPECT_EQ(filter.fate(Fate::kDroppedByVerdict), 1u);
  EXPECT_EQ(filter.fate(Fate::kDroppedDeadConnection), 1u);
  EXPECT_EQ(forwarded(), 2u);
}

// What was kept of a connection may have to make room for another one that stands in front of it in the same datagram.
TEST_F(Quic, OneThatGivesWayWhileItsDatagramIsReadIsNotPutTogether) {
  const Octets hello = long_quic_hello("evil.example");
  const auto id = [](std::uint8_t number) { return Octets{1, 2, 3, 4, 5, 6, 7, number}; };
  for (std::uint8_t i = 0; i < ConnectionTable::kWays; ++i) {
    send(quic_part(hello, 0, 1100, {.destination_id = id(i)}));
    now_ns += 1000;
  }
  Octets datagram = initial({.destination_id = id(100), .frames = crypto_frame(0, Bytes(hello).first(100)), .size = 0});
  append(datagram, quic_part(hello, 1100, hello.size(), {.destination_id = id(0), .number = 1}));
  send(datagram);
  EXPECT_EQ(forwarded(), ConnectionTable::kWays + 1);
  EXPECT_EQ(filter.stats().datagrams.evicted.read(), 2u) << "the oldest, and the one after it for what came of the oldest";
  send(quic_part(hello, 0, 1100, {.destination_id = id(0), .number = 2}));
  EXPECT_EQ(filter.fate(Fate::kDroppedByVerdict), 1u) << "what is sent again completes it";
}

}  // namespace
}  // namespace telefence
