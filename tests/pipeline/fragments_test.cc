// SPDX-License-Identifier: Apache-2.0
// IP packets in fragments: read when they are whole, refused by keeping back the part that would complete them.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "filter.h"
#include "payloads.h"
#include "pipeline/worker.h"

namespace telefence {
namespace {

using namespace testing;

using Octets = std::vector<std::uint8_t>;

// The parts of an IPv4 frame, `size` bytes of payload each, a multiple of eight.
std::vector<Octets> fragments_of(const Octets& frame, std::size_t size, std::uint16_t identification) {
  constexpr std::size_t kLink = 14, kHeader = 20;
  std::vector<Octets> parts;
  const std::size_t payload = frame.size() - kLink - kHeader;
  for (std::size_t at = 0; at < payload; at += size) {
    const std::size_t count = std::min(size, payload - at);
    Octets part(frame.begin(), frame.begin() + kLink + kHeader);
    part.insert(part.end(), frame.begin() + static_cast<std::ptrdiff_t>(kLink + kHeader + at),
                frame.begin() + static_cast<std::ptrdiff_t>(kLink + kHeader + at + count));
    const std::size_t flags_and_offset = at / 8 | (at + count < payload ? 0x2000u : 0u);
    const auto set = [&](std::size_t place, std::size_t value) {
      part[kLink + place] = static_cast<std::uint8_t>(value >> 8);
      part[kLink + place + 1] = static_cast<std::uint8_t>(value);
    };
    set(2, kHeader + count);
    set(4, identification);
    set(6, flags_and_offset);
    set(10, 0);
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < kHeader; i += 2) sum += static_cast<std::uint32_t>(part[kLink + i] << 8 | part[kLink + i + 1]);
    while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
    set(10, ~sum & 0xffff);
    parts.push_back(std::move(part));
  }
  return parts;
}

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
    if (parts.size() > 9) continue;  // more holes than are kept open, when shuffled
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

TEST_F(FragmentsTest, ALookUpIsAnsweredAndASegmentOfAVisitKeptBack) {
  send(fragments_of(udp_frame(dns_query("evil.example"), 53), 16, 1), true);
  EXPECT_EQ(filter.fate(Fate::kAnswered), 1u);
  EXPECT_EQ(filter.access.sent().size(), 1u);
  send(fragments_of(tcp_frame(tls_hello("evil.example"), 443), 48, 2), true);
  EXPECT_EQ(filter.fate(Fate::kDroppedByVerdict), 1u);
  EXPECT_EQ(filter.access.sent().size(), 1u) << "where its sequence number is in another frame, nobody is told";
  EXPECT_EQ(filter.ring.pushed(), 2u);
  expect_sums();
}

TEST_F(FragmentsTest, SegmentsOfSharedConnectionsAreForwarded) {
  send(fragments_of(tcp_frame(submit_sm(1, "10690001", "8613800000001", "WIN a PRIZE"), 2775), 32, 1), true);
  EXPECT_EQ(filter.fate(Fate::kForwardedActionFailed), 1u);
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

}  // namespace
}  // namespace telefence
