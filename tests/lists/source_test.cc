// SPDX-License-Identifier: Apache-2.0
// Text of lists: packing, encodings, lines of any length.
#include <gtest/gtest.h>

#include "lists/collected.h"
#include "signatures/number_range.h"

namespace telefence {
namespace {

std::vector<std::string> lines_of(std::string_view text) {
  TextSource source = source_of_text(text);
  std::vector<std::string> lines;
  std::string_view line;
  while (source.next(line)) lines.emplace_back(line);
  if (source.error()) lines.push_back("error: " + source.error()->message);
  return lines;
}

using Lines = std::vector<std::string>;

TEST(TextSource, LinesEndInAnyWay) {
  EXPECT_EQ(lines_of(""), Lines{});
  EXPECT_EQ(lines_of("a"), Lines{"a"});
  EXPECT_EQ(lines_of("a\r\n\nb\n"), (Lines{"a", "", "b"}));
  EXPECT_EQ(lines_of("\xEF\xBB\xBF" "a\nb"), (Lines{"a", "b"}));
}

TEST(TextSource, Gb18030IsReadFromTheFirstLineThatIs) {
  // 银行 in GB18030, then 贷款; the second line alone could as well be UTF-8 by chance.
  EXPECT_EQ(lines_of("a\n\xD2\xF8\xD0\xD0\n\xB4\xFB\xBF\xEE\n"), (Lines{"a", "银行", "贷款"}));
  EXPECT_EQ(lines_of("银行\nb\n"), (Lines{"银行", "b"}));
}

// Lists that were put together of several files.
TEST(TextSource, Utf8BehindGb18030IsReadAsWhatItIs) {
  EXPECT_EQ(lines_of("\xD2\xF8\xD0\xD0\n银行\n贷款 loan\n\xB4\xFB\xBF\xEE\n"), (Lines{"银行", "银行", "贷款 loan", "贷款"}));
  // 联通, also valid UTF-8 of two octets each.
  EXPECT_EQ(lines_of("\xD2\xF8\xD0\xD0\n\xC1\xAA\xCD\xA8\n"), (Lines{"银行", "联通"}));
}

TEST(TextSource, Gb18030FarBehindTheBeginningIsReadToo) {
  std::string text;
  while (text.size() < 100'000) text += "plain.example\n";
  const std::vector<std::string> lines = lines_of(text + "\xD2\xF8\xD0\xD0\n");
  EXPECT_EQ(lines.back(), "银行");
}

TEST(TextSource, WhatIsNeitherIsSkippedByLine) {
  EXPECT_EQ(read_as(kDomainsFormat, "a.example\n\xff\xff\xff\nb.example\n"),
            (Lines{"1 domain a.example suffix", "2 skip \xff\xff\xff: neither UTF-8 nor GB18030: save the file as UTF-8", "3 domain b.example suffix"}));
}

TEST(TextSource, Utf16IsToldAsSuch) {
  EXPECT_EQ(lines_of(std::string_view("\xFF\xFE" "a\0", 4)), Lines{"error: list: the file is UTF-16: save it as UTF-8"});
}

TEST(TextSource, WhatIsPackedOtherwiseIsToldByItsName) {
  const auto packed = [](std::string_view name) {
    return Lines{"error: list: the file is packed as " + std::string(name) + ", and only gzip and zstd are unpacked: unpack it first"};
  };
  const std::string rest = "and more of it\n";
  EXPECT_EQ(lines_of("BZh91AY&SY" + rest), packed("bzip2"));
  EXPECT_EQ(lines_of(std::string_view("BZh9\x17rE8P\x90\0\0\0\0", 14)), packed("bzip2"));
  EXPECT_EQ(lines_of(std::string("\xFD" "7zXZ\0", 6) + rest), packed("xz"));
  EXPECT_EQ(lines_of("7z\xBC\xAF\x27\x1C" + rest), packed("7z"));
  EXPECT_EQ(lines_of("Rar!\x1A\x07" + rest), packed("rar"));
  for (const char* zip : {"PK\x03\x04", "PK\x05\x06"})
    EXPECT_EQ(lines_of(zip + rest), Lines{"error: list: the file is a zip archive, as .xlsx is too, and only gzip and zstd are unpacked: "
                                          "unpack it, or save the table as CSV (UTF-8)"});
  EXPECT_EQ(lines_of("BZh.example\nPK.example\n"), (Lines{"BZh.example", "PK.example"}));
}

TEST(TextSource, AnEndlessLineIsCutAndTheNextOneIsRead) {
  const std::string text = "a.example\n" + std::string(5u << 20, 'x') + "\nb.example\n" + std::string(70'000, 'y');
  const Lines lines = read_as(kDomainsFormat, text);
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0], "1 domain a.example suffix");
  EXPECT_TRUE(lines[1].starts_with("2 skip xxxx")) << lines[1].substr(0, 80);
  EXPECT_EQ(lines[2], "3 domain b.example suffix");
  EXPECT_TRUE(lines[3].starts_with("4 skip yyyy"));
}

TEST(NumberRange, IsTheFewestPrefixes) {
  using Parts = std::vector<std::string>;
  EXPECT_EQ(parts_of_range("13800000000-13800000999"), Parts{"13800000*"});
  EXPECT_EQ(parts_of_range("+8613800000000 至 +8613800000000"), Parts{"+8613800000000"});
  EXPECT_EQ(parts_of_range("13800000008-13800000021"),
            (Parts{"13800000008", "13800000009", "1380000001*", "13800000020", "13800000021"}));
  EXPECT_EQ(parts_of_range("17000000000-17099999999"), Parts{"170*"});
  EXPECT_EQ(parts_of_range("+861065521000-+861065521999"), Parts{"+861065521*"});
  EXPECT_EQ(parts_of_range("01065521000-01065521999"), Parts{"01065521*"});
  EXPECT_EQ(parts_of_range("4008000000-4008000009"), Parts{"400800000*"});
  EXPECT_EQ(parts_of_range("010-65521000至010-65521999"), Parts{"01065521*"});
  EXPECT_EQ(parts_of_range("138-0000-0000——138-0000-0999"), Parts{"13800000*"});
  // Too wide, or prefixes that would cover longer numbers, those of mobile phones among them.
  for (const char* wide : {"13000000000-19999999999", "17000000000-17100000000", "1000000-9999999", "2000000-2099999", "1300000-1300999",
                           "10690000-10699999", "+861300000-+861300999", "0086138000-0086138999", "0138000-0138999", "0755260-0755269",
                           "01065520-01065529", "859999999-861399999", "9519900-9519999", "9500000000-9599999999"})
    EXPECT_FALSE(is_number_range(wide)) << wide;
  for (const char* no : {"170-179", "138-1234-5678", "010-65551234", "13800000999-13800000000", "1380000000x-13800000009", "13800000000-0999", "010-65521000至65521999", "-", "13800000000-"})
    EXPECT_FALSE(is_number_range(no)) << no;
}

// Against counting: every number of the range is in exactly one part, and no other.
TEST(NumberRange, CoversEachNumberOnce) {
  for (const auto& [first, last] : {std::pair{4002234567, 4002240000}, std::pair{4002000001, 4002000009}, std::pair{4002999999, 4003000000}, std::pair{4002234560, 4002234569}}) {
    const std::vector<std::string> parts = parts_of_range(std::to_string(first) + "-" + std::to_string(last));
    for (auto number = first - 20; number <= last + 20; ++number) {
      const std::string text = std::to_string(number);
      int hits = 0;
      for (const std::string& part : parts) hits += part.ends_with('*') ? text.starts_with(part.substr(0, part.size() - 1)) : text == part;
      ASSERT_EQ(hits, number >= first && number <= last ? 1 : 0) << number;
    }
  }
}

}  // namespace
}  // namespace telefence
