// SPDX-License-Identifier: Apache-2.0
#include "signatures/answer_pace.h"

#include <gtest/gtest.h>

#include <thread>

namespace telefence {
namespace {

using namespace std::chrono_literals;

constexpr AnswerPace::Steady kStart{1000s};

TEST(AnswerPaceTest, SoManyInASecond) {
  AnswerPace pace;
  for (std::uint32_t i = 0; i < AnswerPace::kMostInSecond; ++i) EXPECT_TRUE(pace.takes(kStart + i * 100ms));
  EXPECT_FALSE(pace.takes(kStart + 999ms));
  EXPECT_TRUE(pace.takes(kStart + 1s));
}

TEST(AnswerPaceTest, RestsFourTimesWhatALongOneRan) {
  AnswerPace pace;
  ASSERT_TRUE(pace.takes(kStart));
  pace.made(kStart + 100ms, 100ms);
  EXPECT_FALSE(pace.takes(kStart + 499ms));
  EXPECT_TRUE(pace.takes(kStart + 500ms));
  pace.made(kStart + 550ms, 50ms);
  EXPECT_TRUE(pace.takes(kStart + 550ms));
}

// Seen on a busy machine: an answer of a few milliseconds took half a second, and the next question went without one.
TEST(AnswerPaceTest, DoesNotRestForTimeThatOthersRan) {
  AnswerPace pace;
  ASSERT_TRUE(pace.takes(kStart));
  pace.made(kStart + 500ms, 5ms);
  EXPECT_TRUE(pace.takes(kStart + 500ms));
}

TEST(AnswerPaceTest, AThreadThatSleepsDoesNotRun) {
  const std::chrono::nanoseconds before = thread_time();
  std::this_thread::sleep_for(60ms);
  const std::chrono::nanoseconds slept = thread_time() - before;
  EXPECT_LT(slept, 50ms);
  volatile unsigned turns = 0;
  while (thread_time() - before < slept + 5ms) turns = turns + 1;
  EXPECT_GT(turns, 0u);
}

}  // namespace
}  // namespace telefence
