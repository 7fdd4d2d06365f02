// SPDX-License-Identifier: Apache-2.0
// Look-ups that are turned away before they become events: what leaves and what is counted is the same as with every one of them judged.

#include "pipeline/name_sieve.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <random>
#include <vector>

#include "decode/decode.h"
#include "filter.h"
#include "payloads.h"
#include "sample/ring.h"
#include "support/guarded_bytes.h"

namespace telefence::testing {
namespace {

// A filter that looks at every message, since it takes a sample of each.
class SeesAll {
 public:
  SeesAll() { filter.worker().sampler().start(ring_, {.names = true, .one_of = 1}, 1); }
  Filter filter;

 private:
  SampleRing ring_;
};

// with_top: a name of one label is listed, too, so that everything above a home is asked for.
void fill(Filter& filter, bool with_top = false) {
  filter.block([with_top](MatchSetBuilder& builder) {
    Filter::block_domain(builder, "evil.example");
    Filter::block_domain(builder, "deep.below.some.example");
    if (with_top) Filter::block_domain(builder, "listed-top");
    Filter::block_domain(builder, "of.co.uk");
    builder.add_domain("exact.example", false, Filter::rule(builder, "exact.example"));
    builder.add_domain("good.evil.example", true, Filter::rule(builder, "good.evil.example", {}, true));
    Filter::block_number(builder, "8613912345678");
  });
}

std::string changed(std::string bytes, std::size_t at, char octet) {
  bytes[at] = octet;
  return bytes;
}

// A question for labels of any octets.
std::string query_of(const std::vector<std::string>& labels) {
  std::string wire = dns_query("").substr(0, 12);
  for (const std::string& label : labels) (wire += static_cast<char>(label.size())) += label;
  return wire + std::string("\0\0\1\0\1", 5);
}

std::vector<std::vector<std::uint8_t>> kinds() {
  const std::string plain = dns_query("www.shop.example");
  return {
      udp_frame(plain, 53),
      udp_frame(dns_query("A.Very-Long.Name.of.somebody.with.Many.Labels.example"), 53),
      udp_frame(dns_query("one"), 53),
      udp_frame(dns_query("evil.example"), 53),
      udp_frame(dns_query("WWW.EVIL.example"), 53),
      udp_frame(dns_query("www.good.evil.example"), 53),
      udp_frame(dns_query("exact.example"), 53),
      udp_frame(dns_query("below.exact.example"), 53),
      udp_frame(dns_query("x.deep.below.some.example"), 53),
      udp_frame(dns_query("below.some.example"), 53),
      udp_frame(dns_query("127.0.0.1"), 53),
      udp_frame(dns_query(std::string(60, 'a') + ".evil.example"), 53),
      udp_frame(dns_query(std::string(44, 'a') + ".abc.evil.example"), 53),  // 61 octets
      udp_frame(dns_query(std::string(44, 'a') + ".abcd.evil.example"), 53),
      udp_frame(dns_query(std::string(44, 'a') + ".abcde.evil.example"), 53),
      udp_frame(query_of({std::string("a.b"), "evil", "example"}), 53),
      udp_frame(query_of({"www", "evil\xff", "example"}), 53),
      udp_frame(query_of({"[", "evil", "example"}), 53),
      udp_frame(dns_query("somebody.listed-top"), 53),
      udp_frame(dns_query("below.of.co.uk"), 53),
      udp_frame(dns_query(""), 53),
      udp_frame(changed(plain, 2, '\x81'), 53),       // a response
      udp_frame(changed(plain, 2, '\x28'), 53),       // an update
      udp_frame(changed(plain, 5, '\2'), 53),         // says that it has two questions
      udp_frame(changed(plain, 6, '\1'), 53),         // and hundreds of answers
      udp_frame(changed(plain, 12, '\xc0'), 53),      // a pointer
      udp_frame(plain.substr(0, plain.size() - 1), 53),
      udp_frame(plain.substr(0, 11), 53),
      udp_frame(plain + "behind", 53),
      udp_frame(plain, 5353),
      udp_frame("what is this", 53),
      udp_frame(sip_invite("8613900000000", "110"), 5060),
      udp_frame(sip_invite("8613912345678", "8613900000000"), 5060),
      tcp_frame(http_request("good.example"), 80),
      tcp_frame("", 80),
  };
}

// What the sieve asks the tables for is what all other stages ask them for, or nothing is.
TEST(NameSieve, APlainNameIsTheCanonicalOneOrThereIsNone) {
  const Protocol& dns = *protocol_named("dns");
  std::mt19937_64 random(11);
  const std::string_view octets("aZ0-_9:[].\\ \x7f\x80\xc3\xff\x01\0", 18);
  std::size_t plain = 0, canonical = 0;
  EventList events;
  for (int round = 0; round < 300'000; ++round) {
    std::vector<std::string> labels(random() % 6);
    const bool is_usual = round % 2 == 0;
    for (std::string& label : labels) {
      const std::size_t most = round % 16 < 2 ? 63 : 14;
      for (std::size_t size = 1 + random() % most; size != 0; --size) label += is_usual ? octets[random() % 6] : octets[random() % octets.size()];
    }
    const std::string wire = query_of(labels);
    PlainName name;
    std::uint16_t index = 0;
    const std::string room = wire + std::string(Protocol::kBehindPlain, static_cast<char>(random()));
    const Bytes message = as_bytes(room).first(wire.size());
    if (dns.plain_names({&message, 1}, &name, &index) == 0) continue;
    ++plain;
    events.clear();
    events.begin_frame(0, 0);
    ASSERT_EQ(dns.extract({as_bytes(wire), Transport::kUdp, 4000, 53}, events).progress, Progress::kDone);
    ASSERT_EQ(events.events().size(), 1u);
    const std::string_view sent = std::get<DomainLookup>(events.events()[0].what).name;
    std::string out(sent.size(), '\0');
    out.resize(canonical_domain(sent, out.data()));
    if (out.empty()) continue;
    ++canonical;
    ASSERT_EQ(out, name.text()) << ::testing::PrintToString(sent);
  }
  EXPECT_GT(plain, 50'000u);
  EXPECT_GT(canonical, 50'000u);
}

template <typename Counters>
void expect_same(const Counters& one, const Counters& other, const char* what) {
  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_EQ(one[i].read(), other[i].read()) << what << ' ' << i;
}

// A burst of frames for the sieve alone, with so many octets behind each; what lies behind those can not be read.
class AloneSieve {
 public:
  void give(const std::vector<std::uint8_t>& bytes, std::uint16_t tailroom = Protocol::kBehindPlain) {
    std::vector<std::uint8_t> all = bytes;
    all.resize(bytes.size() + tailroom, 0xee);
    const MutableBytes memory = memory_.emplace_back(std::make_unique<GuardedBytes>(4096))->copy(all);
    Frame& frame = burst_->frames[burst_->count];
    frame.data = memory.data();
    frame.length = static_cast<std::uint32_t>(bytes.size());
    frame.tailroom = tailroom;
    decode(frame, burst_->layers[burst_->count++]);
  }
  // Nothing is listed: which frames were plain, in the order in which they were given.
  std::vector<bool> turned_away() {
    const std::size_t count = sieve_.run(*MatchSet::empty(), Classifier());
    std::vector<bool> which(burst_->is_turned_away.begin(), burst_->is_turned_away.begin() + static_cast<std::ptrdiff_t>(burst_->count));
    EXPECT_EQ(static_cast<std::size_t>(std::count(which.begin(), which.end(), true)), count);
    return which;
  }

 private:
  std::unique_ptr<Burst> burst_ = std::make_unique<Burst>();
  WorkerStats stats_;
  NameSieve sieve_{*burst_, stats_};
  std::vector<std::unique_ptr<GuardedBytes>> memory_;
};

TEST(NameSieve, BehindAFrameNoMoreIsReadThanItSays) {
  AloneSieve sieve;
  constexpr std::uint16_t kTailrooms[] = {0, 1, 16, 63, 64, 200};
  for (const std::uint16_t tailroom : kTailrooms) sieve.give(udp_frame(dns_query("a.example"), 53), tailroom);
  EXPECT_EQ(sieve.turned_away(), (std::vector<bool>{false, false, false, false, true, true}));
}

TEST(NameSieve, OtherPacketsBetweenLookUpsChangeNothing) {
  AloneSieve sieve;
  const auto look_up = udp_frame(dns_query("www.shop.example"), 53);
  const auto others = {udp_frame("of nobody", 9), udp_frame("of quic", 443), udp_frame(sip_invite("8613900000000", "110"), 5060),
                       tcp_frame(http_request("good.example"), 80), udp_frame("x", 53)};
  std::vector<bool> expected;
  for (const auto& other : others) {
    sieve.give(other);
    sieve.give(look_up);
    expected.insert(expected.end(), {false, true});
  }
  EXPECT_EQ(sieve.turned_away(), expected);
}

class NameSieveWays : public ::testing::TestWithParam<bool> {};

TEST_P(NameSieveWays, WhatLeavesAndWhatIsCountedIsTheSameAsWithoutIt) {
  Filter sieved;
  SeesAll seen;
  fill(sieved, GetParam());
  fill(seen.filter, GetParam());
  std::mt19937_64 random(7);
  const auto given = kinds();
  std::size_t answered = 0;
  const auto compare = [&](MemoryQueue& one, MemoryQueue& other) {
    EXPECT_TRUE(std::ranges::equal(one.sent(), other.sent()));
    one.forget();
    other.forget();
  };
  for (int round = 0; round < 400; ++round) {
    // Mostly innocent, mostly listed, or all mixed: with the second the sieve makes a pause.
    const std::size_t most = round % 3 == 0 ? 3 : given.size();
    const std::size_t first = round % 3 == 1 ? 3 : 0;
    for (std::size_t frames = random() % 300; frames != 0; --frames) {
      const std::size_t kind = round % 3 == 1 && random() % 8 != 0 ? first + random() % 3 : random() % most;
      sieved.access.give(given[kind]);
      seen.filter.access.give(given[kind]);
    }
    sieved.run();
    seen.filter.run();
    answered += sieved.access.sent().size();
    compare(sieved.core, seen.filter.core);
    compare(sieved.access, seen.filter.access);
  }
  EXPECT_GT(answered, 1000u);
  const WorkerStats& one = sieved.stats();
  const WorkerStats& other = seen.filter.stats();
  expect_same(one.fates, other.fates, "fate");
  expect_same(one.messages, other.messages, "messages");
  for (std::size_t protocol = 0; protocol < registered_protocols().size(); ++protocol) {
    expect_same(one.parsed[protocol], other.parsed[protocol], "parsed");
    expect_same(one.verdicts[protocol], other.verdicts[protocol], "verdicts");
    expect_same(one.actions[protocol], other.actions[protocol], "actions");
  }
  EXPECT_EQ(sieved.ring.pushed(), seen.filter.ring.pushed());
}

INSTANTIATE_TEST_SUITE_P(NameSieve, NameSieveWays, ::testing::Bool());

TEST(NameSieve, AProtocolThatIsOffIsNotLookedInto) {
  Filter filter;
  fill(filter);
  filter.turn_off("dns");
  filter.access.give(udp_frame(dns_query("www.shop.example"), 53));
  filter.run();
  EXPECT_EQ(filter.fate(Fate::kForwardedNotInspected), 1u);
  EXPECT_EQ(filter.stats().messages[protocol_index("dns")].read(), 0u);
}

}  // namespace
}  // namespace telefence::testing
