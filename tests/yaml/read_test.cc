// SPDX-License-Identifier: Apache-2.0
#include "yaml/read.h"

#include <gtest/gtest.h>

namespace telefence {
namespace {

class YamlRead : public testing::Test {
 protected:
  // The value of `v:`.
  const YamlNode& value(const std::string& text) {
    document_ = parse_yaml("v: " + text + "\n");
    EXPECT_TRUE(document_.problems.empty()) << text;
    problems_.clear();
    return *document_.root.find("v");
  }
  std::string message() const { return problems_.empty() ? "" : problems_.back().message; }

  YamlDocument document_;
  std::vector<YamlProblem> problems_;
  YamlReader reader_{problems_};
};

TEST_F(YamlRead, UnknownKeySuggestsTheNearest) {
  document_ = parse_yaml("mdoe: monitor\nwire: []\nzzzz: 1\n");
  EXPECT_TRUE(reader_.check_keys(document_.root, {"mode", "wire", "ports"}));
  ASSERT_EQ(problems_.size(), 2u);
  EXPECT_EQ(problems_[0].line, 1);
  EXPECT_EQ(problems_[0].column, 1);
  EXPECT_EQ(problems_[0].message, "unknown key 'mdoe'; did you mean 'mode'?");
  EXPECT_EQ(problems_[1].message, "unknown key 'zzzz'; known here: mode, wire, ports");
}

TEST_F(YamlRead, MissingKeyIsAProblemOfTheMap) {
  document_ = parse_yaml("ports:\n  - {name: a}\n");
  EXPECT_EQ(reader_.require(document_.root.find("ports")->items[0], "device"), nullptr);
  ASSERT_EQ(problems_.size(), 1u);
  EXPECT_EQ(problems_[0].line, 2);
  EXPECT_EQ(problems_[0].path, "ports[0]");
}

TEST_F(YamlRead, StringsThatLookLikeNumbersMustBeQuoted) {
  EXPECT_EQ(reader_.read_string(value("monitor")), "monitor");
  EXPECT_EQ(reader_.read_string(value("\"010\"")), "010");
  EXPECT_EQ(reader_.read_string(value("0000:3b:00.1")), "0000:3b:00.1");
  EXPECT_EQ(reader_.read_string(value("127.0.0.1:9469")), "127.0.0.1:9469");
  EXPECT_EQ(reader_.read_string(value("2-9")), "2-9");
  for (const char* text : {"010", "86", "+8613800000000", "1.5", "0x1f", "yes", "off", "true"}) {
    EXPECT_EQ(reader_.read_string(value(text)), std::nullopt) << text;
    EXPECT_NE(message().find("in quotes"), std::string::npos) << text;
  }
  EXPECT_EQ(reader_.read_string(value("[a]")), std::nullopt);
  EXPECT_EQ(reader_.read_string(value("")), std::nullopt);
}

TEST_F(YamlRead, BooleansAreOnlyTrueAndFalse) {
  EXPECT_EQ(reader_.read_bool(value("true")), true);
  EXPECT_EQ(reader_.read_bool(value("false")), false);
  EXPECT_EQ(reader_.read_bool(value("no")), std::nullopt);
  EXPECT_EQ(message(), "expected true or false, found 'no'; write false");
  EXPECT_EQ(reader_.read_bool(value("\"true\"")), std::nullopt);
  EXPECT_EQ(reader_.read_bool(value("True")), std::nullopt);
}

TEST_F(YamlRead, IntegersHaveARangeAndNoLeadingZero) {
  EXPECT_EQ(reader_.read_integer(value("53"), 1, 65535), 53);
  EXPECT_EQ(reader_.read_integer(value("-3"), -5, 5), -3);
  EXPECT_EQ(reader_.read_integer(value("0"), 0, 5), 0);
  EXPECT_EQ(reader_.read_integer(value("70000"), 1, 65535), std::nullopt);
  EXPECT_EQ(message(), "expected a whole number from 1 to 65535, found the number 70000");
  EXPECT_EQ(reader_.read_integer(value("010"), 1, 65535), std::nullopt);
  EXPECT_NE(message().find("leading zeros"), std::string::npos);
  for (const char* text : {"1.5", "1e3", "0x10", "\"53\"", "abc", "99999999999999999999", "+5", "[1]"})
    EXPECT_EQ(reader_.read_integer(value(text), 1, 65535), std::nullopt) << text;
}

TEST_F(YamlRead, SizesAndDurationsCarryTheirUnit) {
  EXPECT_EQ(reader_.read_size(value("2MiB")), 2u << 20);
  EXPECT_EQ(reader_.read_size(value("512B")), 512u);
  EXPECT_EQ(reader_.read_size(value("2MB")), std::nullopt);
  EXPECT_EQ(reader_.read_size(value("2")), std::nullopt);
  EXPECT_EQ(reader_.read_size(value("99999999999TiB")), std::nullopt);
  EXPECT_EQ(reader_.read_duration_ms(value("5s")), 5000u);
  EXPECT_EQ(reader_.read_duration_ms(value("10min")), 600'000u);
  EXPECT_EQ(reader_.read_duration_ms(value("250ms")), 250u);
  EXPECT_EQ(reader_.read_duration_ms(value("5m")), std::nullopt);
  EXPECT_EQ(reader_.read_duration_ms(value("\"\"")), std::nullopt);
}

TEST_F(YamlRead, WordsOfAListComeWithASuggestion) {
  EXPECT_EQ(reader_.read_word(value("enforce"), {"monitor", "enforce"}), 1u);
  EXPECT_EQ(reader_.read_word(value("enfroce"), {"monitor", "enforce"}), std::nullopt);
  EXPECT_EQ(message(), "expected one of monitor, enforce, found 'enfroce'; did you mean 'enforce'?");
}

TEST_F(YamlRead, ABadItemOfAListIsAProblemOfThatItem) {
  const auto values = reader_.read_integers(value("[1, x, 3]"), 0, 9);
  ASSERT_TRUE(values.has_value());
  EXPECT_EQ(*values, (std::vector<std::int64_t>{1, 3}));
  ASSERT_EQ(problems_.size(), 1u);
  EXPECT_EQ(problems_[0].path, "v[1]");
  EXPECT_EQ(reader_.read_strings(value("a")), std::nullopt);
  EXPECT_EQ(message(), "expected a list, found 'a'; write [a]");
}

TEST(ClosestWord, ToleratesSwapsAndNotNonsense) {
  const std::string_view words[] = {"device", "driver", "queues"};
  EXPECT_EQ(closest_word("devcie", words), "device");
  EXPECT_EQ(closest_word("queue", words), "queues");
  EXPECT_EQ(closest_word("colour", words), "");
}

}  // namespace
}  // namespace telefence
