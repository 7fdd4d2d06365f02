// SPDX-License-Identifier: Apache-2.0
// Connections that carry one request behind the other (RFC 9112, 9.3): each is judged, however the stream is cut and in whatever order its
// segments come, and whatever the bodies between them are.
#include <gtest/gtest.h>

#include <random>

#include "enforce/checksum.h"
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

std::string length_and(const std::string& query) {
  std::string out;
  append_u16(out, static_cast<unsigned>(query.size()));
  return out + query;
}

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
    port_ = port;
    ask(kFirst);
    answer(kFirst);
    for (const Segment& segment : segments) {
      filter.access.give(segment_frame(segment, port, from_), now_ns_);
      if (each_alone) filter.run();
    }
    filter.run();
    while (filter.ring.front() != nullptr) filter.ring.release();
  }
  void ask(std::uint32_t first) {
    const auto frame = frame_of({.source_port = from_, .destination_port = port_, .sequence = first - 1, .acknowledgement = 0,
                                 .flags = kTcpSyn});
    filter.access.give(frame, now_ns_);
    filter.run();
  }
  // By the server's port, or by the asker's own.
  void answer(std::uint32_t acknowledgement, bool is_false = false) {
    const auto frame = frame_of({.reversed = true, .source_port = port_, .destination_port = from_, .sequence = 999,
                                 .acknowledgement = acknowledgement, .flags = kTcpSyn | kTcpAck});
    (is_false ? filter.access : filter.core).give(frame, now_ns_);
    filter.run();
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
  std::uint16_t port_ = 80;
  std::uint16_t from_ = 10000;
  std::uint64_t now_ns_ = 1'700'000'000'000'000'000;
};

// Found by fuzzing: what nobody reads took the message of the packet before it away, which got through, or brought back one of a burst
// before, whose bytes had left.
TEST_F(NextMessage, WhatIsNoneInThePlaceOfTheOneBeforeTakesNothingFromOthers) {
  const std::string decoy = http_request("www.good.example", "/");
  const std::string none(decoy.size() + 50, 'z');
  for (const bool is_alone : {false, true}) {
    send({{0, decoy}}, true, 8888);
    const std::uint64_t before = refused(), records = filter.fate(Fate::kForwardedInspected);
    if (!is_alone) filter.access.give(segment_frame({0, http_request("www.evil.example", "/pay")}, 80, 61000), now_ns_);
    filter.access.give(segment_frame({0, none}, 8888, from_), now_ns_);
    filter.run();
    EXPECT_EQ(refused() - before, is_alone ? 0u : 1u);
    EXPECT_EQ(filter.fate(Fate::kForwardedInspected), records) << "nothing is said";
  }
}

// An innocent request that was meant for the filter alone, and then another one from the same place of the stream, which is longer.
TEST_F(NextMessage, AnotherRequestInThePlaceOfTheOneBeforeIsJudged) {
  const std::string decoy = http_request("www.good.example", "/");
  const std::string truth = http_request("www.evil.example", "/" + std::string(60, 'p'));
  for (const bool each_alone : {false, true}) {
    for (std::size_t cut = 0; cut < truth.size(); ++cut) {
      const std::uint64_t before = refused();
      std::vector<Segment> segments = {{0, decoy}};
      if (cut != 0) segments.push_back({0, truth.substr(0, cut)});
      segments.push_back({static_cast<std::uint32_t>(cut), truth.substr(cut)});
      send(segments, each_alone);
      EXPECT_GT(refused(), before) << "cut at " << cut << (each_alone ? ", one by one" : "");
    }
  }
}

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

// What its receiver will not take, or takes as other bytes than those that came first, hides nothing of the message.
class Decoys : public NextMessage {
 protected:
  struct Sent {
    std::int32_t at;
    std::string bytes;
    int hops = 64;
  };
  void open(std::uint16_t port) { send({}, true, port); }
  void give(const Sent& one) {
    auto frame = segment_frame({static_cast<std::uint32_t>(one.at), one.bytes}, port_, from_);
    if (one.hops != 64) set_hops(frame, one.hops);
    filter.access.give(frame, now_ns_);
    filter.run();
  }
  static void set_hops(std::vector<std::uint8_t>& frame, int hops) {
    const unsigned before = frame[22];
    frame[22] = static_cast<std::uint8_t>(hops);
    // RFC 1624, eqn. 3: HC' = ~(~HC + ~m + m')
    std::uint32_t sum = (~(static_cast<unsigned>(frame[24]) << 8 | frame[25]) & 0xffffu) + (~(before
        << 8) & 0xffffu) + (static_cast<unsigned>(hops) << 8);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
    frame[24] = static_cast<std::uint8_t>(~sum >> 8);
    frame[25] = static_cast<std::uint8_t>(~sum);
  }
};

struct Message {
  std::uint16_t port;
  std::string evil, good;
};

std::vector<Message> messages() {
  return {{80, http_request("www.evil.example"), http_request("www.good.example")},
          {443, tls_hello("www.evil.example"), tls_hello("www.good.example")},
          {53, length_and(dns_query("www.evil.example")), length_and(dns_query("www.good.example"))}};
}

TEST_F(Decoys, BeforeTheFirstByteOrFarBehindIt) {
  for (const Message& message : messages()) {
    for (const std::int32_t place : {-900, -20, 20'000, 40'000}) {
      for (const std::size_t border : {std::size_t{1}, std::size_t{20}, message.evil.size() - 1}) {
        const std::uint64_t before = refused();
        open(message.port);
        give({place, message.good.substr(0, 20)});
        give({0, message.evil.substr(0, border)});
        give({place, message.good.substr(0, 20)});
        give({static_cast<std::int32_t>(border), message.evil.substr(border)});
        ASSERT_EQ(refused() - before, 1u) << message.port << " at " << place << " cut at " << border;
      }
    }
  }
}

TEST_F(Decoys, ADecoyThatIsReadDoesNotHideOneInSeveralSegments) {
  for (const Message& message : messages()) {
    for (const std::size_t each : {std::size_t{7}, std::size_t{30}}) {
      const std::uint64_t before = refused();
      open(message.port);
      give({0, message.good});  // it passes
      for (std::size_t at = 0; at < message.evil.size(); at += each) give({static_cast<std::int32_t>(at), message.evil.substr(at, each)});
      ASSERT_EQ(refused() - before, 1u) << message.port << " in pieces of " << each;
      open(message.port);
      give({0, message.good.substr(0, 25)});  // and one that is not whole
      for (std::size_t at = 0; at < message.evil.size(); at += each) give({static_cast<std::int32_t>(at), message.evil.substr(at, each)});
      ASSERT_EQ(refused() - before, 2u) << message.port << " in pieces of " << each;
    }
  }
}

// Found by review: what begins behind a decoy is waited for, and the real message in its place was only read as what comes before that.
TEST_F(Decoys, BehindWhichAnotherMessageBegins) {
  const Message message = messages()[0];
  for (const std::size_t more : {std::size_t{1}, std::size_t{10}, std::size_t{30}}) {
    for (const int hops : {3, 60}) {
      const std::uint64_t before = refused();
      open(message.port);
      give({0, message.good + message.good.substr(0, more), hops});
      give({0, message.evil + message.good.substr(0, more)});
      ASSERT_EQ(refused() - before, 1u) << "with " << more << " octets of the next one, and " << hops << " hops";
    }
  }
}

TEST_F(Decoys, PartsOfOtherRoutesBelongTogether) {
  for (const Message& message : messages()) {
    for (const int hops : {60, 57, 255}) {
      const std::uint64_t before = refused();
      open(message.port);
      give({0, message.evil.substr(0, 25)});
      give({25, message.evil.substr(25), hops});
      ASSERT_EQ(refused() - before, 1u) << message.port << " with " << hops;
    }
  }
}

TEST_F(Decoys, PartsLongApartBelongTogether) {
  for (const Message& message : messages()) {
    const std::uint64_t before = refused();
    open(message.port);
    now_ns_ += 45'000'000'000;
    give({0, message.evil.substr(0, 3)});
    now_ns_ += 45'000'000'000;
    give({3, message.evil.substr(3)});
    ASSERT_EQ(refused() - before, 1u) << message.port;
  }
}

TEST_F(Decoys, ANewConnectionOfTheSamePortsTakesNothingFromTheOld) {
  for (const Message& message : messages()) {
    const std::uint64_t before = refused();
    open(message.port);
    give({0, message.good.substr(0, 25)});
    ask(kFirst + 5000);
    answer(kFirst + 5000);
    give({5000, message.evil.substr(0, 25)});
    give({5025, message.evil.substr(25)});
    ASSERT_EQ(refused() - before, 1u) << message.port;
  }
}

// The answer to a SYN says which one reached the server, however many there are.
TEST_F(Decoys, OtherSynsThanTheOneThatIsAnsweredMoveNothing) {
  for (const Message& message : messages()) {
    for (const int decoys_before : {0, 1, 2}) {
      for (const int decoys_behind : {0, 1, 3}) {
        for (const std::uint32_t distance : {700u, 0u - 700u, 1'000'000u}) {
          const std::uint64_t before = refused();
          port_ = message.port;
          ++from_;
          now_ns_ += 10'000'000;
          for (int i = 1; i <= decoys_before; ++i) ask(kFirst - static_cast<std::uint32_t>(i) * distance);
          ask(kFirst);
          for (int i = 1; i <= decoys_behind; ++i) ask(kFirst + static_cast<std::uint32_t>(i) * distance);
          answer(kFirst);
          for (std::size_t at = 0; at < message.evil.size(); at += 9) give({static_cast<std::int32_t>(at), message.evil.substr(at, 9)});
          ASSERT_EQ(refused() - before, 1u) << message.port << ": " << decoys_before << ", " << decoys_behind << " by " << distance;
        }
      }
    }
  }
}

// Nor does an answer that its asker sends himself.
TEST_F(Decoys, AFalseAnswerMovesNothing) {
  for (const Message& message : messages()) {
    const std::uint64_t before = refused();
    open(message.port);
    answer(kFirst + 3000, true);
    for (std::size_t at = 0; at < message.evil.size(); at += 9) give({static_cast<std::int32_t>(at), message.evil.substr(at, 9)});
    ASSERT_EQ(refused() - before, 1u) << message.port;
  }
}

// An octet under the urgent pointer goes another way in most receivers: what was read is what is to be read.
TEST_F(Decoys, AnUrgentOctetIsOneLikeAllOthers) {
  for (const Message& message : messages()) {
    open(message.port);
    auto frame = frame_of({.source_port = from_, .destination_port = message.port, .sequence = kFirst, .flags = kTcpAck | kTcpUrg,
        .payload = message.good});
    filter.access.give(frame, now_ns_);
    filter.run();
    ASSERT_FALSE(filter.core.sent().empty());
    Frame sent;
    std::vector<std::uint8_t> bytes = filter.core.sent().back();
    sent.data = bytes.data();
    sent.length = static_cast<std::uint32_t>(bytes.size());
    const Layers layers = decode(sent);
    EXPECT_EQ(tcp_header(sent, layers).flags & kTcpUrg, 0) << message.port;
    EXPECT_TRUE(checksums_hold(sent, layers));
  }
}

TEST_F(Decoys, AWholeLookUpThatOvertookAnotherIsJudged) {
  const std::string first = length_and(dns_query("www.good.example")), second = length_and(dns_query("www.evil.example"));
  open(53);
  give({static_cast<std::int32_t>(first.size()), second});
  EXPECT_EQ(refused(), 1u);
}

TEST_F(NextMessage, AfterALongPauseItIsKnownStill) {
  const std::string first = http_request("www.good.example");
  const std::string evil = http_request("www.evil.example");
  send({{0, first}}, true);
  now_ns_ += 100'000'000'000;
  for (std::size_t i = 0; i < evil.size(); ++i) {
    filter.access.give(segment_frame({static_cast<std::uint32_t>(first.size() + i), evil.substr(i, 1)}, 80, from_), now_ns_);
    filter.run();
  }
  EXPECT_EQ(refused(), 1u);
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

// Nor is what a server says, or what somebody uploads, a visit of those who read it or wrote it.
TEST_F(NextMessage, WhatARepliesTextSaysIsNobodysVisit) {
  send({{0, http_request("www.good.example")}}, true);
  const std::uint64_t before = filter.ring.pushed();
  filter.core.give(frame_of({.reversed = true, .source_port = 80, .destination_port = from_, .sequence = 1000,
      .acknowledgement = kFirst + 20,
                             .payload = http_request("www.evil.example")}), now_ns_);
  filter.run();
  EXPECT_EQ(filter.ring.pushed(), before);
  EXPECT_EQ(refused(), 0u);
}

TEST_F(NextMessage, WhatABodySaysIsNobodysVisit) {
  const std::string body = http_request("www.evil.example") + std::string(500, 'x');
  const std::string head = "POST /1 HTTP/1.1\r\nHost: www.good.example\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  const std::string stream = head + body;
  send(cut(stream, {stream.size() - body.size()}), true);
  EXPECT_EQ(refused(), 0u);
  EXPECT_EQ(delivered(filter, stream), stream.size());
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

TEST_F(NextMessage, BehindConnectInTheSameSegmentAHelloIsRead) {
  const std::string connect = "CONNECT www.good.example:443 HTTP/1.1\r\nHost: www.good.example:443\r\n\r\n";
  send({{0, connect + tls_hello("www.evil.example")}}, true, 8080);
  EXPECT_EQ(refused(), 1u);
}

// Who has a port for himself does not have what others open on it.
TEST_F(NextMessage, OnThePortOfASharedProtocolTheFirstBytesCount) {
  send({{0, tls_hello("www.evil.example")}}, true, 2775);
  EXPECT_EQ(refused(), 1u);
  send(cut(tls_hello("www.evil.example"), {60}), true, 2775);
  EXPECT_EQ(refused(), 2u);
}

TEST_F(NextMessage, AHostInALaterSegmentOfItsHeaderSectionCounts) {
  const std::string first = "GET /1 HTTP/1.1\r\nHost: www.good.example\r\nCookie: a=b\r\n";
  const std::string rest = "Host: www.evil.example\r\n\r\n";
  send(cut(first + rest, {first.size()}), true);
  EXPECT_EQ(refused(), 1u);
}

}  // namespace
}  // namespace telefence
