// SPDX-License-Identifier: Apache-2.0
#include "normalise/sms_text.h"
#include "normalise/tables.h"

#include <gtest/gtest.h>

#include <array>
#include <random>

#include "normalise/pattern_text.h"

namespace telefence {
namespace {

std::string octets(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return out;
}

std::string decoded(std::string_view body, TextCoding coding) {
  std::array<char16_t, kMaxSmsUnits> units;
  const std::size_t length = decode_sms(as_bytes(body), coding, units);
  return to_utf8(std::u16string_view(units.data(), length));
}

std::string folded(std::string_view text) { return to_utf8(fold_text(text)); }

// Vectors below were made with Python's codecs and by hand from the tables of 3GPP TS 23.038.
TEST(SmsText, Gsm7UsesItsOwnAlphabet) {
  EXPECT_EQ(decoded(std::string("\x00\x01\x02\x11 \x10", 6), TextCoding::kGsm7), "@£$_ Δ");
  EXPECT_EQ(decoded("Hello 1", TextCoding::kGsm7), "Hello 1");
  EXPECT_EQ(decoded("\x40\x5b\x5e\x60\x7b\x7f", TextCoding::kGsm7), "¡ÄÜ¿äà");
}

TEST(SmsText, Gsm7ExtensionTable) {
  EXPECT_EQ(decoded("\x1b\x65\x1b\x3c\x1b\x3e\x1b\x28\x1b\x29\x1b\x2f\x1b\x3d\x1b\x40\x1b\x14", TextCoding::kGsm7), "€[]{}\\~|^");
  EXPECT_EQ(decoded("\x1b\x41", TextCoding::kGsm7), "A");  // not in the extension: the main table's
  EXPECT_EQ(decoded("a\x1b", TextCoding::kGsm7), "a");
}

TEST(SmsText, Gsm7PackedKnownVectors) {
  EXPECT_EQ(decoded(octets("e8329bfd4697d9ec37"), TextCoding::kGsm7Packed), "hellohello");
  EXPECT_EQ(decoded(octets("9b726cc30b6f7c"), TextCoding::kGsm7Packed), "€1[a]");
  EXPECT_EQ(decoded(octets("31d98c56b3dd70"), TextCoding::kGsm7Packed), "12345678");
  EXPECT_EQ(decoded(octets("31d98c56b3dd1a"), TextCoding::kGsm7Packed), "1234567");  // filled with CR
  EXPECT_EQ(decoded(octets("31d98c56b3dd00"), TextCoding::kGsm7Packed), "1234567");
}

std::string packed(std::string_view septets) {
  std::string out;
  unsigned bits = 0, have = 0;
  for (const char c : septets) {
    bits |= static_cast<unsigned>(c) << have;
    for (have += 7; have >= 8; have -= 8, bits >>= 8) out += static_cast<char>(bits & 0xff);
  }
  if (have != 0) out += static_cast<char>(bits & 0xff);
  return out;
}

TEST(SmsText, PackedEqualsUnpackedForEveryLength) {
  std::string text;
  for (int i = 1; i <= 160; ++i) {
    text += static_cast<char>('A' + i % 26);
    EXPECT_EQ(decoded(packed(text), TextCoding::kGsm7Packed), text) << i;
  }
}

TEST(SmsText, Ucs2WithSurrogatesAndOddEnd) {
  EXPECT_EQ(decoded(octets("8f6c8d26d840dc00ff21"), TextCoding::kUcs2), "转账𠀀Ａ");
  EXPECT_EQ(decoded(octets("8f6c8d"), TextCoding::kUcs2), "转");
  EXPECT_EQ(decoded(octets("feff8f6c"), TextCoding::kUcs2), "转");
  EXPECT_EQ(decoded(octets("fffe6c8f"), TextCoding::kUcs2), "转");
  EXPECT_EQ(decoded(octets("d84000410042"), TextCoding::kUcs2), "\xef\xbf\xbd" "AB");
}

TEST(SmsText, Gb18030AgreesWithPython) {
  EXPECT_EQ(decoded(octets("d7aad5cbc7ebc1aacfb5cea2d0c5a3aca2e3a2d9a3c1a3c2a3c395328236fd9b8139ee39"), TextCoding::kGb18030),
            "转账请联系微信，€①ＡＢＣ𠀀龥㐀");
  EXPECT_EQ(decoded("a\x81", TextCoding::kGb18030), "a\xef\xbf\xbd");
  EXPECT_EQ(decoded("\xff\x41", TextCoding::kGb18030), "\xef\xbf\xbd" "A");
}

TEST(SmsText, Utf8ReplacesWhatIsBroken) {
  EXPECT_EQ(decoded("转账𠀀", TextCoding::kUtf8), "转账𠀀");
  EXPECT_EQ(decoded("a\xe8\xbd" "b", TextCoding::kUtf8), "a\xef\xbf\xbd" "b");
  EXPECT_EQ(decoded("\xc0\xaf", TextCoding::kUtf8).find('/'), std::string::npos);  // overlong
}

TEST(SmsText, Latin1AsciiAndBinary) {
  EXPECT_EQ(decoded("caf\xe9", TextCoding::kLatin1), "café");
  EXPECT_EQ(decoded("plain", TextCoding::kAscii), "plain");
  EXPECT_EQ(decoded("plain", TextCoding::kBinary), "");
}

TEST(SmsText, LongBodiesAreCutAtTheLimit) {
  std::vector<char16_t> units(kMaxSmsUnits + 10, u'x');
  EXPECT_EQ(decode_sms(as_bytes(std::string(10000, 'a')), TextCoding::kAscii, units), kMaxSmsUnits);
  std::array<char16_t, 3> few;
  EXPECT_EQ(decode_sms(as_bytes("a𠀀𠀀"), TextCoding::kUtf8, few), 3u);
  std::array<char16_t, 2> fewer;
  EXPECT_EQ(decode_sms(as_bytes("a𠀀b"), TextCoding::kUtf8, fewer), 1u);  // no half pair
}

TEST(Fold, WidthAndCase) {
  EXPECT_EQ(folded("ＡＢＣ１２３"), "abc123");
  EXPECT_EQ(folded("HTTP"), "http");
}

TEST(Fold, TraditionalBecomesSimplified) {
  EXPECT_EQ(folded("銀行貸款轉賬"), "银行贷款转账");
  EXPECT_EQ(folded("驗證碼"), "验证码");
}

TEST(Fold, ZeroWidthAndDecorationFallAway) {
  EXPECT_EQ(folded("微\u200b信\ufeff号\u00ad码"), "微信号码");
  EXPECT_EQ(folded("★微☆信♥"), "微信");
  EXPECT_EQ(folded("😀贷🎉款"), "贷款");
  EXPECT_EQ(folded("1\ufe0f\u20e3 2\ufe0f\u20e3"), "1 2");
}

TEST(Fold, SeparatorsInsideChineseFallAway) {
  EXPECT_EQ(folded("微 信"), "微信");
  EXPECT_EQ(folded("贷.款-利*率"), "贷款利率");
  EXPECT_EQ(folded("微\n\t信"), "微信");
}

TEST(Fold, BlanksBetweenLatinWordsStay) {
  EXPECT_EQ(folded("  Click   Here "), "click here");
  EXPECT_EQ(folded("www.evil.com/a-b"), "www.evil.com/a-b");
  EXPECT_EQ(folded("加 VX 123"), "加vx 123");
}

TEST(Fold, LookAlikesAreJoined) {
  EXPECT_EQ(folded("раураl"), "paypal");
  EXPECT_EQ(folded("ΡΑΥ"), "pay");
  EXPECT_EQ(folded("薇信"), "微信");
  EXPECT_EQ(folded("①②❸⒋⑸"), "12345");
  EXPECT_EQ(folded("𝐕𝟏🅰"), "v1a");
  EXPECT_EQ(folded("café"), "cafe");
}

TEST(Fold, LatinVBeforeXinIsWeChat) {
  EXPECT_EQ(folded("加V信"), "加微信");
  EXPECT_EQ(folded("加 v 信"), "加微信");
  EXPECT_EQ(folded("TV信号"), "tv信号");
}

TEST(Fold, InnocentTextKeepsItsMeaning) {
  EXPECT_EQ(folded("您的验证码是123456，5分钟内有效。"), "您的验证码是123456,5分钟内有效。");
  EXPECT_EQ(folded("余额3.50元"), "余额3.50元");
}

TEST(Fold, NeverGrowsAndFoldingTwiceChangesNothing) {
  std::mt19937 random(7);
  const std::u16string_view interesting = u"微信v V信.-_ *abcＡ１銀😀\u200b\n/贷①";
  for (int round = 0; round < 3000; ++round) {
    std::u16string text;
    for (int i = 0; i < 24; ++i)
      text += random() % 3 == 0 ? static_cast<char16_t>(random()) : interesting[random() % interesting.size()];
    std::u16string once = text;
    once.resize(fold_units(once));
    std::u16string twice = once;
    twice.resize(fold_units(twice));
    ASSERT_LE(once.size(), text.size());
    ASSERT_EQ(once, twice) << to_utf8(text);
  }
}

TEST(PatternText, ExpressionsFoldTheirLiterals) {
  EXPECT_EQ(to_utf8(fold_expression("銀行.{0,6}轉賬")), "银行.{0,6}转账");
  EXPECT_EQ(to_utf8(fold_expression("微 信|Ｖ信")), "微信|v信");
  EXPECT_EQ(to_utf8(fold_expression("加V信")), "加微信");
  EXPECT_EQ(to_utf8(fold_expression("[薇威]信")), "[微威]信");
  EXPECT_EQ(to_utf8(fold_expression("[一-龥]{2}")), "[一-龥]{2}");
  EXPECT_EQ(to_utf8(fold_expression("（貸款）")), "\\(贷款\\)");
  EXPECT_EQ(to_utf8(fold_expression("\\x{9280}\\d+\\Q銀\\E")), "\\x{9280}\\d+\\Q銀\\E");
  EXPECT_EQ(to_utf8(fold_expression("a★b")), "ab");
}

// Units that fold to themselves are taken several at a time: where such a group begins must not matter.
TEST(SmsText, SomethingInvisibleAnywhereChangesNothing) {
  std::mt19937 random(3);
  const std::u16string alphabet = u"加我好友领红包 .-vV信万ａ1２繁體請賠";
  for (int round = 0; round < 2000; ++round) {
    std::u16string text(random() % 40, u'\0');
    for (char16_t& unit : text) unit = alphabet[random() % (round % 2 == 0 ? 8 : alphabet.size())];
    const auto fold = [](std::u16string units) {
      units.resize(fold_units(units));
      return units;
    };
    const std::u16string expected = fold(text);
    const std::size_t at = random() % (text.size() + 1);
    std::u16string other = text;
    other.insert(at, 1, u'\u200b');
    EXPECT_EQ(to_utf8(fold(other)), to_utf8(expected)) << to_utf8(text) << " at " << at;
  }
}

TEST(PatternText, LiteralsFoldLikeTexts) { EXPECT_EQ(to_utf8(fold_text("★加 Ｖ信★")), "加微信"); }

TEST(Fold, UnitsThatFoldToThemselvesTakeNoPartInTheirNeighbours) {
  for (const char16_t special : std::u16string_view(u" ._-*|~^`'\"/\\+=#信\0\xd800\xdfff。．｡\xfeff\xfffe", 26)) EXPECT_FALSE(folds_to_itself(special));
  EXPECT_TRUE(folds_to_itself(u'贷'));
  EXPECT_TRUE(folds_to_itself(u'a'));
  EXPECT_FALSE(folds_to_itself(u'A'));
  EXPECT_FALSE(folds_to_itself(u'貸'));
  for (std::uint32_t unit = 1; unit < 0x10000; ++unit) {
    if (folds_to_itself(static_cast<char16_t>(unit))) {
      ASSERT_EQ(kFoldTable[unit], unit);
    }
  }
}

}  // namespace
}  // namespace telefence
