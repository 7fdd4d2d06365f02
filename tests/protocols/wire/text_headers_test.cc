// SPDX-License-Identifier: Apache-2.0
#include "protocols/wire/text_headers.h"

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace telefence::wire {
namespace {

using Lines = std::vector<std::pair<std::string, std::string>>;

Lines all_of(HeaderLines& lines) {
  Lines found;
  HeaderLine line;
  while (lines.next(line)) found.emplace_back(line.name, line.value);
  return found;
}

Lines all_of(std::string_view text) {
  HeaderLines lines(text);
  return all_of(lines);
}

TEST(TextHeaders, EndsAtTheEmptyLineAndSaysWhereTheBodyBegins) {
  constexpr std::string_view kText = "A: 1\r\nB:2\r\n\r\nC: body\r\n";
  HeaderLines lines(kText);
  EXPECT_EQ(all_of(lines), (Lines{{"A", "1"}, {"B", "2"}}));
  EXPECT_TRUE(lines.ended());
  EXPECT_EQ(kText.substr(lines.position()), "C: body\r\n");
}

TEST(TextHeaders, TakesLineFeedsAlone) {
  HeaderLines lines("A: 1\nB: 2\n\nbody");
  EXPECT_EQ(all_of(lines), (Lines{{"A", "1"}, {"B", "2"}}));
  EXPECT_TRUE(lines.ended());
}

TEST(TextHeaders, WithoutEmptyLineReadsToTheEnd) {
  HeaderLines lines("A: 1\r\nB: 2");
  EXPECT_EQ(all_of(lines), (Lines{{"A", "1"}, {"B", "2"}}));
  EXPECT_FALSE(lines.ended());
}

TEST(TextHeaders, AFoldedLineBelongsToTheValue) {
  EXPECT_EQ(all_of("Subject: one\r\n two\r\n\tthree\r\nB: 2\r\n\r\n"),
            (Lines{{"Subject", "one\r\n two\r\n\tthree"}, {"B", "2"}}));
}

TEST(TextHeaders, BlanksAroundNameAndValueAreCut) {
  EXPECT_EQ(all_of("From \t:  \r\n  x  \r\n\r\n"), (Lines{{"From", "x"}}));
}

TEST(TextHeaders, ALineWithoutColonIsPassedOver) { EXPECT_EQ(all_of("nonsense\r\nA: 1\r\n\r\n"), (Lines{{"A", "1"}})); }

TEST(TextHeaders, AValueMayBeEmptyAndHoldColons) {
  EXPECT_EQ(all_of("A:\r\nB: c:d\r\n\r\n"), (Lines{{"A", ""}, {"B", "c:d"}}));
}

TEST(TextHeaders, NamesAreComparedIgnoringCase) {
  EXPECT_TRUE(equals_ignoring_case("Call-ID", "call-id"));
  EXPECT_FALSE(equals_ignoring_case("Call-I", "call-id"));
}

TEST(TextHeaders, AWordIsFoundAsByComparingIgnoringCase) {
  const auto agrees = [](const Word& word, const std::string& lower_case) {
    EXPECT_EQ(word.size(), lower_case.size());
    for (std::size_t at = 0; at < lower_case.size(); ++at) {
      for (int octet = 0; octet < 256; ++octet) {
        std::string text = lower_case;
        text[at] = static_cast<char>(octet);
        EXPECT_EQ(word.is(text), equals_ignoring_case(text, lower_case)) << text;
      }
    }
    EXPECT_FALSE(word.is(lower_case + "x"));
    EXPECT_FALSE(word.is(lower_case.substr(1)));
  };
  agrees("to", "to");
  agrees("call-id", "call-id");
  agrees("sip/2.0x", "sip/2.0x");
  agrees("content-type", "content-type");
  agrees("p-asserted-identity", "p-asserted-identity");
}

TEST(TextHeaders, LinesOfAnyLengthAreWalkedAsOneByOne) {
  std::mt19937 random(5);
  constexpr std::string_view kOctets = "aB: \t\r\n";
  for (int round = 0; round < 20000; ++round) {
    std::string text(random() % 200, 'x');
    for (char& c : text)
      if (random() % 4 == 0) c = kOctets[random() % kOctets.size()];
    Lines expected;
    bool has_ended = false;
    for (std::size_t start = 0; start < text.size() && !has_ended;) {
      std::size_t end = std::min(text.find('\n', start), text.size() - 1) + 1;
      const std::string first = text.substr(start, end - start);
      has_ended = first == "\n" || first == "\r\n";
      while (!has_ended && end < text.size() && (text[end] == ' ' || text[end] == '\t')) end = std::min(text.find('\n', end), text.size() - 1) + 1;
      const std::string whole = text.substr(start, end - start);
      const std::size_t colon = whole.find(':');
      if (!has_ended && colon != std::string::npos)
        expected.emplace_back(without_blanks(std::string_view(whole).substr(0, colon)), without_blanks(std::string_view(whole).substr(colon + 1)));
      start = end;
    }
    HeaderLines lines(text);
    EXPECT_EQ(all_of(lines), expected) << text;
    EXPECT_EQ(lines.ended(), has_ended) << text;
  }
}

}  // namespace
}  // namespace telefence::wire
