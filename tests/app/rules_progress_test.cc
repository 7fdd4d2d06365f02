// SPDX-License-Identifier: Apache-2.0
#include "app/rules_progress.h"

#include <gtest/gtest.h>

namespace telefence {
namespace {

TEST(ProgressLineTest, HasShareLinesRateAndTimeLeft) {
  EXPECT_EQ(progress_line(Language::kEnglish, "list.txt", 50, 200, 1'234'567, 2.0),
            "list.txt  [=====               ]  25 %  1,234,567 lines  617 k/s  6 s left");
  EXPECT_EQ(progress_line(Language::kChinese, "list.txt", 50, 200, 1'234'567, 2.0),
            "list.txt  [=====               ]  25 %  1,234,567 行  617 k/s  剩余 6 秒");
}

TEST(ProgressLineTest, FastOnesAreToldInMillions) {
  EXPECT_NE(progress_line(Language::kEnglish, "a", 1, 2, 3'000'000, 1.0).find("  3.00 M/s  1 s left"), std::string::npos);
}

TEST(ProgressLineTest, WithoutASizeThereIsNoShareAndNoEnd) {
  EXPECT_EQ(progress_line(Language::kEnglish, "-", 50, 0, 10'000, 2.0), "-  10,000 lines  5 k/s");
}

TEST(ProgressLineTest, TheBeginningHasNoRateAndTheEndNoMoreThanAll) {
  EXPECT_EQ(progress_line(Language::kEnglish, "a", 0, 100, 0, 0.0), "a  [                    ]  0 %  0 lines");
  // What was packed unpacks to more than was thought, or the file has grown since.
  const std::string end = progress_line(Language::kEnglish, "a", 150, 100, 1, 1.0);
  EXPECT_NE(end.find("[====================]  100 %  1 line  "), std::string::npos) << end;
  EXPECT_NE(end.find("0 s left"), std::string::npos) << end;
}

}  // namespace
}  // namespace telefence
