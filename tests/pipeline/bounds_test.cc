// SPDX-License-Identifier: Apache-2.0
// Every bound of what a worker remembers and holds, each reached alone: what is beyond it goes on as it came and is counted by name,
// packets add up, and what is not beyond it is judged as ever.
#include <gtest/gtest.h>

#include "enforce/tunnelled.h"
#include "filter.h"
#include "payloads.h"
#include "pipeline/worker.h"
#include "quic_payloads.h"
#include "session_ends.h"
#include "ways.h"

namespace telefence {
namespace {

using namespace testing;

constexpr std::uint64_t kStart = 1'700'000'000'000'000'000;

std::string innocent(std::uint32_t number) { return submit_sm(number, "10690001", "8613800000001", "the parcel is at the gate"); }
std::string listed(std::uint32_t number) { return submit_sm(number, "10690001", "8613800000002", "You WIN A PRIZE, call now"); }

struct Bounded {
  explicit Bounded(const TrackOptions& track) : filter(track) {
    filter.block([](MatchSetBuilder& b) {
      Filter::block_text(b, "win a prize");
      Filter::block_domain(b, "evil.example");
      Filter::block_number(b, "+8617000000001");
    });
  }
  explicit Bounded(const StreamOptions& streams) : Bounded(TrackOptions{.streams = streams}) {}
  ~Bounded() {
    filter.worker().flush();
    std::uint64_t sum = 0;
    for (const Counter& fate : filter.stats().fates) sum += fate.read();
    EXPECT_EQ(sum, filter.stats().received.read());
    EXPECT_EQ(filter.free_buffers(), Filter::kBuffers);
  }
  void give(const Octets& frame, std::uint64_t at_ns = kStart) {
    given.push_back(frame);
    filter.access.give(frame, at_ns);
    filter.run();
  }
  // Its client's first byte will have the number 1000.
  void open(std::uint16_t from) {
    filter.access.give(frame_of({.source_port = from, .destination_port = 2775, .sequence = 999, .acknowledgement = 0, .flags = kTcpSyn}), kStart);
    filter.run();
    filter.core.forget();
  }
  // Of the session that open_session() opens, or of another one.
  static Octets segment(std::size_t at, std::string_view bytes, std::uint16_t from = 40000) {
    return frame_of({.source_port = from, .destination_port = 2775, .sequence = 1000 + static_cast<std::uint32_t>(at), .acknowledgement = 1, .payload = bytes});
  }
  void expect_left_as_given() const {
    ASSERT_EQ(filter.core.sent().size(), given.size());
    for (std::size_t i = 0; i < given.size(); ++i) EXPECT_EQ(filter.core.sent()[i], given[i]) << i;
  }
  Filter filter;
  std::vector<Octets> given;
};

TEST(Bounds, MoreBytesOfAMessageThanMayBeHeldGoOnAtOnce) {
  StreamOptions options;
  options.hold_bytes = 4096;
  Bounded bounded(options);
  Filter& filter = bounded.filter;
  open_session(filter);
  const std::string pdu = submit_sm_payload(7, "10690001", "8613800000001", std::string(8000, 'x'));
  for (std::size_t at = 0; at < pdu.size(); at += 1400) {
    bounded.give(Bounded::segment(at, std::string_view(pdu).substr(at, 1400)));
    EXPECT_EQ(filter.core.sent().size(), at < 2800 ? 0u : at < 7000 ? 3u : 6u) << at;
  }
  bounded.expect_left_as_given();
  EXPECT_GE(filter.stats().stream_late.read(), 1u);
  EXPECT_GE(filter.fate(Fate::kForwardedHoldExpired), 3u);
  filter.access.give(Bounded::segment(pdu.size(), listed(8)), kStart);
  filter.run();
  EXPECT_EQ(filter.fate(Fate::kNeutralised), 1u) << "the next one is judged";
}

TEST(Bounds, AMessageLongerThanAnybodySendsIsNotWaitedFor) {
  Bounded bounded{StreamOptions{}};
  open_session(bounded.filter);
  constexpr std::size_t kLength = 100 * 1024;
  std::string pdu;
  append_u32(pdu, kLength);
  pdu += innocent(7).substr(4);
  bounded.give(Bounded::segment(0, pdu));
  bounded.expect_left_as_given();
  // What comes behind it is found by its length, whatever it said in between.
  pdu += std::string(kLength - pdu.size(), 'x');
  for (std::size_t at = innocent(7).size(); at < kLength; at += 1400)
    bounded.give(Bounded::segment(at, std::string_view(pdu).substr(at, 1400)));
  bounded.expect_left_as_given();
  EXPECT_EQ(bounded.filter.stats().stream_lost.read(), 0u);
  EXPECT_EQ(bounded.filter.stats().stream_late.read(), 1u);
  bounded.give(Bounded::segment(kLength, listed(8)));
  EXPECT_EQ(bounded.filter.fate(Fate::kNeutralised), 1u);
}

TEST(Bounds, BehindAMissingSegmentOnlySoManyFramesAreHeldAndTheRestIsRepeated) {
  StreamOptions options;
  options.hold_frames = 4;
  Bounded bounded(options);
  Filter& filter = bounded.filter;
  open_session(filter);
  const std::size_t size = innocent(1).size();
  std::vector<Octets> frames;
  for (std::uint32_t i = 0; i < 10; ++i) frames.push_back(Bounded::segment(i * size, innocent(i)));
  for (std::size_t i = 1; i < frames.size(); ++i) bounded.give(frames[i]);
  EXPECT_EQ(filter.core.sent().size(), 0u);
  EXPECT_EQ(filter.stats().held_frames.read(), 4u);
  EXPECT_EQ(filter.fate(Fate::kDroppedStreamFull), 5u);
  EXPECT_EQ(filter.stats().stream_no_room.read(), 5u);
  bounded.give(frames[0]);
  for (std::size_t i = 5; i < frames.size(); ++i) bounded.give(frames[i]);
  ASSERT_EQ(filter.core.sent().size(), frames.size());
  std::vector<std::size_t> order;
  for (const Octets& one : filter.core.sent()) order.push_back(static_cast<std::size_t>(std::find(frames.begin(), frames.end(), one) - frames.begin()));
  EXPECT_EQ(order, (std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9})) << "each as it came, in the order of the stream";
}

TEST(Bounds, WhenAllFramesThatMayBeHeldAreHeldOthersGoOnUnheld) {
  StreamOptions options;
  options.held_frames = 8;
  Bounded bounded(options);
  Filter& filter = bounded.filter;
  for (std::uint16_t i = 0; i < 20; ++i) bounded.open(static_cast<std::uint16_t>(41000 + i));
  for (std::uint16_t i = 0; i < 20; ++i) {
    bounded.give(Bounded::segment(0, innocent(i).substr(0, 40), static_cast<std::uint16_t>(41000 + i)));
    EXPECT_EQ(filter.core.sent().size(), i < 8 ? 0u : i - 7u);
  }
  EXPECT_EQ(filter.stats().stream_no_room.read(), 12u);
  for (std::size_t i = 0; i < 12; ++i) EXPECT_EQ(filter.core.sent()[i], bounded.given[8 + i]);
  for (std::uint16_t i = 0; i < 20; ++i) bounded.give(Bounded::segment(40, innocent(i).substr(40), static_cast<std::uint16_t>(41000 + i)));
  EXPECT_EQ(filter.core.sent().size(), 40u);
  EXPECT_EQ(filter.fate(Fate::kForwardedHoldExpired), 12u);
}

// However many tiny segments one connection sends: the others' messages are read as ever, and its own, as far as it is there.
TEST(Bounds, NoConnectionTakesAllFramesThatMayBeHeld) {
  StreamOptions options;
  options.held_frames = 64;
  Bounded bounded(options);
  Filter& filter = bounded.filter;
  bounded.open(41000);
  bounded.open(41001);
  const std::string pdu = submit_sm_payload(7, "10690001", "8613800000001", std::string(500, 'x'));
  std::size_t at = 0;
  const auto send_one = [&] {
    const std::uint64_t refused = filter.fate(Fate::kDroppedStreamFull);
    filter.access.give(Bounded::segment(at, pdu.substr(at, 1), 41000), kStart);
    filter.run();
    if (filter.fate(Fate::kDroppedStreamFull) == refused) ++at;  // else it is repeated
    EXPECT_LE(filter.stats().held_frames.read(), 16u);
  };
  for (int i = 0; i < 200; ++i) send_one();
  EXPECT_GE(at, 150u);
  EXPECT_GE(filter.fate(Fate::kDroppedStreamFull), 1u);
  filter.core.forget();
  bounded.give(Bounded::segment(0, listed(1).substr(0, 60), 41001));
  bounded.give(Bounded::segment(60, listed(1).substr(60), 41001));
  EXPECT_EQ(payloads_sent(filter.core).size(), listed(1).size());
  EXPECT_EQ(payloads_sent(filter.core).find("WIN"), std::string::npos);
}

TEST(Bounds, WithoutAPlaceForItsBytesASegmentGoesOnAndIsCounted) {
  StreamOptions options;
  options.directions = 2;
  Bounded bounded(options);
  Filter& filter = bounded.filter;
  for (std::uint16_t i = 0; i < 3; ++i) bounded.open(static_cast<std::uint16_t>(41000 + i));
  for (std::uint16_t i = 0; i < 3; ++i) bounded.give(Bounded::segment(0, innocent(i).substr(0, 40), static_cast<std::uint16_t>(41000 + i)));
  ASSERT_EQ(filter.core.sent().size(), 1u);
  EXPECT_EQ(filter.core.sent()[0], bounded.given[2]);
  EXPECT_EQ(filter.stats().stream_no_room.read(), 1u);
}

TEST(Bounds, WhatIsHeldOfAConnectionThatGivesWayLeavesAsItCame) {
  StreamOptions options;
  options.connections = 4;  // one of them may be half heard
  Bounded bounded(options);
  for (std::uint16_t i = 0; i < 5; ++i) bounded.open(static_cast<std::uint16_t>(41000 + i));
  for (std::uint16_t i = 0; i < 5; ++i) bounded.give(Bounded::segment(0, listed(i).substr(0, 40), static_cast<std::uint16_t>(41000 + i)));
  EXPECT_EQ(bounded.filter.stats().streams_evicted.read(), 4u);
  EXPECT_EQ(bounded.filter.core.sent().size(), 4u);
  bounded.filter.worker().flush();
  bounded.expect_left_as_given();
}

TEST(Bounds, AMissingSegmentIsWaitedForSoLongAndNoLonger) {
  Bounded bounded{StreamOptions{}};
  Filter& filter = bounded.filter;
  open_session(filter);
  constexpr std::uint64_t kSilentSince = kStart + 62'000'000'000;  // the receiver: it may be heard no more
  bounded.give(Bounded::segment(0, innocent(1)));
  bounded.give(Bounded::segment(innocent(1).size() + 100, innocent(2)), kSilentSince);
  for (const std::uint64_t ms : {4900u, 5200u}) {
    EXPECT_EQ(filter.core.sent().size(), 1u);
    filter.access.set_now(kSilentSince + ms * 1'000'000);
    filter.run();
  }
  bounded.expect_left_as_given();
  EXPECT_EQ(filter.stats().stream_holes.read(), 1u);
  EXPECT_EQ(filter.stats().stream_lost.read(), 1u);
}

// It has no use for what lies behind it, which its sender repeats; and a sender that waits it out has won nothing.
TEST(Bounds, WhatLiesBehindASegmentThatIsMissingIsRepeatedWhenItsReceiverLacksIt) {
  for (const bool has_confirmed : {false, true}) {
    Bounded bounded{StreamOptions{}};
    Filter& filter = bounded.filter;
    open_session(filter);
    const std::string stream = innocent(1) + listed(2) + innocent(3);
    const std::size_t first = has_confirmed ? innocent(1).size() : 0, cut = innocent(1).size() + 40;
    if (has_confirmed) {
      bounded.give(Bounded::segment(0, stream.substr(0, first)));
      filter.core.give(frame_of({.reversed = true, .source_port = 2775, .destination_port = 40000, .sequence = 1,
                                 .acknowledgement = 1000 + static_cast<std::uint32_t>(first), .flags = kTcpAck}), kStart);
      filter.run();
    }
    bounded.give(Bounded::segment(cut, stream.substr(cut)));
    for (std::uint64_t ms = 0; ms < 5200; ms += 100) {
      EXPECT_EQ(payloads_sent(filter.core), stream.substr(0, first));
      filter.access.set_now(kStart + ms * 1'000'000);
      filter.run();
    }
    EXPECT_EQ(filter.stats().held_frames.read(), 0u);
    EXPECT_EQ(filter.fate(Fate::kDroppedStreamFull), 1u);
    EXPECT_EQ(filter.stats().stream_holes.read(), 1u);
    const std::uint64_t later = kStart + 5'300'000'000;
    bounded.give(Bounded::segment(first, stream.substr(first, cut - first)), later);
    bounded.give(Bounded::segment(cut, stream.substr(cut)), later);
    EXPECT_EQ(payloads_sent(filter.core).size(), stream.size());
    EXPECT_EQ(payloads_sent(filter.core).find("WIN"), std::string::npos);
    EXPECT_EQ(filter.stats().stream_lost.read(), 0u);
  }
}

TEST(Bounds, OfUnfinishedMessagesTheOneThatWaitsLongestGivesWay) {
  TrackOptions track;
  track.parts.messages = 4;
  Bounded bounded(track);
  Filter& filter = bounded.filter;
  const std::string hello = tls_hello("www.evil.example");
  const auto part = [&](std::uint16_t i, bool is_rest) {
    return tcp_frame(is_rest ? hello.substr(60) : hello.substr(0, 60), 443, is_rest ? 1060 : 1000, static_cast<std::uint16_t>(41000 + i));
  };
  for (std::uint16_t i = 0; i < 10; ++i) bounded.give(part(i, false));
  EXPECT_EQ(filter.stats().spread_evicted.read(), 6u);
  bounded.give(part(0, true));
  bounded.expect_left_as_given();
  filter.access.give(part(9, true), kStart);
  filter.run();
  EXPECT_EQ(filter.fate(Fate::kReset), 1u);
}

TEST(Bounds, AMessageLongerThanIsPutTogetherIsGivenUp) {
  TrackOptions track;
  track.parts.longest = 4096;
  Bounded bounded(track);
  const std::string request = "GET / HTTP/1.1\r\nCookie: " + std::string(6000, 'c') + "\r\nHost: www.evil.example\r\n\r\n";
  for (std::size_t at = 0; at < request.size(); at += 1400)
    bounded.give(tcp_frame(std::string_view(request).substr(at, 1400), 80, 1000 + static_cast<std::uint32_t>(at)));
  bounded.expect_left_as_given();
  EXPECT_EQ(bounded.filter.stats().spread_given_up.read(), 1u);
}

// Dropped where the filter is in line, since its sender repeats it; let pass where it only watches, and the message is given up.
TEST(Bounds, OfAMessageInMorePiecesThanAreKeptApartThoseThatAreOneTooManyAreNotForwarded) {
  const std::string request = "GET / HTTP/1.1\r\nCookie: " + std::string(1400, 'c') + "\r\n";
  for (const Mode mode : {Mode::kEnforce, Mode::kMonitor}) {
    Filter filter(mode);
    std::uint64_t given = 1;
    filter.access.give(tcp_frame(std::string_view(request).substr(0, 30), 80, 1000), kStart);
    for (std::uint32_t at = 40; at < 1400; at += 10, ++given) filter.access.give(tcp_frame("cc", 80, 1000 + at), kStart);
    filter.run();
    const std::uint64_t too_many = given - 1 - StreamBuffer::kMostIslands;
    ASSERT_GT(too_many, 0u);
    EXPECT_EQ(filter.fate(Fate::kDroppedStreamFull), mode == Mode::kEnforce ? too_many : 0u);
    EXPECT_EQ(filter.stats().spread_given_up.read(), mode == Mode::kEnforce ? too_many : 1u);
    EXPECT_EQ(filter.core.sent().size(), given - filter.fate(Fate::kDroppedStreamFull));
    EXPECT_EQ(filter.free_buffers(), Filter::kBuffers);
  }
}

// More of them than places are remembered. What was begun is put together, held and refused as without them.
TEST(Bounds, AFloodOfSynsChangesNothingForTheConnectionsThatMatter) {
  constexpr std::uint32_t kSyns = 400'000;
  static_assert(kSyns > PartOptions{}.openings);
  Filter filter;
  filter.block([](MatchSetBuilder& b) {
    Filter::block_domain(b, "evil.example");
    Filter::block_text(b, "win a prize");
  });
  const auto give = [&](MemoryQueue& queue, const PacketShape& shape) {
    queue.give(frame_of(shape), kStart);
    filter.run();
  };
  const std::string innocent = submit_sm(1, "10690001", "8613800000001", "see you"), listed = submit_sm(2, "10690001", "8613800000001", "WIN a PRIZE");
  const std::string hello = tls_hello("www.evil.example");
  const auto from_client = [&](std::uint16_t port, std::uint32_t at, std::string_view bytes) {
    give(filter.access, {.destination_port = port, .sequence = 1001 + at, .acknowledgement = 7001, .payload = bytes});
  };
  for (const std::uint16_t port : {std::uint16_t{2775}, std::uint16_t{443}}) {
    give(filter.access, {.destination_port = port, .sequence = 1000, .flags = kTcpSyn});
    give(filter.core, {.reversed = true, .source_port = port, .destination_port = 40000, .sequence = 7000, .acknowledgement = 1001, .flags = kTcpSyn | kTcpAck});
  }
  from_client(2775, 0, innocent + listed.substr(0, 40));
  from_client(443, 0, std::string_view(hello).substr(0, 40));
  std::mt19937 random(7);
  for (std::uint32_t i = 0; i < kSyns; ++i) {
    constexpr std::uint16_t kPorts[] = {443, 2775, 80, 5060};
    filter.access.give(frame_of({.source_port = static_cast<std::uint16_t>(1024 + i % 60000), .destination_port = kPorts[i % 4],
                                 .sequence = static_cast<std::uint32_t>(random()), .flags = kTcpSyn, .client = 0x0b000000u + i}), kStart);
    if (i % 64 != 63) continue;
    filter.run();
    filter.core.forget();
  }
  EXPECT_GT(filter.stats().beginnings_evicted.read(), kSyns - PartOptions{}.openings);
  from_client(2775, static_cast<std::uint32_t>(innocent.size()) + 40, std::string_view(listed).substr(40));
  from_client(443, 40, std::string_view(hello).substr(40));
  EXPECT_EQ(filter.fate(Fate::kNeutralised), 2u);
  EXPECT_EQ(filter.fate(Fate::kReset), 1u);
  EXPECT_EQ(filter.stats().streams_evicted.read() + filter.stats().spread_evicted.read() + filter.stats().sessions_evicted.read(), 0u);
}

TEST(Bounds, OfPacketsInFragmentsTheOneThatWaitsLongestGivesWay) {
  TrackOptions track;
  track.fragments.packets = 2;
  Bounded bounded(track);
  Filter& filter = bounded.filter;
  std::vector<std::array<Octets, 2>> packets;
  for (std::uint16_t i = 0; i < 5; ++i) {
    packets.push_back(in_two_fragments(udp_frame(dns_query("www.evil.example", i), 53), 16, i));
    bounded.give(packets.back()[0]);
  }
  EXPECT_EQ(filter.stats().fragments_evicted.read(), 3u);
  bounded.give(packets[0][1]);
  bounded.expect_left_as_given();
  EXPECT_EQ(filter.fate(Fate::kForwardedFragment), 6u);
  filter.access.give(packets[4][1], kStart);
  filter.run();
  EXPECT_EQ(filter.fate(Fate::kAnswered), 1u);
}

TEST(Bounds, WhenThereIsNoMemoryForFragmentsThoseThatWaitLongestGiveWay) {
  TrackOptions track;
  track.fragments.bytes = 1 << 20;
  Bounded bounded(track);
  Filter& filter = bounded.filter;
  constexpr std::uint16_t kFit = (1 << 20) / PagePool::kPageBytes, kMore = 40, kLast = kFit + kMore - 1;
  const auto parts_of = [](std::uint16_t i) { return in_two_fragments(udp_frame(dns_query("www.evil.example", i), 53), 16, i); };
  for (std::uint16_t i = 0; i <= kLast; ++i) bounded.give(parts_of(i)[0]);
  EXPECT_EQ(filter.stats().fragments_given_up.read(), 0u) << "each part finds room";
  EXPECT_EQ(filter.stats().fragments_evicted.read(), 40u);
  bounded.give(parts_of(0)[1]);
  bounded.expect_left_as_given();
  EXPECT_EQ(filter.fate(Fate::kForwardedFragment), kFit + kMore + 1u);
  filter.access.give(parts_of(kLast)[1], kStart);
  filter.run();
  EXPECT_EQ(filter.fate(Fate::kAnswered), 1u) << "what is there is read";
}

TEST(Bounds, OfConnectionsWithHalfAHelloTheOldestGivesWay) {
  TrackOptions track;
  track.datagrams.unfinished = ConnectionTable::kWays;
  Bounded bounded(track);
  Filter& filter = bounded.filter;
  const Octets hello = long_quic_hello("www.evil.example");
  const Octets first = quic_part(hello, 0, 1100), rest = quic_part(hello, 1100, hello.size(), {.number = 1});
  constexpr std::uint16_t kMore = 8, kLast = 40000 + ConnectionTable::kWays + kMore - 1;
  for (std::uint16_t i = 40000; i <= kLast; ++i) bounded.give(quic_frame(first, i), kStart + i);
  EXPECT_EQ(filter.stats().datagrams.begun.read(), ConnectionTable::kWays + kMore);
  EXPECT_EQ(filter.stats().datagrams.evicted.read(), kMore);
  bounded.give(quic_frame(rest, 40000), kStart + 50000);
  bounded.expect_left_as_given();
  EXPECT_EQ(filter.fate(Fate::kForwardedNeedMore), bounded.given.size());
  filter.access.give(quic_frame(rest, kLast), kStart + 50001);
  filter.run();
  EXPECT_EQ(filter.fate(Fate::kDroppedByVerdict), 1u);
}

// A hello that was refused is refused again whoever has forgotten it; what is sealed with keys that nobody here has is not.
TEST(Bounds, OfRefusedConnectionsTheOldestIsForgotten) {
  TrackOptions track;
  track.datagrams.refused = ConnectionTable::kWays;
  Bounded bounded(track);
  Filter& filter = bounded.filter;
  const Octets hello = quic_whole(quic_hello("www.evil.example")), later = sealed_packet({}, quic::PacketType::kZeroRtt, 1100);
  constexpr std::uint16_t kMore = 8, kLast = 40000 + ConnectionTable::kWays + kMore - 1;
  for (std::uint16_t i = 40000; i <= kLast; ++i) filter.access.give(quic_frame(hello, i), kStart + i);
  filter.run();
  EXPECT_EQ(filter.fate(Fate::kDroppedByVerdict), ConnectionTable::kWays + kMore);
  EXPECT_EQ(filter.stats().datagrams.refused_evicted.read(), kMore);
  bounded.give(quic_frame(later, 40000), kStart + 50000);
  bounded.expect_left_as_given();
  filter.access.give(quic_frame(later, kLast), kStart + 50001);
  filter.run();
  EXPECT_EQ(filter.fate(Fate::kDroppedDeadConnection), 1u);
}

// Where the way back into a tunnel is forgotten nobody can be told: the message is refused all the same, and nothing else of it.
TEST(Bounds, OfWaysBackIntoTunnelsTheOldestIsForgotten) {
  TrackOptions track;
  track.returns.entries = 4;
  Bounded bounded(track);
  Filter& filter = bounded.filter;
  const auto lookup = [](std::uint32_t bearer, std::string_view name) {
    const std::string payload = dns_query(name, bearer);  // by the number of the question both directions are known for one another's
    return in_tunnel({.id = 0xa000 + bearer}, inner_packet({.transport = Transport::kUdp, .destination_port = 53, .payload = payload}));
  };
  const auto response = [](std::uint32_t bearer) {
    std::string payload = dns_query("good.example", bearer);
    payload[2] = static_cast<char>(0x81);
    return in_tunnel({.reversed = true, .id = 0xb000 + bearer},
                     inner_packet({.reversed = true, .transport = Transport::kUdp, .source_port = 53, .destination_port = 40000, .payload = payload}));
  };
  constexpr std::uint32_t kBearers = 12;
  for (std::uint32_t i = 0; i < kBearers; ++i) {
    const std::uint64_t now_ns = kStart + i * 11'000'000'000ull / kBearers;
    bounded.give(lookup(i, "good.example"), now_ns);
    filter.core.give(response(i), now_ns);
    filter.run();
    EXPECT_EQ(filter.access.sent().back(), response(i));
  }
  bounded.expect_left_as_given();
  EXPECT_EQ(filter.stats().returns_learned.read(), kBearers);
  EXPECT_GE(filter.stats().returns_evicted.read(), kBearers - 4 - 2);
  filter.access.give(lookup(0, "evil.example"), kStart + 11'000'000'000);
  filter.run();
  EXPECT_EQ(filter.fate(Fate::kDroppedByVerdict), 1u);
  EXPECT_EQ(filter.stats().returns_missing.read(), 1u);
  filter.access.give(lookup(kBearers - 1, "evil.example"), kStart + 11'000'000'000);
  filter.run();
  EXPECT_EQ(filter.fate(Fate::kAnswered), 1u);
  bounded.give(lookup(0, "good.example"), kStart + 11'000'000'000);
  bounded.expect_left_as_given();
}

// What the other end has not confirmed is kept so far back: a later copy of it leaves as the first, one of what lies before as it comes.
TEST(Bounds, OnlySoMuchOfWhatIsOnTheWayIsKeptForItsCopies) {
  StreamOptions options;
  options.window_bytes = 4096;
  Bounded bounded(options);
  Filter& filter = bounded.filter;
  open_session(filter);
  const std::size_t size = innocent(1).size();
  const auto copy = [&](std::size_t i) {
    std::string text = innocent(static_cast<std::uint32_t>(i));
    text.replace(text.find("parcel"), 6, "letter");
    return Bounded::segment(i * size, text);
  };
  bounded.give(Bounded::segment(0, innocent(0)));
  filter.core.give(frame_of({.reversed = true, .source_port = 2775, .destination_port = 40000, .sequence = 1, .acknowledgement = 1000, .flags = kTcpAck}), kStart);
  filter.run();
  for (std::size_t i = 1; i < 100; ++i) bounded.give(Bounded::segment(i * size, innocent(static_cast<std::uint32_t>(i))));
  bounded.give(copy(100 - 4096 / size - 2));
  bounded.expect_left_as_given();
  EXPECT_EQ(filter.stats().stream_inconsistent.read(), 0u);
  filter.access.give(copy(100 - 4096 / size + 1), kStart);
  filter.run();
  EXPECT_EQ(filter.core.sent().back(), bounded.given[100 - 4096 / size + 1]) << "as the first copy";
  EXPECT_EQ(filter.stats().stream_inconsistent.read(), 1u);
  EXPECT_EQ(filter.stats().stream_no_room.read(), 0u);
}

// A receiver that is heard would say that it has what lies between: then it is repeated, and this, too. One that is not may have got it,
// and its sender goes on there for longer than a moment.
TEST(Bounds, ASegmentFartherAheadThanIsKeptIsRepeatedOrGoesOn) {
  StreamOptions options;
  options.window_bytes = 4096;
  for (const bool is_confirmed : {true, false}) {
    Bounded bounded(options);
    Filter& filter = bounded.filter;
    is_confirmed ? open_session(filter) : bounded.open(40000);
    const std::size_t size = innocent(1).size();
    bounded.give(Bounded::segment(0, innocent(0)));
    const Octets far = Bounded::segment(60 * size, innocent(60));
    if (is_confirmed) {
      for (const std::uint64_t s : {0u, 7u, 14u}) filter.access.give(far, kStart + s * 1'000'000'000), filter.run();
      EXPECT_EQ(filter.fate(Fate::kDroppedStreamFull), 3u);
      EXPECT_EQ(filter.stats().stream_no_room.read(), 3u);
      for (std::size_t i = 1; i < 60; ++i) bounded.give(Bounded::segment(i * size, innocent(static_cast<std::uint32_t>(i))));
    }
    if (!is_confirmed) {
      for (const std::uint64_t ms : {0u, 900u}) filter.access.give(far, kStart + ms * 1'000'000), filter.run();
      EXPECT_EQ(filter.fate(Fate::kDroppedStreamFull), 2u);
    }
    bounded.give(far, kStart + 15'000'000'000);
    bounded.expect_left_as_given();
    EXPECT_EQ(filter.stats().stream_lost.read(), is_confirmed ? 0u : 1u);
    filter.access.give(Bounded::segment(61 * size, listed(61)), kStart + 15'000'000'000);
    filter.run();
    EXPECT_EQ(filter.fate(Fate::kNeutralised), 1u) << "what comes behind it is judged";
  }
}

TEST(Bounds, MoreMessagesThanAreRememberedAreAnsweredAllTheSame) {
  TrackOptions track;
  track.sessions.entries = 16;
  Bounded bounded(track);
  Filter& filter = bounded.filter;
  for (unsigned i = 0; i < 200; ++i) bounded.give(udp_frame(dns_query("www.evil.example", i), 53));
  EXPECT_EQ(filter.fate(Fate::kAnswered), 200u);
  EXPECT_EQ(filter.ring.pushed(), 200u);
  EXPECT_GE(filter.stats().sessions_evicted.read(), 150u);
}

TEST(Bounds, WithoutABufferForTheAnswerAMessageGoesOnAndIsCounted) {
  Bounded bounded{TrackOptions{}};
  Filter& filter = bounded.filter;
  // The answer to a look-up leaves in the look-up's own frame; that to a call needs one.
  const Octets call = udp_frame(sip_invite("+8617000000001", "8613900000000"), 5060);
  for (std::size_t i = 0; i < Filter::kBuffers; ++i) filter.access.give(call, kStart);
  ASSERT_EQ(filter.free_buffers(), 0u);
  filter.worker().run_once();
  EXPECT_EQ(filter.fate(Fate::kForwardedActionFailed), Burst::kFrames);
  ASSERT_EQ(filter.core.sent().size(), Burst::kFrames);
  EXPECT_EQ(filter.core.sent()[0], call);
  filter.run();
  EXPECT_EQ(filter.fate(Fate::kAnswered), Filter::kBuffers - Burst::kFrames) << "buffers came back";
}

}  // namespace
}  // namespace telefence
