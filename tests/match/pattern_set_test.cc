// SPDX-License-Identifier: Apache-2.0
// Many patterns at once, as MatchSet uses them.
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "match/id_set.h"
#include "match/set_maker.h"
#include "normalise/sms_text.h"

namespace telefence {
namespace {

class Texts {
 public:
  std::set<std::string> hits(const MatchSet& set, std::u16string_view text) {
    EXPECT_TRUE(scratch_.prepare(set).ok());
    KeyList keys;
    hits_.clear();
    keys.push(TextKey{0, text});
    set.match(keys, scratch_, hits_);
    std::set<std::string> out;
    for (const Hit& hit : hits_.hits()) out.insert(set.rule(hit.rule).value);
    EXPECT_EQ(out.size(), hits_.hits().size()) << "a pattern is reported once";
    return out;
  }
  std::set<std::string> hits(const MatchSet& set, std::string_view text) { return hits(set, std::u16string_view(fold_text(text))); }
  std::uint64_t dropped() const { return hits_.dropped(); }

 private:
  MatchScratch scratch_;
  HitList hits_;
};

using Names = std::set<std::string>;

TEST(PatternSet, PatternsThatShareAnAnchorAreToldApart) {
  const auto set = std::move(SetMaker().pattern("贷款.{0,3}微信").pattern("贷款.{0,3}客服").pattern("贷款", true).pattern("低息贷款", true).base().set);
  EXPECT_EQ(Texts().hits(*set, "低息贷款加微信"), (Names{"贷款.{0,3}微信", "贷款", "低息贷款"}));
  EXPECT_EQ(Texts().hits(*set, "贷款请找客服"), (Names{"贷款.{0,3}客服", "贷款"}));
}

TEST(PatternSet, AWordAcrossTwoUnitsIsNoMatch) {
  // 0x6162 0x6364: the bytes of the second half of one and the first half of the other are those of another character.
  std::mt19937 random(5);
  SetMaker maker;
  std::vector<std::u16string> words;
  for (int i = 0; i < 3000; ++i) {
    const std::u16string word{static_cast<char16_t>(0x4e00 + random() % 0x5000), static_cast<char16_t>(0x4e00 + random() % 0x5000),
                              static_cast<char16_t>(0x4e00 + random() % 0x5000)};
    words.push_back(word);
    maker.pattern(to_utf8(word), true);
  }
  const auto set = std::move(maker.base().set);
  Texts texts;
  for (int i = 0; i < 3000; ++i) {
    std::u16string text;
    for (int unit = 0; unit < 70; ++unit) text += static_cast<char16_t>(0x4e00 + random() % 0x5000);
    if (i % 3 == 0) text.replace(random() % 60, 3, words[random() % words.size()]);
    text.resize(fold_units(text));
    Names wanted;
    for (const std::u16string& word : words)
      if (text.find(fold_text(to_utf8(word))) != std::u16string::npos) wanted.insert(to_utf8(word));
    ASSERT_EQ(texts.hits(*set, text), wanted) << to_utf8(text);
  }
  EXPECT_EQ(texts.dropped(), 0u);
}

// Times the spread they are more than an int holds: the sanitizer says so.
TEST(PatternSet, WordsOfTheHighestUnitsAreFound) {
  const auto set = std::move(SetMaker().pattern("\uc774\ubca4\ud2b8 \ud798", true).base().set);
  EXPECT_EQ(Texts().hits(*set, "\uc774\ubca4\ud2b8 \ud798\ud798 \ufffd").size(), 1u);
}

TEST(PatternSet, AnExpressionWithoutAnchorIsStillFound) {
  const auto built = SetMaker().pattern("[0-9]{11}").pattern("(?<![0-9])[0-9]{4}").pattern("验证码").base();
    ASSERT_EQ(built.rejected.size(), 2u);
  EXPECT_FALSE(built.rejected[0].is_left_out);  // what it costs
  EXPECT_TRUE(built.rejected[1].is_left_out);   // look-behind: Hyperscan's own complaint
  EXPECT_EQ(Texts().hits(*built.set, "电话13812345678验证码"), (Names{"[0-9]{11}", "验证码"}));
}

TEST(PatternSet, ALongPlainTextIsComparedToItsEnd) {
  const std::string text = "您的包裹因地址不详无法派送请点击链接更新地址信息否则将退回";
  const auto set = std::move(SetMaker().pattern(text, true).base().set);
  EXPECT_EQ(Texts().hits(*set, "【快递】" + text + "！").size(), 1u);
  EXPECT_TRUE(Texts().hits(*set, "您的包裹因地址不详无法派送请点击链接更新地址信息否则将退还").empty());
}

TEST(PatternSet, MoreFoundPatternsThanATextMayHoldAreCountedNotForgotten) {
  SetMaker maker;
  std::u16string text;
  for (char16_t i = 0; i < 1300; ++i) {
    const std::u16string word{static_cast<char16_t>(0x4e00 + i), u'的', u'是'};
    maker.pattern(to_utf8(word), true);
    text += word;
  }
  const auto set = std::move(maker.base().set);
  Texts texts;
  EXPECT_GE(texts.hits(*set, text).size(), 1000u);
  EXPECT_GT(texts.dropped(), 0u);
}

TEST(IdSet, KeepsOrderDropsDoublesAndSaysWhenFull) {
  IdSet<4> ids;
  for (const std::uint32_t id : {7u, 3u, 7u, 0u, 3u}) EXPECT_TRUE(ids.add(id));
  EXPECT_EQ(std::vector<std::uint32_t>(ids.ids().begin(), ids.ids().end()), (std::vector<std::uint32_t>{7, 3, 0}));
  EXPECT_TRUE(ids.add(11));
  EXPECT_FALSE(ids.add(12));
  EXPECT_TRUE(ids.add(11));
  EXPECT_TRUE(ids.is_incomplete());
  ids.clear();
  EXPECT_TRUE(ids.ids().empty());
  EXPECT_FALSE(ids.is_incomplete());
  EXPECT_TRUE(ids.add(12));
}

}  // namespace
}  // namespace telefence
