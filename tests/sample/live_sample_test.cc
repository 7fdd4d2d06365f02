// SPDX-License-Identifier: Apache-2.0
#include "sample/live_sample.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <string>

#include "normalise/phone.h"

namespace telefence {
namespace {

constexpr std::int64_t kNow = 1'800'000'000;
constexpr SipHashKey kSalt{1, 2};

class Sampled {
 public:
  explicit Sampled(std::uint32_t keep = 1000) : sample({true, true, true, 1, keep}, kSalt) {}

  void name(std::string_view name, std::int64_t now = kNow) {
    SampleRing ring;
    ring.put(SampledKind::kName, name);
    sample.take(*ring.front(), now);
  }
  void number(SampledKind kind, std::string_view number, std::int64_t now = kNow) {
    SampleRing ring;
    ring.put(kind, canonical_number(number, "86"));
    sample.take(*ring.front(), now);
  }
  void text(std::u16string_view text, std::int64_t now = kNow) {
    SampleRing ring;
    ring.put(TextKey{.text = text});
    sample.take(*ring.front(), now);
  }
  void url(std::string_view url, std::int64_t now = kNow) {
    SampleRing ring;
    ring.put(SampledKind::kUrl, url);
    sample.take(*ring.front(), now);
  }
  LiveSample::Count count(const LiveSample::Question& question, std::int64_t now = kNow) const { return sample.count({&question, 1}, now)[0]; }
  std::uint64_t names_below(std::string_view name, bool subdomains = true) const {
    return count({.kind = SignatureKind::kDomain, .name = name, .subdomains = subdomains}).hits;
  }
  std::uint64_t numbers(std::string_view text, bool calling, bool called) const {
    const NumberPattern pattern = number_from_text(text, "86").value();
    return count({.kind = SignatureKind::kNumber, .digits = pattern.digits, .prefix = pattern.prefix, .calling = calling, .called = called}).hits;
  }
  LiveSample::Count pattern(std::string expression, bool literal, bool over_url = false) const {
    return count({.kind = over_url ? SignatureKind::kUrl : SignatureKind::kPattern, .pattern = {std::move(expression), literal, over_url}});
  }

  LiveSample sample;
};

TEST(LiveSample, CountsSuffixesOnlyAtLabels) {
  Sampled sampled;
  sampled.name("bad.example");
  sampled.name("www.bad.example");
  sampled.name("a.b.c.bad.example");
  sampled.name("notbad.example");
  sampled.name("bad.example.cn");
  EXPECT_EQ(sampled.names_below("bad.example"), 3u);
  EXPECT_EQ(sampled.names_below("bad.example", false), 1u);
  EXPECT_EQ(sampled.names_below("example"), 4u);
  EXPECT_EQ(sampled.names_below("www.bad.example", false), 1u);
  EXPECT_EQ(sampled.names_below("other.example"), 0u);
  EXPECT_EQ(sampled.count({.name = "bad.example", .subdomains = true}).sampled, 5u);
}

TEST(LiveSample, OfDeepNamesTheShortSuffixesAndTheWholeAreKept) {
  Sampled sampled;
  const std::string deep = "l12.l11.l10.l9.l8.l7.l6.l5.l4.l3.l2.l1";
  sampled.name(deep);
  EXPECT_EQ(sampled.names_below(deep), 1u);
  EXPECT_EQ(sampled.names_below("l1"), 1u);
  EXPECT_EQ(sampled.names_below("l7.l6.l5.l4.l3.l2.l1"), 1u);
  EXPECT_EQ(sampled.names_below("l8.l7.l6.l5.l4.l3.l2.l1"), 0u);
}

TEST(LiveSample, CountsPrefixesOfNumbersBySide) {
  Sampled sampled;
  sampled.number(SampledKind::kCalling, "17012345678");
  sampled.number(SampledKind::kCalling, "+8617099999999");
  sampled.number(SampledKind::kCalled, "17012345678");
  sampled.number(SampledKind::kCalled, "95588");
  sampled.number(SampledKind::kCalling, "+12125550100");
  EXPECT_EQ(sampled.numbers("+86170*", true, false), 2u);
  EXPECT_EQ(sampled.numbers("+86170*", true, true), 3u);
  EXPECT_EQ(sampled.numbers("17012345678", true, false), 1u);
  EXPECT_EQ(sampled.numbers("17012345678", true, true), 2u);
  EXPECT_EQ(sampled.numbers("95588", false, true), 1u);
  EXPECT_EQ(sampled.numbers("955*", false, true), 1u);
  EXPECT_EQ(sampled.numbers("+955*", false, true), 0u) << "a service number is no number of Myanmar";
  EXPECT_EQ(sampled.numbers("+1212*", true, true), 1u);
  EXPECT_EQ(sampled.count({.kind = SignatureKind::kNumber, .digits = canonical_number("1", "86")}).sampled, 5u);
}

TEST(LiveSample, TheOldestGoes) {
  Sampled sampled(10);
  for (int i = 0; i < 25; ++i) sampled.name("n" + std::to_string(i) + ".example", kNow + i);
  EXPECT_EQ(sampled.sample.kept(SampledKind::kName), 10u);
  EXPECT_EQ(sampled.names_below("n14.example"), 0u);
  for (int i = 15; i < 25; ++i) EXPECT_EQ(sampled.names_below("n" + std::to_string(i) + ".example"), 1u) << i;
  const LiveSample::Count count = sampled.count({.name = "example", .subdomains = true}, kNow + 30);
  EXPECT_EQ(count.sampled, 10u);
  EXPECT_EQ(count.hits, 10u);
  EXPECT_EQ(count.period_s, 15);
  // What was there before in the same row is gone whole.
  for (int i = 0; i < 10; ++i) sampled.name("short", kNow + 40);
  EXPECT_EQ(sampled.names_below("example"), 0u);
}

TEST(LiveSample, WhatIsOlderThanADayCountsNoMore) {
  Sampled sampled;
  sampled.name("old.example", kNow - LiveSample::kLongest_s - 1);
  sampled.name("new.example", kNow - LiveSample::kLongest_s + 1);
  sampled.text(u"old", kNow - LiveSample::kLongest_s - 1);
  sampled.text(u"new");
  sampled.url("old.example/a", kNow - LiveSample::kLongest_s - 1);
  EXPECT_EQ(sampled.count({.name = "example", .subdomains = true}).sampled, 1u);
  EXPECT_EQ(sampled.names_below("example"), 1u);
  EXPECT_EQ(sampled.pattern("old", true).hits, 0u);
  sampled.sample.forget(kNow);
  EXPECT_EQ(sampled.sample.kept(SampledKind::kText), 1u);
  EXPECT_EQ(sampled.sample.kept(SampledKind::kUrl), 0u);
}

TEST(LiveSample, TextsAndUrlsAreCountedByPattern) {
  Sampled sampled;
  sampled.text(u"您的快递已到驿站");
  sampled.text(u"快递快递驿站");
  sampled.text(u"今晚吃饭吗");
  sampled.url("bad.example/pay/x");
  sampled.url("good.example/");
  EXPECT_EQ(sampled.pattern("快递.{0,3}驿站", false).hits, 2u);
  EXPECT_EQ(sampled.pattern("快递", true).hits, 2u) << "once for each text";
  EXPECT_EQ(sampled.pattern("吃饭吗", true).sampled, 3u);
  EXPECT_EQ(sampled.pattern("^bad\\.example/pay(?:$|[/?&])", false, true).hits, 1u);
  EXPECT_EQ(sampled.pattern("example", true, true).sampled, 2u);
  EXPECT_NE(sampled.pattern("(", false).problem, "");
}

TEST(LiveSample, ManyQuestionsAtOnceDoNotMix) {
  Sampled sampled(2000);
  for (int i = 0; i < 50; ++i)
    for (int j = 0; j <= i; ++j) sampled.name("h" + std::to_string(j) + ".n" + std::to_string(i) + ".example");
  sampled.text(u"abcdef");
  std::vector<std::string> names;
  for (int i = 0; i < 50; ++i) names.push_back("n" + std::to_string(i) + ".example");
  std::vector<LiveSample::Question> questions;
  for (const std::string& name : names) questions.push_back({.name = name, .subdomains = true});
  questions.push_back({.kind = SignatureKind::kPattern, .pattern = {"cde", true}});
  questions.push_back(questions[7]);
  const std::vector<LiveSample::Count> counts = sampled.sample.count(questions, kNow);
  for (std::size_t i = 0; i < 50; ++i) EXPECT_EQ(counts[i].hits, std::min<std::size_t>(i + 1, 50)) << i;
  EXPECT_EQ(counts[50].hits, 1u);
  EXPECT_EQ(counts[51].hits, 8u) << "asked twice";
}

TEST(LiveSample, NoTwoProcessesHaveTheSameSalt) {
  const SipHashKey one = LiveSample::random_salt(), other = LiveSample::random_salt();
  EXPECT_TRUE(one.low != other.low && one.high != other.high);
  EXPECT_NE(siphash(one, as_bytes("www.bad.example")), siphash(other, as_bytes("www.bad.example")));
}

TEST(LiveSample, AHundredQuestionsOverAFullSampleTakeMilliseconds) {
  Sampled sampled(100'000);
  for (int i = 0; i < 100'000; ++i) {
    sampled.sample.take(SampledKey{.kind = SampledKind::kCalling, .digits = {8613800000000u + static_cast<unsigned>(i), 13, true}}, kNow);
    sampled.name("www.host" + std::to_string(i) + ".example.cn");
  }
  std::vector<LiveSample::Question> questions;
  std::vector<std::string> names;
  for (int i = 0; i < 50; ++i) names.push_back("host" + std::to_string(i) + ".example.cn");
  for (int i = 0; i < 50; ++i) {
    questions.push_back({.name = names[static_cast<std::size_t>(i)], .subdomains = true});
    questions.push_back({.kind = SignatureKind::kNumber, .digits = {86138000 + static_cast<unsigned>(i), 8, true}, .prefix = true});
  }
  const auto begin = std::chrono::steady_clock::now();
  const std::vector<LiveSample::Count> counts = sampled.sample.count(questions, kNow);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
  std::printf("100 questions over 100,000 names and as many numbers: %.1f ms\n", took.count());
  EXPECT_EQ(counts[0].hits, 1u);
  EXPECT_EQ(counts[1].hits, 100'000u);
  EXPECT_LT(took.count(), 500);
}

}  // namespace
}  // namespace telefence
