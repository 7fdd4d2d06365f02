// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <string>

#include "app/language.h"
#include "decide/explain.h"
#include "enforce/action.h"
#include "match/rule.h"
#include "protocols/protocol.h"
#include "signatures/words.h"
#include "verdict/evasion.h"

namespace telefence {
namespace {

void expect_chinese(std::string_view word) {
  const std::string_view said = word_of(Language::kChinese, word);
  EXPECT_NE(said, word) << "src/app/words.cc lacks it";
  EXPECT_GT(columns(said), 0u);
  EXPECT_EQ(word_of(Language::kEnglish, word), word);
}

TEST(Words, EveryWordThatStatusTestAndEventsShowIsThereInChinese) {
  for (const HitPart part : {HitPart::kDomain, HitPart::kEmbeddedDomain, HitPart::kUrl, HitPart::kCalling, HitPart::kCalled, HitPart::kText})
    expect_chinese(part_name(part));
  for (const SignatureKind kind : {SignatureKind::kDomain, SignatureKind::kUrl, SignatureKind::kNumber, SignatureKind::kPattern})
    expect_chinese(kind_name(kind));
  for (std::size_t i = 0; i < 6; ++i) expect_chinese(reason_name(static_cast<Reason>(i)));
  for (std::size_t i = 0; i < kFateCount; ++i) expect_chinese(fate_name(static_cast<Fate>(i)));
  for (std::size_t i = 0; i < kEvasionKindCount; ++i) expect_chinese(evasion_name(static_cast<EvasionKind>(i)));
  for (const Action* action : registered_actions()) expect_chinese(action->name);
  for (const std::string_view sentence : why_sentences()) expect_chinese(sentence);
  for (const Protocol* protocol : registered_protocols()) {
    expect_chinese(protocol->channel);
    for (const std::string_view answer : protocol->answers)
      if (answer.find_first_not_of("0123456789") != std::string_view::npos) expect_chinese(answer);
  }
}

TEST(Words, AnUnknownWordStaysAsItIs) { EXPECT_EQ(word_of(Language::kChinese, "quic"), "quic"); }

TEST(Language, TheOptionComesBeforeTheConfigurationAndThatBeforeTheEnvironment) {
  setenv("LC_ALL", "zh_CN.UTF-8", 1);
  EXPECT_EQ(language_of(""), Language::kChinese);
  EXPECT_EQ(language_of("", "auto"), Language::kChinese);
  EXPECT_EQ(language_of("", "en"), Language::kEnglish);
  EXPECT_EQ(language_of("zh", "en"), Language::kChinese);
  setenv("LC_ALL", "C", 1);
  EXPECT_EQ(language_of("", "zh-CN"), Language::kChinese);
  EXPECT_EQ(language_of("", "auto"), Language::kEnglish);
  const char* const separate[] = {"telefenced", "run", "--lang", "zh"};
  EXPECT_EQ(language_of(4, separate), Language::kChinese);
  const char* const joined[] = {"telefenced", "--lang=zh", "--help"};
  EXPECT_EQ(language_of(3, joined), Language::kChinese);
  const char* const not_ours[] = {"telefenced", "run", "--", "--lang", "zh"};
  EXPECT_EQ(language_of(5, not_ours), Language::kEnglish);
  unsetenv("LC_ALL");
}

TEST(Text, ColumnsAreCountedAsATerminalShowsThem) {
  EXPECT_EQ(padded("端口", 6), "端口  ");
  EXPECT_EQ(padded("port", 6), "port  ");
  EXPECT_EQ(padded("a long name", 4), "a long name ");
  EXPECT_EQ(right_aligned("已拦截", 8), "  已拦截");
}

TEST(Text, NumbersAndTimesAreReadable) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(duration(Language::kEnglish, 0), "0 s");
  EXPECT_EQ(duration(Language::kEnglish, 59), "59 s");
  EXPECT_EQ(duration(Language::kEnglish, 3'600 + 20 * 60 + 5), "1 h 20 min");
  EXPECT_EQ(duration(Language::kEnglish, 3 * 86'400), "3 d");
  EXPECT_EQ(duration(Language::kChinese, 125), "2 分 5 秒");
  const Text one{"domain", "条域名"}, several{"domains", "条域名"};
  EXPECT_EQ(counted(Language::kEnglish, 1, one, several), "1 domain");
  EXPECT_EQ(counted(Language::kEnglish, 1000, one, several), "1,000 domains");
  EXPECT_EQ(counted(Language::kChinese, 2, one, several), "2 条域名");
  EXPECT_EQ(say(Language::kChinese, {"{} of {}", "共 {1} 个中的 {0} 个"}, 1, 2), "共 2 个中的 1 个");
}

// What a stranger wrote must not move the cursor, colour what follows or turn it round.
TEST(Text, WhatATerminalWouldObeyIsWrittenOut) {
  EXPECT_EQ(printable("edge-1 已生效 a\\b é 😀"), "edge-1 已生效 a\\b é 😀");
  EXPECT_EQ(printable("\x1b[31mred\n\tx\x7f"), "\\x1b[31mred\\x0a\\x09x\\x7f");
  EXPECT_EQ(printable(std::string_view("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(printable("\u009b1m"), "\\u{009b}1m");
  EXPECT_EQ(printable("a\u202eb\u2066c\u2069\u2028"), "a\\u{202e}b\\u{2066}c\\u{2069}\\u{2028}");
  EXPECT_EQ(printable("\xff\xe4\xb8x\xed\xa0\x80"), "\\xff\\xe4\\xb8x\\xed\\xa0\\x80");
  EXPECT_EQ(printable("abcdef", 3), "abc...");
  EXPECT_EQ(printable("abc", 3), "abc");
  EXPECT_EQ(printable("a中", 3), "a...");
}

}  // namespace
}  // namespace telefence
