// SPDX-License-Identifier: Apache-2.0
// Counts every allocation, also inside OpenSSL, while bursts of blocked and innocent traffic of all protocols run: there must be none.
#include <gtest/gtest.h>

#include "enforce/tunnelled.h"
#include "filter.h"
#include "payloads.h"
#include "quic_payloads.h"
#include "support/count_allocations.h"

namespace telefence {
namespace {

using namespace testing;

// A hello in one datagram, one in two, the same again to the id that the server chose, one that is not authentic, one to be closed.
std::vector<std::vector<std::uint8_t>> quic_datagrams(std::uint32_t round) {
  const auto from = static_cast<std::uint16_t>(4000 + 10 * round);
  const Octets hello = long_quic_hello("evil.example");
  const Octets innocent = long_quic_hello("good.example");
  const Octets first_id = {1, 2, 3, 4, 5, 6, 7, 8};
  const auto at = [from](int number) { return static_cast<std::uint16_t>(from + number); };
  Octets forged = quic_whole(quic_hello("evil.example"));
  forged.back() ^= 1;
  return {quic_frame(quic_whole(quic_hello("evil.example")), at(0)),
          quic_frame(quic_part(hello, 0, 1100), at(1)),
          quic_frame(quic_part(hello, 1100, hello.size(), {.number = 1}), at(1)),
          quic_frame(quic_part(hello, 1100, hello.size(), {.destination_id = Octets(8, 9), .key_id = first_id, .number = 2}), at(1)),
          quic_frame(quic_part(innocent, 0, 1100), at(2)),
          quic_frame(quic_part(innocent, 1100, innocent.size(), {.number = 1}), at(2)),
          quic_frame(quic_part(innocent, 0, 1100), at(3)),
          quic_frame(forged, at(4)),
          quic_frame(quic_whole(quic_hello("closed.example")), at(5))};
}

TEST(Worker, NeverAllocatesAfterStart) {
  ASSERT_TRUE(g_counts_openssl);
  Filter filter;
  filter.block([](MatchSetBuilder& b) {
    Filter::block_domain(b, "evil.example");
    Filter::block_domain(b, "closed.example", "answer");
    Filter::block_text(b, "win a prize");
    Filter::block_number(b, "+8617000000001");
  });
  std::uint32_t sent = 1000, received = 5000;
  // A message of a session, cut, the second part first; and its response.
  const auto message = [&](std::uint32_t number, std::string_view text) {
    const std::string pdu = submit_sm(number, "1069", "8613800000000", text);
    const std::string_view view = pdu;
    const auto part = [&](std::size_t from, std::size_t to) {
      filter.access.give(frame_of({.source_port = 40000, .destination_port = 2775,
                                   .sequence = sent + static_cast<std::uint32_t>(from), .acknowledgement = received,
                                   .payload = view.substr(from, to - from)}));
    };
    part(0, 9);
    part(30, pdu.size());
    part(9, 30);
    part(0, pdu.size());
    sent += static_cast<std::uint32_t>(pdu.size());
    filter.core.give(frame_of({.reversed = true, .source_port = 2775, .destination_port = 40000, .sequence = received,
                               .acknowledgement = sent, .payload = submit_sm_resp(number)}));
    received += 19;
  };
  const auto give = [&](std::uint32_t round) {
    filter.access.give(udp_frame(dns_query("www.evil.example", round), 53));
    filter.access.give(udp_frame(dns_query("www.good.example", round), 53));
    filter.access.give(tcp_frame(http_request("evil.example"), 80, round * 1000, static_cast<std::uint16_t>(1000 + round)));
    filter.access.give(tcp_frame(http_request("good.example", "/a?b"), 80, round));
    filter.access.give(tcp_frame(tls_hello("evil.example"), 443, round, static_cast<std::uint16_t>(2000 + round)));
    message(2 * round, "WIN a prize http://evil.example/x");
    message(2 * round + 1, "lunch at 12?");
    filter.access.give(udp_frame(sip_invite("+8617000000001", "13800000000"), 5060, static_cast<std::uint16_t>(3000 + round)));
    for (const auto& datagram : quic_datagrams(round)) filter.access.give(datagram);
  };
  filter.access.give(frame_of({.source_port = 40000, .destination_port = 2775, .sequence = sent - 1, .flags = kTcpSyn}));
  give(1);
  filter.run();
  give(2);
  give(3);
  const std::uint64_t before = g_allocations;
  filter.run();
  EXPECT_EQ(g_allocations - before, 0u);
  EXPECT_GE(filter.fate(Fate::kAnswered), 9u);
  EXPECT_GE(filter.fate(Fate::kNeutralised), 3u);
  EXPECT_GE(filter.fate(Fate::kReset), 3u);
  EXPECT_GE(filter.fate(Fate::kDroppedByVerdict), 4u);
  EXPECT_GE(filter.fate(Fate::kDroppedDeadConnection), 4u);
}

// Each kind, over IPv4 and IPv6: judged, answered or dropped, voided, learned from, recorded.
TEST(Worker, NeverAllocatesForTunnels) {
  Filter filter;
  filter.block([](MatchSetBuilder& b) {
    Filter::block_domain(b, "evil.example");
    Filter::block_text(b, "win a prize");
  });
  const auto give = [&](std::uint32_t round) {
    const std::string query = dns_query("www.evil.example", round);
    const std::string visit = http_request("evil.example");
    const std::string message = submit_sm(round, "1069", "8613800000000", "WIN a prize");
    const auto port = static_cast<std::uint16_t>(1000 + round);
    for (std::size_t kind = 1; kind < kTunnelKindCount; ++kind) {
      for (const bool outer_ipv6 : {false, true}) {
        const TunnelShape there{.kind = static_cast<TunnelKind>(kind), .outer_ipv6 = outer_ipv6};
        TunnelShape back = there;
        back.reversed = true;
        filter.core.give(in_tunnel(back, inner_packet({.reversed = true, .source_port = 80, .destination_port = port, .sequence = 7000, .acknowledgement = round})));
        filter.access.give(in_tunnel(there, inner_packet({.transport = Transport::kUdp, .destination_port = 53, .payload = query})));
        filter.access.give(in_tunnel(there, inner_packet({.source_port = port, .destination_port = 80, .sequence = round, .payload = visit})));
        filter.access.give(in_tunnel(there, inner_packet({.destination_port = 2775, .sequence = round * 400, .payload = message})));
      }
    }
  };
  give(1);
  filter.run();
  give(2);
  const std::uint64_t before = g_allocations;
  filter.run();
  EXPECT_EQ(g_allocations - before, 0u);
  EXPECT_GE(filter.fate(Fate::kAnswered), 20u);
  EXPECT_GE(filter.fate(Fate::kNeutralised), 14u);
}

}  // namespace
}  // namespace telefence
