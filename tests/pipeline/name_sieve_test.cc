// SPDX-License-Identifier: Apache-2.0
// Look-ups that are turned away before they become events: what leaves and what is counted is the same as with every one of them judged.

#include "pipeline/name_sieve.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "filter.h"
#include "payloads.h"
#include "sample/ring.h"

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

void fill(Filter& filter) {
  filter.block([](MatchSetBuilder& builder) {
    Filter::block_domain(builder, "evil.example");
    Filter::block_domain(builder, "deep.below.some.example");
    builder.add_domain("exact.example", false, Filter::rule(builder, "exact.example"));
    builder.add_domain("good.evil.example", true, Filter::rule(builder, "good.evil.example", {}, true));
    Filter::block_number(builder, "8613912345678");
  });
}

std::string changed(std::string bytes, std::size_t at, char octet) {
  bytes[at] = octet;
  return bytes;
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

template <typename Counters>
void expect_same(const Counters& one, const Counters& other, const char* what) {
  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_EQ(one[i].read(), other[i].read()) << what << ' ' << i;
}

TEST(NameSieve, WhatLeavesAndWhatIsCountedIsTheSameAsWithoutIt) {
  Filter sieved;
  SeesAll seen;
  fill(sieved);
  fill(seen.filter);
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
    for (std::size_t frames = random() % 100; frames != 0; --frames) {
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
