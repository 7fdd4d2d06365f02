// SPDX-License-Identifier: Apache-2.0
// A mirror port with a port to respond by: what is answered, with which numbers, and what is only recorded.
#include <gtest/gtest.h>

#include "../enforce/tunnelled.h"
#include "filter.h"
#include "payloads.h"

namespace telefence {
namespace {

using namespace testing;

constexpr std::uint32_t kSequence = 1000, kAcknowledgement = 5000;  // of tcp_frame()

Frame view(const std::vector<std::uint8_t>& bytes) {
  Frame frame;
  frame.data = const_cast<std::uint8_t*>(bytes.data());
  frame.length = static_cast<std::uint32_t>(bytes.size());
  return frame;
}

struct Mirror : Filter {
  explicit Mirror(Mode mode = Mode::kEnforce) : Filter(mode, true, {}, true) {
    block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
  }
};

// A frame that left by the respond port.
struct Sent {
  explicit Sent(const std::vector<std::uint8_t>& bytes) : frame(view(bytes)), layers(decode(frame)) {
    if (layers.transport == Transport::kTcp) tcp = tcp_header(frame, layers);
  }
  bool is_reset() const { return (tcp.flags & kTcpRst) != 0; }
  Frame frame;
  Layers layers;
  TcpHeader tcp;
};

std::vector<Sent> sent_by(const MemoryQueue& queue) {
  std::vector<Sent> all;
  for (const auto& bytes : queue.sent()) all.emplace_back(bytes);
  return all;
}

void expect_nothing_else(Mirror& mirror) {
  EXPECT_TRUE(mirror.access.sent().empty()) << "a mirror port sends";
  EXPECT_TRUE(mirror.core.sent().empty());
  std::uint64_t fates = 0;
  for (std::size_t i = 0; i < kFateCount; ++i) fates += mirror.fate(static_cast<Fate>(i));
  EXPECT_EQ(fates, mirror.stats().received.read());
  EXPECT_EQ(mirror.free_buffers(), Filter::kBuffers);
  EXPECT_EQ(mirror.stats().replies_sent.read(), mirror.respond.sent().size());
  for (const Sent& one : sent_by(mirror.respond))
    EXPECT_TRUE(transport_checksum_is_right(one.frame, one.layers));
}

TEST(Mirror, DnsQueriesAreAnsweredByTheRespondPort) {
  Mirror mirror;
  mirror.access.give(udp_frame(dns_query("www.evil.example", 4711), 53));
  mirror.access.give(udp_frame(dns_query("www.good.example", 4712), 53));
  mirror.run();
  const auto sent = sent_by(mirror.respond);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].layers.source_port, 53);
  EXPECT_EQ(sent[0].layers.destination_port, 40000);
  EXPECT_EQ(payload_of(sent[0].frame, sent[0].layers)[3] & 0x0f, 3) << "NXDOMAIN";
  EXPECT_EQ(mirror.fate(Fate::kMirrorAnswered), 1u);
  EXPECT_EQ(mirror.fate(Fate::kMirrorReleased), 1u);
  ASSERT_NE(mirror.ring.front(), nullptr);
  EXPECT_EQ(mirror.ring.front()->fate, Fate::kMirrorAnswered);
  EXPECT_EQ(mirror.ring.front()->verdict.reason, Reason::kBlocked);
  expect_nothing_else(mirror);
}

TEST(Mirror, MonitorModeAnswersNothing) {
  Mirror mirror(Mode::kMonitor);
  mirror.access.give(udp_frame(dns_query("www.evil.example"), 53));
  mirror.access.give(tcp_frame(tls_hello("www.evil.example"), 443));
  mirror.run();
  EXPECT_TRUE(mirror.respond.sent().empty());
  EXPECT_EQ(mirror.fate(Fate::kMirrorReleased), 2u);
  EXPECT_EQ(mirror.ring.front()->verdict.reason, Reason::kMonitor);
  expect_nothing_else(mirror);
}

TEST(Mirror, ResetsFitWhatBothEndsExpectOnceTheHelloHasArrived) {
  Mirror mirror;
  const std::string hello = tls_hello("www.evil.example");
  mirror.access.give(tcp_frame(hello, 443));
  mirror.run();
  const auto sent = sent_by(mirror.respond);
  ASSERT_EQ(sent.size(), 2u);
  const auto& back = sent[0].layers.source_port == 443 ? sent[0] : sent[1];
  const auto& onward = sent[0].layers.source_port == 443 ? sent[1] : sent[0];
  const auto after = kSequence + static_cast<std::uint32_t>(hello.size());
  EXPECT_TRUE(back.is_reset() && onward.is_reset());
  EXPECT_EQ(back.tcp.sequence, kAcknowledgement);
  EXPECT_EQ(back.tcp.acknowledgement, after);
  EXPECT_EQ(back.layers.destination_port, 40000);
  EXPECT_EQ(onward.tcp.sequence, after) << "the server has the hello already";
  EXPECT_EQ(onward.tcp.acknowledgement, kAcknowledgement);
  EXPECT_EQ(onward.layers.source_port, 40000);
  EXPECT_EQ(mirror.fate(Fate::kMirrorAnswered), 1u);
  expect_nothing_else(mirror);
}

TEST(Mirror, APageGoesToTheClientAndAResetToTheServer) {
  Mirror mirror;
  const std::string request = http_request("www.evil.example");
  mirror.access.give(tcp_frame(request, 80));
  mirror.run();
  const auto sent = sent_by(mirror.respond);
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(as_text(payload_of(sent[0].frame, sent[0].layers)).substr(0, 12), "HTTP/1.1 302");
  EXPECT_EQ(sent[0].tcp.sequence, kAcknowledgement);
  EXPECT_TRUE(sent[1].is_reset());
  EXPECT_EQ(sent[1].tcp.sequence, kSequence + request.size());
  expect_nothing_else(mirror);
}

TEST(Mirror, NamesOverSeveralSegmentsAreFound) {
  Mirror mirror;
  const std::string hello = tls_hello("www.evil.example");
  mirror.access.give(tcp_frame(std::string_view(hello).substr(0, 20), 443));
  mirror.access.give(tcp_frame(std::string_view(hello).substr(20), 443, kSequence + 20));
  mirror.run();
  const auto sent = sent_by(mirror.respond);
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[1].tcp.sequence, kSequence + hello.size());
  EXPECT_EQ(mirror.fate(Fate::kMirrorAnswered), 1u);
  EXPECT_EQ(mirror.fate(Fate::kMirrorReleased), 1u);
  expect_nothing_else(mirror);
}

TEST(Mirror, TheServerIsResetBehindAllThatIsKnownToHaveGoneToIt) {
  Mirror mirror;
  const std::string request = http_request("www.evil.example");
  const auto after = kSequence + static_cast<std::uint32_t>(request.size());
  mirror.access.give(tcp_frame(request, 80));
  mirror.access.give(tcp_frame("some of a body", 80, after));
  mirror.run();
  auto sent = sent_by(mirror.respond);
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[1].tcp.sequence, after + 14) << "both came in one burst";

  mirror.access.give(tcp_frame("the rest of it", 80, after + 14));
  mirror.run();
  sent = sent_by(mirror.respond);
  ASSERT_EQ(sent.size(), 3u) << "and a later one makes that reset stale";
  EXPECT_TRUE(sent[2].is_reset());
  EXPECT_EQ(sent[2].tcp.sequence, after + 28);
  EXPECT_EQ(sent[2].layers.destination_port, 80);
  expect_nothing_else(mirror);
}

TEST(Mirror, AClientThatGotTheServersAnswerFirstIsResetBehindIt) {
  Mirror mirror;
  const std::string hello = tls_hello("www.evil.example");
  mirror.access.give(tcp_frame(hello, 443));
  mirror.run();
  const auto after = kSequence + static_cast<std::uint32_t>(hello.size());
  const auto from_server = [&](std::uint32_t sequence, std::string_view payload) {
    return frame_of({.reversed = true, .source_port = 443, .destination_port = 40000, .sequence = sequence, .acknowledgement = after,
                     .payload = payload});
  };
  mirror.access.give(from_server(kAcknowledgement, "server hello"));
  mirror.run();
  const auto sent = sent_by(mirror.respond);
  ASSERT_EQ(sent.size(), 3u);
  EXPECT_TRUE(sent[2].is_reset());
  EXPECT_EQ(sent[2].tcp.sequence, kAcknowledgement + 12);
  EXPECT_EQ(sent[2].layers.destination_port, 40000);
  mirror.access.give(from_server(kAcknowledgement, "server hello"));
  mirror.run();
  EXPECT_EQ(mirror.respond.sent().size(), 3u) << "its retransmission needs no other reset";
  expect_nothing_else(mirror);
}

TEST(Mirror, ConnectionsAreNotResetEndlessly) {
  Mirror mirror;
  const std::string request = http_request("www.evil.example");
  mirror.access.give(tcp_frame(request, 80));
  mirror.run();
  auto next = kSequence + static_cast<std::uint32_t>(request.size());
  for (int i = 0; i < 50; ++i, next += 4) {
    mirror.access.give(tcp_frame("more", 80, next));
    mirror.run();
  }
  EXPECT_EQ(mirror.respond.sent().size(), 2u + AnsweredCopies::kFurtherResets);
  // Bare acknowledgements, and what the server sends to whom has the page, cause none.
  mirror.access.give(frame_of({.sequence = next, .flags = kTcpAck}));
  mirror.access.give(frame_of({.reversed = true, .source_port = 80, .destination_port = 40000, .sequence = 5000, .payload = "page"}));
  mirror.run();
  EXPECT_EQ(mirror.respond.sent().size(), 2u + AnsweredCopies::kFurtherResets);
  expect_nothing_else(mirror);
}

TEST(Mirror, ANewConnectionOnTheSamePortsIsLeftAlone) {
  Mirror mirror;
  mirror.access.give(tcp_frame(http_request("www.evil.example"), 80));
  mirror.access.give(frame_of({.sequence = 2000, .flags = kTcpSyn}));
  mirror.access.give(tcp_frame(http_request("www.good.example"), 80, 2001));
  mirror.run();
  mirror.access.give(tcp_frame(http_request("www.good.example"), 80, 2100));
  mirror.run();
  for (const Sent& one : sent_by(mirror.respond)) EXPECT_NE(one.tcp.sequence, 2001 + http_request("www.good.example").size());
  EXPECT_EQ(mirror.respond.sent().size(), 2u);
  expect_nothing_else(mirror);
}

TEST(Mirror, APacketThatASwitchCopiedTwiceIsAnsweredOnce) {
  Mirror mirror;
  constexpr std::uint64_t kStart = 1'700'000'000'000'000'000, kMillisecond = 1'000'000;
  const auto query = udp_frame(dns_query("www.evil.example"), 53);
  const auto hello = tcp_frame(tls_hello("www.evil.example"), 443);
  for (const std::uint64_t after : {0u, 1u}) {
    mirror.access.give(query, kStart + after * kMillisecond);
    mirror.access.give(hello, kStart + after * kMillisecond);
    mirror.run();
  }
  EXPECT_EQ(mirror.respond.sent().size(), 3u);
  EXPECT_EQ(mirror.fate(Fate::kMirrorReleased), 2u);
  mirror.access.give(query, kStart + 1000 * kMillisecond);
  mirror.run();
  EXPECT_EQ(mirror.respond.sent().size(), 4u) << "a second later it is its sender who repeats it";
  EXPECT_EQ(mirror.ring.pushed(), 2u);
  expect_nothing_else(mirror);
}

TEST(Mirror, MessagesAreSeenAndNotBlocked) {
  Mirror mirror;
  mirror.block([](MatchSetBuilder& b) {
    Filter::block_number(b, "10690001");
    Filter::block_number(b, "13800138000");
    Filter::block_domain(b, "dropped.example", "drop");
    Filter::block_domain(b, "tagged.example", "tag");
  });
  mirror.access.give(tcp_frame(submit_sm(1, "10690001", "8613900139000", "hi"), 2775));
  mirror.access.give(udp_frame(sip_invite("+8613800138000", "+8613900139000"), 5060));
  mirror.access.give(udp_frame(dns_query("dropped.example"), 53));
  mirror.access.give(udp_frame(dns_query("tagged.example"), 53));
  mirror.run();
  EXPECT_TRUE(mirror.respond.sent().empty());
  EXPECT_EQ(mirror.fate(Fate::kMirrorReleased), 4u);
  EXPECT_EQ(mirror.ring.pushed(), 4u);
  EXPECT_EQ(mirror.ring.front()->verdict.reason, Reason::kMonitor);
  expect_nothing_else(mirror);
}

TEST(Mirror, ACopyThatItsReceiverWouldNotTakeIsNotAnswered) {
  Mirror mirror;
  auto hello = tcp_frame(tls_hello("www.evil.example"), 443);
  hello.back() ^= 1;
  mirror.access.give(hello);
  mirror.run();
  EXPECT_TRUE(mirror.respond.sent().empty());
  EXPECT_EQ(mirror.fate(Fate::kMirrorReleased), 1u);
  expect_nothing_else(mirror);
}

TEST(Mirror, WhatComesInAMirrorsTunnelIsAnsweredOutsideIt) {
  Mirror mirror;
  const std::string hello = tls_hello("www.evil.example");
  const Octets copied = tcp_frame(hello, 443);
  mirror.access.give(stations(false, 0) + big16(0x0800) + carrier({}, 47, gre(0x88be, copied)));
  mirror.run();
  const auto sent = sent_by(mirror.respond);
  ASSERT_EQ(sent.size(), 2u);
  for (const Sent& one : sent) EXPECT_EQ(one.layers.tunnels, 0);
  EXPECT_EQ(sent[0].tcp.sequence, kAcknowledgement);
  EXPECT_TRUE(std::equal(copied.begin() + 6, copied.begin() + 12, sent[0].frame.data)) << "to the copied frame's sender";
  EXPECT_EQ(sent[1].tcp.sequence, kSequence + hello.size());
  EXPECT_TRUE(std::equal(copied.begin(), copied.begin() + 6, sent[1].frame.data));
  expect_nothing_else(mirror);
}

TEST(Mirror, OtherTunnelsArePartOfTheNetwork) {
  Mirror mirror;
  const Octets query = udp_frame(dns_query("www.evil.example"), 53);
  mirror.access.give(in_tunnel({.kind = TunnelKind::kVxlan}, Octets(query.begin() + 14, query.end())));
  mirror.run();
  const auto sent = sent_by(mirror.respond);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].layers.tunnel, TunnelKind::kVxlan);
  expect_nothing_else(mirror);
}

// Where the same traffic passes in line and as a copy, neither disturbs the other.
TEST(Mirror, ACopyOfWhatWasClosedInLineSendsNothing) {
  Filter filter(Mode::kEnforce);
  filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
  filter.access.give(tcp_frame(http_request("www.evil.example"), 80));
  filter.run();
  const std::size_t made = filter.access.sent().size() + filter.core.sent().size();
  filter.tap.give(tcp_frame("late", 80, 1200));
  filter.run();
  EXPECT_EQ(filter.access.sent().size() + filter.core.sent().size() + filter.tap.sent().size(), made);
  EXPECT_EQ(filter.fate(Fate::kMirrorReleased), 1u);
}

}  // namespace
}  // namespace telefence
