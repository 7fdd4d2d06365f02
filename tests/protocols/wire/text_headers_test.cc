// SPDX-License-Identifier: Apache-2.0
#include "protocols/wire/text_headers.h"

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

}  // namespace
}  // namespace telefence::wire
