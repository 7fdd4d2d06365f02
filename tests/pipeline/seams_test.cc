// SPDX-License-Identifier: Apache-2.0
// Where two folders meet: a message over several segments, each of them behind tags or extension headers or in a tunnel; a fragment of
// what carries a tunnel; several messages in one segment, of which a later one is listed; the copy that counts, as configured.
#include <gtest/gtest.h>

#include "filter.h"
#include "payloads.h"
#include "pipeline/worker.h"
#include "session_ends.h"
#include "ways.h"

namespace telefence {
namespace {

using namespace testing;

constexpr std::uint32_t kThere = 0xfffffff0;  // the server's first sequence number

std::string tcp_query(std::string_view name, unsigned id = 7) {
  const std::string query = dns_query(name, id);
  std::string out;
  append_u16(out, static_cast<unsigned>(query.size()));
  return out + query;
}

struct Sample {
  const char* name;
  std::string stream;
  std::uint16_t port;
  bool is_answered;  // else both ends are reset
  std::size_t decided_at;  // so many bytes tell the name
};

// Of HTTP the line that names the host is enough.
std::size_t decided_at(const std::string& message) {
  const std::size_t host = message.find("Host: ");
  return host == std::string::npos ? message.size() : message.find("\r\n", host) + 1;
}

std::vector<Sample> samples(std::string_view host) {
  std::vector<Sample> all = {{"http", http_request(host), 80, true, 0}, {"tls", tls_hello(host), 443, false, 0}, {"dns", tcp_query(host), 53, true, 0}};
  for (Sample& one : all) one.decided_at = decided_at(one.stream);
  return all;
}

std::uint64_t sum_of_fates(const Filter& filter) {
  std::uint64_t sum = filter.stats().held_frames.read();
  for (const Counter& fate : filter.stats().fates) sum += fate.read();
  return sum;
}

// One connection on one way, whose client's first byte has the number `first`.
class Connection {
 public:
  Connection(Filter& filter, const Way& way, std::uint16_t from, std::uint16_t to, std::uint32_t first)
      : filter_(filter), way_(way), from_(from), to_(to), first_(first) {}

  PacketShape there() const { return {.source_port = from_, .destination_port = to_, .sequence = first_, .acknowledgement = kThere}; }
  PacketShape back() const {
    return {.reversed = true, .source_port = to_, .destination_port = from_, .sequence = kThere, .acknowledgement = first_};
  }

  void open() {
    PacketShape syn = there(), answer = back(), done = there();
    syn.sequence = first_ - 1, syn.acknowledgement = 0, syn.flags = kTcpSyn;
    answer.sequence = kThere - 1, answer.flags = kTcpSyn | kTcpAck;
    done.flags = kTcpAck;
    give(filter_.access, syn);
    give(filter_.core, answer);
    give(filter_.access, done);
    forget();
  }
  std::uint32_t number_at(std::size_t at) const { return first_ + static_cast<std::uint32_t>(at); }
  Octets segment(std::size_t at, std::string_view bytes) const {
    PacketShape shape = there();
    shape.sequence = number_at(at);
    shape.payload = bytes;
    return way_.carry(shape);
  }
  // In two segments, each in a burst of its own.
  void send_cut(std::string_view stream, std::size_t border) {
    for (const Octets& one : {segment(0, stream.substr(0, border)), segment(border, stream.substr(border))}) {
      filter_.access.give(one);
      filter_.run();
    }
  }
  void forget() {
    filter_.access.forget();
    filter_.core.forget();
  }

 private:
  void give(MemoryQueue& queue, const PacketShape& shape) {
    queue.give(way_.carry(shape));
    filter_.run();
  }
  Filter& filter_;
  const Way& way_;
  std::uint16_t from_, to_;
  std::uint32_t first_;
};

TcpHeader header_of(const Octets& frame) { return tcp_header(view_of(frame), decode(view_of(frame))); }

class Seams : public ::testing::TestWithParam<Way> {
 protected:
  Seams() {
    filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
  }
  void TearDown() override {
    EXPECT_EQ(sum_of_fates(filter), filter.stats().received.read());
    filter.worker().flush();
    EXPECT_EQ(filter.free_buffers(), Filter::kBuffers);
  }
  Filter filter;
};

INSTANTIATE_TEST_SUITE_P(Each, Seams, ::testing::ValuesIn(kWays), name_of_way);

TEST_P(Seams, AMessageOverTwoSegmentsIsRefusedAndBothEndsAreToldOnTheirOwnWay) {
  SCOPED_TRACE(GetParam().name);
  std::uint16_t from = 10000;
  for (const Sample& sample : samples("www.evil.example")) {
    for (std::size_t border = 1; border < sample.decided_at; border += 3) {
      SCOPED_TRACE(std::string(sample.name) + " cut at " + std::to_string(border));
      // The numbers wrap inside its first segment.
      Connection connection(filter, GetParam(), ++from, sample.port, 0u - static_cast<std::uint32_t>(border / 2));
      connection.open();
      connection.send_cut(sample.stream, border);
      ASSERT_EQ(filter.ring.pushed(), 1u * (from - 10000u)) << "one interception";
      const auto to_client = filter.access.sent(), to_server = filter.core.sent();
      if (!GetParam().has_way_back) {
        EXPECT_EQ(to_client.size(), 0u);
        EXPECT_EQ(filter.fate(Fate::kDroppedByVerdict), from - 10000u);
      }
      if (GetParam().has_way_back) {
        ASSERT_GE(to_client.size(), 1u);
      }
      ASSERT_EQ(to_server.size(), 2u) << "the first segment, and a reset";
      EXPECT_EQ(to_server[0], connection.segment(0, std::string_view(sample.stream).substr(0, border)));
      const TcpHeader reset = header_of(to_server[1]);
      EXPECT_NE(reset.flags & kTcpRst, 0);
      EXPECT_EQ(reset.sequence, connection.number_at(border)) << "what the server waits for";
      EXPECT_EQ(problems_of_way(to_server[1], GetParam(), connection.there()), std::vector<std::string>());
      for (const Octets& one : to_client) EXPECT_EQ(problems_of_way(one, GetParam(), connection.back()), std::vector<std::string>());
      while (filter.ring.front() != nullptr) filter.ring.release();
      if (HasFailure()) return;
      if (to_client.empty()) continue;
      const TcpHeader first = header_of(to_client[0]);
      EXPECT_EQ((first.flags & kTcpRst) == 0, sample.is_answered);
      EXPECT_EQ(first.sequence, kThere);
      if (sample.is_answered) {
        EXPECT_EQ(first.acknowledgement, connection.number_at(sample.stream.size()));
        EXPECT_NE(header_of(to_client.back()).flags & kTcpFin, 0);
      }
    }
  }
}

TEST_P(Seams, AnInnocentMessageOverTwoSegmentsIsNotTouched) {
  SCOPED_TRACE(GetParam().name);
  std::uint16_t from = 10000;
  for (const Sample& sample : samples("www.good.example")) {
    for (std::size_t border = 1; border < sample.stream.size(); border += 3) {
      Connection connection(filter, GetParam(), ++from, sample.port, 0u - static_cast<std::uint32_t>(border / 2));
      connection.open();
      connection.send_cut(sample.stream, border);
      ASSERT_EQ(filter.core.sent().size(), 2u) << sample.name << border;
      ASSERT_EQ(filter.core.sent()[0], connection.segment(0, std::string_view(sample.stream).substr(0, border)));
      ASSERT_EQ(filter.core.sent()[1], connection.segment(border, std::string_view(sample.stream).substr(border)));
      ASSERT_EQ(filter.access.sent().size(), 0u);
    }
  }
  EXPECT_EQ(filter.stats().spread_read.read(), filter.stats().spread_begun.read()) << "each was read to its end";
  EXPECT_EQ(filter.ring.pushed(), 0u);
}

// The same addresses and ports behind another tag, or in another tunnel, are another connection: halves of both make no message.
TEST(SeamsOfWays, HalvesOnTwoWaysAreNotPutTogether) {
  const std::string request = http_request("www.evil.example");
  for (const Way& one : kWays) {
    for (const Way& other : kWays) {
      if (&one == &other) continue;
      const bool has_labels = std::string_view(one.name) == "MPLS" || std::string_view(other.name) == "MPLS";
      if (has_labels) continue;  // labels may be there in one direction alone, so they make no other connection
      if (!one.has_way_back || !other.has_way_back) continue;  // numbers and options make none either
      Filter filter;
      filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
      Connection here(filter, one, 40000, 80, 1000), there(filter, other, 40000, 80, 1000);
      const Layers first = decode(view_of(here.segment(0, "x"))), second = decode(view_of(there.segment(0, "x")));
      const bool is_the_same = first.tunnels == 0 && second.tunnels == 0 && first.ip_version == second.ip_version && first.vlan == second.vlan &&
                               first.inner_vlan == second.inner_vlan;
      filter.access.give(here.segment(0, request.substr(0, 30)));
      filter.access.give(there.segment(30, request.substr(30)));
      filter.run();
      EXPECT_EQ(filter.fate(Fate::kAnswered), is_the_same ? 1u : 0u) << one.name << " and " << other.name;
    }
  }
}

// The first part of a hello in a tunnel whose packet came in fragments, the second in one piece.
TEST(SeamsOfFragments, AFragmentedOuterPacketIsReadWithTheRestOfItsConnection) {
  const std::string hello = tls_hello("www.evil.example");
  for (const Way& way : kWays) {
    const Octets whole = Connection(*std::make_unique<Filter>(), way, 40000, 443, 1000).segment(0, std::string_view(hello).substr(0, 40));
    if (!way.has_tunnel || whole[12] != 8 || whole[13] != 0) continue;  // what carries it is no IPv4
    SCOPED_TRACE(way.name);
    Filter filter;
    filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
    Connection connection(filter, way, 40000, 443, 1000);
    connection.open();
    const std::uint64_t before = filter.stats().received.read();
    const std::array<Octets, 2> parts = in_two_fragments(whole, 40);
    for (const Octets& part : parts) {
      filter.access.give(part);
      filter.run();
    }
    ASSERT_EQ(filter.core.sent().size(), 2u);
    EXPECT_EQ(filter.core.sent()[0], parts[0]);
    EXPECT_EQ(filter.core.sent()[1], parts[1]);
    EXPECT_EQ(filter.fate(Fate::kForwardedFragment), 1u) << "the part before the last";
    filter.access.give(connection.segment(40, std::string_view(hello).substr(40)));
    filter.run();
    EXPECT_EQ(filter.fate(way.has_way_back ? Fate::kReset : Fate::kDroppedByVerdict), 1u);
    EXPECT_EQ(filter.ring.pushed(), 1u);
    EXPECT_EQ(filter.stats().received.read() - before, 3u);
    EXPECT_EQ(sum_of_fates(filter), filter.stats().received.read());
  }
}

// Several messages, of which a later one is listed: an answer would be taken for that to the first one.
TEST(SeamsOfMessages, AListedRequestBehindAnotherInOneSegmentClosesTheConnectionWithoutAPage) {
  for (const auto& [first, second, port] : {std::tuple(http_request("good.example"), http_request("www.evil.example"), std::uint16_t{80}),
                                            std::tuple(tcp_query("good.example", 7), tcp_query("www.evil.example", 8), std::uint16_t{53})}) {
    Filter filter;
    filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
    Connection connection(filter, kWays[0], 40000, port, 1000);
    connection.open();
    filter.access.give(connection.segment(0, first + second));
    filter.run();
    EXPECT_EQ(filter.fate(Fate::kReset), 1u) << port;
    EXPECT_EQ(filter.ring.pushed(), 1u);
    ASSERT_EQ(filter.access.sent().size(), 1u);
    EXPECT_NE(header_of(filter.access.sent()[0]).flags & kTcpRst, 0);
    ASSERT_EQ(filter.core.sent().size(), 1u);
    EXPECT_NE(header_of(filter.core.sent()[0]).flags & kTcpRst, 0);
  }
}

// The first one has left in a segment of its own, and its response may be on its way: behind it the listed one is answered.
TEST(SeamsOfMessages, AListedRequestInASegmentBehindAnotherIsAnsweredHoweverItIsCut) {
  for (const auto& [first, second, port] : {std::tuple(http_request("good.example"), http_request("www.evil.example"), std::uint16_t{80}),
                                            std::tuple(tcp_query("good.example", 7), tcp_query("www.evil.example", 8), std::uint16_t{53})}) {
    for (std::size_t border = 1; border < decided_at(second); border += 5) {
      Filter filter;
      filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
      Connection connection(filter, kWays[0], 40000, port, 0u - static_cast<std::uint32_t>(first.size() + border / 2));
      connection.open();
      for (const Octets& one : {connection.segment(0, first), connection.segment(first.size(), second.substr(0, border)),
                                connection.segment(first.size() + border, second.substr(border))}) {
        filter.access.give(one);
        filter.run();
      }
      ASSERT_EQ(filter.fate(Fate::kAnswered), 1u) << port << " cut at " << border;
      ASSERT_EQ(filter.core.sent().size(), 3u) << "both segments before it, and a reset";
    }
  }
}

// What of a message comes twice as other bytes before it is whole: the configured copy is the one that is read; where that is the first,
// the later one is read beside it.
TEST(SeamsOfConfiguration, OfBytesThatComeTwiceTheConfiguredCopyCounts) {
  for (const auto& [evil, good, port] : {std::tuple(http_request("evil.example"), http_request("good.example"), std::uint16_t{80}),
                                         std::tuple(tls_hello("evil.example"), tls_hello("good.example"), std::uint16_t{443})}) {
    ASSERT_EQ(evil.size(), good.size());
    const std::size_t begin = evil.find("evil") - 2, end = evil.find("evil") + 6;
    for (const bool keeps_last : {false, true}) {
      for (const bool evil_is_last : {false, true}) {
        TrackOptions track;
        track.parts.keep = keeps_last ? StreamBuffer::Keep::kLast : StreamBuffer::Keep::kFirst;
        Filter filter(track);
        filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
        Connection connection(filter, kWays[0], 40000, port, 0u - static_cast<std::uint32_t>(begin));
        connection.open();
        const std::string& first = evil_is_last ? good : evil;
        const std::string& last = evil_is_last ? evil : good;
        for (const Octets& one : {connection.segment(0, evil.substr(0, begin)), connection.segment(begin, first.substr(begin, end - begin)),
                                  connection.segment(begin, last.substr(begin, end - begin)), connection.segment(end, evil.substr(end))}) {
          filter.access.give(one);
          filter.run();
        }
        EXPECT_EQ(filter.fate(Fate::kAnswered) + filter.fate(Fate::kReset), !keeps_last || evil_is_last ? 1u : 0u)
            << port << (keeps_last ? " last" : " first") << (evil_is_last ? ", evil last" : ", evil first");
        EXPECT_EQ(filter.stats().evasions[static_cast<std::size_t>(EvasionKind::kInconsistentCopy)].read(), 1u) << "told in any case";
      }
    }
  }
}

}  // namespace
}  // namespace telefence
