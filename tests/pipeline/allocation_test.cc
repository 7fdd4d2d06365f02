// SPDX-License-Identifier: Apache-2.0
// Counts every allocation, also inside OpenSSL, while bursts of blocked and innocent traffic of all protocols run: there must be none.
#include <gtest/gtest.h>

#include <string>

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

// What all rounds are about: names with each action, a text that is voided and one that is only marked, a number.
void fill(MatchSetBuilder& builder) {
  Filter::block_domain(builder, "evil.example");
  Filter::block_domain(builder, "dropped.example", "drop");
  Filter::block_domain(builder, "tagged.example", "tag");
  Filter::block_domain(builder, "closed.example", "answer");
  Filter::block_text(builder, "win a prize");
  builder.add_pattern({"a marked text", true, false}, Filter::rule(builder, "a marked text", "tag"));
  Filter::block_number(builder, "+8617000000001");
}

class Rounds {
 public:
  explicit Rounds(Filter& filter) : filter_(filter) {
    filter_.access.give(frame_of({.source_port = 40000, .destination_port = 2775, .sequence = sent_ - 1, .flags = kTcpSyn}));
  }

  // Blocked and innocent traffic of all protocols, whole and cut.
  void give(std::uint16_t round) {
    filter_.access.give(udp_frame(dns_query("www.evil.example", round), 53));
    filter_.access.give(udp_frame(dns_query("www.good.example", round), 53));
    filter_.access.give(udp_frame(dns_query("www.dropped.example", round), 53));
    filter_.access.give(udp_frame(dns_query("www.tagged.example", round), 53));
    filter_.access.give(tcp_frame(http_request("evil.example"), 80, round * 1000u, static_cast<std::uint16_t>(1000 + round)));
    filter_.access.give(tcp_frame(http_request("good.example", "/a?b"), 80, round));
    filter_.access.give(tcp_frame(tls_hello("evil.example"), 443, round, static_cast<std::uint16_t>(2000 + round)));
    filter_.access.give(tcp_frame(tls_hello("tagged.example"), 443, round, static_cast<std::uint16_t>(2500 + round)));
    filter_.access.give(udp_frame(sip_invite("+8617000000001", "13800000000"), 5060, static_cast<std::uint16_t>(3000 + round)));
    spread(http_request("www.evil.example"), 80, static_cast<std::uint16_t>(4000 + round));
    spread(http_request("www.good.example"), 80, static_cast<std::uint16_t>(5000 + round));
    spread(tls_hello("www.dropped.example"), 443, static_cast<std::uint16_t>(6000 + round));
    spread(tls_hello("www.tagged.example"), 443, static_cast<std::uint16_t>(7000 + round));
    message(4u * round, "WIN a prize http://evil.example/x");
    message(4u * round + 1, "lunch at 12?");
    message(4u * round + 2, "a MARKED text");
    message(4u * round + 3, "see https://www.good.example/x?y");
    for (const auto& datagram : quic_datagrams(round)) filter_.access.give(datagram);
  }

 private:
  // A message over three segments of a connection of its own, the last one before the middle one, and the first one twice.
  void spread(std::string_view message, std::uint16_t port, std::uint16_t from) {
    const std::size_t third = message.size() / 3;
    const auto part = [&](std::size_t start, std::size_t end) {
      filter_.access.give(tcp_frame(message.substr(start, end - start), port, 1000 + static_cast<std::uint32_t>(start), from));
    };
    filter_.access.give(frame_of({.source_port = from, .destination_port = port, .sequence = 999, .flags = kTcpSyn}));
    part(0, third);
    part(0, third);
    part(2 * third, message.size());
    part(third, 2 * third);
  }

  // A message of a session, cut, the second part first; and its response.
  void message(std::uint32_t number, std::string_view text) {
    const std::string pdu = submit_sm(number, "1069", "8613800000000", text);
    const std::string_view view = pdu;
    const auto part = [&](std::size_t from, std::size_t to) {
      filter_.access.give(frame_of({.source_port = 40000, .destination_port = 2775,
                                    .sequence = sent_ + static_cast<std::uint32_t>(from), .acknowledgement = received_,
                                    .payload = view.substr(from, to - from)}));
    };
    part(0, 9);
    part(30, pdu.size());
    part(9, 30);
    part(0, pdu.size());
    sent_ += static_cast<std::uint32_t>(pdu.size());
    filter_.core.give(frame_of({.reversed = true, .source_port = 2775, .destination_port = 40000, .sequence = received_,
                                .acknowledgement = sent_, .payload = submit_sm_resp(number)}));
    received_ += 19;
  }

  Filter& filter_;
  std::uint32_t sent_ = 1000, received_ = 5000;
};

std::uint64_t allocations_of(Filter& filter) {
  const std::uint64_t before = g_allocations;
  filter.run();
  return g_allocations - before;
}

TEST(Worker, NeverAllocatesAfterStart) {
  ASSERT_TRUE(g_counts_openssl);
  Filter filter;
  SampleRing sampled;
  filter.worker().sampler().start(sampled, {true, true, true, 1, 1000}, 1);
  filter.block(fill);
  Rounds rounds(filter);
  rounds.give(1);
  filter.run();
  rounds.give(2);
  rounds.give(3);
  EXPECT_EQ(allocations_of(filter), 0u);
  EXPECT_GE(filter.fate(Fate::kAnswered), 12u);
  EXPECT_GE(filter.fate(Fate::kNeutralised), 3u);
  EXPECT_GE(filter.fate(Fate::kReset), 3u);
  EXPECT_GE(filter.fate(Fate::kDroppedByVerdict), 10u) << "look-ups, visits whose name was cut, hellos of QUIC";
  EXPECT_GE(filter.fate(Fate::kDroppedDeadConnection), 4u);
  EXPECT_GE(filter.fate(Fate::kTagged), 12u) << "look-ups, visits, visits whose name was cut, messages of a session";
  EXPECT_GE(filter.stats().spread_read.read(), 12u);
  EXPECT_GE(sampled.taken(), 60u);
}

// The new version is made on the publisher's thread, with all that a worker needs for it: taking it over costs no allocation.
TEST(Worker, NeverAllocatesWhenTheSignaturesChange) {
  Filter filter;
  filter.block(fill);
  Rounds rounds(filter);
  rounds.give(1);
  filter.run();
  filter.block([](MatchSetBuilder& builder) {
    fill(builder);
    Filter::block_domain(builder, "good.example");
    // More, and more kinds of patterns than before: the scratch has to grow.
    for (int i = 0; i < 2000; ++i) Filter::block_text(builder, "another text " + std::to_string(i));
    builder.add_pattern({"see.{0,9}https?://", false, false}, Filter::rule(builder, "an expression"));
  });
  rounds.give(2);
  EXPECT_EQ(allocations_of(filter), 0u);
  const std::uint64_t answered = filter.fate(Fate::kAnswered);
  EXPECT_GE(answered, 5u);
  filter.block([](MatchSetBuilder& builder) { Filter::block_domain(builder, "evil.example"); });  // and a smaller one
  rounds.give(3);
  EXPECT_EQ(allocations_of(filter), 0u);
  EXPECT_GT(filter.fate(Fate::kAnswered), answered);
  filter.turn_off("smpp");
  rounds.give(4);
  EXPECT_EQ(allocations_of(filter), 0u);
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
        filter.core.give(in_tunnel(back, inner_for(there.kind, {.reversed = true, .source_port = 80, .destination_port = port, .sequence = 7000, .acknowledgement = round})));
        filter.access.give(in_tunnel(there, inner_for(there.kind, {.transport = Transport::kUdp, .destination_port = 53, .payload = query})));
        filter.access.give(in_tunnel(there, inner_for(there.kind, {.source_port = port, .destination_port = 80, .sequence = round, .payload = visit})));
        filter.access.give(in_tunnel(there, inner_for(there.kind, {.destination_port = 2775, .sequence = round * 400, .payload = message})));
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
