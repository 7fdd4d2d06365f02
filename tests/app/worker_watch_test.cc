// SPDX-License-Identifier: Apache-2.0
#include "app/worker_watch.h"

#include <gtest/gtest.h>

namespace telefence {
namespace {

using std::chrono::seconds;

TEST(WorkerWatch, AWorkerThatStandsStillIsNamedAndForgottenWhenItTurns) {
  const WorkerWatch::Clock::time_point start{};
  WorkerWatch watch(2, start);
  EXPECT_TRUE(watch.look(start + seconds(1)).empty());
  watch.turn(0);
  watch.turn(1);
  EXPECT_TRUE(watch.look(start + seconds(2)).empty());
  watch.turn(1);
  EXPECT_TRUE(watch.look(start + seconds(5)).empty()) << "three seconds are not more than three";
  const auto still = watch.look(start + seconds(6));
  ASSERT_EQ(still.size(), 1u);
  EXPECT_EQ(still[0].worker, 0u);
  EXPECT_EQ(still[0].seconds, 4);
  watch.turn(0);
  watch.turn(1);
  EXPECT_TRUE(watch.look(start + seconds(60)).empty());
}

}  // namespace
}  // namespace telefence
