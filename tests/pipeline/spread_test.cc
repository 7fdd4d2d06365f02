// SPDX-License-Identifier: Apache-2.0
// Messages cut over several segments: however they are cut, and in whatever order they come, they are read once and the whole
// connection is refused, or nothing of it is touched.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "filter.h"
#include "payloads.h"
#include "pipeline/worker.h"
#include "segments.h"
#include "session_ends.h"

namespace telefence {
namespace {

using namespace testing;

std::string tcp_query(std::string_view name) {
  const std::string query = dns_query(name);
  std::string out;
  append_u16(out, static_cast<unsigned>(query.size()));
  return out + query;
}

// A hello over several small records.
std::string many_records(std::string_view hello, std::size_t each) {
  const std::string_view handshake = hello.substr(5);
  std::string out;
  for (std::size_t at = 0; at < handshake.size(); at += each) {
    const std::string_view part = handshake.substr(at, each);
    out += std::string("\x16\x03\x01", 3);
    append_u16(out, static_cast<unsigned>(part.size()));
    out += part;
  }
  return out;
}

class Spread : public ::testing::Test {
 protected:
  void block() {
    filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
  }
  void send(const std::vector<Segment>& segments, std::uint16_t port, bool each_alone, std::uint16_t from = 40000, bool is_answered = false) {
    now_ns_ += 10'000'000;
    filter.access.give(opening_frame(port, from), now_ns_);
    if (each_alone || is_answered) filter.run();
    if (is_answered) {
      filter.core.give(frame_of({.reversed = true, .source_port = port, .destination_port = from, .sequence = 999, .acknowledgement = kFirst,
                                 .flags = kTcpSyn | kTcpAck}), now_ns_);
      filter.run();
    }
    for (const Segment& segment : segments) {
      filter.access.give(segment_frame(segment, port, from), now_ns_);
      if (each_alone) filter.run();
    }
    filter.run();
  }
  std::uint64_t refused() const { return filter.fate(Fate::kAnswered) + filter.fate(Fate::kReset); }
  Filter filter;
  std::uint64_t now_ns_ = 1'700'000'000'000'000'000;
};

struct Sample {
  const char* name;
  std::string stream;
  std::uint16_t port;
};

std::vector<Sample> samples(std::string_view host) {
  return {{"http", http_request(host, "/pay?x=1"), 80},
          {"tls", tls_hello(host), 443},
          {"tls in small records", many_records(tls_hello(host), 7), 443},
          {"dns", tcp_query(host), 53},
          {"http on another port", http_request(host), 8123},
          {"tls on another port", tls_hello(host), 8123}};
}

TEST_F(Spread, AMessageCutAtEveryBorderIsReadOnce) {
  block();
  std::uint16_t from = 20000;
  for (const Sample& sample : samples("www.evil.example")) {
    for (std::size_t border = 1; border < sample.stream.size(); ++border) {
      for (const bool each_alone : {false, true}) {
        const std::uint64_t before = refused();
        const std::uint64_t records = filter.ring.pushed();
        send(cut(sample.stream, {border}), sample.port, each_alone, ++from);
        ASSERT_EQ(refused() - before, 1u) << sample.name << " cut at " << border;
        ASSERT_EQ(filter.ring.pushed() - records, 1u) << sample.name << " cut at " << border;
        while (filter.ring.front() != nullptr) filter.ring.release();
      }
    }
    filter.access.forget();
    filter.core.forget();
  }
}

// Otherwise an octet sent over and over again would cost as much as the whole beginning each time.
TEST_F(Spread, ACopyOfWhatIsThereIsNotReadAgain) {
  block();
  const auto read_so_far = [&] {
    std::uint64_t sum = 0;
    for (const auto& progress : filter.stats().parsed)
      for (const Counter& count : progress) sum += count.read();
    return sum;
  };
  std::uint16_t from = 19000;
  for (const Sample& sample : samples("www.evil.example")) {
    const std::size_t most = sample.stream.size() * 2 / 3;
    std::vector<Segment> segments = {{0, sample.stream.substr(0, most)}};
    send(segments, sample.port, true, ++from);
    const std::uint64_t before = read_so_far();
    for (std::size_t at = 0; at < most; at += 7) {
      filter.access.give(segment_frame({static_cast<std::uint32_t>(at), sample.stream.substr(at, 1)}, sample.port, from), now_ns_);
      filter.run();
    }
    EXPECT_EQ(read_so_far(), before) << sample.name;
    filter.access.give(segment_frame({static_cast<std::uint32_t>(most), sample.stream.substr(most)}, sample.port, from), now_ns_);
    filter.run();
  }
  EXPECT_EQ(refused(), samples("x").size()) << "and still each is read when it is whole";
}

TEST_F(Spread, InnocentMessagesPassUntouchedHoweverTheyAreCut) {
  block();
  std::uint16_t from = 20000;
  for (const Sample& sample : samples("www.good.example")) {
    for (std::size_t border = 1; border < sample.stream.size(); ++border) {
      filter.core.forget();
      const std::vector<Segment> segments = cut(sample.stream, {border});
      send(segments, sample.port, border % 2 == 0, ++from);
      ASSERT_EQ(filter.core.sent().size(), 3u) << sample.name;
      for (std::size_t i = 0; i < 2; ++i) ASSERT_EQ(filter.core.sent()[i + 1], segment_frame(segments[i], sample.port, from));
    }
  }
  EXPECT_EQ(filter.access.sent().size(), 0u);
  EXPECT_EQ(refused(), 0u);
}

TEST_F(Spread, ShuffledDoubledOverlappedAndResentSegmentsComeToTheSame) {
  block();
  std::mt19937 random(17);
  std::uint16_t from = 10000;
  const char* const more = std::getenv("SPREAD_ROUNDS");  // a million were run once: 16 s
  const int rounds = more == nullptr ? 50'000 : std::atoi(more);
  for (int round = 0; round < rounds; ++round) {
    const bool evil = round % 2 == 0;
    const auto all = samples(evil ? "a.b.evil.example" : "a.b.good.example");
    const Sample& sample = all[random() % all.size()];
    std::vector<std::size_t> borders;
    for (auto count = 1 + random() % 6; count > 0; --count) borders.push_back(random() % sample.stream.size());
    std::sort(borders.begin(), borders.end());
    std::vector<Segment> segments = cut(sample.stream, borders);
    // Some come twice, and some a second time cut otherwise: the same bytes under the same numbers.
    for (auto extra = random() % 4; extra > 0; --extra) {
      const std::size_t start = random() % sample.stream.size();
      const std::size_t length = 1 + random() % (sample.stream.size() - start);
      segments.push_back({static_cast<std::uint32_t>(start), sample.stream.substr(start, length)});
    }
    std::shuffle(segments.begin(), segments.end(), random);
    filter.core.forget();
    filter.access.forget();
    const std::uint64_t before = refused();
    const std::uint64_t records = filter.ring.pushed();
    from = from == 60000 ? std::uint16_t{10000} : static_cast<std::uint16_t>(from + 1);  // no protocol's own port
    // Who does not see the server's answer can't know whether a record in the middle is the first one.
    const bool is_answered = random() % 2 == 0;
    const bool misleads = std::any_of(segments.begin(), segments.end(), [](const Segment& one) { return one.at != 0 && one.bytes.starts_with("\x16\x03\x01"); });
    send(segments, sample.port, random() % 2 == 0, from, is_answered || misleads);
    while (filter.ring.front() != nullptr) filter.ring.release();
    if (evil) {
      ASSERT_GE(refused() - before, 1u) << sample.name << " round " << round;
      ASSERT_EQ(filter.ring.pushed() - records, 1u) << "it is one visit: " << sample.name << " round " << round;
      ASSERT_LT(delivered(filter, sample.stream), sample.stream.size()) << sample.name << " round " << round;
    } else {
      ASSERT_EQ(refused() - before, 0u) << sample.name << " round " << round;
      ASSERT_EQ(delivered(filter, sample.stream), sample.stream.size()) << sample.name << " round " << round;
    }
  }
  EXPECT_EQ(filter.stats().inconsistent_copies.read(), 0u);
  EXPECT_EQ(filter.free_buffers(), Filter::kBuffers);
}

// A record border in the middle of a hello, with the number behind it that begins one: the bytes in front of it come last.
TEST_F(Spread, AMiddleThatLooksLikeABeginningWaitsForTheBeginning) {
  block();
  const std::string stream = many_records(tls_hello("a.b.evil.example"), 7);
  const std::vector<Segment> parts = cut(stream, {72, 78});
  ASSERT_EQ(parts[1].bytes, std::string_view("\x16\x03\x01\x00\x07\x01", 6));
  send({parts[1], parts[2], parts[0]}, 443, true, 40000, true);
  EXPECT_EQ(refused(), 1u);
  EXPECT_LT(delivered(filter, stream), stream.size());
}

TEST_F(Spread, AHalfMessageThatNeverEndsIsForgotten) {
  block();
  send(cut(http_request("evil.example").substr(0, 30), {10}), 80, true);
  EXPECT_EQ(filter.stats().spread_begun.read(), 1u);
  EXPECT_EQ(refused(), 0u);
  EXPECT_EQ(filter.core.sent().size(), 3u);
}

TEST_F(Spread, OtherBytesUnderTheSameNumbersCountAndTheFirstOnesStay) {
  block();
  const std::string stream = http_request("evil.example");
  std::vector<Segment> segments = cut(stream, {30});
  Segment fake = segments[0];
  std::replace(fake.bytes.begin(), fake.bytes.end(), 'e', 'o');
  segments.insert(segments.begin() + 1, fake);
  send(segments, 80, true);
  EXPECT_EQ(filter.stats().inconsistent_copies.read(), 1u);
  EXPECT_EQ(refused(), 1u);
}

TEST_F(Spread, ASegmentThatWillNotArriveDoesNotMislead) {
  block();
  const std::string stream = http_request("evil.example");
  const std::string decoy = http_request("good.example");
  ASSERT_EQ(stream.size(), decoy.size());
  const std::size_t border = stream.find("Host") + 2;
  // First a copy of the second half that says "good": once with a wrong checksum, once with too few hops to arrive.
  for (const bool few_hops : {false, true}) {
    Filter fresh;
    fresh.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
    fresh.access.give(opening_frame(80, 40000));
    fresh.access.give(segment_frame({0, stream.substr(0, border)}, 80, 40000));
    auto fake = segment_frame({static_cast<std::uint32_t>(border), decoy.substr(border)}, 80, 40000);
    if (few_hops) {
      fake[14 + 8] = 3;  // TTL; the header checksum follows (RFC 1624)
      std::uint32_t sum = static_cast<std::uint32_t>(fake[14 + 10] << 8 | fake[14 + 11]) + ((60u - 3u) << 8);
      sum = (sum & 0xffff) + (sum >> 16);
      fake[14 + 10] = static_cast<std::uint8_t>(sum >> 8);
      fake[14 + 11] = static_cast<std::uint8_t>(sum);
    } else {
      fake.back() ^= 1;
    }
    fresh.access.give(fake);
    fresh.access.give(segment_frame({static_cast<std::uint32_t>(border), stream.substr(border)}, 80, 40000));
    fresh.run();
    EXPECT_EQ(fresh.fate(Fate::kForwardedBadChecksum), few_hops ? 0u : 1u);
    EXPECT_EQ(fresh.stats().evasions[static_cast<std::size_t>(few_hops ? EvasionKind::kFewHops : EvasionKind::kBadChecksum)].read(), 1u);
    EXPECT_EQ(fresh.fate(Fate::kAnswered), 1u);
  }
}

TEST_F(Spread, DroppedMessagesStayDroppedWhenTheirEndIsResent) {
  filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example", "drop"); });
  const std::vector<Segment> segments = cut(tls_hello("evil.example"), {60});
  send(segments, 443, true);
  for (int i = 0; i < 3; ++i) {
    filter.access.give(segment_frame(segments[1], 443, 40000));
    filter.run();
  }
  EXPECT_EQ(filter.fate(Fate::kDroppedByVerdict), 1u);
  EXPECT_EQ(filter.fate(Fate::kDroppedDeadConnection), 3u);
  EXPECT_EQ(filter.access.sent().size(), 0u);
  EXPECT_EQ(filter.core.sent().size(), 2u);
}

// The answer was lost: whoever repeats any part of the message is answered once more, in whatever order the parts came. An
// acknowledgement alone would let the sender wait for ever.
TEST_F(Spread, AnyPartOfAnAnsweredMessageThatIsResentIsAnsweredAgain) {
  block();
  std::uint16_t from = 20000;
  for (const Sample& sample : {Sample{"http", http_request("evil.example"), 80}, Sample{"dns", tcp_query("evil.example"), 53}}) {
    for (const bool last_first : {false, true}) {
      std::vector<Segment> segments = cut(sample.stream, {25});
      if (last_first) std::swap(segments[0], segments[1]);
      send(segments, sample.port, true, ++from);
      const std::uint64_t answered = filter.fate(Fate::kAnswered);
      const auto answer = filter.access.sent().back();
      const std::size_t onward = filter.core.sent().size();
      for (std::uint64_t again = 1; again <= 3; ++again) {
        filter.access.give(segment_frame(segments[again % 2], sample.port, from));
        filter.run();
        EXPECT_EQ(filter.fate(Fate::kAnswered), answered + again) << sample.name;
        EXPECT_EQ(filter.access.sent().back().size(), answer.size()) << sample.name << ": the same answer";
      }
      for (std::size_t i = onward; i < filter.core.sent().size(); ++i)
        EXPECT_LT(filter.core.sent()[i].size(), 60u) << "a reset, and nothing of the message";
    }
  }
  EXPECT_EQ(filter.ring.pushed(), 4u);
  EXPECT_EQ(filter.stats().spread_read.read(), 4u);
  EXPECT_EQ(filter.fate(Fate::kDroppedDeadConnection), 0u);
}

TEST_F(Spread, APartRepeatedInTheBurstOfTheAnswerChangesNothing) {
  block();
  const std::vector<Segment> segments = cut(http_request("evil.example"), {25});
  send({segments[0], segments[1], segments[0], segments[1]}, 80, false);
  EXPECT_EQ(filter.fate(Fate::kAnswered), 1u);
  EXPECT_EQ(filter.fate(Fate::kDroppedDeadConnection), 2u);
  EXPECT_EQ(filter.access.sent().size(), 1u) << "the answer, and no reset";
  filter.access.give(segment_frame(segments[0], 80, 40000));
  filter.run();
  EXPECT_EQ(filter.fate(Fate::kAnswered), 2u);
}

TEST_F(Spread, TheEndOfAResetMessageResentIsResetAgain) {
  block();
  const std::vector<Segment> segments = cut(tls_hello("evil.example"), {25});
  send(segments, 443, true);
  EXPECT_EQ(filter.fate(Fate::kReset), 1u);
  const std::size_t sent = filter.access.sent().size();
  filter.access.give(segment_frame(segments[1], 443, 40000));
  filter.run();
  EXPECT_EQ(filter.fate(Fate::kDroppedDeadConnection), 1u);
  EXPECT_EQ(filter.access.sent().size(), sent + 1);
  EXPECT_EQ(filter.core.sent().size(), 3u) << "SYN, the first half, the reset";
}

TEST_F(Spread, PipelinedMessagesOverBordersAreEachJudged) {
  block();
  const std::string stream = http_request("one.good.example") + http_request("two.good.example") + http_request("evil.example");
  const std::size_t second = http_request("one.good.example").size();
  send(cut(stream, {second + 20, stream.size() - 30}), 80, true);
  EXPECT_EQ(refused(), 1u);
  EXPECT_EQ(filter.stats().messages[protocol_index("http")].read(), 3u);
}

// Segments of one direction, each alone, from a port of the test's choice. hops 0: as usual.
struct Sent {
  std::string bytes;
  std::uint32_t at = 0;
  std::uint8_t hops = 0;
  std::uint8_t flags = kTcpPsh | kTcpAck;
};

std::vector<std::uint8_t> with_hops(std::vector<std::uint8_t> frame, std::uint8_t hops) {
  const std::uint8_t before = frame[14 + 8];
  frame[14 + 8] = hops;  // the header checksum follows (RFC 1624)
  std::uint32_t sum = static_cast<std::uint32_t>(frame[14 + 10] << 8 | frame[14 + 11]) + ((std::uint32_t{before} - hops) << 8);
  sum = (sum & 0xffff) + (sum >> 16);
  frame[14 + 10] = static_cast<std::uint8_t>(sum >> 8);
  frame[14 + 11] = static_cast<std::uint8_t>(sum);
  return frame;
}

std::uint64_t refused_of(const std::vector<Sent>& sent, std::uint16_t from, std::uint16_t to, bool is_opened = true) {
  Filter filter;
  filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
  if (is_opened) filter.access.give(opening_frame(to, from));
  for (const Sent& one : sent) {
    auto frame = frame_of({.source_port = from, .destination_port = to, .sequence = kFirst + one.at, .flags = one.flags, .payload = one.bytes});
    filter.access.give(one.hops == 0 ? frame : with_hops(std::move(frame), one.hops));
    filter.run();
  }
  return filter.fate(Fate::kAnswered) + filter.fate(Fate::kReset);
}

TEST(Evasion, AMessageWholeInItsSegmentIsJudgedWhateverCameBefore) {
  const std::string hello = tls_hello("evil.example");
  const std::string request = http_request("evil.example");
  for (const std::string& message : {hello, request}) {
    EXPECT_EQ(refused_of({{"EHLO me\r\n", 0}, {message, 9}}, 40000, 9999), 1u) << "behind another protocol's opening (STARTTLS)";
    EXPECT_EQ(refused_of({{"\x05\x01", 0}, {message, 2}}, 40000, 9999), 1u) << "behind a few bytes";
    EXPECT_EQ(refused_of({{"\x05\x01", 0, 3}, {message, 0}}, 40000, 9999), 1u) << "junk with few hops under its number";
    EXPECT_EQ(refused_of({{"\x05\x01", 0}, {message, 0}}, 40000, 9999), 1u) << "junk under its number";
    EXPECT_EQ(refused_of({{"GET / HTTP/1.1\r\nX: ", 0}, {message, 0}}, 40000, 9999), 1u) << "a decoy's beginning under its number";
    EXPECT_EQ(refused_of({{"\x16", 0}, {message, 0}}, 40000, 443), 1u);
    EXPECT_EQ(refused_of({{message, 20}}, 40000, 9999), 1u) << "before what it stands behind";
    EXPECT_EQ(refused_of({{message, 0}}, 2775, 9999), 1u) << "from a port of another protocol's servers";
    EXPECT_EQ(refused_of({{message, 0}}, 2775, 9999, false), 1u);
    EXPECT_EQ(refused_of({{message.substr(0, 1), 0}, {message.substr(1), 1}}, 2775, 9999), 1u);
    EXPECT_EQ(refused_of({{message.substr(0, 40), 0}, {"", 7000, 0, kTcpSyn}, {message.substr(40), 40}}, 40000, 9999), 1u)
        << "a SYN that nobody answers ends nothing";
  }
}

TEST(Evasion, ADecoyThatWillNotArriveIsReplacedByWhatDoes) {
  const std::string message = http_request("evil.example");
  const std::string decoy = http_request("good.example");
  const std::size_t border = message.find("Host") + 2;
  EXPECT_EQ(refused_of({{decoy.substr(0, border + 8), 0, 3}, {message.substr(0, border + 8), 0}, {message.substr(border + 8), static_cast<std::uint32_t>(border) + 8}},
                       40000, 9999), 1u);
}

TEST(Evasion, BytesThatNoReceiverTakesAreNotPutTogether) {
  for (const auto& [message, decoy] : {std::pair(tls_hello("evil.example"), tls_hello("good.example")),
                                       std::pair(http_request("evil.example"), http_request("good.example"))}) {
    const std::size_t border = message.find("example") - 8;
    const auto at = static_cast<std::uint32_t>(border);
    const std::string first = message.substr(0, border), second = message.substr(border), fake = decoy.substr(border);
    EXPECT_EQ(refused_of({{first, 0}, {fake, at, 0, kTcpPsh}, {second, at}}, 40000, 9999), 1u) << "without ACK (RFC 9293, 3.10.7.4)";
    EXPECT_EQ(refused_of({{first, 0}, {fake, at - 1, 0, kTcpSyn}, {second, at}}, 40000, 9999), 1u) << "a SYN on an open connection";
    EXPECT_EQ(refused_of({{first, 0}, {fake, at - 1, 0, kTcpSyn | kTcpAck}, {second, at}}, 40000, 9999), 1u);
    EXPECT_EQ(refused_of({{first, 0}, {fake, at, 0, kTcpRst}, {second, at}}, 40000, 9999), 1u) << "a reset that is not taken";
  }
}

TEST(Evasion, AMessageThatBeginsInTheSynIsRead) {
  for (const std::string& message : {tls_hello("evil.example"), http_request("evil.example")}) {
    for (std::size_t border = 1; border < message.size(); border += 9) {
      const std::vector<Sent> sent = {{message.substr(0, border), 0xffffffff, 0, kTcpSyn}, {message.substr(border), static_cast<std::uint32_t>(border)}};
      EXPECT_EQ(refused_of(sent, 40000, 80, false), 1u) << "RFC 7413; cut at " << border;
    }
  }
}

// Another beginning, which only one end speaks of: before the first bytes, or in the middle.
TEST(Evasion, ASynThatNobodyAnswersMovesNothing) {
  const std::string message = http_request("evil.example");
  for (const std::size_t border : {std::size_t{1}, std::size_t{5}, std::size_t{40}}) {
    for (const bool is_answered : {false, true}) {
      if (!is_answered && border == 1) continue;  // too few bytes to know what they begin
      Filter filter;
      filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
      const auto give = [&](std::uint32_t at, std::string_view bytes, std::uint8_t flags = kTcpPsh | kTcpAck) {
        filter.access.give(frame_of({.source_port = 40000, .destination_port = 80, .sequence = kFirst + at, .acknowledgement = 9000, .flags = flags, .payload = bytes}));
        filter.run();
      };
      give(0xffffffff, {}, kTcpSyn);
      if (is_answered) {
        filter.core.give(frame_of({.reversed = true, .source_port = 80, .destination_port = 40000, .sequence = 8999, .acknowledgement = kFirst, .flags = kTcpSyn | kTcpAck}));
        filter.run();
      }
      give(0xffffffff - 10, {}, kTcpSyn);
      const std::string innocent = http_request("good.example");
      const auto behind = static_cast<std::uint32_t>(innocent.size());
      give(0, innocent);
      give(behind - 20, {}, kTcpSyn);
      give(behind, message.substr(0, border));
      give(behind + static_cast<std::uint32_t>(border), message.substr(border));
      EXPECT_EQ(filter.fate(Fate::kAnswered), 1u) << border << (is_answered ? " answered" : "");
    }
  }
}

// A session in whose middle something comes that its server does not take.
std::uint64_t voided_of(const std::vector<Sent>& sent, std::uint64_t& streams) {
  Filter filter;
  filter.block([](MatchSetBuilder& b) { Filter::block_text(b, "win a prize"); });
  filter.access.give(opening_frame(2775, 40000));
  for (const Sent& one : sent) {
    filter.access.give(frame_of({.source_port = 40000, .destination_port = 2775, .sequence = kFirst + one.at, .flags = one.flags, .payload = one.bytes}));
    filter.run();
  }
  filter.worker().flush();
  streams = filter.stats().streams.read();
  for (const auto& bytes : filter.core.sent()) EXPECT_EQ(as_text(bytes).find("a PRIZE"), std::string_view::npos);
  EXPECT_EQ(filter.core.sent().size(), sent.size() + 1) << "nothing is kept back";
  EXPECT_EQ(filter.free_buffers(), Filter::kBuffers);
  return filter.fate(Fate::kNeutralised);
}

TEST(Evasion, ASharedConnectionIsNotLedAstrayByBytesThatItsServerDoesNotTake) {
  const std::string pdu = submit_sm(7, "10690001", "8613800000001", "WIN a PRIZE today");
  const std::string harmless = submit_sm(7, "10690001", "8613800000001", "see you a bit later");
  const auto border = static_cast<std::uint32_t>(pdu.find("WIN"));
  const std::string first = pdu.substr(0, border), second = pdu.substr(border);
  std::uint64_t streams = 0;
  EXPECT_EQ(voided_of({{first, 0}, {harmless.substr(border), border, 0, kTcpPsh}, {second, border}}, streams), 2u) << "without ACK";
  EXPECT_EQ(streams, 1u);
  EXPECT_EQ(voided_of({{first, 0}, {harmless.substr(border), border - 1, 0, kTcpSyn}, {second, border}}, streams), 2u) << "a SYN with bytes";
  EXPECT_EQ(streams, 1u) << "the connection is known once";
  EXPECT_EQ(voided_of({{first, 0}, {harmless, 70000, 0, kTcpSyn}, {second, border}}, streams), 2u) << "and one somewhere else";
  EXPECT_EQ(streams, 1u);
}

// The hole is given up in the same burst: its bytes are in no frame that is held.
TEST(Streams, WhatFillsAHoleTooLateIsNoCopy) {
  Filter filter;
  filter.block([](MatchSetBuilder& b) { Filter::block_text(b, "win a prize"); });
  const std::string pdu = submit_sm(7, "10690001", "8613800000001", "see you");
  const auto part = [&](std::uint32_t at, std::size_t count) {
    return frame_of({.source_port = 40000, .destination_port = 2775, .sequence = kFirst + at, .payload = std::string_view(pdu).substr(at, count)});
  };
  constexpr std::uint64_t kStart = 1'700'000'000'000'000'000;
  filter.access.give(opening_frame(2775, 40000), kStart);
  filter.access.give(part(20, 40), kStart);
  filter.run();
  filter.access.give(part(0, 30), kStart + 9'000'000'000);
  filter.run();
  filter.worker().flush();
  ASSERT_EQ(filter.core.sent().size(), 3u);
  EXPECT_EQ(filter.core.sent()[1], part(0, 30)) << "the wait was over, and this came in time to leave first";
  EXPECT_EQ(filter.core.sent()[2], part(20, 40));
  EXPECT_EQ(filter.fate(Fate::kDroppedCopy), 0u);
  EXPECT_EQ(filter.free_buffers(), Filter::kBuffers);
}

// Each pushes the one before out, so that its place is free for the next: more frames leave than were ever held at a time.
TEST(Streams, MoreFramesMayLeaveInABurstThanCanBeHeld) {
  StreamOptions options;
  options.connections = 4;
  options.held_frames = 4;
  Filter filter(Mode::kEnforce, false, options);
  const std::string half = submit_sm(7, "10690001", "8613800000001", "see you").substr(0, 30);
  // Opened, so that a message is known to begin: else nothing is held.
  for (std::uint16_t i = 0; i < 60; ++i) filter.access.give(opening_frame(2775, static_cast<std::uint16_t>(40000 + i)));
  filter.run();
  filter.core.forget();
  for (std::uint16_t i = 0; i < 60; ++i) filter.access.give(segment_frame({0, half}, 2775, static_cast<std::uint16_t>(40000 + i)));
  filter.worker().run_once();
  EXPECT_EQ(filter.stats().bursts.read(), 2u);
  EXPECT_EQ(filter.stats().streams_evicted.read(), 59u);
  EXPECT_EQ(filter.core.sent().size(), 59u);
  EXPECT_EQ(filter.stats().held_frames.read(), 1u) << "each of them was held before the next one came";
  EXPECT_EQ(filter.stats().stream_no_room.read(), 0u);
  filter.worker().flush();
  EXPECT_EQ(filter.core.sent().size(), 60u);
  EXPECT_EQ(filter.free_buffers(), Filter::kBuffers);
}

// All that was held before, and a burst more that comes and goes in the meantime: the most that can ever leave at once.
TEST(Streams, WhatWasHeldLeavesWithAWholeBurstThatPushesItOut) {
  StreamOptions options;
  options.connections = 16;  // of which four may be half heard
  options.held_frames = 4;
  Filter filter(Mode::kEnforce, false, options);
  const std::string half = submit_sm(7, "10690001", "8613800000001", "see you").substr(0, 30);
  for (std::uint16_t i = 0; i < 4 + Burst::kFrames; ++i) filter.access.give(opening_frame(2775, static_cast<std::uint16_t>(40000 + i)));
  filter.run();
  filter.core.forget();
  const std::uint64_t bursts = filter.stats().bursts.read();
  const auto give = [&](std::uint16_t i) { filter.access.give(segment_frame({0, half}, 2775, static_cast<std::uint16_t>(40000 + i))); };
  for (std::uint16_t i = 0; i < 4; ++i) give(i);
  filter.worker().run_once();
  EXPECT_EQ(filter.core.sent().size(), 0u);
  EXPECT_EQ(filter.stats().held_frames.read(), 4u);
  for (std::uint16_t i = 4; i < 4 + Burst::kFrames; ++i) give(i);
  filter.worker().run_once();
  EXPECT_EQ(filter.stats().bursts.read(), bursts + 2);
  EXPECT_EQ(filter.core.sent().size(), Burst::kFrames) << "the first four, and all but the last four";
  EXPECT_EQ(filter.stats().held_frames.read(), 4u);
  EXPECT_EQ(filter.stats().stream_no_room.read(), 0u);
  filter.worker().flush();
  EXPECT_EQ(filter.core.sent().size(), 4 + Burst::kFrames);
  EXPECT_EQ(filter.free_buffers(), Filter::kBuffers);
}

// A segment that overtakes the first one is put together with it only where nothing has to be changed in place.
TEST(Evasion, ALongSmsWhoseFirstSegmentComesLastIsVoidedAndNothingElse) {
  Filter filter;
  filter.block([](MatchSetBuilder& b) { Filter::block_text(b, "win a prize"); });
  const std::string pdu = submit_sm_payload(7, "10690001", "8613800000001", "WIN a PRIZE " + std::string(14000, 'x'));
  filter.access.give(opening_frame(2775, 40000));
  const std::vector<Segment> segments = cut(pdu, {1400, 2800, 4200, 5600, 7000, 8400, 9800, 11200, 12600});
  for (std::size_t i = 1; i < segments.size(); ++i) filter.access.give(segment_frame(segments[i], 2775, 40000));
  filter.access.give(segment_frame(segments[0], 2775, 40000));
  filter.run();
  EXPECT_EQ(filter.core.sent().size(), segments.size() + 1);
  EXPECT_EQ(filter.fate(Fate::kNeutralised), segments.size());
  EXPECT_EQ(filter.ring.pushed(), 1u);
  for (const auto& bytes : filter.core.sent()) {
    Frame frame;
    frame.data = const_cast<std::uint8_t*>(bytes.data());
    frame.length = static_cast<std::uint32_t>(bytes.size());
    const Layers layers = decode(frame);
    EXPECT_TRUE(transport_checksum_is_right(frame, layers));
    EXPECT_EQ(as_text(payload_of(std::as_const(frame), layers)).find("xxx"), std::string_view::npos);
  }
  filter.worker().flush();
  EXPECT_EQ(filter.free_buffers(), Filter::kBuffers);
}

// A lost first segment must not let what comes behind it pass before anybody knows what the connection is.
TEST(Evasion, ACallBehindALostFirstSegmentOfItsConnectionIsRefused) {
  const auto over_tcp = [](std::string text) { return text.replace(text.find("SIP/2.0/UDP"), 11, "SIP/2.0/TCP"); };
  const std::string good = over_tcp(sip_invite("+8613900000001", "13800000000"));
  const std::string evil = over_tcp(sip_invite("+8617000000001", "13800000000"));
  const std::string calls = good + evil + good;
  for (std::size_t size = 100; size < 400; size += 50) {
    Filter filter;
    filter.block([](MatchSetBuilder& b) { Filter::block_number(b, "+8617000000001"); });
    filter.access.give(opening_frame(5060, 40000));
    std::vector<std::size_t> borders;
    for (std::size_t at = size; at < calls.size(); at += size) borders.push_back(at);
    const std::vector<Segment> segments = cut(calls, borders);
    for (std::size_t i = 1; i < segments.size(); ++i) filter.access.give(segment_frame(segments[i], 5060, 40000));
    filter.run();
    filter.access.give(segment_frame(segments[0], 5060, 40000));
    filter.run();
    std::string arrived(calls.size(), ' ');
    for (const auto& bytes : filter.core.sent()) {
      Frame frame;
      frame.data = const_cast<std::uint8_t*>(bytes.data());
      frame.length = static_cast<std::uint32_t>(bytes.size());
      const Layers layers = decode(frame);
      const std::string_view payload = as_text(payload_of(std::as_const(frame), layers));
      if (!payload.empty()) arrived.replace(tcp_header(frame, layers).sequence - kFirst, payload.size(), payload);
    }
    EXPECT_EQ(arrived.substr(0, good.size()), good) << size;
    EXPECT_EQ(arrived.substr(good.size(), 7), "XNVITE ") << size;
    EXPECT_EQ(arrived.substr(good.size() + evil.size()), good) << size;
    filter.worker().flush();
    EXPECT_EQ(filter.free_buffers(), Filter::kBuffers);
  }
}

// The receiver may have got only the later copy: it is judged as well, in the burst of the first one and after it.
TEST(Evasion, ACopyThatContradictsAMessageLetPassIsJudged) {
  for (const auto& [message, decoy] : {std::pair(tls_hello("evil.example"), tls_hello("good.example")),
                                       std::pair(http_request("evil.example"), http_request("good.example"))}) {
    const std::size_t border = message.find("example") - 8;
    const auto at = static_cast<std::uint32_t>(border);
    for (const bool is_one_burst : {false, true}) {
      Filter filter;
      filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
      const auto give = [&](std::uint32_t offset, const std::string& bytes) {
        filter.access.give(segment_frame({offset, bytes}, 9999, 40000));
        if (!is_one_burst) filter.run();
      };
      filter.access.give(opening_frame(9999, 40000));
      give(0, decoy.substr(0, border));
      give(at, decoy.substr(border));
      give(at, decoy.substr(border));
      EXPECT_EQ(filter.stats().inconsistent_copies.read(), 0u);
      give(at, message.substr(border));
      filter.run();
      EXPECT_EQ(filter.fate(Fate::kAnswered) + filter.fate(Fate::kReset), 1u) << is_one_burst;
      EXPECT_EQ(filter.stats().evasions[static_cast<std::size_t>(EvasionKind::kInconsistentCopy)].read(), 1u);
      EXPECT_EQ(filter.ring.pushed(), 2u) << "the interception and the sign of evasion";
    }
  }
}

// Old octets that look like the beginning of a long hello, right before a true one in the middle of a connection.
TEST(Evasion, WhatSeemsToGoOnButBeginsAMessageThatIsWholeIsJudged) {
  const std::string decoy("\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03", 11);
  for (const bool is_opened : {true, false}) {
    for (const std::string& message : {tls_hello("evil.example"), http_request("evil.example")}) {
      EXPECT_EQ(refused_of({{"EHLO me\r\n", 0}, {"STARTTLS and more than would be kept of an unknown beginning, were it one\r\n", 9}, {decoy, 200 - 11}, {message, 200}},
                           40000, 587, is_opened), 1u);
      EXPECT_EQ(refused_of({{"GET / HTTP/1.1\r\nX: ", 0}, {message, 19}}, 40000, 9999, is_opened), 1u);
    }
  }
}

TEST(Evasion, WhatSeemsToGoOnButBeginsAMessageIsDroppedHoweverOftenItIsSent) {
  Filter filter;
  filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example", "drop"); });
  const std::string decoy("\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03", 11);
  filter.access.give(segment_frame({0, decoy}, 9999, 40000));
  for (int copy = 0; copy < 3; ++copy) {
    filter.access.give(segment_frame({11, tls_hello("evil.example")}, 9999, 40000));
    filter.run();
  }
  EXPECT_EQ(filter.core.sent().size(), 1u) << "the octets before it";
}

// What came as two messages is told once for each: what follows in the connection is news of neither.
TEST(Evasion, WhatFollowsAHelloThatCameAsTwoTellsItNoMore) {
  const std::string hello = tls_hello("evil.example");
  const std::size_t border = hello.find("evil");
  const auto size = static_cast<std::uint32_t>(hello.size());
  const std::string data("\x17\x03\x03\x00\x20", 5);
  for (const bool is_cut : {false, true}) {
    Filter filter(Mode::kMonitor);
    filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
    std::vector<Segment> sent = {{0, std::string(2, '\0')}};
    for (const Segment& one : cut(hello, is_cut ? std::vector<std::size_t>{border} : std::vector<std::size_t>{})) sent.push_back(one);
    for (std::uint32_t i = 0; i < 5; ++i) sent.push_back({size + i * 37, data + std::string(32, 'x')});
    filter.access.give(opening_frame(443, 40000));
    for (const Segment& one : sent) {
      filter.access.give(segment_frame(one, 443, 40000));
      filter.run();
    }
    EXPECT_EQ(filter.stats().evasions[static_cast<std::size_t>(EvasionKind::kInconsistentCopy)].read(), 1u);
    const std::size_t tls = protocol_index("tls");
    EXPECT_EQ(filter.stats().messages[tls].read() + filter.stats().repeats[tls].read(), 1u) << is_cut;
  }
}

TEST(Evasion, ACopyThatMakesNoMessageTakesNothingFromOtherPackets) {
  Filter filter;
  filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
  const std::string message = http_request("good.example");
  for (const Segment& one : {Segment{0, message.substr(0, 30)}, Segment{30, message.substr(30)}}) {
    filter.access.give(segment_frame(one, 9999, 40000));
    filter.run();
  }
  filter.access.give(segment_frame({0, http_request("evil.example")}, 9999, 40001));
  filter.access.give(segment_frame({0, "????"}, 9999, 40000));
  filter.run();
  EXPECT_EQ(filter.fate(Fate::kAnswered), 1u);
  EXPECT_EQ(filter.stats().inconsistent_copies.read(), 1u);
}

TEST(Evasion, WhatWasLetPassIsForgottenWhenItsSenderGoesOn) {
  Filter filter;
  filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
  const std::string message = http_request("good.example");
  const auto size = static_cast<std::uint32_t>(message.size());
  for (const Segment& one : {Segment{0, message.substr(0, 30)}, Segment{30, message.substr(30)}, Segment{size, "POST more"}, Segment{40, "other"}}) {
    filter.access.give(segment_frame(one, 80, 40000));
    filter.run();
  }
  EXPECT_EQ(filter.stats().inconsistent_copies.read(), 0u);
}

TEST(Evasion, RecordsAreBoundedAndTheRestIsCounted) {
  Filter filter;
  const std::string message = http_request("good.example");
  constexpr std::uint64_t kStart = 1'700'000'000'000'000'000;
  for (std::uint16_t i = 0; i < 100; ++i) {
    const auto port = static_cast<std::uint16_t>(40000 + i);
    filter.access.give(segment_frame({0, message.substr(0, 30)}, 80, port), kStart);
    filter.access.give(segment_frame({4, "xxxx"}, 80, port), kStart);
  }
  filter.run();
  const auto kind = static_cast<std::size_t>(EvasionKind::kInconsistentCopy);
  EXPECT_EQ(filter.stats().evasions[kind].read(), 100u);
  EXPECT_EQ(filter.ring.pushed(), 10u);
  EXPECT_EQ(filter.stats().evasions_not_recorded.read(), 90u);
  for (int i = 0; i < 10; ++i) filter.ring.release();
  filter.access.give(segment_frame({6, "yyyy"}, 80, 40000), kStart + 2'000'000'000);
  filter.run();
  ASSERT_NE(filter.ring.front(), nullptr);
  EXPECT_EQ(filter.ring.front()->suppressed, 90u);
  EXPECT_EQ(filter.ring.front()->kind, Record::Kind::kEvasion);
  EXPECT_EQ(filter.ring.front()->source_port, 40000);
  EXPECT_EQ(filter.ring.front()->fate, Fate::kForwardedNeedMore);
}

// Reading a long beginning anew with each tiny segment pauses, but the end must not be missed for that: nothing comes behind it.
TEST(Streams, ACallInTinySegmentsIsReadToItsEnd) {
  std::string call = sip_invite("+8617000000001", "13800000000");
  call.replace(call.find("SIP/2.0/UDP"), 11, "SIP/2.0/TCP");
  for (const std::size_t filling : {0u, 700u, 2500u, 3100u}) {
    std::string message = call;
    message.insert(message.find("Max-Forwards"), filling == 0 ? "" : "Subject: " + std::string(filling, 's') + "\r\n");
    const std::size_t size = message.size() / 60;
    Filter filter;
    filter.block([](MatchSetBuilder& b) { Filter::block_number(b, "+8617000000001"); });
    constexpr std::uint64_t kStart = 1'700'000'000'000'000'000;
    filter.access.give(opening_frame(5060, 40000), kStart);
    std::vector<std::size_t> borders;
    for (std::size_t at = size; at < message.size(); at += size) borders.push_back(at);
    for (const Segment& segment : cut(message, borders)) {
      filter.access.give(segment_frame(segment, 5060, 40000), kStart);
      filter.run();
    }
    filter.access.give(segment_frame({static_cast<std::uint32_t>(message.size()), "INVITE "}, 5060, 40000), kStart + 300'000'000);  // time passes
    filter.run();
    ASSERT_GE(filter.core.sent().size(), 2u) << filling;
    const std::string arrived = payloads_sent(filter.core);
    EXPECT_EQ(arrived.substr(0, 7), "XNVITE ") << filling;
    EXPECT_EQ(arrived.size(), message.size()) << "all of it left, and no more; " << filling;
    filter.worker().flush();
    EXPECT_EQ(filter.free_buffers(), Filter::kBuffers);
  }
}

// What was seen first need not be what was sent first: bytes before it are in no frame that is held.
TEST(Streams, BytesBeforeThoseSeenFirstAreNoCopy) {
  Filter filter;
  filter.block([](MatchSetBuilder& b) { Filter::block_number(b, "+8617000000001"); });
  std::string call = sip_invite("+8613900000001", "13800000000");
  call.replace(call.find("SIP/2.0/UDP"), 11, "SIP/2.0/TCP");
  const auto part = [&](std::uint32_t at, std::size_t count) { return segment_frame({at, call.substr(at, count)}, 8123, 40000); };
  filter.access.give(part(5, 150));
  filter.run();
  ASSERT_EQ(filter.core.sent().size(), 0u) << "it waits for the rest of its message";
  filter.access.give(part(0, 21));
  filter.run();
  filter.worker().flush();
  EXPECT_EQ(filter.core.sent().size(), 2u);
  EXPECT_EQ(filter.fate(Fate::kDroppedCopy), 0u);
  EXPECT_EQ(filter.free_buffers(), Filter::kBuffers);
}

// A connection that gives way within the burst leaves its stream to the next one: nothing that was read of it may touch that.
TEST(Streams, WhatGivesWayWithinABurstLeavesOthersUntouched) {
  StreamOptions options;
  options.connections = 4;  // one of them may be half heard
  Filter filter(Mode::kEnforce, false, options);
  filter.block([](MatchSetBuilder& b) { Filter::block_text(b, "win a prize"); });
  const std::string listed = submit_sm(7, "10690001", "8613800000001", "WIN a PRIZE today");
  const std::string innocent = submit_sm(7, "10690001", "8613800000001", "see you at nine !");
  ASSERT_EQ(listed.size(), innocent.size());
  filter.access.give(segment_frame({0, listed}, 2775, 40000));
  filter.access.give(segment_frame({0, innocent}, 2775, 40001));
  filter.run();
  filter.worker().flush();
  ASSERT_EQ(filter.core.sent().size(), 2u);
  for (const auto& bytes : filter.core.sent()) {
    Frame frame;
    frame.data = const_cast<std::uint8_t*>(bytes.data());
    frame.length = static_cast<std::uint32_t>(bytes.size());
    const Layers layers = decode(frame);
    if (layers.source_port == 40001) {
      EXPECT_EQ(bytes, segment_frame({0, innocent}, 2775, 40001));
    }
  }
  EXPECT_EQ(filter.fate(Fate::kNeutralised), 0u);
  EXPECT_EQ(filter.stats().streams.read(), 1u);
  EXPECT_EQ(filter.free_buffers(), Filter::kBuffers);
}

}  // namespace
}  // namespace telefence
