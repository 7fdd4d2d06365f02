// SPDX-License-Identifier: Apache-2.0
#include "match/match_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

#include "match/layer.h"
#include "match/made_id.h"
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

// The indexes of those of which something may be listed.
std::vector<std::size_t> asked_quickly(const MatchSet& set, const std::vector<std::string>& names) {
  std::vector<PlainName> plain;
  for (const std::string& name : names) {
    PlainName& one = plain.emplace_back();
    one.octets.fill('.');  // what stands around a name means nothing
    std::copy(name.begin(), name.end(), one.octets.begin() + 1);
    one.size = static_cast<std::uint8_t>(name.size());
    std::size_t end = name.size();
    for (std::uint8_t& size : one.ends) {
      const std::size_t start = end == 0 ? 0 : name.substr(0, end).rfind('.') + 1;
      size = static_cast<std::uint8_t>(name.size() - start);
      end = start == 0 ? 0 : start - 1;
    }
  }
  std::vector<std::uint16_t> found(names.size());
  const std::size_t count = set.may_be_listed(plain, found);
  return {found.begin(), found.begin() + static_cast<std::ptrdiff_t>(count)};
}

TEST(MatchSet, TheQuickQuestionMissesNoNameThatIsListed) {
  std::mt19937_64 random(4);
  // Few labels, so that names often meet: short last ones, which make a home of three labels, among them.
  const std::array<std::string, 9> labels = {"a", "com", "cn", "co", "uk", "evil", "x1", std::string(50, 'l'), "shop-of-somebody"};
  const auto any_name = [&] {
    std::string name = labels[random() % labels.size()];
    for (std::size_t more = random() % 4; more != 0; --more) {
      const std::string& label = labels[random() % labels.size()];
      if (name.size() + 1 + label.size() <= PlainName::kMost) name += '.' + label;
    }
    return name;
  };
  std::size_t listed = 0, maybe = 0;
  for (int round = 0; round < 300; ++round) {
    SetMaker maker;
    for (std::size_t entries = 1 + random() % 12; entries != 0; --entries) {
      if (random() % 4 == 0)
        maker.allow_domain(any_name(), random() % 2 == 0);
      else
        maker.domain(any_name(), random() % 2 == 0);
    }
    const auto built = maker.base();
    std::vector<std::string> names;
    Burst burst;
    for (std::size_t i = 0; i < MatchSet::kMostAsked; ++i) names.push_back(any_name());
    for (const std::string& name : names) burst.domain(name);
    const auto quick = asked_quickly(*built.set, names);
    EXPECT_TRUE(std::is_sorted(quick.begin(), quick.end()));
    for (const Hit& hit : burst.against(*built.set)) {
      ++listed;
      ASSERT_TRUE(std::binary_search(quick.begin(), quick.end(), std::size_t{hit.event})) << names[hit.event];
    }
    maybe += quick.size();
  }
  EXPECT_GT(listed, 1000u);
  EXPECT_LT(maybe, 300u * 60) << "and turns some away";
}

TEST(MatchSet, AnEmptySetMayListNothing) { EXPECT_TRUE(asked_quickly(*MatchSet::empty(), {"evil.example"}).empty()); }

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
  EXPECT_EQ(Burst().number("13812345678").values(*set), Strings{"+86*"});
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

// A layer with domains, each with its own terms.
struct LayerMaker {
  LayerMaker& domain(std::string_view name, EntryNote note = {}, bool allow = false) {
    Terms terms;
    terms.allow = allow;
    terms.source = source;
    note.terms = layer->intern(terms);
    note.subdomains = true;
    layer->domains().add(name, note);
    return *this;
  }
  LayerMaker& number(std::string_view text, EntryNote note = {}) {
    const NumberPattern pattern = number_from_text(text, "86").value();
    note.terms = layer->intern({.kind = SignatureKind::kNumber, .source = source});
    layer->numbers().add({pattern.digits, pattern.prefix}, note);
    return *this;
  }
  std::shared_ptr<const Layer> done() {
    layer->finish();
    return layer;
  }
  std::string source;
  std::shared_ptr<Layer> layer = std::make_shared<Layer>();
};

constexpr EntryNote kRemoved{.word = EntryNote::Word::kRemoved};
constexpr EntryNote kEnded{.word = EntryNote::Word::kEnded};

// "source of the rule" for each hit.
Strings sources(const MatchSet& set, std::string_view name, std::int64_t now_s = 0) {
  KeyList keys;
  keys.push(DomainKey{0, false, name});
  MatchScratch scratch;
  HitList hits;
  set.match(keys, scratch, hits, now_s);
  Strings out;
  for (const Hit& hit : hits.hits()) out.push_back(set.terms(hit.rule).source);
  std::sort(out.begin(), out.end());
  return out;
}

TEST(MatchLayers, TheNewestWordOfTheLogCountsAndHidesWhatFilesBlock) {
  MatchSetParts parts;
  parts.files = LayerMaker{"files"}.domain("evil.com").domain("own.com", {}, true).domain("other.com").done();
  parts.log = {LayerMaker{"new"}.domain("evil.com").done(), LayerMaker{"old"}.domain("evil.com").domain("own.com").domain("old.com").done()};
  const MatchSet set(std::move(parts));
  EXPECT_EQ(sources(set, "www.evil.com"), Strings{"new"});
  EXPECT_EQ(sources(set, "own.com"), (Strings{"files", "old"})) << "what the site allows stays";
  EXPECT_EQ(sources(set, "old.com"), Strings{"old"});
  EXPECT_EQ(sources(set, "other.com"), Strings{"files"});
}

TEST(MatchLayers, ARemovalHidesBothAndAnEndOnlyTheLog) {
  MatchSetParts parts;
  parts.files = LayerMaker{"files"}.domain("a.com").domain("b.com").number("13800000001").done();
  parts.log = {LayerMaker{"new"}.domain("a.com", kRemoved).domain("b.com", kEnded).number("13800000001", kRemoved).done(),
               LayerMaker{"old"}.domain("a.com").domain("b.com").number("13800000001").done()};
  const MatchSet set(std::move(parts));
  EXPECT_EQ(sources(set, "a.com"), Strings{});
  EXPECT_EQ(sources(set, "b.com"), Strings{"files"});
  EXPECT_TRUE(Burst().number("13800000001").against(set).empty());
}

TEST(MatchLayers, AnEntryThatIsOverHidesNothing) {
  MatchSetParts parts;
  parts.files = LayerMaker{"files"}.domain("a.com").done();
  parts.log = {LayerMaker{"log"}.domain("a.com", {.expires_s = 1000}).done()};
  const MatchSet set(std::move(parts));
  EXPECT_EQ(sources(set, "a.com", 999), Strings{"log"});
  EXPECT_EQ(sources(set, "a.com", 1000), (Strings{"files", "log"})) << "the policy passes over what is expired";
}

TEST(MatchLayers, PartsAreSharedAndStayAlive) {
  MatchSetParts parts;
  parts.files = LayerMaker{"files"}.domain("a.com").done();
  auto first = std::make_unique<const MatchSet>(parts);
  parts.log = {LayerMaker{"log"}.domain("b.com").done()};
  const MatchSet second(std::move(parts));
  first.reset();
  EXPECT_EQ(sources(second, "a.com"), Strings{"files"});
  EXPECT_EQ(sources(second, "b.com"), Strings{"log"});
}

TEST(MatchSet, IdsAreTheCentresOrTheSameOnEveryNode) {
  const auto set = std::move(SetMaker().with_id(77).domain("a.com").base().set);
  KeyList keys;
  keys.push(DomainKey{0, false, "a.com"});
  MatchScratch scratch;
  HitList hits;
  set->match(keys, scratch, hits);
  EXPECT_EQ(set->id(hits.hits()[0].rule), 77u);
  std::vector<std::uint64_t> ids;
  for (const char* source : {"list", "list", "other"}) {
    MatchSetParts parts;
    parts.files = LayerMaker{source}.domain("a.com").done();
    const MatchSet made(std::move(parts));
    hits.clear();
    made.match(keys, scratch, hits);
    ids.push_back(made.id(hits.hits()[0].rule));
  }
  EXPECT_EQ(ids[0], ids[1]);
  EXPECT_NE(ids[0], ids[2]);
  EXPECT_NE(ids[0], 0u);
  EXPECT_LT(ids[0], std::uint64_t{1} << 53);
  // Records of years ago, and other nodes, say the same; the line of a list does not count.
  EXPECT_EQ(ids[0], made_id(SignatureKind::kDomain, false, "list", "a.com"));
  EXPECT_EQ(ids[0], made_id(SignatureKind::kDomain, false, "list:17", "a.com"));
  EXPECT_EQ(ids[0], 2827978310698079u);
}

TEST(MatchSet, RulesAreToldAsPeopleWriteThem) {
  const auto set = std::move(SetMaker().number("+86170*").number("1069012345678901234*").base().set);
  EXPECT_EQ(Burst().number("17012345678").values(*set), Strings{"+86170*"});
  EXPECT_EQ(Burst().number("10690123456789012345").values(*set), Strings{"1069012345678901234*"});
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
    SetMaker larger;
    larger.pattern("贷款");
    for (int i = 1; i <= round; ++i) larger.pattern("x.{0," + std::to_string(i * 3) + "}9y");
    set = std::move(larger.base().set);
  }
}

TEST(MatchSet, FullHitListKeepsTheFirstAndCountsTheRest) {
  SetMaker maker;
  for (int i = 0; i < 300; ++i) maker.domain("evil.com");
  const auto set = std::move(maker.base().set);
  KeyList keys;
  for (std::uint16_t i = 0; i < 250; ++i) keys.push(DomainKey{i, false, "evil.com"});
  MatchScratch scratch;
  HitList hits;
  set->match(keys, scratch, hits);
  EXPECT_EQ(hits.hits().size(), HitList::kMaxHits);
  EXPECT_EQ(hits.dropped(), 250u * 300u - HitList::kMaxHits);
}

}  // namespace
}  // namespace telefence
