// SPDX-License-Identifier: Apache-2.0
// IP packets in fragments: read when they are whole, refused by keeping back the part that would complete them.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "decode/decode.h"
#include "filter.h"
#include "ipv4_parts.h"
#include "payloads.h"
#include "pipeline/worker.h"
#include "quic_payloads.h"

namespace telefence {
namespace {

using namespace testing;

using Octets = std::vector<std::uint8_t>;

class FragmentsTest : public ::testing::Test {
 protected:
  FragmentsTest() {
    filter.block([](MatchSetBuilder& b) {
      Filter::block_number(b, "+8617000000001");
      Filter::block_domain(b, "evil.example");
      Filter::block_text(b, "win a prize");
    });
  }
  void send(const std::vector<Octets>& parts, bool each_alone) {
    for (const Octets& part : parts) {
      filter.access.give(part);
      if (each_alone) filter.run();
    }
    filter.run();
  }
  void expect_sums() {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < kFateCount; ++i) sum += filter.stats().fates[i].read();
    EXPECT_EQ(sum, filter.stats().received.read());
    EXPECT_EQ(filter.free_buffers(), Filter::kBuffers);
  }
  std::vector<Octets> passed() {
    const auto sent = filter.core.sent();
    return {sent.begin(), sent.end()};
  }
  Filter filter;
};

TEST_F(FragmentsTest, ACallCutAnywhereAndShuffledIsAnsweredAndNeverArrivesWhole) {
  const Octets call = udp_frame(sip_invite("+8617000000001", "13800000000"), 5060);
  std::mt19937 random(11);
  std::uint16_t identification = 0;
  for (std::size_t size = 8; size < 344; size += 8) {
    std::vector<Octets> parts = fragments_of(call, size, ++identification);
    if (parts.size() < 2) break;
    std::shuffle(parts.begin(), parts.end(), random);
    const std::uint64_t before = filter.fate(Fate::kAnswered);
    filter.core.forget();
    filter.access.forget();
    send(parts, identification % 2 == 0);
    ASSERT_EQ(filter.fate(Fate::kAnswered) - before, 1u) << size;
    ASSERT_EQ(filter.core.sent().size(), parts.size() - 1) << size;
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) EXPECT_EQ(filter.core.sent()[i], parts[i]) << "those before pass as they came";
    ASSERT_EQ(filter.access.sent().size(), 1u);
    const Octets& answer = filter.access.sent()[0];
    EXPECT_NE(std::string_view(reinterpret_cast<const char*>(answer.data()), answer.size()).find("SIP/2.0 603"), std::string_view::npos);
    // A copy of the part that was kept back must not complete the packet.
    filter.access.give(parts.back());
    filter.run();
    ASSERT_EQ(filter.core.sent().size(), parts.size() - 1) << size;
  }
  EXPECT_GT(filter.stats().fragments_joined.read(), 25u);
  expect_sums();
}

// In parts of a few octets, each second one first: there may be any number of holes.
TEST_F(FragmentsTest, EachSecondPartMayComeFirst) {
  const auto every_second_first = [](const std::vector<Octets>& parts) {
    std::vector<Octets> ordered;
    for (const std::size_t first : {1u, 0u})
      for (std::size_t i = first; i < parts.size(); i += 2) ordered.push_back(parts[i]);
    return ordered;
  };
  const Octets evil = udp_frame(dns_query(std::string(60, 'a') + "." + std::string(60, 'b') + ".evil.example"), 53);
  send(every_second_first(fragments_of(evil, 8, 1)), true);
  EXPECT_EQ(filter.fate(Fate::kAnswered), 1u);
  const std::vector<Octets> innocent = every_second_first(fragments_of(udp_frame(std::string(3500, 'x'), 9999), 16, 2));
  filter.core.forget();
  send(innocent, true);
  EXPECT_EQ(filter.core.sent().size(), innocent.size()) << "a hundred and ten holes";
  const std::string call = sip_invite("+8617000000001", "13800000000") + std::string(2000, 'x');
  const std::vector<Octets> crumbs = every_second_first(fragments_of(udp_frame(call, 5060), 8, 3));
  filter.core.forget();
  send(crumbs, true);
  EXPECT_EQ(filter.core.sent().size(), crumbs.size() - 1);
  EXPECT_EQ(filter.fate(Fate::kAnswered), 2u);
  EXPECT_EQ(filter.stats().fragments_given_up.read(), 0u);
  expect_sums();
}

TEST_F(FragmentsTest, InnocentPacketsPassByteForByte) {
  std::uint16_t identification = 0;
  for (const Octets& packet : {udp_frame(sip_invite("+8613900000001", "13800000000"), 5060), udp_frame(dns_query("good.example"), 53),
                               tcp_frame(http_request("good.example"), 80), udp_frame(std::string(900, 'x'), 9999)}) {
    const std::vector<Octets> parts = fragments_of(packet, 24 * (packet.size() / 100 + 1), ++identification);
    filter.core.forget();
    send(parts, false);
    ASSERT_EQ(filter.core.sent().size(), parts.size());
    for (std::size_t i = 0; i < parts.size(); ++i) EXPECT_EQ(filter.core.sent()[i], parts[i]);
  }
  EXPECT_EQ(filter.access.sent().size(), 0u);
  EXPECT_EQ(filter.stats().fragments_joined.read(), 4u);
  expect_sums();
}

TEST_F(FragmentsTest, ALookUpIsAnsweredAndAVisitReset) {
  send(fragments_of(udp_frame(dns_query("evil.example"), 53), 16, 1), true);
  EXPECT_EQ(filter.fate(Fate::kAnswered), 1u);
  EXPECT_EQ(filter.access.sent().size(), 1u);
  send(fragments_of(tcp_frame(tls_hello("evil.example"), 443), 48, 2), true);
  EXPECT_EQ(filter.fate(Fate::kReset), 1u);
  EXPECT_EQ(filter.access.sent().size(), 2u) << "both ends are told";
  EXPECT_EQ(filter.ring.pushed(), 2u);
  expect_sums();
}

TEST_F(FragmentsTest, AVisitInFragmentsGetsThePage) {
  send(fragments_of(tcp_frame(http_request("evil.example"), 80), 32, 2), true);
  EXPECT_EQ(filter.fate(Fate::kAnswered), 1u);
  std::string back;
  for (const Octets& sent : filter.access.sent()) back.append(sent.begin(), sent.end());
  EXPECT_NE(back.find("HTTP/1.1 302"), std::string::npos);
  // What its sender says next belongs to a connection that is over.
  PacketShape next{.destination_port = 80, .payload = "more"};
  next.sequence += static_cast<std::uint32_t>(http_request("evil.example").size());
  const std::uint64_t before = filter.fate(Fate::kDroppedDeadConnection);
  filter.access.give(frame_of(next));
  filter.run();
  EXPECT_EQ(filter.fate(Fate::kDroppedDeadConnection), before + 1);
  expect_sums();
}

// Parts of a packet of IPv6: its payload is cut here, and the two parts name these as what follows.
std::vector<Octets> parts_of_ipv6(const Octets& payload, std::size_t cut, std::uint8_t next, std::uint8_t later_next,
                                  std::uint8_t identification = 9) {
  Octets link_and_ip(14 + 40);
  link_and_ip[12] = 0x86;
  link_and_ip[13] = 0xdd;
  link_and_ip[14] = 0x60;
  link_and_ip[14 + 6] = 44;
  link_and_ip[14 + 7] = 64;
  link_and_ip[14 + 8] = link_and_ip[14 + 24] = 0x20;
  link_and_ip[14 + 23] = 1;
  link_and_ip[14 + 39] = 2;
  std::vector<Octets> parts;
  for (const bool first : {true, false}) {
    Octets part = link_and_ip;
    const Bytes bytes = first ? Bytes(payload).first(cut) : Bytes(payload).subspan(cut);
    part[14 + 4] = static_cast<std::uint8_t>((bytes.size() + 8) >> 8);
    part[14 + 5] = static_cast<std::uint8_t>(bytes.size() + 8);
    const std::size_t place = first ? 1 : cut;
    for (const std::size_t octet : {std::size_t{first ? next : later_next}, std::size_t{0}, place >> 8, place & 0xff, std::size_t{0},
                                    std::size_t{0}, std::size_t{0}, std::size_t{identification}})
      part.push_back(static_cast<std::uint8_t>(octet));
    part.insert(part.end(), bytes.begin(), bytes.end());
    parts.push_back(std::move(part));
  }
  return parts;
}

// Without a checksum, which would be another one over IPv6.
Octets udp_of(const std::string& text, std::uint16_t port) {
  const Octets frame = udp_frame(text, port);
  Octets datagram(frame.begin() + 34, frame.end());
  datagram[6] = datagram[7] = 0;
  return datagram;
}

// RFC 8200, 4.5: what later parts name is not looked at; and what stands in the first may be more extension headers.
TEST_F(FragmentsTest, TheFirstPartOfAnIpv6PacketSaysWhatItCarries) {
  constexpr std::uint8_t kUdp = 17, kTcp = 6, kNothing = 59, kOptions = 60, kSecurity = 50, kTunnel = 47;
  std::uint64_t answered = 0;
  std::uint8_t identification = 0;
  for (const std::uint8_t later : {kUdp, kTcp, kNothing, kOptions, kSecurity, kTunnel}) {
    for (const bool reversed : {false, true}) {
      std::vector<Octets> parts = parts_of_ipv6(udp_of(dns_query("evil.example"), 53), 16, kUdp, later, ++identification);
      if (reversed) std::swap(parts[0], parts[1]);
      filter.core.forget();
      send(parts, true);
      EXPECT_EQ(filter.fate(Fate::kAnswered), ++answered) << int{later} << (reversed ? " reversed" : "");
      EXPECT_EQ(filter.core.sent().size(), 1u);
    }
  }
  Octets options{kUdp, 0, 1, 4, 0, 0, 0, 0};
  const Octets query = udp_of(dns_query("evil.example"), 53);
  options.insert(options.end(), query.begin(), query.end());
  send(parts_of_ipv6(options, 24, kOptions, kOptions, 200), true);
  EXPECT_EQ(filter.fate(Fate::kAnswered), ++answered);
  // More of them than a frame has place for.
  constexpr std::size_t kLongest = 8 * 256;
  Octets many(2 * kLongest, 0);
  many[0] = kOptions, many[1] = many[kLongest + 1] = 255, many[kLongest] = kUdp;
  many.insert(many.end(), query.begin(), query.end());
  send(parts_of_ipv6(many, kLongest + 400, kOptions, kOptions, 202), true);
  EXPECT_EQ(filter.fate(Fate::kAnswered), ++answered);
  send(parts_of_ipv6(udp_of(dns_query("good.example"), 53), 16, kUdp, kNothing, 201), true);
  EXPECT_EQ(filter.fate(Fate::kAnswered), answered);
  EXPECT_EQ(filter.stats().fragments_overlapping.read(), 0u);
  expect_sums();
}

// RFC 8200, 4.5: such a part is discarded.
TEST_F(FragmentsTest, AnIpv6PartOfNoWholeUnitsIsNotPutTogether) {
  const Octets query = udp_of(dns_query("evil.example"), 53);
  std::vector<Octets> parts = parts_of_ipv6(query, 16, 17, 17);
  Octets odd = parts[0];
  odd[14 + 5] = static_cast<std::uint8_t>(odd[14 + 5] - 1);
  odd.pop_back();
  odd[14 + 48 + 3] ^= 1;  // it contradicts, and nobody takes it
  send({odd, parts[0], parts[1]}, true);
  EXPECT_EQ(filter.fate(Fate::kAnswered), 1u);
  EXPECT_EQ(filter.stats().fragments_overlapping.read(), 0u);
  EXPECT_EQ(filter.stats().fragments_given_up.read(), 1u);
}

TEST_F(FragmentsTest, APartLongerThanItsUnitsIsCutAsReceiversDo) {
  std::vector<Octets> parts = fragments_of(udp_frame(dns_query("evil.example"), 53), 16, 1);
  parts[0].insert(parts[0].end(), {'z', 'z', 'z'});
  set_length(parts[0]);
  send(parts, true);
  EXPECT_EQ(filter.fate(Fate::kAnswered), 1u);
  EXPECT_EQ(filter.stats().fragments_overlapping.read(), 0u);
  expect_sums();
}

// No router passes it on, and no receiver takes it.
TEST_F(FragmentsTest, APartWithAWrongHeaderChecksumIsNotPutTogether) {
  const std::vector<Octets> parts = fragments_of(udp_frame(dns_query("evil.example"), 53), 16, 1);
  Octets other = parts[1];
  other.back() ^= 1;
  other[14 + 10] ^= 1;
  Octets last(parts[1].begin(), parts[1].begin() + 14 + 20 + 4);
  set_length(last);
  last[14 + 6] &= 0xdf;
  for (const Octets& decoy : {other, last}) {
    Filter fresh;
    fresh.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
    fresh.access.give(decoy);
    fresh.run();
    ASSERT_EQ(fresh.core.sent().size(), 1u);
    EXPECT_EQ(fresh.core.sent()[0], decoy);
    for (const Octets& part : parts) fresh.access.give(part);
    fresh.run();
    EXPECT_EQ(fresh.fate(Fate::kAnswered), 1u);
    EXPECT_EQ(fresh.fate(Fate::kForwardedBadChecksum), 1u);
    EXPECT_EQ(fresh.stats().evasions[static_cast<std::size_t>(EvasionKind::kBadChecksum)].read(), 1u);
    EXPECT_EQ(fresh.stats().fragments_overlapping.read(), 0u);
  }
}

// What was put together from fragments is put together with other datagrams, too: its checksum is that of all of it.
TEST_F(FragmentsTest, ADatagramOfASpreadHelloMayComeInFragments) {
  const auto hello = long_quic_hello("evil.example");
  const Octets first = quic_frame(quic_part(hello, 0, 1100));
  const Octets second = quic_frame(quic_part(hello, 1100, hello.size(), {.number = 1}));
  const auto bad_checksums = [](const Filter& one) {
    return one.stats().evasions[static_cast<std::size_t>(EvasionKind::kBadChecksum)].read();
  };
  for (const int cut : {1, 2, 3}) {  // the first, the second, both
    Filter fresh;
    fresh.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
    const auto give = [&](const Octets& frame, bool in_parts, std::uint16_t identification) {
      for (const Octets& part : in_parts ? fragments_of(frame, 800, identification) : std::vector<Octets>{frame}) fresh.access.give(part);
      fresh.run();
    };
    give(first, (cut & 1) != 0, 7);
    give(second, (cut & 2) != 0, 8);
    EXPECT_EQ(fresh.fate(Fate::kDroppedByVerdict), 1u) << cut;
    EXPECT_EQ(bad_checksums(fresh), 0u) << cut;
  }
  Octets damaged = first;
  damaged[14 + 20 + 7] ^= 1;
  send(fragments_of(damaged, 800, 7), true);
  EXPECT_EQ(bad_checksums(filter), 1u);
}

Octets with_hops(Octets part, std::uint8_t hops) {
  part[14 + 8] = hops;
  set_length(part);
  return part;
}

// A burst has place for so many events only, and a few octets complete a segment of thousands of requests.
TEST_F(FragmentsTest, MoreSegmentsThanABurstHasPlaceForAreRepeatedByTheirSenders) {
  const auto segment_of = [](std::uint16_t source, const std::string& last, std::uint16_t number) {
    std::string requests;
    while (requests.size() < 40'000) requests += "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";
    requests += http_request(last);
    const Octets frame = frame_of({.source_port = source, .destination_port = 80, .payload = requests});
    return fragments_of(frame, 1400, number);
  };
  const std::vector<std::vector<Octets>> segments = {segment_of(1001, "good.example", 1), segment_of(1003, "evil.example", 3)};
  for (const auto& parts : segments) send({parts.begin(), parts.end() - 1}, true);
  filter.core.forget();
  // What nobody reads takes no place.
  const auto bulk = fragments_of(frame_of({.source_port = 1002, .destination_port = 9999, .payload = std::string(40'000, 'x')}), 1400, 2);
  send({bulk.begin(), bulk.end() - 1}, true);
  filter.core.forget();
  send({segments[0].back(), segments[1].back(), bulk.back()}, false);
  EXPECT_EQ(filter.fate(Fate::kDroppedStreamFull), 1u);
  EXPECT_EQ(filter.stats().fragments_given_up.read(), 1u);
  EXPECT_EQ(passed(), (std::vector<Octets>{segments[0].back(), bulk.back()}));
  EXPECT_EQ(filter.fate(Fate::kForwardedEventLimit), 0u);
  filter.core.forget();
  const std::vector<Octets> again = segment_of(1003, "evil.example", 4);
  send(again, true);
  EXPECT_EQ(filter.fate(Fate::kReset) + filter.fate(Fate::kAnswered), 1u);
  const std::vector<Octets> left = passed();
  EXPECT_EQ(std::count(left.begin(), left.end(), again.back()), 0);
  EXPECT_EQ(filter.stats().fragments_given_up.read(), 1u);
  expect_sums();
}

// Whoever keeps the worker busy with others gets no message through that was never read.
TEST_F(FragmentsTest, APartThatContradictsBeyondWhatABurstJudgesGoesNowhere) {
  const auto parts_of = [](char fill, std::uint16_t number) { return fragments_of(udp_frame(std::string(60'000, fill), 9999), 1400, number); };
  for (std::uint16_t number = 1; number <= 10; ++number) {
    const auto parts = parts_of('a', number);
    send({parts.begin(), parts.end() - 1}, true);
  }
  filter.core.forget();
  std::vector<Octets> decoys;
  for (std::uint16_t number = 1; number <= 10; ++number) decoys.push_back(parts_of('b', number)[1]);
  send(decoys, false);
  EXPECT_EQ(filter.core.sent().size(), 9u);
  EXPECT_EQ(filter.fate(Fate::kDroppedStreamFull), 1u);
  EXPECT_EQ(filter.stats().fragments_given_up.read(), 1u);
  EXPECT_EQ(filter.stats().fragments_overlapping.read(), 10u);
  filter.core.forget();
  send({decoys.back()}, false);
  EXPECT_EQ(filter.core.sent().size(), 1u) << "in a burst of its own it is judged";
  expect_sums();
}

// The same when it is in what is kept, but was not read: what comes again completes it.
TEST_F(FragmentsTest, WhatWasNotReadForWantOfRoomIsReadWhenItsPartComesAgain) {
  const std::string call = sip_invite("+8617000000001", "13800000000") + std::string(58'000, 'x');
  const std::vector<Octets> listed = fragments_of(udp_frame(call, 5060), 1400, 1);
  const auto decoy_of = [&](char last, std::uint8_t hops) {
    Octets decoy = with_hops(listed[1], hops);
    decoy.back() = static_cast<std::uint8_t>(last);
    return decoy;
  };
  std::vector<Octets> parts = {decoy_of('a', 3)};
  for (const Octets& part : listed)
    if (&part != &listed[1]) parts.push_back(with_hops(part, 60));
  send(parts, true);
  std::vector<Octets> burst;
  for (char last = 'A'; last < 'A' + 25; ++last) burst.push_back(decoy_of(last, 9));
  burst.push_back(with_hops(listed[1], 60));
  filter.core.forget();
  send(burst, false);
  send({burst.back()}, false);
  send({burst.back()}, false);
  const std::vector<Octets> left = passed();
  EXPECT_EQ(std::count(left.begin(), left.end(), burst.back()), 0);
  EXPECT_EQ(filter.fate(Fate::kAnswered), 1u);
  EXPECT_GT(filter.stats().fragments_given_up.read(), 0u);
  expect_sums();
}

TEST_F(FragmentsTest, OverlappingPartsAreCountedAndPass) {
  std::vector<Octets> parts = fragments_of(udp_frame(dns_query("evil.example"), 53), 16, 1);
  Octets fake = parts[1];
  fake.back() ^= 1;
  parts.insert(parts.begin() + 1, fake);
  send(parts, true);
  EXPECT_EQ(filter.stats().fragments_overlapping.read(), 1u);
  expect_sums();
}

// The two say the same to a checksum: two words have changed places.
TEST_F(FragmentsTest, AnInnocentPacketMadeWithADecoyHidesNothing) {
  const std::vector<Octets> listed = fragments_of(udp_frame(dns_query("www.evil.example"), 53), 24, 1);
  const std::vector<Octets> innocent = fragments_of(udp_frame(dns_query("www.eaml.exviple"), 53), 24, 1);
  ASSERT_EQ(listed.size(), 2u);
  ASSERT_EQ(listed[0], innocent[0]);
  std::uint64_t now = 1;
  for (const std::uint64_t later : {std::uint64_t{0}, std::uint64_t{1'000'000}, std::uint64_t{29'000'000'000}}) {
    for (const bool has_options : {false, true}) {
      Octets decoy = with_hops(innocent[1], has_options ? 64 : 63);
      if (has_options) {
        decoy.insert(decoy.begin() + 34, {1, 1, 1, 1});
        decoy[14] = 0x46;
        decoy[14 + 3] = static_cast<std::uint8_t>(decoy[14 + 3] + 4);
        decoy[14 + 10] = decoy[14 + 11] = 0;
        const std::uint16_t sum = checksum_of(word_sum(Bytes(decoy).subspan(14, 24)));
        decoy[14 + 10] = static_cast<std::uint8_t>(sum >> 8);
        decoy[14 + 11] = static_cast<std::uint8_t>(sum);
      }
      Filter fresh;
      fresh.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
      fresh.access.give(with_hops(listed[0], 64), now);
      fresh.access.give(decoy, now);
      if (later != 0) fresh.run();
      fresh.access.give(with_hops(listed[1], 64), now + later);
      fresh.run();
      EXPECT_EQ(fresh.core.sent().size(), 2u);
      EXPECT_EQ(fresh.fate(Fate::kAnswered), 1u);
      EXPECT_EQ(fresh.stats().fragments_joined.read(), 2u) << "the innocent one, and the other";
    }
  }
}

// Where no checksum tells which of two packets it is, its receiver may have either: most keep the first copy, and some hops on one of them is gone.
TEST_F(FragmentsTest, TwoMessagesThatOnePartCompletesGoNowhere) {
  const auto parts_of = [](const char* name, bool has_sum) {
    Octets frame = udp_frame(dns_query(name), 53);
    if (!has_sum) frame[34 + 6] = frame[34 + 7] = 0;
    return fragments_of(frame, 40, 1);
  };
  for (const bool has_sum : {false, true}) {
    for (const bool decoy_has_sum : {false, true}) {
      for (const bool is_decoy_first : {false, true}) {
        for (const int fewer : {-1, 0, 1}) {
          if (is_decoy_first && fewer == -1) continue;  // where the listed part arrives, the decoy did before
          const std::vector<Octets> listed = parts_of("www.evil.example", has_sum);
          const Octets decoy = with_hops(parts_of("www.eaml.exviple", decoy_has_sum)[0], static_cast<std::uint8_t>(64 - fewer));
          const Octets first = with_hops(listed[0], 64), last = with_hops(listed[1], 64);
          Filter fresh;
          fresh.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
          for (const Octets& part : is_decoy_first ? std::vector<Octets>{decoy, first, last, last} : std::vector<Octets>{first, decoy, last, last})
            fresh.access.give(part, 1'000'000'000);
          fresh.run();
          for (const Octets& sent : fresh.core.sent()) EXPECT_NE(sent, last) << has_sum << decoy_has_sum << is_decoy_first << fewer;
          EXPECT_EQ(fresh.fate(Fate::kDroppedStreamFull) + fresh.fate(Fate::kAnswered), 1u) << has_sum << decoy_has_sum << is_decoy_first << fewer;
        }
      }
    }
  }
}

// The same of what no protocol reads is a sender that pads, and whose number came round after a loss.
TEST_F(FragmentsTest, TwoPacketsThatSayNothingPassThoughOnePartCompletesThem) {
  for (const bool has_sum : {false, true}) {
    const auto parts_of = [&](std::string_view text) {
      Octets payload(text.begin(), text.end());
      payload.resize(200, 'x');
      Octets frame = udp_frame("", 5201);
      frame.insert(frame.end(), payload.begin(), payload.end());
      frame[17] = static_cast<std::uint8_t>(20 + 8 + payload.size());
      frame[34 + 5] = static_cast<std::uint8_t>(8 + payload.size());
      frame[34 + 6] = frame[34 + 7] = frame[14 + 10] = frame[14 + 11] = 0;
      const std::uint16_t header = checksum_of(word_sum(Bytes(frame).subspan(14, 20)));
      const std::uint16_t sum = checksum_of(word_sum(Bytes(frame).subspan(14 + 12), 17 + 8 + payload.size()));
      frame[14 + 10] = static_cast<std::uint8_t>(header >> 8), frame[14 + 11] = static_cast<std::uint8_t>(header);
      if (has_sum) frame[34 + 6] = static_cast<std::uint8_t>(sum >> 8), frame[34 + 7] = static_cast<std::uint8_t>(sum);
      return fragments_of(frame, 96, 7);
    };
    const std::vector<Octets> lost = parts_of("abcdefgh"), next = parts_of("efghabcd");
    ASSERT_NE(lost[0], next[0]);
    ASSERT_EQ(lost[2], next[2]);
    Filter fresh;
    fresh.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
    std::size_t given = 0;
    const auto give = [&](const std::vector<Octets>& parts, std::size_t count) {
      for (std::size_t i = 0; i < count; ++i) fresh.access.give(parts[i], 1'000'000'000), ++given;
    };
    give(lost, 2);
    for (int round = 0; round < 3; ++round) give(round % 2 == 0 ? next : lost, 3);
    fresh.run();
    EXPECT_EQ(fresh.core.sent().size(), given) << has_sum;
  }
}

// The receiver was done with those.
TEST_F(FragmentsTest, WhatWasWholeBeforeHidesNoPacketUnderItsNumber) {
  std::uint16_t number = 0;
  for (const bool is_even : {true, false}) {
    for (const int fewer : {-1, 0, 1}) {
      std::vector<Octets> junk = fragments_of(udp_frame(dns_query("www.good.example"), 53), 16, ++number);
      junk.back().back() ^= 1;
      std::vector<Octets> listed = fragments_of(udp_frame(dns_query("www.evil.example"), 53), 16, number);
      for (Octets& part : junk) part = with_hops(part, static_cast<std::uint8_t>(&part == &junk[0] && !is_even ? 63 : 64));
      for (Octets& part : listed) part = with_hops(part, static_cast<std::uint8_t>(64 - fewer));
      const std::uint64_t answered = filter.fate(Fate::kAnswered);
      send(junk, true);
      send(listed, true);
      EXPECT_EQ(filter.fate(Fate::kAnswered), answered + 1) << is_even << fewer;
    }
  }
}

// Linux keeps the first copy, whatever the second one says that goes farther.
TEST_F(FragmentsTest, ASecondCopyThatArrivesHidesNothing) {
  std::uint16_t number = 0;
  for (const std::string name : {"www.eaml.exviple", "www.good.example"}) {  // sound with the rest of the other one, or not
    for (const std::uint8_t hops : std::array<std::uint8_t, 3>{63, 64, 65}) {
      for (const bool is_first : {true, false}) {
        const std::vector<Octets> listed = fragments_of(udp_frame(dns_query("www.evil.example"), 53), 32, ++number);
        const Octets copy = with_hops(fragments_of(udp_frame(dns_query(name), 53), 32, number)[0], hops);
        filter.core.forget();
        send(is_first ? std::vector<Octets>{listed[0], copy, listed[1]} : std::vector<Octets>{listed[1], listed[0], copy}, true);
        const bool arrives = std::count(filter.core.sent().begin(), filter.core.sent().end(), listed[0]) != 0 &&
                             std::count(filter.core.sent().begin(), filter.core.sent().end(), listed[1]) != 0;
        EXPECT_FALSE(arrives) << name << int{hops} << is_first;
      }
    }
  }
}

// What Linux makes of parts under one number (ip_frag_queue()): a copy of what is there is ignored, what overlaps in part makes it forget
// all, and half a minute does.
class LinuxReceiver {
 public:
  // True when this one makes a packet whole.
  bool put(const Octets& frame, std::uint64_t now) {
    const std::size_t from = 8 * (std::size_t{frame[14 + 6]} % 32 * 256 + frame[14 + 7]), to = from + frame.size() - 34;
    if (now - began_ > 30'000'000'000) parts_.clear(), end_ = 0;
    if (parts_.empty()) began_ = now;
    for (const auto& [first, last] : parts_) {
      if (from >= first && to <= last) return false;
      if (from < last && first < to) return parts_.clear(), end_ = 0, false;
    }
    parts_.emplace(from, to);
    if ((frame[14 + 6] & 0x20) == 0) end_ = to;
    std::size_t reached = 0;
    for (const auto& [first, last] : parts_) reached = first == reached ? last : reached;
    if (end_ == 0 || reached != end_) return false;
    parts_.clear(), end_ = 0;
    return true;
  }

 private:
  std::map<std::size_t, std::size_t> parts_;
  std::size_t end_ = 0;
  std::uint64_t began_ = 0;
};

// Its receiver is thirty hops away. Decoys of every kind, which do not arrive, come in any order among its parts, which come twice, or cut otherwise: a
// listed look-up does not arrive.
TEST_F(FragmentsTest, WhateverDecoysComeBesideItAListedLookUpDoesNotArrive) {
  constexpr std::uint8_t kAway = 30;
  std::mt19937 random(20261129);
  const auto below = [&](std::size_t end) { return static_cast<std::size_t>(random() % end); };
  std::uint64_t now = 1'000'000'000;
  constexpr int kRounds = 60'000;  // each has a number of its own
  int refused = 0;
  for (int round = 0; round < kRounds; ++round) {
    const std::string names[] = {"www.evil.example", "www.eaml.exviple", "www.good.example"};
    const auto parts_of = [&](std::size_t name, std::size_t size) {
      return fragments_of(udp_frame(dns_query(names[name]), 53), size, static_cast<std::uint16_t>(round));
    };
    const std::size_t size = 8 * (1 + below(4));
    std::vector<Octets> real = parts_of(0, size);
    for (Octets& part : real) part = with_hops(part, static_cast<std::uint8_t>(kAway + below(3)));
    std::vector<Octets> frames = real;
    std::shuffle(frames.begin(), frames.end(), random);
    const auto add = [&](const Octets& frame) { frames.insert(frames.begin() + static_cast<std::ptrdiff_t>(below(frames.size() + 1)), frame); };
    for (std::size_t i = below(6); i > 0; --i) {
      const std::vector<Octets> parts = parts_of(below(3), below(2) == 0 ? size : 8 * (1 + below(4)));
      Octets decoy = parts[below(parts.size())];
      switch (below(6)) {
        case 0: decoy.back() = static_cast<std::uint8_t>(random()); break;
        case 1: decoy[14 + 6] ^= 0x20; break;                                    // ends, or goes on
        case 2: decoy.resize(34 + 1 + below(decoy.size() - 34)); break;
        case 3:  // a bearer's, by its port, without a checksum
          if (decoy.size() < 34 + 8 || decoy[14 + 7] != 0) break;
          decoy[34 + 2] = 8, decoy[34 + 3] = 0x68, decoy[34 + 6] = decoy[34 + 7] = 0;
          break;
        default: break;
      }
      add(with_hops(decoy, static_cast<std::uint8_t>(1 + below(kAway - 1))));
    }
    for (std::size_t i = below(3); i > 0; --i) {
      const std::vector<Octets> cut_otherwise = parts_of(0, 8 * (1 + below(4)));
      add(below(2) == 0 ? real[below(real.size())] : with_hops(cut_otherwise[below(cut_otherwise.size())], kAway));
    }
    LinuxReceiver receiver;
    std::string told;
    const std::uint64_t answered = filter.fate(Fate::kAnswered);
    for (const Octets& frame : frames) {
      const std::uint64_t gaps[] = {0, 0, 1'000'000, 1'000'000, 1'500'000'000, 31'000'000'000};
      now += gaps[below(below(4) == 0 ? 6 : 4)];
      filter.access.forget();
      told += (frame[14 + 8] < kAway ? " decoy " : " real ") + std::to_string(frame[14 + 7] * 8) + "+" + std::to_string(frame.size() - 34) +
              ((frame[14 + 6] & 0x20) != 0 ? "" : ".") + "@" + std::to_string(frame[14 + 8]) + " " + std::to_string(now / 1'000'000);
      filter.core.forget();
      filter.access.give(frame, now);
      filter.run();
      for (const Octets& left : filter.core.sent()) {
        if (left[14 + 8] >= kAway) {
          ASSERT_FALSE(receiver.put(left, now)) << round << told;
        }
      }
    }
    if (filter.fate(Fate::kAnswered) != answered) ++refused;
  }
  EXPECT_GT(refused, kRounds * 9 / 10) << "of the others a part was lacking in the end";
}

// Numbers come round: packets under one number, one after the other, each by any way, or its first part by another than the rest. Some parts are lost.
TEST_F(FragmentsTest, InnocentPacketsUnderOneNumberPass) {
  std::mt19937 random(7);
  std::uint64_t now = 1'000'000'000;
  std::size_t given = 0, left = 0;
  for (int round = 0; round < 5'000; ++round) {
    std::string name(1 + random() % 60, 'a');
    for (char& one : name) one = static_cast<char>('a' + random() % 26);
    name += ".good.example";
    std::vector<Octets> parts = fragments_of(udp_frame(dns_query(name), 53), 8 * (1 + random() % 4), static_cast<std::uint16_t>(random() % 2));
    const std::size_t first = 50 + random() % 10, others = round < 1'000 ? first : 50 + random() % 10;
    for (Octets& part : parts) part = with_hops(part, static_cast<std::uint8_t>(&part == &parts[0] ? first : others));
    if (round >= 2'000 && random() % 100 == 0) parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(random() % parts.size()));
    if (random() % 2 == 0) std::shuffle(parts.begin(), parts.end(), random);
    now += random() % 10'000'000;
    for (const Octets& part : parts) filter.access.give(part, now);
    given += parts.size();
    if (random() % 3 == 0) filter.run();
    left += filter.core.sent().size();
    filter.core.forget();
  }
  filter.run();
  EXPECT_EQ(left + filter.core.sent().size(), given);
  EXPECT_GT(filter.stats().fragments_joined.read(), 1'000u) << "where ways differ, not each is put together";
}

// Nor does it matter whether their checksums tell them from one another, or how long they are.
TEST_F(FragmentsTest, InnocentPacketsWithoutChecksumsUnderOneNumberPass) {
  std::mt19937 random(11);
  std::uint64_t now = 1'000'000'000;
  std::size_t given = 0, left = 0;
  for (int round = 0; round < 2'000; ++round) {
    const bool is_long = random() % 20 == 0;
    std::string payload(is_long ? 30'000 : 300, 'x');
    for (char& one : payload) one = static_cast<char>(random());
    Octets frame = udp_frame("", 4500);
    frame.insert(frame.end(), payload.begin(), payload.end());
    frame[34 + 4] = static_cast<std::uint8_t>((8 + payload.size()) >> 8);
    frame[34 + 5] = static_cast<std::uint8_t>(8 + payload.size());
    frame[34 + 6] = frame[34 + 7] = 0;
    std::vector<Octets> parts = fragments_of(frame, is_long ? 1480 : 160, static_cast<std::uint16_t>(random() % 3));
    const std::size_t first = 60 + random() % 2;
    for (Octets& part : parts) part = with_hops(part, static_cast<std::uint8_t>(&part == &parts[0] ? first : 60));
    if (random() % 10 == 0) parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(random() % parts.size()));
    now += random() % 10'000'000;
    for (const Octets& part : parts) filter.access.give(part, now);
    given += parts.size();
    filter.run();
    left += filter.core.sent().size();
    filter.core.forget();
  }
  EXPECT_EQ(left, given);
  EXPECT_EQ(filter.stats().fragments_evicted.read(), 0u);
}

}  // namespace
}  // namespace telefence
