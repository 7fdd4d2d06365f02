// SPDX-License-Identifier: Apache-2.0
#include "base/decimal.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "support/guarded_bytes.h"

namespace telefence {
namespace {

TEST(Decimal, DigitsOfEveryLengthAreWorthWhatTheySay) {
  std::mt19937_64 random(7);
  EXPECT_EQ(decimal_value(""), 0u);
  for (std::size_t length = 1; length <= 20; ++length)
    for (int round = 0; round < 2000; ++round) {
      std::string digits;
      while (digits.size() < length) digits += static_cast<char>('0' + random() % 10);
      if (length == 20) digits.replace(0, 2, "10");  // more would not fit
      ASSERT_EQ(decimal_value(digits), std::stoull(digits)) << digits;
    }
  for (const char* edge : {"0", "9", "00000000", "99999999", "099999999", "999999999", "0000000000000000", "9999999999999999",
                           "18446744073709551615"})
    EXPECT_EQ(decimal_value(edge), std::stoull(edge)) << edge;
}

TEST(Decimal, NothingBesideTheDigitsIsRead) {
  testing::GuardedBytes memory;
  const std::string all = "12345678901234567890";
  for (std::size_t length = 1; length <= all.size(); ++length) {
    const std::string digits = all.substr(0, length);
    EXPECT_EQ(decimal_value(as_text(memory.copy(as_bytes(digits)))), std::stoull(digits));
  }
}

}  // namespace
}  // namespace telefence
