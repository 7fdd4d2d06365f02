// SPDX-License-Identifier: Apache-2.0
#include "decide/never_block.h"

#include <gtest/gtest.h>

#include "normalise/phone.h"

namespace telefence {
namespace {

bool never(std::string_view text) { return never_blocked(canonical_number(text, "86")) != nullptr; }

TEST(NeverBlock, EmergencyFraudLineAndBankNumbersAreListed) {
  for (const char* number : {"110", "119", "120", "122", "112", "12110", "12381", "96110", "12345", "12321", "12315", "12306", "10086", "10010",
                             "10000", "10099", "95588", "95533", "95599", "95566", "911", "999", "+8695588", "008610086"})
    EXPECT_TRUE(never(number)) << number;
}

TEST(NeverBlock, OtherNumbersMayBeBlocked) {
  for (const char* number : {"13812345678", "955880", "9558", "0110", "+110", "00110", "95013", "106955881234", "01195588", "10086123", "+110086"})
    EXPECT_FALSE(never(number)) << number;
  EXPECT_EQ(never_blocked(PhoneDigits{}), nullptr);
}

// As they are dialled to reach those of another place; no subscriber has so few digits.
TEST(NeverBlock, NumbersBehindAnAreaCodeAreTheSame) {
  for (const char* number : {"0755110", "010110", "021119", "01096110", "+861096110", "075596110", "+8675596110",
                             "010-95588", "12110755", "12110010", "0086 755 96110"})
    EXPECT_TRUE(never(number)) << number;
  for (const char* number : {"955110", "961110", "755110", "666110", "0955111", "01195588", "0110110", "00755110", "12110", "075511", "0755110110", "01065551234", "121107551",
                             "12119755", "+867551101", "+1755110", "+44755110", "6110110"}) {
    const bool is_listed_itself = std::string_view(number) == "12110";
    EXPECT_EQ(never(number), is_listed_itself) << number;
  }
}

TEST(NeverBlock, EveryListedNumberIsFoundAndNamedInTwoLanguages) {
  for (const NeverBlockNumber& number : never_block_numbers()) {
    EXPECT_EQ(never_blocked(canonical_number(number.digits, "86")), &number) << number.digits;
    EXPECT_FALSE(number.what_en.empty());
    EXPECT_FALSE(number.what_zh.empty());
  }
}

TEST(RefuseDomain, PublicSuffixesAndTopLevelDomainsAreRefusedWithTheReason) {
  EXPECT_EQ(refuse_domain("com.cn", true), "com.cn is a public suffix: every site under it would be blocked");
  EXPECT_NE(refuse_domain("github.io", false).find("public suffix"), std::string::npos);
  EXPECT_NE(refuse_domain("com", true).find("top-level domain"), std::string::npos);
  EXPECT_NE(refuse_domain("xn--fiqs8s", true).find("中国"), std::string::npos);
  EXPECT_NE(refuse_domain("nosuchtld", true), "");
  EXPECT_EQ(refuse_domain("evil.com.cn", true), "");
  EXPECT_EQ(refuse_domain("evil.github.io", true), "");
}

}  // namespace
}  // namespace telefence
