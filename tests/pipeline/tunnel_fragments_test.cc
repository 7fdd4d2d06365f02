// SPDX-License-Identifier: Apache-2.0
// Tunnels whose own packets came in fragments, as where a bearer's headers make a packet longer than its network takes: what is in them is
// judged as if they had come in one piece, and the fragment that completes a refused one is kept back.

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "enforce/tunnelled.h"
#include "filter.h"
#include "ipv4_parts.h"
#include "payloads.h"

namespace telefence {
namespace {

using namespace testing;

constexpr std::size_t kLink = 14;

// The parts of a frame of IPv6, `size` octets of payload each, a multiple of eight.
std::vector<Octets> ipv6_fragments_of(const Octets& frame, std::size_t size, std::uint8_t identification) {
  constexpr std::size_t kHeader = 40;
  std::vector<Octets> parts;
  const Octets payload(frame.begin() + kLink + kHeader, frame.end());
  for (std::size_t at = 0; at < payload.size(); at += size) {
    const std::size_t count = std::min(size, payload.size() - at);
    Octets part(frame.begin(), frame.begin() + kLink + kHeader);
    part[kLink + 6] = 44;
    put16(part, kLink + 4, static_cast<std::uint16_t>(count + 8));
    const std::size_t place = at | (at + count < payload.size() ? 1u : 0u);
    part.insert(part.end(), {frame[kLink + 6], 0, static_cast<std::uint8_t>(place >> 8), static_cast<std::uint8_t>(place), 0, 0, 0, identification});
    part.insert(part.end(), payload.begin() + static_cast<std::ptrdiff_t>(at), payload.begin() + static_cast<std::ptrdiff_t>(at + count));
    parts.push_back(std::move(part));
  }
  return parts;
}

std::vector<Octets> parts_of(const Octets& frame, std::size_t size, std::uint8_t identification) {
  return frame[kLink] >> 4 == 4 ? fragments_of(frame, size, identification) : ipv6_fragments_of(frame, size, identification);
}

Octets without_link(const Octets& frame) { return Octets(frame.begin() + kLink, frame.end()); }

PacketShape lookup(std::string_view payload) { return {.transport = Transport::kUdp, .destination_port = 53, .payload = payload}; }
PacketShape segment(std::string_view payload, std::uint16_t service, bool ipv6 = false) {
  return {.ipv6 = ipv6, .destination_port = service, .sequence = 1000, .acknowledgement = 7000, .payload = payload};
}

// A look-up in a packet of IPv4 of this length, by what it is padded with.
Octets long_lookup(std::string_view name, std::size_t length) {
  const std::string query = dns_query(name);
  Octets link(kLink);
  link[12] = 8;
  Octets frame = link + inner_packet(lookup(query));
  frame.resize(kLink + length);
  put16(frame, kLink + 20 + 4, static_cast<std::uint16_t>(length - 20));
  put16(frame, kLink + 20 + 6, 0);  // without a checksum
  set_length(frame);
  return frame;
}

class TunnelFragments : public ::testing::Test {
 protected:
  TunnelFragments() {
    filter.block([](MatchSetBuilder& b) {
      Filter::block_domain(b, "evil.example");
      Filter::block_domain(b, "watched.example", "tag");
      Filter::block_text(b, "win a prize");
      Filter::block_number(b, "+8617000000001");
    });
  }
  ~TunnelFragments() override {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < kFateCount; ++i) sum += filter.stats().fates[i].read();
    EXPECT_EQ(sum, filter.stats().received.read());
    EXPECT_EQ(filter.free_buffers(), Filter::kBuffers);
  }
  void send(const std::vector<Octets>& parts, bool each_alone = false) {
    filter.access.forget();
    filter.core.forget();
    for (const Octets& part : parts) {
      filter.access.give(part);
      if (each_alone) filter.run();
    }
    filter.run();
  }
  std::vector<Octets> passed() {
    const auto sent = filter.core.sent();
    return {sent.begin(), sent.end()};
  }
  Filter filter;
};

constexpr TunnelKind kCarriedByIp[] = {TunnelKind::kGtpU, TunnelKind::kGre, TunnelKind::kIpInIp, TunnelKind::kVxlan,
                                      TunnelKind::kGeneve, TunnelKind::kTeredo, TunnelKind::kGreInUdp};

TEST_F(TunnelFragments, ALookUpCutAnywhereIsAnsweredIntoTheTunnelAndNeverArrivesWhole) {
  const std::string query = dns_query("www.evil.example");
  std::mt19937 random(7);
  std::uint8_t identification = 0;
  std::size_t cut = 0;
  for (const TunnelKind kind : kCarriedByIp) {
    if (kind == TunnelKind::kGtpU) continue;  // the way back has to be learned first: below
    for (const bool outer_ipv6 : {false, true}) {
      for (std::size_t size = 16; size < 80; size += 8) {
        const Octets whole = in_tunnel({.kind = kind, .outer_ipv6 = outer_ipv6}, inner_for(kind, lookup(query)));
        std::vector<Octets> parts = parts_of(whole, size, ++identification);
        if (parts.size() == 1) break;
        ++cut;
        std::shuffle(parts.begin(), parts.end(), random);
        const std::uint64_t before = filter.fate(Fate::kAnswered);
        send(parts, size % 16 == 0);
        ASSERT_EQ(filter.fate(Fate::kAnswered), before + 1) << traits_of(kind).name << " v6 " << outer_ipv6 << " size " << size;
        ASSERT_EQ(filter.core.sent().size(), parts.size() - 1);
        for (std::size_t i = 0; i + 1 < parts.size(); ++i) EXPECT_EQ(filter.core.sent()[i], parts[i]) << "those before pass as they came";
        ASSERT_EQ(filter.access.sent().size(), 1u);
        const Held answer{filter.access.sent()[0]};
        EXPECT_EQ(answer.layers.tunnel, kind);
        EXPECT_EQ(answer.layers.source_port, 53);
        EXPECT_EQ(outer_problems(answer.frame, true), std::vector<std::string>());
        send({parts.back()});
        EXPECT_EQ(filter.core.sent().size(), 0u) << "a copy of the part that was kept back must not complete the packet";
      }
    }
  }
  EXPECT_GT(cut, 40u);
}

TEST_F(TunnelFragments, InnocentPacketsPassAsTheyCame) {
  const std::string query = dns_query("good.example"), request = http_request("good.example"), odd(300, 'x');
  std::uint8_t identification = 0;
  std::uint64_t inspected = 0;
  for (const TunnelKind kind : kCarriedByIp) {
    for (const PacketShape& shape : {lookup(query), segment(request, 80), segment(odd, 9999, true), segment("", 80)}) {
      const bool has_name = shape.destination_port == 53 || (shape.destination_port == 80 && !shape.payload.empty());
      const std::vector<Octets> parts = parts_of(in_tunnel({.kind = kind}, inner_for(kind, shape)), 32, ++identification);
      send(parts);
      ASSERT_EQ(filter.core.sent().size(), parts.size());
      for (std::size_t i = 0; i < parts.size(); ++i) EXPECT_EQ(filter.core.sent()[i], parts[i]);
      EXPECT_EQ(filter.access.sent().size(), 0u);
      EXPECT_EQ(filter.fate(Fate::kForwardedInspected), inspected += has_name) << traits_of(kind).name;
    }
    EXPECT_EQ(filter.stats().tunnels[static_cast<std::size_t>(kind)].read(), 4u) << "each packet in it is counted once";
  }
}

// The packets of the other direction are small, and teach the way.
void teach_way_back(Filter& filter) {
  filter.access.give(in_tunnel({.id = 0xa1}, inner_packet(segment("", 80))));
  filter.run();
  filter.core.give(in_tunnel({.reversed = true, .id = 0xb2}, inner_packet({.reversed = true, .source_port = 80, .destination_port = 40000,
                                                                         .sequence = 7000, .acknowledgement = 1000})));
  filter.run();
}

TEST_F(TunnelFragments, AVisitInABearerIsClosedAtBothEnds) {
  teach_way_back(filter);
  const std::vector<Octets> parts = parts_of(in_tunnel({.id = 0xa1}, inner_packet(segment(http_request("evil.example"), 80))), 64, 1);
  send(parts);
  EXPECT_EQ(filter.fate(Fate::kAnswered), 1u);
  ASSERT_EQ(filter.access.sent().size(), 1u) << "the page";
  EXPECT_EQ(Held{filter.access.sent()[0]}.layers.tunnel_id, 0xb2u);
  ASSERT_EQ(filter.core.sent().size(), parts.size());
  const Held reset{filter.core.sent().back()};
  EXPECT_EQ(reset.layers.tunnel_id, 0xa1u);
  EXPECT_NE(tcp_header(reset.frame, reset.layers).flags & kTcpRst, 0);
  const Record* const record = filter.ring.front();
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->tunnels[0].id, 0xa1u);
  EXPECT_EQ(record->outer_ip_version, 4);
  EXPECT_EQ(filter.ring.pushed(), 1u);
  // The same segment once more, under another identification; and what stands behind it, in one piece.
  send(parts_of(in_tunnel({.id = 0xa1}, inner_packet(segment(http_request("evil.example"), 80))), 64, 2));
  ASSERT_EQ(filter.core.sent().size(), parts.size()) << "no part of it makes it whole, and the server is told once more";
  const Held once_more{filter.core.sent().back()};
  ASSERT_EQ(once_more.layers.transport, Transport::kTcp);
  EXPECT_NE(tcp_header(once_more.frame, once_more.layers).flags & kTcpRst, 0);
  EXPECT_EQ(filter.ring.pushed(), 1u) << "it is no further interception";
  PacketShape behind = segment("more", 80);
  behind.sequence += static_cast<std::uint32_t>(http_request("evil.example").size());
  const std::uint64_t before = filter.fate(Fate::kDroppedDeadConnection);
  send(parts_of(in_tunnel({.id = 0xa1}, inner_packet(behind)), 32, 3));
  EXPECT_EQ(filter.fate(Fate::kDroppedDeadConnection), before + 1);
}

TEST_F(TunnelFragments, AHelloInTwoSegmentsOfWhichOneCameInFragmentsIsFound) {
  const std::string padding = std::string("\x00\x15\x01\x90", 4) + std::string(400, '\0');  // RFC 7685
  const std::string hello = tls_hello("evil.example", padding);
  teach_way_back(filter);
  const std::string_view all = hello;
  PacketShape second = segment(all.substr(400), 443);
  second.sequence += 400;
  send({in_tunnel({.id = 0xa1}, inner_packet(segment(all.substr(0, 400), 443)))});
  EXPECT_EQ(filter.core.sent().size(), 1u);
  send(parts_of(in_tunnel({.id = 0xa1}, inner_packet(second)), 128, 9));
  EXPECT_EQ(filter.fate(Fate::kReset) + filter.fate(Fate::kDroppedByVerdict), 1u);
  EXPECT_EQ(filter.ring.pushed(), 1u);
}

// A packet in fragments, each in a tunnel, the last of which comes in fragments itself.
TEST_F(TunnelFragments, FragmentsInFragmentsAreJoinedInsideOut) {
  std::uint8_t identification = 0;
  for (const bool outer_ipv6 : {false, true}) {
    Octets link(kLink);
    link[12] = 8;
    const Octets inner = link + inner_packet(lookup(dns_query("evil.example")));
    const std::vector<Octets> inner_parts = fragments_of(inner, 16, 77);
    std::vector<Octets> parts;
    for (const Octets& part : inner_parts)
      for (const Octets& one : parts_of(in_tunnel({.kind = TunnelKind::kGre, .outer_ipv6 = outer_ipv6}, without_link(part)), 16, ++identification))
        parts.push_back(one);
    ASSERT_GT(parts.size(), 4u);
    const std::uint64_t before = filter.fate(Fate::kAnswered);
    send(parts);
    EXPECT_EQ(filter.fate(Fate::kAnswered), before + 1);
    EXPECT_EQ(filter.core.sent().size(), parts.size() - 1);
    EXPECT_EQ(filter.access.sent().size(), 1u);
  }
}

TEST_F(TunnelFragments, AMessageOnASharedConnectionPassesAndIsCounted) {
  const std::string text = submit_sm(1, "10690001", "8613800000001", "WIN a PRIZE");
  const std::vector<Octets> parts = parts_of(in_tunnel({.kind = TunnelKind::kVxlan}, inner_packet(segment(text, 2775))), 64, 1);
  send(parts);
  ASSERT_EQ(filter.core.sent().size(), parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i) EXPECT_EQ(filter.core.sent()[i], parts[i]);
  EXPECT_EQ(filter.fate(Fate::kForwardedActionFailed), 1u);
  EXPECT_EQ(filter.ring.pushed(), 1u);
  send(parts_of(in_tunnel({.kind = TunnelKind::kVxlan}, inner_packet(segment(sip_invite("+8617000000001", "13800000000"), 5060))), 64, 2));
  EXPECT_EQ(filter.fate(Fate::kForwardedActionFailed), 2u);
  EXPECT_EQ(filter.access.sent().size(), 0u);
}

TEST_F(TunnelFragments, ATagIsWrittenIntoThePartThatIsHere) {
  const std::vector<Octets> parts = parts_of(in_tunnel({.kind = TunnelKind::kGre}, inner_packet(lookup(dns_query("watched.example")))), 32, 1);
  send(parts);
  EXPECT_EQ(filter.fate(Fate::kTagged), 1u);
  ASSERT_EQ(filter.core.sent().size(), parts.size());
  const Held last{filter.core.sent().back()};
  EXPECT_EQ(last.octets[kLink + 1] >> 2, 1) << "DSCP";
  EXPECT_EQ(sum_of(Octets(last.octets.begin() + kLink, last.octets.begin() + kLink + 20)), 0xffff);
  EXPECT_EQ(without_link(last.octets).size(), without_link(parts.back()).size());
  EXPECT_TRUE(std::equal(last.octets.begin() + kLink + 20, last.octets.end(), parts.back().begin() + kLink + 20));
}

TEST_F(TunnelFragments, CopiesAreAnsweredWithoutTheTunnelThatASwitchAdds) {
  const std::vector<Octets> parts = parts_of(in_tunnel({.kind = TunnelKind::kGre}, inner_packet(lookup(dns_query("evil.example")))), 32, 1);
  for (const Octets& part : parts) filter.tap.give(part);
  filter.run();
  EXPECT_EQ(filter.fate(Fate::kMirrorReleased), parts.size());
  EXPECT_EQ(filter.ring.pushed(), 1u);
}

// Parts that come twice in a burst: what completed the packet is kept back, and so are they, however many.
TEST_F(TunnelFragments, EachCopyOfThePartThatCompletesARefusedPacketIsKeptBack) {
  for (const TunnelKind kind : {TunnelKind::kGre, TunnelKind::kVxlan}) {
    std::vector<Octets> parts = parts_of(in_tunnel({.kind = kind}, without_link(long_lookup("evil.example", 20000))), 1400, static_cast<std::uint8_t>(kind));
    const std::vector<Octets> last(40, parts.back());
    parts.pop_back();
    send(parts);
    const std::uint64_t before = filter.fate(Fate::kAnswered);
    const std::uint64_t records = filter.ring.pushed();
    send(last);
    EXPECT_EQ(filter.fate(Fate::kAnswered), before + 1);
    EXPECT_EQ(filter.core.sent().size(), 0u);
    EXPECT_EQ(filter.ring.pushed(), records + 1);
  }
  // The same without a tunnel, in which a copy was judged for itself.
  std::vector<Octets> parts = fragments_of(udp_frame(dns_query("evil.example"), 53), 16, 5);
  const std::vector<Octets> last(40, parts.back());
  parts.pop_back();
  send(parts);
  send(last);
  EXPECT_EQ(filter.core.sent().size(), 0u);
}

// A tail whose beginning was lost, then whole packets under its number, in bursts of their own: each is read by its own parts, and what is made
// of two of them is nothing that anybody is told of.
TEST_F(TunnelFragments, ATailThatWasLeftBehindSpoilsNoPacketBehindIt) {
  for (const std::size_t length : {200u, 190u, 216u}) {  // as long, shorter, longer
    for (const bool has_tunnel : {false, true}) {
      SCOPED_TRACE(std::to_string(length) + (has_tunnel ? " in a tunnel" : ""));
      Filter fresh;
      fresh.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
      const auto parts = [&](std::string_view name, std::size_t whole, char filling) {
        Octets frame = long_lookup(name, whole);
        for (std::size_t i = 14 + 20 + 8 + 60; i < frame.size(); ++i) frame[i] = static_cast<std::uint8_t>(filling);
        put16(frame, 14 + 20 + 6, 0);
        Frame view;
        view.data = frame.data();
        view.length = static_cast<std::uint32_t>(frame.size());
        const std::uint16_t sum = checksum_of(word_sum(Bytes(frame).subspan(14 + 20), word_sum(Bytes(frame).subspan(14 + 12, 8)) + 17 + frame.size() - 34));
        put16(frame, 14 + 20 + 6, sum);
        return parts_of(has_tunnel ? in_tunnel({.kind = TunnelKind::kVxlan}, without_link(frame)) : frame, 104, has_tunnel ? 31 : 32);
      };
      const auto give = [&](const std::vector<Octets>& frames) {
        fresh.core.forget();
        for (const Octets& one : frames) {
          fresh.access.give(one);
          fresh.run();
        }
      };
      give({parts("evil.example", 200, 'a').back()});
      const std::vector<Octets> innocent = parts("good.example", length, 'b');
      give(innocent);
      EXPECT_EQ(fresh.core.sent().size(), innocent.size());
      EXPECT_EQ(fresh.ring.pushed() - fresh.stats().evasions[static_cast<std::size_t>(EvasionKind::kBadChecksum)].read() -
                    fresh.stats().evasions[static_cast<std::size_t>(EvasionKind::kOverlappingFragments)].read(), 0u);
      give(parts("evil.example", length, 'c'));
      EXPECT_EQ(fresh.fate(Fate::kAnswered), 1u);
      EXPECT_LT(fresh.core.sent().size(), innocent.size());
    }
  }
}

// The next packet of the same two ends may bear the same number, in the same burst.
TEST_F(TunnelFragments, TwoPacketsUnderOneNumberInABurstAreBothRead) {
  for (const bool has_tunnel : {false, true}) {
    const auto parts = [&](std::string_view name) {
      const Octets frame = long_lookup(name, 200);
      return parts_of(has_tunnel ? in_tunnel({.kind = TunnelKind::kVxlan}, without_link(frame)) : frame, 104, has_tunnel ? 31 : 32);
    };
    std::vector<Octets> frames = parts("good.example");
    const std::size_t innocent = frames.size();
    for (const Octets& part : parts("evil.example")) frames.push_back(part);
    const std::uint64_t before = filter.fate(Fate::kAnswered);
    send(frames);
    EXPECT_EQ(filter.fate(Fate::kAnswered), before + 1) << has_tunnel;
    ASSERT_EQ(filter.core.sent().size(), frames.size() - 1);
    for (std::size_t i = 0; i < innocent; ++i) EXPECT_EQ(filter.core.sent()[i], frames[i]);
  }
}

// The identification of GTP-U's ends comes round; of who makes fragments himself it does not.
TEST_F(TunnelFragments, WhatASenderCutsHimselfIsKnownForAsLongAsReceiversKeepIt) {
  std::uint64_t now = 1'000'000'000'000;
  std::uint8_t identification = 0;
  const Octets link_of_ipv6 = Octets(12) + Octets{0x86, 0xdd};
  PacketShape shape = lookup("");
  const std::string query = dns_query("evil.example");
  shape.payload = query;
  shape.ipv6 = true;
  const std::vector<Octets> wholes = {in_tunnel({.kind = TunnelKind::kIpInIp, .outer_ipv6 = true}, inner_packet(lookup(query))),
                                      in_tunnel({.kind = TunnelKind::kGre}, inner_packet(lookup(query))), link_of_ipv6 + inner_packet(shape)};
  for (const Octets& whole : wholes) {
    std::vector<Octets> parts = parts_of(whole, 24, ++identification);
    if (whole[kLink] >> 4 == 6) parts.back()[kLink + 40] = 47;  // what a later part names counts for nothing (RFC 8200, 4.5)
    const std::uint64_t before = filter.fate(Fate::kAnswered);
    for (const Octets& part : parts) {
      filter.access.give(part, now);
      filter.run();
      now += 2'000'000'000;
    }
    EXPECT_EQ(filter.fate(Fate::kAnswered), before + 1) << int(identification);
    filter.core.forget();
    filter.access.give(parts.back(), now);
    filter.run();
    EXPECT_EQ(filter.core.sent().size(), 0u);
  }
}

// Longer than the frame by its own length: no receiver takes it, so it must not be the first copy of what the next part says.
TEST_F(TunnelFragments, APartThatIsCutShortIsNoPart) {
  for (const bool ipv6 : {false, true}) {
    const std::string query = dns_query("evil.example");
    PacketShape shape = lookup(query);
    shape.ipv6 = ipv6;
    const Octets whole = Octets(12) + (ipv6 ? Octets{0x86, 0xdd} : Octets{8, 0}) + inner_packet(shape);
    const std::vector<Octets> parts = parts_of(whole, 16, 61);
    std::vector<Octets> frames = parts;
    Octets decoy = parts.back();
    for (std::size_t i = decoy.size() - 8; i < decoy.size(); ++i) decoy[i] ^= 1;
    decoy.resize(decoy.size() + 8);
    if (ipv6)
      put16(decoy, kLink + 4, static_cast<std::uint16_t>(decoy.size() - kLink - 40));
    else
      set_length(decoy);
    decoy.resize(decoy.size() - 8);
    frames.insert(frames.end() - 1, decoy);
    const std::uint64_t before = filter.fate(Fate::kAnswered);
    send(frames, true);
    EXPECT_EQ(filter.fate(Fate::kAnswered), before + 1) << ipv6;
    EXPECT_GE(filter.fate(Fate::kForwardedBadHeader), 1u);
  }
}

// Both packets that the parts make are sound: two words have changed places in one.
TEST_F(TunnelFragments, APartThatMakesTwoPacketsAtOnceGoesNowhere) {
  std::uint8_t number = 100;
  for (const TunnelKind kind : kCarriedByIp) {
    if (kind == TunnelKind::kGtpU) continue;
    for (const bool outer_ipv6 : {false, true}) {
      ++number;
      std::size_t size = 32;
      const auto parts_with = [&](std::string_view name) {
        return parts_of(in_tunnel({.kind = kind, .outer_ipv6 = outer_ipv6}, inner_for(kind, lookup(dns_query(name)))), size, number);
      };
      std::vector<Octets> parts, copies;
      std::size_t differing = 0, one = 0;
      do {
        size += 8;
        parts = parts_with("www.evil.example");
        copies = parts_with("www.eaml.exviple");
        differing = 0;
        for (std::size_t i = 0; i < parts.size(); ++i)
          if (parts[i] != copies[i]) ++differing, one = i;
      } while (differing != 1);
      ASSERT_GT(parts.size(), 1u);
      std::rotate(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(one), parts.end());
      parts.insert(parts.begin() + 1, copies[one]);
      const std::uint64_t dropped = filter.fate(Fate::kDroppedStreamFull);
      send(parts, true);
      EXPECT_EQ(filter.fate(Fate::kDroppedStreamFull), dropped + 1);
      EXPECT_EQ(filter.core.sent().size(), parts.size() - 1);
      // What is sound in one of them only is read.
      ++number;
      const std::vector<Octets> listed = parts_with("www.evil.example");
      Octets spoilt = listed[0];
      spoilt.back() ^= 1;
      const std::uint64_t answered = filter.fate(Fate::kAnswered);
      std::vector<Octets> all = listed;
      all.insert(all.begin(), spoilt);
      send(all, true);
      EXPECT_EQ(filter.fate(Fate::kAnswered), answered + 1);
    }
  }
}

// Offsets are 16 bits wide, and no tunnel is followed far: what nobody sends goes nowhere.
TEST_F(TunnelFragments, ATunnelBehindMoreHeadersThanAreFollowedDoesNotHideAMessage) {
  constexpr std::uint8_t kDestination = 60;
  std::uint8_t number = 200;
  for (const TunnelKind kind : {TunnelKind::kIpInIp, TunnelKind::kGre, TunnelKind::kVxlan}) {
    for (const std::size_t count : {2u, 24u, 31u}) {
      Octets whole = in_tunnel({.kind = kind, .outer_ipv6 = true}, inner_for(kind, lookup(dns_query("www.evil.example"))));
      for (std::size_t i = 0; i < count; ++i) {
        Octets header(2048);
        header[0] = whole[kLink + 6], header[1] = 255;
        whole[kLink + 6] = kDestination;
        whole.insert(whole.begin() + kLink + 40, header.begin(), header.end());
      }
      const std::vector<Octets> parts = ipv6_fragments_of(whole, 1440, ++number);
      const std::uint64_t answered = filter.fate(Fate::kAnswered), dropped = filter.fate(Fate::kDroppedStreamFull);
      send(parts, true);
      EXPECT_EQ(filter.fate(Fate::kAnswered) - answered, count == 2 ? 1u : 0u) << traits_of(kind).name << count;
      EXPECT_EQ(filter.fate(Fate::kDroppedStreamFull) - dropped, count == 2 ? 0u : 1u) << traits_of(kind).name << count;
      EXPECT_EQ(passed(), std::vector<Octets>(parts.begin(), parts.end() - 1));
    }
  }
}

// A part ends where the first of its headers has no hops left.
TEST_F(TunnelFragments, FewHopsInTheHeaderAroundMakeADecoy) {
  constexpr std::size_t kHops = kLink + 8;
  const auto frame_for = [](const std::string& text) {
    Octets link(kLink);
    link[12] = 8;
    Octets frame = link + inner_packet({.transport = Transport::kUdp, .destination_port = 9999, .payload = text});
    frame[kLink + 20 + 6] = frame[kLink + 20 + 7] = 0;  // without a checksum
    return frame;
  };
  const std::string call = sip_invite("+8617000000001", "13800000000");
  // In one tunnel, and in one that is in another.
  for (const std::uint16_t number : {std::uint16_t{77}, std::uint16_t{78}}) {
    const auto parts_for = [&](const std::string& text, std::uint8_t hops) {
      std::vector<Octets> parts;
      for (const Octets& part : fragments_of(frame_for(text), 16, number)) {
        Octets carried = in_tunnel({.kind = TunnelKind::kIpInIp}, without_link(part));
        carried[kHops] = hops;
        set_length(carried);
        parts.push_back(number == 77 ? carried : in_tunnel({.kind = TunnelKind::kGre}, without_link(carried)));
      }
      return parts;
    };
    const std::vector<Octets> listed = parts_for(call, 60);
    const Octets decoy = parts_for(std::string(call.size(), 'x'), 3)[0], other_decoy = parts_for(std::string(call.size(), 'y'), 3)[0];
    std::vector<Octets> all = {decoy, listed[0], other_decoy};
    all.insert(all.end(), listed.begin() + 1, listed.end());
    const std::uint64_t answered = filter.fate(Fate::kAnswered);
    send(all, true);
    EXPECT_EQ(filter.fate(Fate::kAnswered), answered + 1) << number;
    EXPECT_EQ(passed(), std::vector<Octets>(all.begin(), all.end() - 1)) << number;
  }
}

// Parts that contradict each other are an event of evasion, whose record tells the addresses; in this tunnel there is nothing that has any.
TEST_F(TunnelFragments, ATunnelWithABrokenPacketInsideIsAnOrdinaryOne) {
  Octets broken = in_tunnel({.kind = TunnelKind::kGre}, inner_packet(lookup("")));
  broken.resize(14 + 20 + 4 + 12);
  set_length(broken);
  std::vector<Octets> parts = fragments_of(broken, 8, 4);
  Octets other = parts[0];
  other.back() ^= 1;
  send({parts[0], other, parts[1]});
  EXPECT_EQ(filter.core.sent().size(), 3u);
  EXPECT_GE(filter.stats().evasions[static_cast<std::size_t>(EvasionKind::kOverlappingFragments)].read(), 1u);
  ASSERT_GE(filter.ring.pushed(), 1u);
  EXPECT_EQ(filter.ring.front()->ip_version, 4);
  EXPECT_EQ(filter.ring.front()->source[0], broken[14 + 12]) << "the tunnel's own end";
}

// The longest packet that may be, cut into fragments and each of these put into a tunnel, the last of which is cut, too: with the headers
// around it no length could say how long it is.
TEST_F(TunnelFragments, TheLongestPacketInATunnelIsReadAllTheSame) {
  std::vector<Octets> frames;
  const std::vector<Octets> inner_parts = fragments_of(long_lookup("evil.example", 65535), 1400, 77);
  for (const Octets& part : inner_parts) frames.push_back(in_tunnel({.kind = TunnelKind::kGre}, without_link(part)));
  const std::vector<Octets> last = parts_of(frames.back(), 512, 1);
  frames.pop_back();
  frames.insert(frames.end(), last.begin(), last.end());
  send(frames);
  EXPECT_EQ(filter.fate(Fate::kAnswered), 1u);
  EXPECT_EQ(filter.core.sent().size(), frames.size() - 1);
}

// RFC 7413: bytes may come with the SYN, which takes a number itself.
TEST_F(TunnelFragments, AHelloThatBeginsInTheOpeningIsFound) {
  teach_way_back(filter);
  const std::string hello = tls_hello("evil.example", std::string("\x00\x15\x01\x90", 4) + std::string(400, '\0'));
  PacketShape opening = segment(std::string_view(hello).substr(0, 300), 443);
  opening.flags = kTcpSyn;
  opening.acknowledgement = 0;
  send(parts_of(in_tunnel({.id = 0xa1}, inner_packet(opening)), 128, 9));
  PacketShape second = segment(std::string_view(hello).substr(300), 443);
  second.sequence += 301;
  send({in_tunnel({.id = 0xa1}, inner_packet(second))});
  EXPECT_EQ(filter.fate(Fate::kReset) + filter.fate(Fate::kDroppedByVerdict), 1u);
  EXPECT_EQ(filter.ring.pushed(), 1u);
}

// RFC 8200, 4.5 lets what is in a fragmented packet be a fragment header again: each level is a packet to put together, and one last part
// could complete them all.
TEST_F(TunnelFragments, ACascadeOfPacketsThatOnePartCompletesEnds) {
  constexpr std::size_t kLevels = 40, kHeader = 40;
  const std::string query = dns_query("evil.example");
  PacketShape shape = lookup(query);
  shape.ipv6 = true;
  const Octets innermost = inner_packet(shape);
  const Octets header(innermost.begin(), innermost.begin() + kHeader);
  Octets payload(innermost.begin() + kHeader, innermost.end());
  const auto part = [](std::uint8_t protocol, std::size_t place, std::uint8_t identification, const Octets& bytes) {
    return Octets{protocol, 0, static_cast<std::uint8_t>(place >> 8), static_cast<std::uint8_t>(place), 0, 0, 0, identification} + bytes;
  };
  const auto carried = [&](const Octets& behind) {
    Octets packet = header;
    packet[6] = 44;
    put16(packet, 4, static_cast<std::uint16_t>(behind.size()));
    return in_tunnel({.kind = TunnelKind::kGre}, packet + behind);
  };
  std::uint8_t next = 17;
  std::vector<Octets> firsts;
  for (std::size_t level = 0; level < kLevels; ++level) {
    // The first unit comes by itself, the rest is the part that completes.
    const auto identification = static_cast<std::uint8_t>(level + 1);
    firsts.push_back(carried(part(next, 1, identification, Octets(payload.begin(), payload.begin() + 8))));
    payload = part(next, 8, identification, Octets(payload.begin() + 8, payload.end()));
    next = 44;
  }
  send(firsts);
  const std::vector<Octets> last = parts_of(carried(payload), 32, 99);
  send(last);
  EXPECT_EQ(filter.core.sent().size(), last.size());
  EXPECT_EQ(filter.stats().fragments_joined.read(), kMostTunnels + 1) << "so many in one another, and no more";
}

}  // namespace
}  // namespace telefence
