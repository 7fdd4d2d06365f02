// SPDX-License-Identifier: Apache-2.0
#include "signatures/journal.h"

#include <gtest/gtest.h>

#include <vector>

namespace telefence {
namespace {

using Subject = Journal::Subject;
using std::chrono::seconds;

class JournalTest : public testing::Test {
 protected:
  std::vector<std::string> lines_;
  Journal journal_{[this](const std::string& line) { lines_.push_back(line); }};
  Journal::Clock::time_point start_ = Journal::Clock::time_point(seconds(1000));
};

using Lines = std::vector<std::string>;

TEST_F(JournalTest, TheFirstLineOfEachSubjectIsWrittenAtOnce) {
  journal_.tell(Subject::kConnection, "lost", start_);
  journal_.tell(Subject::kBatch, "refused", start_);
  EXPECT_EQ(lines_, (Lines{"lost", "refused"}));
  journal_.write_due(start_ + seconds(100));
  EXPECT_EQ(lines_.size(), 2u);
}

TEST_F(JournalTest, WhatFlapsIsHeldBackAndTheNewestIsWrittenInTheEnd) {
  journal_.tell(Subject::kConnection, "lost", start_);
  for (int i = 1; i < 9; ++i)
    journal_.tell(Subject::kConnection, i % 2 == 0 ? "lost again" : "found", start_ + seconds(i));
  journal_.tell(Subject::kConnection, "found", start_ + seconds(9));
  journal_.write_due(start_ + seconds(9));
  EXPECT_EQ(lines_, Lines{"lost"});
  journal_.write_due(start_ + seconds(10));
  EXPECT_EQ(lines_, (Lines{"lost", "found (8 more lines since the last one are left out)"}));
  journal_.write_due(start_ + seconds(30));
  EXPECT_EQ(lines_.size(), 2u);
}

TEST_F(JournalTest, TheCountBeginsAnewAfterALine) {
  journal_.tell(Subject::kBatch, "a", start_);
  journal_.tell(Subject::kBatch, "b", start_ + seconds(11));
  EXPECT_EQ(lines_, (Lines{"a", "b"}));
}

TEST_F(JournalTest, ClosingWritesWhatWasHeldBack) {
  journal_.tell(Subject::kLog, "a", start_);
  journal_.tell(Subject::kLog, "b", start_);
  journal_.close();
  EXPECT_EQ(lines_, (Lines{"a", "b"}));
}

}  // namespace
}  // namespace telefence
