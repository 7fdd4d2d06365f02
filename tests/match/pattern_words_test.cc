// SPDX-License-Identifier: Apache-2.0
// Words that have to be there or not, folding per pattern, and what everyday messages say of a pattern.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>

#include "match/innocent_texts.h"
#include "match/match_set.h"
#include "match/text_finder.h"
#include "normalise/normalise.h"
#include "normalise/sms_text.h"

namespace telefence {
namespace {

class Patterns {
 public:
  Patterns& add(std::string name, PatternSource source, bool allow = false) {
    Rule rule;
    rule.value = std::move(name);
    rule.allow = allow;
    builder_.add_pattern(std::move(source), builder_.add_rule(std::move(rule)));
    return *this;
  }
  Patterns& with(PatternOptions options) {
    builder_.set_pattern_options(std::move(options));
    return *this;
  }
  MatchSetBuilder::Built build() { return builder_.build_base(1); }

  // What a message of this body hits, in the way of traffic.
  static std::set<std::string> hits(const MatchSet& set, std::string_view body) {
    Event event;
    Sms sms;
    sms.body = as_bytes(body);
    sms.coding = TextCoding::kUtf8;
    event.what = sms;
    const Normaliser normaliser({});
    KeyList keys;
    normaliser.normalise({&event, 1}, keys);
    MatchScratch scratch;
    EXPECT_TRUE(scratch.prepare(set).ok());
    HitList hits;
    set.match(keys, scratch, hits);
    std::set<std::string> out;
    for (const Hit& hit : hits.hits()) out.insert(set.rule(hit.rule).value);
    return out;
  }

 private:
  MatchSetBuilder builder_;
};

using Names = std::set<std::string>;

TEST(PatternWords, AllAnyAndNone) {
  const auto built = Patterns()
                         .add("words", {.words = {{"无抵押", "下款"}, {"加微信", "加QQ"}, {"96110", "谨防"}}})
                         .add("any alone", {.words = {{}, {"裸聊敲诈", "杀猪盘"}, {"警惕"}}})
                         .add("regex", {.expression = "垫付.{0,8}返现", .words = {{}, {}, {"诈骗"}}})
                         .add("text", {.expression = "安全账户", .literal = true, .words = {{"转账"}, {}, {"96110"}}})
                         .build();
  ASSERT_TRUE(built.rejected.empty()) << built.rejected.front().reason;
  const auto hits = [&](std::string_view text) { return Patterns::hits(*built.set, text); };
  EXPECT_EQ(hits("下款快,无抵押,加微信abc"), Names{"words"});
  EXPECT_EQ(hits("下款快,無抵押,加 Q Q 123"), (Names{}));  // a blank between Latin letters stays
  EXPECT_EQ(hits("下款快,無抵押,加qq123"), Names{"words"});
  EXPECT_EQ(hits("无抵押,加微信"), Names{});
  EXPECT_EQ(hits("无抵押,下款"), Names{});
  EXPECT_EQ(hits("谨防无抵押下款加微信的骗局"), Names{});
  EXPECT_EQ(hits("碰到杀-猪-盘"), Names{"any alone"});
  EXPECT_EQ(hits("警惕杀猪盘"), Names{});
  EXPECT_EQ(hits("先垫付后返现"), Names{"regex"});
  EXPECT_EQ(hits("先垫付后返现是诈骗"), Names{});
  EXPECT_EQ(hits("把钱转账到安全账户"), Names{"text"});
  EXPECT_EQ(hits("安全账户"), Names{});
  EXPECT_EQ(hits("转账到安全账户的请打96110"), Names{});
}

TEST(PatternWords, BesideAnExpressionThatOnlyHyperscanReads) {
  const auto built = Patterns().add("scan", {.expression = "[0-9]{15,}|[a-z]{19,}", .words = {{}, {}, {"验证码"}}}).build();
  ASSERT_EQ(built.rejected.size(), 1u);
  EXPECT_FALSE(built.rejected.front().is_left_out) << built.rejected.front().reason;
  EXPECT_EQ(Patterns::hits(*built.set, "拨打8675309867530986"), Names{"scan"});
  EXPECT_EQ(Patterns::hits(*built.set, "验证码8675309867530986"), Names{});
}

TEST(PatternWords, WithoutAWordThatHasToBeThereItIsRefused) {
  const auto built = Patterns().add("none", {.words = {{}, {}, {"96110"}}}).add("empty", {.words = {{"\u200b"}, {}, {}}}).build();
  ASSERT_EQ(built.rejected.size(), 2u);
  EXPECT_NE(built.rejected[0].reason.find("'all' or 'any'"), std::string::npos);
  EXPECT_NE(built.rejected[1].reason.find("after folding"), std::string::npos);
}

TEST(PatternFold, AsMuchAsIsAskedFor) {
  const auto built = Patterns()
                         .add("all", {.expression = "vip贷款中心", .literal = true})
                         .add("case", {.expression = "VIP贷款中心", .literal = true, .fold = TextFold::kCase})
                         .add("width", {.expression = "VIP贷款中心", .literal = true, .fold = TextFold::kWidth})
                         .add("none", {.expression = "VIP贷款中心", .literal = true, .fold = TextFold::kNone})
                         .add("none regex", {.expression = "V[A-Z]P.{1,3}中心", .fold = TextFold::kNone})
                         .add("case regex", {.expression = "Ｖip.款中心", .fold = TextFold::kCase})
                         .build();
  ASSERT_TRUE(built.rejected.empty()) << built.rejected.front().reason;
  const auto hits = [&](std::string_view text) { return Patterns::hits(*built.set, text); };
  EXPECT_EQ(hits("VIP贷款中心"), (Names{"all", "case", "width", "none", "none regex"}));
  EXPECT_EQ(hits("vip贷款中心"), (Names{"all", "case"}));
  EXPECT_EQ(hits("ＶＩＰ贷款中心"), (Names{"all", "width"}));
  EXPECT_EQ(hits("ｖIP贷款中心"), (Names{"all", "case regex"}));
  EXPECT_EQ(hits("v-i-p貸款中心"), Names{});
  EXPECT_EQ(hits("VIP貸 款中心"), (Names{"all", "none regex"}));
}

TEST(PatternFold, OctetsInTheOtherOrderAreReadAsTheyAreFolded) {
  const auto built = Patterns().add("none", {.expression = "Abc贷款", .literal = true, .fold = TextFold::kNone}).build();
  const std::u16string text = u"\xfeff" u"Abc贷款";
  std::string body;
  for (const char16_t unit : text) body += {static_cast<char>(unit & 0xff), static_cast<char>(unit >> 8)};
  Event event;
  Sms sms;
  sms.body = as_bytes(body);
  sms.coding = TextCoding::kUcs2;
  event.what = sms;
  KeyList keys;
  Normaliser({}).normalise({&event, 1}, keys);
  MatchScratch scratch;
  ASSERT_TRUE(scratch.prepare(*built.set).ok());
  HitList hits;
  built.set->match(keys, scratch, hits);
  EXPECT_EQ(hits.hits().size(), 1u);
}

TEST(PatternTrial, WhatHitsManyEverydayMessagesIsRefusedWithOneOfThem) {
  const auto built = Patterns()
                         .add("everything", {.expression = "[^x]*"})
                         .add("digits", {.expression = "[0-9]+"})
                         .add("you", {.expression = "您的", .literal = true})
                         .add("bracket", {.expression = "【.{2,8}】"})
                         .add("allowed", {.expression = "您的", .literal = true}, true)
                         .add("fraud", {.expression = "裸聊视频已录屏", .literal = true})
                         .build();
  std::set<std::uint32_t> refused;
  for (const PatternError& error : built.rejected)
    if (error.is_left_out) refused.insert(error.rule);
  EXPECT_EQ(refused, (std::set<std::uint32_t>{0, 1, 2, 3}));
  const auto of_you = std::find_if(built.rejected.begin(), built.rejected.end(), [](const PatternError& e) { return e.rule == 2; });
  EXPECT_TRUE(of_you->reason.starts_with("it hits ")) << of_you->reason;
  EXPECT_NE(of_you->reason.find("everyday messages, as \"【中国银行】您的信用卡"), std::string::npos) << of_you->reason;
  EXPECT_EQ(Patterns::hits(*built.set, "您的裸聊视频已录屏"), (Names{"allowed", "fraud"}));
}

TEST(PatternTrial, TheShareIsTheOwners) {
  const auto kept = Patterns().with({.most_innocent_share = 1}).add("you", {.expression = "您的", .literal = true}).build();
  EXPECT_TRUE(kept.rejected.empty());
  const auto refused = Patterns().with({.most_innocent_share = 0}).add("loan", {.expression = "贷款批下来了", .literal = true}).build();
  EXPECT_EQ(refused.rejected.size(), 1u);
}

TEST(PatternTrial, AUrlPatternThatHitsEverydayUrlsIsRefused) {
  const auto built = Patterns().add("html", {.expression = "\\.html", .over_url = true}).add("bad", {.expression = "/app/dl9\\.apk", .over_url = true}).build();
  ASSERT_EQ(built.rejected.size(), 1u);
  EXPECT_EQ(built.rejected.front().rule, 0u);
  EXPECT_NE(built.rejected.front().reason.find("everyday urls"), std::string::npos);
}

TEST(PatternTrial, WhatOnlyHyperscanCanLookForIsTold) {
  MatchSetBuilder builder;
  builder.add_pattern({.expression = "[a-z]{5}[0-9]{9,}"}, builder.add_rule({.id = 1}));
  const auto base = builder.build_base(1);
  ASSERT_EQ(base.rejected.size(), 1u);
  EXPECT_FALSE(base.rejected.front().is_left_out);
  EXPECT_NE(base.rejected.front().reason.find(" ns"), std::string::npos) << base.rejected.front().reason;
}

TEST(PatternTrial, WhatIsTooSlowIsRefused) {
  const auto built = Patterns().with({.most_nanoseconds = 1}).add("slow", {.expression = "[a-z]{5}[0-9]{9,}"}).add("fast", {.expression = "贷款秒批", .literal = true}).build();
  ASSERT_EQ(built.rejected.size(), 1u);
  EXPECT_TRUE(built.rejected.front().is_left_out);
  EXPECT_EQ(built.rejected.front().rule, 0u);
  EXPECT_NE(built.rejected.front().reason.find("ns at an everyday message"), std::string::npos);
}

TEST(InnocentTexts, AreManyAndDiffer) {
  const auto texts = innocent_texts();
  EXPECT_GE(texts.size(), 250u);
  EXPECT_EQ(std::set<std::string_view>(texts.begin(), texts.end()).size(), texts.size());
  EXPECT_GE(innocent_urls().size(), 50u);
}

TEST(TextRarity, CommonTextsAreCommon) {
  const TextRarity& rarity = TextRarity::of_texts();
  EXPECT_GT(rarity.chance(u"您"), rarity.chance(u"鼍"));
  EXPECT_GT(rarity.chance(u"您的"), 50 * rarity.chance(u"裸聊"));
  EXPECT_GT(rarity.chance(u"的"), rarity.chance(u"的的"));
}

// Hyperscan's literal matcher was three times slower between 1,000 and 5,500 texts than above: here the share of places that are
// looked at in vain says what a set costs, and it must not leap anywhere.
TEST(TextFinder, PlacesLookedAtInVainStayFewWhateverTheNumberOfTexts) {
  for (const std::size_t count : {500u, 1000u, 2000u, 3000u, 4000u, 5000u, 5500u, 6000u, 10'000u, 50'000u}) {
    std::vector<std::u16string> words;
    std::mt19937 random(9);
    const auto unit = [&] { return static_cast<char16_t>(0x4e00 + random() % 5000); };
    for (std::size_t i = 0; i < count; ++i) words.push_back({unit(), unit(), unit()});
    const TextFinder finder(words, TextRarity::of_texts());
    std::size_t units = 0;
    std::size_t looked_at = 0;
    auto places = std::make_unique<TextFinder::Places>();
    for (const std::string_view sample : innocent_texts()) {
      const std::u16string text = fold_text(sample);
      units += text.size();
      looked_at += finder.count_places(text, *places);
    }
    EXPECT_LT(looked_at * 200, units) << count;
  }
}

}  // namespace
}  // namespace telefence
