// SPDX-License-Identifier: Apache-2.0
#include "decide/protected_names.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

namespace telefence {
namespace {

TEST(ProtectedNames, TheNameItselfAndWhatTakesItInAreRefusedAndWhatIsBelowIsNot) {
  const auto names = ProtectedNames::of({"bank.example.cn", "pay.example"});
  EXPECT_NE(names->refuse("bank.example.cn", true), "");
  EXPECT_NE(names->refuse("bank.example.cn", false), "");
  EXPECT_NE(names->refuse("www.bank.example.cn", true), "");
  EXPECT_NE(names->refuse("example.cn", true).find("bank.example.cn"), std::string::npos);
  EXPECT_EQ(names->refuse("example.cn", false), "") << "only the name itself: nothing protected is blocked";
  EXPECT_EQ(names->refuse("login.bank.example.cn", true), "");
  EXPECT_EQ(names->refuse("a.www.bank.example.cn", true), "");
  EXPECT_EQ(names->refuse("notbank.example.cn", true), "");
  EXPECT_EQ(names->refuse("pay.example.com", true), "");
  EXPECT_EQ(names->refuse("", true), "");
}

TEST(ProtectedNames, WhatLiesAboveOneNameCanBeProtectedItself) {
  for (const auto& names : {ProtectedNames::of({"mail.big.example", "big.example"}), ProtectedNames::of({"big.example", "mail.big.example"})}) {
    EXPECT_NE(names->refuse("big.example", false), "");
    EXPECT_NE(names->refuse("mail.big.example", false), "");
    EXPECT_EQ(names->size(), 2u);
  }
}

TEST(ProtectedNames, TheQuickAnswerNeverDeniesWhatIsRefused) {
  std::vector<std::string> all;
  for (int i = 0; i < 1000; ++i) all.push_back("n" + std::to_string(i * 7919) + ".t" + std::to_string(i) + ".cn");
  const auto names = ProtectedNames::of(all);
  for (const std::string& name : all) {
    EXPECT_TRUE(names->may_refuse(name)) << name;
    EXPECT_TRUE(names->may_refuse("www." + name)) << name;
    EXPECT_TRUE(names->may_refuse(name.substr(name.find('.') + 1))) << name;
  }
  int taken = 0;
  for (int i = 0; i < 100'000; ++i) taken += names->may_refuse("scam" + std::to_string(i) + ".example") ? 1 : 0;
  EXPECT_LT(taken, 8000) << "most lines go the short way";
}

TEST(ProtectedNames, OtherNamesHaveAnotherStamp) {
  EXPECT_EQ(ProtectedNames::of({"a.example", "b.example"})->stamp(), ProtectedNames::of({"b.example", "a.example"})->stamp());
  EXPECT_NE(ProtectedNames::of({"a.example"})->stamp(), ProtectedNames::of({"b.example"})->stamp());
}

TEST(ProtectedNames, AFileIsReadAsAListAndItsBadLineIsNamed) {
  const std::string file = testing::TempDir() + "protected_names_test.txt";
  std::ofstream(file) << "\xEF\xBB\xBF# all need them\r\n\n BANK.example.cn  # one\n银行.中国\n";
  const auto names = ProtectedNames::read({file});
  ASSERT_TRUE(names.ok()) << names.error().message;
  EXPECT_EQ(names.value()->size(), 2u);
  EXPECT_NE(names.value()->refuse("bank.example.cn", false), "");
  EXPECT_TRUE(names.value()->may_refuse("xn--fiqs8s")) << "what lies above 银行.中国, in its A-label form";
  std::ofstream(file) << "good.example\nno name\n";
  const auto broken = ProtectedNames::read({file});
  ASSERT_FALSE(broken.ok());
  EXPECT_EQ(broken.error().message.find(file + ":2: \"no name\" is no domain name"), 0u) << broken.error().message;
  EXPECT_FALSE(ProtectedNames::read({file + ".none"}).ok());
  std::remove(file.c_str());
}

// Who writes a name into it twice, or one that is a public suffix, may be mistaken.
TEST(ProtectedNames, TheBundledListIsSound) {
  const auto names = ProtectedNames::read({BUNDLED_LIST});
  ASSERT_TRUE(names.ok()) << names.error().message;
  EXPECT_GT(names.value()->size(), 500u);
  for (const char* name : {"icbc.com.cn", "alipay.com", "baidu.com", "10086.cn", "windowsupdate.com", "aliyuncs.com", "12321.cn"})
    EXPECT_NE(names.value()->refuse(name, true), "") << name;
  EXPECT_EQ(names.value()->refuse("scam.github.io", true), "");
}

}  // namespace
}  // namespace telefence
