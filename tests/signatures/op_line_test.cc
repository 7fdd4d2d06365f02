// SPDX-License-Identifier: Apache-2.0
#include "signatures/op_line.h"

#include <gtest/gtest.h>

#include "signatures/words.h"

namespace telefence {
namespace {

std::string mistake(std::string_view line) {
  const Result<Change> change = parse_op_line(line);
  return change.ok() ? "" : change.error().message;
}

TEST(OpLine, EveryFieldIsRead) {
  const Result<Change> change = parse_op_line(
      R"({"op":"add","kind":"number","value":"+86170*","match":"prefix","side":"calling","action":"tag","category":"phishing",)"
      R"("level":3,"id":123,"expires":"2026-12-01T00:00:00+08:00","source":"centre","note":"n","shadow":true})");
  ASSERT_TRUE(change.ok()) << change.error().message;
  const Signature& signature = change.value().signature;
  EXPECT_EQ(change.value().op, Change::Op::kAdd);
  EXPECT_EQ(signature.kind, SignatureKind::kNumber);
  EXPECT_EQ(signature.value, "+86170*");
  EXPECT_TRUE(signature.prefix);
  EXPECT_EQ(signature.sides, Signature::Sides::kCalling);
  EXPECT_EQ(signature.action, "tag");
  EXPECT_EQ(signature.category, Category::kPhishing);
  EXPECT_EQ(signature.tier, 3);
  EXPECT_EQ(signature.id, 123u);
  EXPECT_EQ(signature.expires_s, 1796054400);
  EXPECT_EQ(signature.source, "centre");
  EXPECT_TRUE(signature.shadow);
}

TEST(OpLine, LeftOutFieldsHaveTheirDefaults) {
  const Signature domain = parse_op_line(R"({"op":"add","kind":"domain","value":"bad.example"})").value().signature;
  EXPECT_TRUE(domain.subdomains);
  EXPECT_EQ(domain.tier, 2);
  EXPECT_EQ(domain.category, Category::kOther);
  EXPECT_EQ(domain.expires_s, 0);
  EXPECT_TRUE(parse_op_line(R"({"op":"add","kind":"pattern","value":"abc"})").value().signature.literal);
  EXPECT_FALSE(
      parse_op_line(R"({"op":"add","kind":"pattern","value":"abc","match":"regex"})").value().signature.literal);
  EXPECT_TRUE(
      parse_op_line(R"({"op":"allow","kind":"domain","value":"a.example","action":"block"})").value().signature.allow);
  EXPECT_EQ(parse_op_line(R"({"op":"remove","kind":"url","value":"a.example/x","expires":null})").value().op,
            Change::Op::kRemove);
}

TEST(OpLine, MistakesAreNamed) {
  EXPECT_EQ(mistake("nonsense"), "not a JSON object");
  EXPECT_EQ(mistake("[1]"), "not a JSON object");
  EXPECT_EQ(mistake(R"({"op":"block","kind":"domain","value":"x.example"})"),
            "op 'block' must be add, remove, allow or replace-list");
  EXPECT_EQ(mistake(R"({"op":"add","kind":"planet","value":"Mars"})"),
            "kind 'planet' must be domain, url, number, pattern, ip, account or app");
  EXPECT_EQ(mistake(R"({"op":"add","kind":"domain"})"), "value is missing");
  EXPECT_EQ(mistake(R"({"op":"add","kind":"domain","value":7})"), "value must be a text");
  EXPECT_EQ(mistake(R"({"op":"add","kind":"domain","value":"x.example","match":"prefix"})"),
            "match 'prefix' must be suffix or exact for a domain");
  EXPECT_EQ(mistake(R"({"op":"add","kind":"domain","value":"x.example","level":4})"),
            "level must be 1 (certain and grave), 2 or 3 (weak)");
  EXPECT_EQ(mistake(R"({"op":"add","kind":"domain","value":"x.example","categry":"loan"})"),
            "categry is an unknown field");
  EXPECT_NE(mistake(R"({"op":"add","kind":"domain","value":"x.example","category":"lone"})"), "");
  EXPECT_NE(mistake(R"({"op":"add","kind":"domain","value":"x.example","expires":"tomorrow"})"), "");
  EXPECT_NE(mistake(R"({"op":"add","kind":"domain","value":"x.example","expires":1796054400000})"), "");
  EXPECT_NE(mistake(R"({"op":"add","kind":"domain","value":"x.example","shadow":"yes"})"), "");
  EXPECT_NE(mistake(R"({"op":"replace-list","kind":"domain","value":"x.example"})"), "");
}

TEST(OpLine, AMomentBeforeTheFirstSecondIsNotTakenForNever) {
  for (const char* moment : {"1970-01-01T00:00:00Z", "1969-12-31T23:59:59.5Z", "1970-01-01T07:00:00+08:00", "0000-01-01T00:00:00Z"})
    EXPECT_NE(mistake(R"({"op":"add","kind":"domain","value":"x.example","expires":")" + std::string(moment) + "\"}"), "") << moment;
  EXPECT_EQ(parse_op_line(R"({"op":"add","kind":"domain","value":"x.example","expires":"1970-01-01T00:00:01Z"})").value().signature.expires_s, 1);
}

TEST(OpLine, TheLastYearsOfTheCalendarAreReadBack) {
  for (const char* moment : {"9999-12-31T23:59:59Z", "9999-12-31T23:59:59-12:00", "5959-01-01T00:00:00Z"}) {
    const Result<Change> change = parse_op_line(R"({"op":"add","kind":"domain","value":"x.example","expires":")" + std::string(moment) + "\"}");
    ASSERT_TRUE(change.ok()) << moment << change.error().message;
    const Result<Change> again = parse_op_line(to_op_line(change.value()));
    ASSERT_TRUE(again.ok()) << moment << again.error().message;
    EXPECT_EQ(again.value().signature.expires_s, change.value().signature.expires_s) << moment;
  }
}

TEST(OpLine, WordsOfPatternsAndTheirFolding) {
  const Signature signature =
      parse_op_line(R"({"op":"add","kind":"pattern","all":["无抵押","下款"],"any":["加微信"],"none":["96110"],"fold":"width"})").value().signature;
  EXPECT_EQ(signature.words, (PatternWords{{"无抵押", "下款"}, {"加微信"}, {"96110"}}));
  EXPECT_EQ(signature.fold, TextFold::kWidth);
  EXPECT_EQ(mistake(R"({"op":"add","kind":"pattern","value":"x","all":"y"})"), "all must be a list of texts");
  EXPECT_EQ(mistake(R"({"op":"add","kind":"pattern","value":"x","none":["y",""]})"), "none must be a list of texts, none of them empty");
  EXPECT_EQ(mistake(R"({"op":"add","kind":"pattern","value":"x","fold":"lower"})"), "fold 'lower' must be all, case, width or none");
  EXPECT_EQ(mistake(R"({"op":"add","kind":"domain","value":"x.example","any":["y"]})"), "kind must be pattern for fold, all, any or none");
}

TEST(OpLine, WrittenLinesAreReadBack) {
  for (
      const char* line :
      {R"({"op":"add","kind":"domain","value":"a.example","match":"exact","category":"loan","level":1})",
       R"({"op":"remove","kind":"pattern","value":"刷单 \"返利\"","match":"text"})",
       R"({"op":"add","kind":"pattern","value":"贷款","match":"text","all":["下款"],"none":["96110","谨防"],"fold":"case","category":"loan","level":1})",
       R"({"op":"remove","kind":"pattern","value":"","match":"text","any":["下款","秒批"]})",
       R"({"op":"allow","kind":"number","value":"+8613800000000","match":"exact","side":"called","category":"other","level":2})",
       R"({"op":"add","kind":"url","value":"a.example/b","match":"prefix","category":"phishing","level":3,"id":9,"expires":5,"source":"s","shadow":true})"}) {
    const Result<Change> change = parse_op_line(line);
    ASSERT_TRUE(change.ok()) << change.error().message;
    EXPECT_EQ(to_op_line(change.value()), line);
  }
}

TEST(Instant, ReadsZonesAndFractions) {
  EXPECT_EQ(parse_instant_ms("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(parse_instant_ms("2026-11-22T06:30:00.123456+0800"), 1795300200123);
  EXPECT_EQ(parse_instant_ms("2026-11-21T22:30:00.1Z"), 1795300200100);
  EXPECT_EQ(parse_instant_ms("2026-11-21 17:30:00-05:00"), 1795300200000);
  for (const char* text : {"", "2026-11-22", "2026-11-22T06:30:00", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z",
                           "2026-11-22T24:00:00Z", "2026-11-22T06:30:00Zx", "2026-11-22T06:30:00.Z"})
    EXPECT_EQ(parse_instant_ms(text), std::nullopt) << text;
}

}  // namespace
}  // namespace telefence
