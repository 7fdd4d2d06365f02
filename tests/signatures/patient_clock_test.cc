// SPDX-License-Identifier: Apache-2.0
#include "signatures/patient_clock.h"

#include <gtest/gtest.h>

namespace telefence {
namespace {

using std::chrono::seconds;

constexpr std::int64_t kYear = 365 * 86'400;

class PatientClockTest : public testing::Test {
 protected:
  std::int64_t ask(std::int64_t wall_s, seconds after) { return clock_.now_s(wall_s, start_ + after); }
  PatientClock clock_;
  PatientClock::Steady start_ = PatientClock::Steady(seconds(1000));
};

TEST_F(PatientClockTest, GoesWithTheWallClock) {
  EXPECT_EQ(ask(5000, seconds(0)), 5000);
  EXPECT_EQ(ask(5001, seconds(1)), 5001);
  EXPECT_EQ(ask(5013, seconds(10)), 5013) << "drift";
}

TEST_F(PatientClockTest, ALeapAheadThatIsTakenBackHasNoEffect) {
  ask(5000, seconds(0));
  EXPECT_EQ(ask(5001 + kYear, seconds(1)), 5001);
  EXPECT_EQ(ask(5000 + kYear + 3000, seconds(3000)), 8000);
  EXPECT_EQ(ask(8001, seconds(3001)), 8001);
  EXPECT_EQ(ask(8002 + kYear, seconds(3002)), 8002) << "the patience begins anew";
  EXPECT_EQ(ask(8000 + kYear + 3000, seconds(6000)), 11000);
}

TEST_F(PatientClockTest, OneThatStaysIsBelieved) {
  ask(5000, seconds(0));
  EXPECT_EQ(ask(5001 + kYear, seconds(1)), 5001);
  EXPECT_EQ(ask(5001 + kYear + 3600, seconds(1) + PatientClock::kPatience), 5001 + kYear + 3600);
  EXPECT_EQ(ask(5002 + kYear + 3600, seconds(2) + PatientClock::kPatience), 5002 + kYear + 3600);
}

TEST_F(PatientClockTest, GoingBackIsBelievedAtOnce) {
  ask(5000, seconds(0));
  EXPECT_EQ(ask(4000, seconds(1)), 4000);
}

}  // namespace
}  // namespace telefence
