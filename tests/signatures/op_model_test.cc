// SPDX-License-Identifier: Apache-2.0

// Operations and kinds beyond those that are enforced, and times and texts of an entry.

#include <gtest/gtest.h>

#include "signatures/op_line.h"

namespace telefence {
namespace {

std::string mistake(const std::string& line) {
  const Result<Change> change = parse_op_line(line);
  return change.ok() ? "" : change.error().message;
}

TEST(OpModel, WrittenLinesAreReadBack) {
  for (const char* line :
       {R"({"op":"replace-list","kind":"domain","source":"vendor-a"})",
        R"({"op":"replace-list","kind":"ip","source":"vendor-a","note":"weekly"})",
        R"({"op":"add","kind":"ip","value":"2001:db8::/32","category":"phishing","level":1,"valid_from":5,"expires":9,"source":"s","campaign":"c","note":"n"})",
        R"({"op":"add","kind":"account","value":"6222 0000 1","category":"other","level":2})",
        R"({"op":"add","kind":"url","value":"a.example/x","match":"prefix","category":"other","level":2,"shadow_until":9,"canary":5})",
        R"({"op":"allow","kind":"app","value":"com.bank.good","category":"other","level":2,"shadow":true})",
        R"({"op":"remove","kind":"app","value":"com.bad","source":"vendor-a"})",
        R"({"op":"remove","kind":"domain","value":"a.example","match":"suffix","source":"vendor-a","campaign":"11·26","note":"appeal 7"})"}) {
    const Result<Change> change = parse_op_line(line);
    ASSERT_TRUE(change.ok()) << line << change.error().message;
    EXPECT_EQ(to_op_line(change.value()), line);
  }
}

TEST(OpModel, WhatMakesNoSenseIsRefused) {
  EXPECT_NE(mistake(R"({"op":"replace-list","kind":"domain","value":"x.example"})").find("value means nothing in a replace-list"), std::string::npos);
  EXPECT_NE(mistake(R"({"op":"replace-list","kind":"domain","expires":5})"), "");
  EXPECT_EQ(mistake(R"({"op":"replace-list"})"), "kind '' must be domain, url, number, pattern, ip, account or app");
  for (const char* value : {"192.0.2", "192.0.2.0/33", "192.0.2.0/", "2001:db8::/129", "bad.example", "192.0.2.0/2x"})
    EXPECT_NE(mistake(R"({"op":"add","kind":"ip","value":")" + std::string(value) + "\"}"), "") << value;
  EXPECT_NE(mistake(R"({"op":"add","kind":"app","value":"x","match":"prefix"})"), "");
  EXPECT_EQ(mistake(R"({"op":"add","kind":"domain","value":"x.example","valid_from":9,"expires":9})"), "valid_from must lie before expires");
  EXPECT_NE(mistake(R"({"op":"add","kind":"domain","value":"x.example","valid_from":"soon"})"), "");
  EXPECT_NE(mistake(R"({"op":"add","kind":"domain","value":"x.example","campaign":7})"), "");
  for (const char* more : {R"("canary":5)", R"("canary":100,"shadow_until":9)", R"("shadow":true,"shadow_until":9)", R"("shadow_until":9,"expires":9)"})
    EXPECT_NE(mistake(R"({"op":"add","kind":"domain","value":"x.example",)" + std::string(more) + "}"), "") << more;
  EXPECT_NE(mistake(R"({"op":"allow","kind":"domain","value":"x.example","shadow_until":9})"), "");
  EXPECT_NE(mistake(R"({"op":"add","kind":"domain","value":"x.example","note":")" + std::string(1001, 'n') + "\"}"), "");
}

TEST(OpModel, AnOperationOfALaterVersionIsToldFromAMistake) {
  EXPECT_EQ(unknown_operation(R"({"op":"quarantine","kind":"domain","value":"x.example"})"), "the operation 'quarantine' is not known to this version");
  for (const char* line : {R"({"op":"add","kind":"planet","value":"x"})", R"({"op":7})", R"({"op":""})", R"({"kind":"domain"})", "nonsense", "[]"})
    EXPECT_EQ(unknown_operation(line), "") << line;
}

}  // namespace
}  // namespace telefence
