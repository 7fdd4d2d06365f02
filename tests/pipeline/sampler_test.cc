// SPDX-License-Identifier: Apache-2.0
#include "pipeline/sampler.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "filter.h"
#include "payloads.h"

namespace telefence {
namespace {

using namespace testing;

std::map<SampledKind, std::map<std::string, int>> all_of(SampleRing& ring) {
  std::map<SampledKind, std::map<std::string, int>> out;
  for (; const SampledKey* key = ring.front(); ring.release())
    ++out[key->kind][key->kind == SampledKind::kCalling || key->kind == SampledKind::kCalled ? number_for_people(key->digits)
                     : key->kind == SampledKind::kText ? std::to_string(key->units()) : std::string(key->text())];
  return out;
}

void give_all(Filter& filter, std::uint16_t round) {
  filter.access.give(udp_frame(dns_query("WWW.Good.example", round), 53));
  filter.access.give(tcp_frame(http_request("good.example", "/a?b"), 80, round, static_cast<std::uint16_t>(1000 + round)));
  filter.access.give(udp_frame(sip_invite("+8617000000001", "13800000000"), 5060, static_cast<std::uint16_t>(3000 + round)));
}

TEST(Sampler, NothingIsTakenUnlessItWasStarted) {
  Filter filter;
  give_all(filter, 1);
  filter.run();
  EXPECT_EQ(filter.fate(Fate::kForwardedInspected), 3u);
}

TEST(Sampler, KeysAreTakenAsTheyAreMatched) {
  Filter filter;
  SampleRing ring;
  filter.worker().sampler().start(ring, {true, true, true, 1, 1000}, 1);
  give_all(filter, 1);
  filter.run();
  auto seen = all_of(ring);
  EXPECT_EQ(seen[SampledKind::kName], (std::map<std::string, int>{{"www.good.example", 1}, {"good.example", 1}}));
  EXPECT_EQ(seen[SampledKind::kUrl], (std::map<std::string, int>{{"good.example/a?b", 1}}));
  EXPECT_EQ(seen[SampledKind::kCalling], (std::map<std::string, int>{{"+8617000000001", 1}}));
  EXPECT_EQ(seen[SampledKind::kCalled]["+8613800000000"], 1);
  EXPECT_EQ(filter.fate(Fate::kForwardedInspected), 3u);
}

TEST(Sampler, OnlyTheKindsThatAreWanted) {
  Filter filter;
  SampleRing ring;
  filter.worker().sampler().start(ring, {true, false, false, 1, 1000}, 1);
  give_all(filter, 1);
  filter.run();
  EXPECT_EQ(all_of(ring).size(), 1u);
}

// In the mean one of so many, and not always the same of a pattern that comes in step.
TEST(Sampler, OneOfSoManyByChance) {
  Filter filter;
  SampleRing ring;
  filter.worker().sampler().start(ring, {true, false, false, 10, 1000}, 12345);
  std::map<std::string, int> seen;
  for (int round = 0; round < 700; ++round) {
    for (int i = 0; i < 10; ++i) filter.access.give(udp_frame(dns_query("n" + std::to_string(i) + ".example", 1), 53));
    filter.run();
    auto taken = all_of(ring);
    for (const auto& [name, count] : taken[SampledKind::kName]) seen[name] += count;
  }
  int sum = 0;
  for (const auto& [name, count] : seen) sum += count;
  EXPECT_EQ(seen.size(), 10u);
  EXPECT_NEAR(sum, 700, 80);
  for (const auto& [name, count] : seen) EXPECT_NEAR(count, 70, 40) << name;
}

TEST(Sampler, AFullRingHoldsNothingUp) {
  Filter filter;
  SampleRing ring;
  filter.worker().sampler().start(ring, {true, false, false, 1, 1000}, 1);
  for (std::uint16_t i = 0; i < 1000; ++i) {
    filter.access.give(udp_frame(dns_query("good.example", i), 53));
    if (i % 32 == 0) filter.run();
  }
  filter.run();
  EXPECT_EQ(filter.fate(Fate::kForwardedInspected), 1000u);
  EXPECT_EQ(ring.taken(), SampleRing::kSlots);
  EXPECT_EQ(ring.dropped(), 1000 - SampleRing::kSlots);
}

}  // namespace
}  // namespace telefence
