// SPDX-License-Identifier: Apache-2.0
#include "app/push_line.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace telefence {
namespace {

PushArguments adding(std::string kind, std::string value) {
  PushArguments arguments;
  arguments.kind = std::move(kind);
  arguments.value = std::move(value);
  arguments.category = "phishing";
  return arguments;
}

constexpr std::int64_t kNow = 1'800'000'000;

std::string refusal(const PushArguments& arguments, ErrorCode code) {
  const Result<std::string> line = push_line(arguments, "p@h", kNow);
  if (line.ok()) return "taken: " + line.value();
  EXPECT_EQ(line.error().code, code);
  return line.error().message;
}

TEST(PushLine, SaysWhatWasAsked) {
  PushArguments arguments = adding("number", "+86170*");
  arguments.side = "calling";
  arguments.expires = "7d";
  arguments.shadow = true;
  const Result<std::string> line = push_line(arguments, "p@h", kNow);
  ASSERT_TRUE(line.ok()) << line.error().message;
  EXPECT_EQ(line.value(), R"({"op":"add","kind":"number","value":"+86170*","side":"calling","category":"phishing",)"
                               R"("level":2,"shadow":true,"source":"p@h","expires":1800604800})");
}

TEST(PushLine, ASideIsForNumbersOnly) {
  PushArguments arguments = adding("domain", "bad.example");
  arguments.side = "calling";
  EXPECT_NE(refusal(arguments, ErrorCode::kUsage).find("--side is for numbers"), std::string::npos);
}

TEST(PushLine, NumbersAreJudgedByTheHomeCountryOfTheEdges) {
  PushArguments arguments = adding("number", "44*");
  EXPECT_TRUE(push_line(arguments, "p@h", kNow).ok());
  arguments.home_country = "44";
  EXPECT_EQ(refusal(arguments, ErrorCode::kInvalid), "this prefix would block all numbers of the home country");
}

// It would take the place of the expression that is in force, and match nothing.
TEST(PushLine, WhatLooksLikeAnExpressionSaysWhatItIs) {
  PushArguments arguments = adding("pattern", "安全账户.{0,20}转账");
  EXPECT_NE(refusal(arguments, ErrorCode::kUsage).find("--match regex or --match text"), std::string::npos);
  for (const char* match : {"regex", "text"}) {
    arguments.match = match;
    EXPECT_TRUE(push_line(arguments, "p@h", kNow).ok()) << match;
  }
  arguments.match.clear();
  for (const char* innocent : {"点击 http://a.example/x?y=1 领奖", "【银行】您好(客服)", "您中奖了?", "加微信abc+123", "50%*3"}) {
    arguments.value = innocent;
    EXPECT_TRUE(push_line(arguments, "p@h", kNow).ok()) << innocent;
  }
  for (const char* expression : {"贷款|刷单", "\\d{4}元", "[0-9]{4}元中奖", "中(?:大)?奖了"}) EXPECT_TRUE(looks_like_regex(expression)) << expression;
}

TEST(PushLine, WhatEveryEdgeWouldRefuseIsNotPushed) {
  EXPECT_NE(refusal(adding("domain", "com.cn"), ErrorCode::kInvalid).find("public suffix"), std::string::npos);
  EXPECT_NE(refusal(adding("number", "96110"), ErrorCode::kInvalid).find("96110"), std::string::npos);
  EXPECT_NE(refusal(adding("number", "170-179"), ErrorCode::kInvalid).find("17*"), std::string::npos);
  PushArguments open = adding("pattern", "(unclosed");
  open.match = "regex";
  EXPECT_NE(refusal(open, ErrorCode::kInvalid).find("can't be compiled"), std::string::npos);
  // It compiles well: what is wrong with it is something else.
  PushArguments wide = adding("pattern", "[您的]");
  wide.match = "regex";
  const std::string why = refusal(wide, ErrorCode::kInvalid);
  EXPECT_TRUE(why.starts_with("the pattern is too wide, whoever signs it: it hits ")) << why;
}

TEST(KindByLook, WhatIsWrittenTellsWhatItIsOrNothing) {
  for (const char* value : {"13812345678", "+86 138-1234-5678", "95588", "+86170*", "(010) 65551234"}) EXPECT_EQ(kind_by_look(value), "number") << value;
  for (const char* value : {"shop.example", "银行.中国", "a.b.example.", "192.0.2.1x.example"}) EXPECT_EQ(kind_by_look(value), "domain") << value;
  for (const char* value : {"shop.example/pay", "https://shop.example/pay?x=1"}) EXPECT_EQ(kind_by_look(value), "url") << value;
  for (const char* value : {"", "shop", "https://shop.example/", "请转账 到 安全账户", "a b.example", "http://shop.example"}) EXPECT_EQ(kind_by_look(value), "") << value;
}

}  // namespace
}  // namespace telefence
