// SPDX-License-Identifier: Apache-2.0
// Connections that carry one request behind the other (RFC 9112, 9.3): each is judged, however the stream is cut and in whatever order its
// segments come, and whatever the bodies between them are.
#include <gtest/gtest.h>

#include <random>

#include "filter.h"
#include "payloads.h"
#include "pipeline/worker.h"
#include "segments.h"

namespace telefence {
namespace {

using namespace testing;

struct Conversation {
  const char* name;
  std::string before;  // what comes before the request that is asked for
};

std::vector<Conversation> conversations() {
  const std::string host = "Host: www.good.example\r\n";
  return {
      {"no body", "GET /1 HTTP/1.1\r\n" + host + "\r\n"},
      {"a body", "POST /1 HTTP/1.1\r\n" + host + "Content-Length: 14\r\n\r\nGET /2 HTTP/1."},
      {"chunks", "POST /1 HTTP/1.1\r\n" + host +
                     "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1a;x=y\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\nA: b\r\n\r\n"},
      {"a header section that goes on", "GET /1 HTTP/1.1\r\n" + host +
                                             "Cookie: " + std::string(90, 'c') + "\r\nContent-Length: 3\r\nX: y\r\n\r\nabc"},
      {"two before", "GET /1 HTTP/1.1\r\n" + host + "\r\n\r\nHEAD /2 HTTP/1.1\r\n" + host + "\r\n"},
      {"an uncommon method", "PROPFIND /1 HTTP/1.1\r\n" + host + "Depth: 1\r\nContent-Length: 2\r\n\r\n<>"},
  };
}

class NextMessage : public ::testing::Test {
 protected:
  NextMessage() {
    filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
  }
  // A connection that both ends have agreed on.
  void send(const std::vector<Segment>& segments, bool each_alone, std::uint16_t port = 80) {
    from_ = from_ == 60000 ? std::uint16_t{10000} : static_cast<std::uint16_t>(from_ + 1);
    now_ns_ += 10'000'000;
    filter.core.forget();
    filter.access.forget();
    filter.access.give(opening_frame(port, from_), now_ns_);
    filter.run();
    filter.core.give(frame_of({.reversed = true, .source_port = port, .destination_port = from_, .sequence = 999, .acknowledgement = kFirst,
                               .flags = kTcpSyn | kTcpAck}), now_ns_);
    filter.run();
    for (const Segment& segment : segments) {
      filter.access.give(segment_frame(segment, port, from_), now_ns_);
      if (each_alone) filter.run();
    }
    filter.run();
    while (filter.ring.front() != nullptr) filter.ring.release();
  }
  std::uint64_t refused() const { return filter.fate(Fate::kAnswered) + filter.fate(Fate::kReset); }
  void expect_refused(const Conversation& conversation, const std::vector<Segment>& segments, bool each_alone, std::uint16_t port = 80) {
    const std::string stream = conversation.before + http_request("www.evil.example", "/pay");
    const std::uint64_t before = refused();
    send(segments, each_alone, port);
    ASSERT_GE(refused() - before, 1u) << conversation.name << ::testing::PrintToString(places(segments));
    ASSERT_LT(delivered(filter, stream), stream.size()) << conversation.name;
  }

  static std::vector<std::pair<std::uint32_t, std::size_t>> places(const std::vector<Segment>& segments) {
    std::vector<std::pair<std::uint32_t, std::size_t>> all;
    for (const Segment& segment : segments) all.emplace_back(segment.at, segment.bytes.size());
    return all;
  }

  Filter filter;
  std::uint16_t from_ = 10000;
  std::uint64_t now_ns_ = 1'700'000'000'000'000'000;
};

TEST_F(NextMessage, CutAtEveryBorderItIsRefused) {
  for (const Conversation& conversation : conversations()) {
    const std::string stream = conversation.before + http_request("www.evil.example", "/pay");
    for (const std::uint16_t port : {std::uint16_t{80}, std::uint16_t{8123}})
      for (std::size_t border = 1; border < stream.size(); ++border)
        for (const bool each_alone : {false, true})
          ASSERT_NO_FATAL_FAILURE(expect_refused(conversation, cut(stream, {border}), each_alone, port)) << border;
  }
}

TEST_F(NextMessage, InSingleOctetsItIsRefused) {
  for (const Conversation& conversation : conversations()) {
    const std::string stream = conversation.before + http_request("www.evil.example", "/pay");
    std::vector<std::size_t> borders;
    for (std::size_t i = 1; i < stream.size(); ++i) borders.push_back(i);
    for (const bool each_alone : {false, true}) ASSERT_NO_FATAL_FAILURE(expect_refused(conversation, cut(stream, borders), each_alone));
    // The request before it whole, so that nothing of it was kept.
    borders.erase(borders.begin(), borders.begin() + static_cast<std::ptrdiff_t>(conversation.before.size()) - 1);
    for (const bool each_alone : {false, true}) ASSERT_NO_FATAL_FAILURE(expect_refused(conversation, cut(stream, borders), each_alone));
  }
}

TEST_F(NextMessage, InAnyOrderItIsRefusedAndOthersAreDelivered) {
  std::mt19937 random(23);
  const char* const more = std::getenv("SPREAD_ROUNDS");
  const int rounds = more == nullptr ? 50'000 : std::atoi(more);
  const std::vector<Conversation> all = conversations();
  for (int round = 0; round < rounds; ++round) {
    const bool evil = round % 2 == 0;
    const Conversation& conversation = all[random() % all.size()];
    const std::string stream = conversation.before + http_request(evil ? "www.evil.example" : "www.good.example", "/pay");
    std::vector<std::size_t> borders;
    for (auto count = 1 + random() % 7; count > 0; --count) borders.push_back(random() % stream.size());
    std::sort(borders.begin(), borders.end());
    std::vector<Segment> segments = cut(stream, borders);
    for (auto extra = random() % 3; extra > 0; --extra) {
      const std::size_t start = random() % stream.size();
      segments.push_back({static_cast<std::uint32_t>(start), stream.substr(start, 1 + random() % (stream.size() - start))});
    }
    std::shuffle(segments.begin(), segments.end(), random);
    const bool each_alone = random() % 2 == 0;
    const std::uint64_t before = refused();
    if (evil) {
      ASSERT_NO_FATAL_FAILURE(expect_refused(conversation, segments, each_alone)) << "round " << round;
    } else {
      send(segments, each_alone);
      ASSERT_EQ(refused() - before, 0u) << conversation.name << " round " << round;
      ASSERT_EQ(delivered(filter, stream), stream.size()) << conversation.name << " round " << round;
    }
  }
  EXPECT_EQ(filter.stats().inconsistent_copies.read(), 0u);
  EXPECT_EQ(filter.free_buffers(), Filter::kBuffers);
}

// What a receiver never takes moves nothing.
TEST_F(NextMessage, ADecoyDoesNotMoveThePlace) {
  const std::string first = http_request("www.good.example");
  const std::string evil = http_request("www.evil.example");
  const auto at = static_cast<std::uint32_t>(first.size());
  send({{0, first}}, true);
  auto decoy = segment_frame({at, std::string(200, 'x')}, 80, from_);
  decoy.back() ^= 1;  // its checksum is wrong
  filter.access.give(decoy, now_ns_);
  filter.run();
  for (std::size_t i = 0; i < evil.size(); ++i) {
    filter.access.give(segment_frame({at + static_cast<std::uint32_t>(i), evil.substr(i, 1)}, 80, from_), now_ns_);
    filter.run();
  }
  EXPECT_EQ(refused(), 1u);
}

// What a body says is nobody's visit, where it is known to be a body; and it does not lead away from the request behind it.
TEST_F(NextMessage, WhatLooksLikeARequestInABodyMovesNothing) {
  const std::string body = "GET /x HTTP/1.1\r\nHost: www.good.example\r\nContent-Length: 9000\r\n\r\n";
  const std::string first = "POST /1 HTTP/1.1\r\nHost: www.good.example\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  const std::string stream = first + body + http_request("www.evil.example");
  std::vector<std::size_t> borders{first.size(), first.size() + body.size()};
  for (std::size_t i = borders.back() + 1; i < stream.size(); ++i) borders.push_back(i);
  send(cut(stream, borders), true);
  EXPECT_EQ(refused(), 1u);
}

TEST_F(NextMessage, AfterAWhileAGapIsBelieved) {
  const std::string first = http_request("www.good.example");
  const std::string evil = http_request("www.evil.example");
  send({{0, first}}, true);
  // Something was not seen here, and the connection goes on: once whole, then in single octets.
  const auto gap = static_cast<std::uint32_t>(first.size()) + 500;
  now_ns_ += 20'000'000'000;
  filter.access.give(segment_frame({gap, first}, 80, from_), now_ns_);
  filter.run();
  for (std::size_t i = 0; i < evil.size(); ++i) {
    filter.access.give(segment_frame({gap + static_cast<std::uint32_t>(first.size() + i), evil.substr(i, 1)}, 80, from_), now_ns_);
    filter.run();
  }
  EXPECT_EQ(refused(), 1u);
}

// A connection that becomes another one's (RFC 9110, 9.3.6): what comes behind CONNECT is read as what it is, in single octets, too.
TEST_F(NextMessage, BehindConnectAHelloIsRead) {
  const std::string connect = "CONNECT www.good.example:443 HTTP/1.1\r\nHost: www.good.example:443\r\n\r\n";
  const std::string hello = tls_hello("www.evil.example");
  std::vector<Segment> segments{{0, connect}};
  for (std::size_t i = 0; i < hello.size(); ++i) segments.push_back({static_cast<std::uint32_t>(connect.size() + i), hello.substr(i, 1)});
  send(segments, true, 8080);
  EXPECT_EQ(refused(), 1u);
}

TEST_F(NextMessage, AHostInALaterSegmentOfItsHeaderSectionCounts) {
  const std::string first = "GET /1 HTTP/1.1\r\nHost: www.good.example\r\nCookie: a=b\r\n";
  const std::string rest = "Host: www.evil.example\r\n\r\n";
  send(cut(first + rest, {first.size()}), true);
  EXPECT_EQ(refused(), 1u);
}

}  // namespace
}  // namespace telefence
