// SPDX-License-Identifier: Apache-2.0
// IP packets in fragments: read when they are whole, refused by keeping back the part that would complete them.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

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

// In parts of a few octets, each second one first. More holes than are kept has nobody's packet, and the part that would make one more is
// dropped, so that nobody gets past by them.
TEST_F(FragmentsTest, EachSecondPartMayComeFirst) {
  const auto every_second_first = [](const std::vector<Octets>& parts) {
    std::vector<Octets> ordered;
    for (const std::size_t first : {1, 0})
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
  EXPECT_LT(filter.core.sent().size(), crumbs.size()) << "it never becomes whole";
  EXPECT_GT(filter.fate(Fate::kDroppedStreamFull), 0u);
  EXPECT_EQ(filter.fate(Fate::kDroppedStreamFull), filter.stats().fragments_given_up.read());
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

TEST_F(FragmentsTest, OverlappingPartsAreCountedAndPass) {
  std::vector<Octets> parts = fragments_of(udp_frame(dns_query("evil.example"), 53), 16, 1);
  Octets fake = parts[1];
  fake.back() ^= 1;
  parts.insert(parts.begin() + 1, fake);
  send(parts, true);
  EXPECT_EQ(filter.stats().fragments_overlapping.read(), 1u);
  expect_sums();
}

}  // namespace
}  // namespace telefence
