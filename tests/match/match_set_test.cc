// SPDX-License-Identifier: Apache-2.0
#include "match/match_set.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "match/set_maker.h"
#include "normalise/sms_text.h"

namespace telefence {
namespace {

// Keys of a burst, event by event.
class Burst {
 public:
  Burst& domain(std::string_view name, bool embedded = false) {
    keys_.push(DomainKey{event_++, embedded, name});
    return *this;
  }
  Burst& number(std::string_view text, Side side = Side::kCalling, std::uint16_t recipient = 0) {
    keys_.push(NumberKey{event_++, side, recipient, false, canonical_number(text, "86")});
    return *this;
  }
  Burst& text(std::string_view text) {
    texts_.push_back(std::make_unique<std::u16string>(fold_text(text)));
    keys_.push(TextKey{event_++, *texts_.back()});
    return *this;
  }
  Burst& url(std::string_view url) {
    keys_.push(UrlKey{event_++, url});
    return *this;
  }

  std::vector<Hit> against(const MatchSet& set) {
    EXPECT_TRUE(scratch_.prepare(set).ok());
    hits_.clear();
    set.match(keys_, scratch_, hits_);
    return {hits_.hits().begin(), hits_.hits().end()};
  }
  // The values of the rules that were hit, sorted.
  std::vector<std::string> values(const MatchSet& set) {
    std::vector<std::string> out;
    for (const Hit& hit : against(set)) out.push_back(set.rule(hit.rule).value);
    std::sort(out.begin(), out.end());
    return out;
  }

 private:
  KeyList keys_;
  HitList hits_;
  MatchScratch scratch_;
  std::vector<std::unique_ptr<std::u16string>> texts_;
  std::uint16_t event_ = 0;
};

using Strings = std::vector<std::string>;

TEST(MatchSet, EmptySetHitsNothing) {
  const auto set = MatchSet::empty();
  EXPECT_TRUE(Burst().domain("evil.com").number("13812345678").text("贷款").url("a.com/b").against(*set).empty());
  EXPECT_EQ(set->version(), 0u);
}

TEST(MatchSet, SubdomainsAreCutAtLabelBoundaries) {
  const auto set = std::move(SetMaker().domain("evil.com").base().set);
  for (const char* hit : {"evil.com", "a.evil.com", "a.b.evil.com"}) EXPECT_EQ(Burst().domain(hit).values(*set), Strings{"evil.com"}) << hit;
  for (const char* innocent : {"notevil.com", "evil.com.cn", "com", "evil.co", "evil.comx", "xevil.com", "evil", "e.vil.com"})
    EXPECT_TRUE(Burst().domain(innocent).against(*set).empty()) << innocent;
}

TEST(MatchSet, ExactDomainsDoNotCoverSubdomains) {
  const auto set = std::move(SetMaker().domain("evil.com", false).base().set);
  EXPECT_EQ(Burst().domain("evil.com").against(*set).size(), 1u);
  EXPECT_TRUE(Burst().domain("a.evil.com").against(*set).empty());
}

TEST(MatchSet, DepthCountsLabelsAndExactness) {
  const auto set = std::move(SetMaker().domain("evil.com").domain("a.evil.com").domain("a.evil.com", false).base().set);
  const auto hits = Burst().domain("a.evil.com", true).against(*set);
  ASSERT_EQ(hits.size(), 3u);
  EXPECT_EQ(hits[0].depth, 7);  // deepest first
  EXPECT_EQ(hits[1].depth, 6);
  EXPECT_EQ(hits[2].depth, 4);
  EXPECT_EQ(hits[0].part, HitPart::kEmbeddedDomain);
}

TEST(MatchSet, SeveralRulesOfOneNameAllHit) {
  const auto set = std::move(SetMaker().domain("evil.com").allow_domain("evil.com").domain("evil.com", false).base().set);
  EXPECT_EQ(Burst().domain("evil.com").against(*set).size(), 3u);
  EXPECT_EQ(Burst().domain("www.evil.com").against(*set).size(), 2u);
}

TEST(MatchSet, NumbersMatchExactlyAndBySide) {
  using Sides = MatchSetBuilder::Sides;
  const auto set = std::move(SetMaker().number("13800000001", Sides::kCalling).number("13800000002", Sides::kCalled).number("95013").base().set);
  EXPECT_EQ(Burst().number("+8613800000001").against(*set).size(), 1u);
  EXPECT_TRUE(Burst().number("13800000001", Side::kCalled).against(*set).empty());
  EXPECT_TRUE(Burst().number("13800000002").against(*set).empty());
  const auto called = Burst().number("13800000002", Side::kCalled, 7).against(*set);
  ASSERT_EQ(called.size(), 1u);
  EXPECT_EQ(called[0].part, HitPart::kCalled);
  EXPECT_EQ(called[0].recipient, 7);
  EXPECT_EQ(called[0].depth, 27);  // 13 digits, exact
  EXPECT_TRUE(Burst().number("13800000003").number("950131").number("9501").against(*set).empty());
}

TEST(MatchSet, PrefixesMatchLongestFirstAndKeepCountriesApart) {
  const auto set = std::move(SetMaker().number("+86170*").number("+861701*").number("1069*").number("+1*").base().set);
  const auto hits = Burst().number("17012345678").against(*set);
  ASSERT_EQ(hits.size(), 2u);
  EXPECT_EQ(hits[0].depth, 12);
  EXPECT_EQ(hits[1].depth, 10);
  EXPECT_EQ(Burst().number("10690000000000000000").values(*set), Strings{"1069*"});
  EXPECT_EQ(Burst().number("+14155550100").values(*set), Strings{"+1*"});
  for (const char* innocent : {"10086", "110", "13812345678", "12345", "4008001234"})
    EXPECT_TRUE(Burst().number(innocent).against(*set).empty()) << innocent;
}

TEST(MatchSet, CarrierNumberIsNoPrefixOfChinaAndBack) {
  const auto set = std::move(SetMaker().number("10086").number("0086*").number("10086*").base().set);
  EXPECT_EQ(Burst().number("10086").values(*set), (Strings{"10086", "10086*"}));
  EXPECT_EQ(Burst().number("13812345678").values(*set), Strings{"0086*"});
}

TEST(MatchSet, TextPatternsSeeFoldedText) {
  auto built = SetMaker().pattern("銀行.{0,6}轉賬").pattern("加V信", true).pattern("a.b", true).base();
  EXPECT_TRUE(built.rejected.empty());
  EXPECT_EQ(Burst().text("请到银-行柜台转 账").values(*built.set), Strings{"銀行.{0,6}轉賬"});
  EXPECT_EQ(Burst().text("★加薇❤信★").values(*built.set), Strings{"加V信"});
  EXPECT_EQ(Burst().text("xA.Bx").values(*built.set), Strings{"a.b"});
  EXPECT_TRUE(Burst().text("axb").text("银行已收到您的还款").against(*built.set).empty());
}

TEST(MatchSet, UrlPatternsAreNotTextPatterns) {
  const auto set = std::move(SetMaker().pattern("/pay/[0-9]{4}", false, true).pattern("/login", true).base().set);
  EXPECT_EQ(Burst().url("a.com/PAY/1234").values(*set), Strings{"/pay/[0-9]{4}"});
  EXPECT_TRUE(Burst().url("a.com/login").text("/pay/1234").against(*set).empty());
}

TEST(MatchSet, OneHitPerPatternAndText) {
  const auto set = std::move(SetMaker().pattern("贷款", true).base().set);
  EXPECT_EQ(Burst().text("贷款贷款贷款").against(*set).size(), 1u);
}

TEST(MatchSet, BadPatternsAreReportedAndTheRestLoads) {
  auto built = SetMaker().pattern("good").pattern("(").pattern("a*").pattern(".+").pattern("(?<=a)b").pattern("★", true).pattern("贷款").base();
  std::vector<std::uint32_t> rules;
  for (const PatternError& error : built.rejected) {
    rules.push_back(error.rule);
    EXPECT_FALSE(error.reason.empty());
  }
  std::sort(rules.begin(), rules.end());
  EXPECT_EQ(rules, (std::vector<std::uint32_t>{1, 2, 3, 4, 5}));
  EXPECT_EQ(Burst().text("good 贷款").values(*built.set), (Strings{"good", "贷款"}));
  EXPECT_EQ(built.set->size().patterns, 2u);
}

TEST(MatchSet, PatternsThatMatchEveryUrlAreRefused) {
  auto built = SetMaker().pattern("/", true, true).pattern("[a-z]", false, true).pattern("/pay", true, true).base();
  EXPECT_EQ(built.rejected.size(), 2u);
  EXPECT_EQ(built.set->size().urls, 1u);
}

TEST(MatchSet, TooBigARepeatIsHyperscansOwnComplaint) {
  auto built = SetMaker().pattern("(a{1,30000}b{1,30000}){1,30000}").pattern("fine").base();
  ASSERT_EQ(built.rejected.size(), 1u);
  EXPECT_EQ(built.rejected[0].rule, 0u);
  EXPECT_FALSE(built.rejected[0].reason.empty());
}

TEST(MatchSet, HitsAreSortedByEvent) {
  const auto set = std::move(SetMaker().domain("evil.com").number("13800000001").pattern("贷款", true).base().set);
  const auto hits = Burst().text("贷款").domain("evil.com").number("13800000001").domain("evil.com").text("贷款").against(*set);
  ASSERT_EQ(hits.size(), 5u);
  for (std::uint16_t i = 0; i < 5; ++i) EXPECT_EQ(hits[i].event, i);
}

TEST(MatchDelta, AddsAndRemovesOverASharedBase) {
  auto base = SetMaker().with_id(10).domain("old.com").with_id(11).number("13800000001").with_id(12).pattern("旧词", true).base().set;
  const auto delta = SetMaker().with_id(20).domain("new.com").with_id(21).pattern("新词", true).delta(*base, {10, 12}).set;
  EXPECT_EQ(delta->version(), 2u);
  EXPECT_TRUE(Burst().domain("old.com").text("旧词").against(*delta).empty());
  EXPECT_EQ(Burst().domain("www.new.com").text("新词").number("13800000001").values(*delta), (Strings{"13800000001", "new.com", "新词"}));
  EXPECT_EQ(Burst().domain("old.com").values(*base), Strings{"old.com"});
}

TEST(MatchDelta, ADeltaOverADeltaKeepsTheFirst) {
  auto base = SetMaker().with_id(1).domain("a.com").base().set;
  auto first = SetMaker().with_id(2).domain("b.com").with_id(3).domain("c.com").delta(*base, {1}).set;
  auto second = SetMaker().with_id(4).domain("d.com").delta(*first, {2}).set;
  base.reset();
  first.reset();  // what is shared stays alive
  EXPECT_EQ(Burst().domain("a.com").domain("b.com").domain("c.com").domain("d.com").values(*second), (Strings{"c.com", "d.com"}));
}

TEST(MatchDelta, ReplacingARuleKeepsItsId) {
  auto base = SetMaker().with_id(1).domain("a.com").base().set;
  const auto replaced = SetMaker().with_id(1).domain("b.com").delta(*base, {1}).set;
  EXPECT_EQ(Burst().domain("a.com").domain("b.com").values(*replaced), Strings{"b.com"});
}

TEST(MatchDelta, RejectedPatternsCarryTheIndexOfAddRule) {
  auto base = SetMaker().with_id(1).pattern("first").base().set;
  auto first = SetMaker().with_id(2).pattern("second").delta(*base).set;
  auto second = SetMaker().with_id(3).pattern("third").with_id(4).pattern("(").delta(*first);
  ASSERT_EQ(second.rejected.size(), 1u);
  EXPECT_EQ(second.rejected[0].rule, 1u);
  EXPECT_EQ(Burst().text("first second third").values(*second.set), (Strings{"first", "second", "third"}));
  auto third = SetMaker().with_id(5).domain("x.com").delta(*second.set);
  EXPECT_TRUE(third.rejected.empty());  // not complained about again
}

TEST(MatchScratch, GrowsForLaterSetsWhileInUse) {
  MatchScratch scratch;
  KeyList keys;
  HitList hits;
  const std::u16string text = fold_text("贷款 pattern x99y");
  keys.push(TextKey{0, text});
  auto set = std::move(SetMaker().pattern("贷款").base().set);
  for (int round = 1; round <= 6; ++round) {
    ASSERT_TRUE(scratch.prepare(*set).ok());
    if (round % 2 == 0) {
      ASSERT_TRUE(scratch.prepare(*set).ok());
    }
    hits.clear();
    set->match(keys, scratch, hits);
    EXPECT_EQ(hits.hits().size(), static_cast<std::size_t>(round));
    set = std::move(SetMaker().with_id(static_cast<std::uint64_t>(round) + 100).pattern("x.{0," + std::to_string(round * 3) + "}9y").delta(*set).set);
  }
}

TEST(MatchSet, FullHitListKeepsTheFirstAndCountsTheRest) {
  SetMaker maker;
  for (int i = 0; i < 300; ++i) maker.domain("evil.com");
  const auto set = std::move(maker.base().set);
  KeyList keys;
  for (std::uint16_t i = 0; i < 60; ++i) keys.push(DomainKey{i, false, "evil.com"});
  MatchScratch scratch;
  HitList hits;
  set->match(keys, scratch, hits);
  EXPECT_EQ(hits.hits().size(), HitList::kMaxHits);
  EXPECT_EQ(hits.dropped(), 60u * 300u - HitList::kMaxHits);
}

}  // namespace
}  // namespace telefence
