// SPDX-License-Identifier: Apache-2.0
#include "pipeline/load_gauge.h"

#include <gtest/gtest.h>

namespace telefence {
namespace {

constexpr std::uint64_t kMs = 1'000'000;
constexpr std::size_t kMost = 5;
constexpr std::uint32_t kBurst = 64;
constexpr int kProof = LoadGauge::kRefilled / kBurst;  // full polls
constexpr std::uint32_t kRing = 2048;  // frames that the kernel keeps for us: 4 MiB in frames of 2 KiB

class Gauge : public ::testing::Test {
 protected:
  // One turn: a poll of each of two queues, of which the first gives so many frames.
  void turn(std::uint32_t frames, unsigned percent = 0) {
    gauge.note_poll(0, frames, frames == kBurst, percent);
    gauge.note_poll(1, 3, false, 0);
    now_ns += 50'000;
    if (gauge.is_due()) gauge.weigh(now_ns, kMost);
  }
  void turns(int count, std::uint32_t frames, unsigned percent = 0) {
    for (int i = 0; i < count; ++i) turn(frames, percent);
  }
  LoadGauge gauge;
  std::uint64_t now_ns = 1000 * kMs;
};

TEST_F(Gauge, OneThatKeepsUpIsNeverWeighed) {
  for (int i = 0; i < 10'000; ++i) {
    turns(kProof - 1, kBurst);  // what had piled up while it was away, but no more than a queue holds
    EXPECT_FALSE(gauge.is_due()) << i;
    turn(kBurst - 1);
  }
  EXPECT_EQ(gauge.level(), 0u);
}

// The machine stood still until the kernel's ring was full. Frames go on coming while it is emptied: some for each hundred taken.
TEST_F(Gauge, OnePauseOfTheMachineIsNoOverloadForAWorkerThatHasTimeLeft) {
  for (const std::uint32_t coming : {0u, 20u, 45u}) {
    for (int pause = 0; pause < 50; ++pause) {
      std::uint64_t waiting = 100 * std::uint64_t{kRing};  // hundredths of frames
      while (waiting >= 100 * kBurst) {
        turn(kBurst);
        waiting = waiting - 100 * kBurst + coming * kBurst;
      }
      turn(static_cast<std::uint32_t>(waiting / 100));
      EXPECT_EQ(gauge.level(), 0u) << coming << " of 100, pause " << pause;
    }
  }
  turns(2 * kRing / kBurst, kBurst);  // as many come as are taken
  EXPECT_EQ(gauge.level(), 1u);
}

TEST_F(Gauge, AQueueThatIsFilledWhileItIsEmptiedRaisesOneLevelAfterTheOther) {
  turns(kProof - 1, kBurst);
  EXPECT_EQ(gauge.level(), 0u);
  turn(kBurst);
  EXPECT_EQ(gauge.level(), 1u);
  turns(kProof - 1, kBurst);
  EXPECT_EQ(gauge.level(), 1u) << "each level needs a proof of its own";
  turn(kBurst);
  EXPECT_EQ(gauge.level(), 2u);
  turns(kProof * 3, kBurst);
  EXPECT_EQ(gauge.level(), kMost);
  EXPECT_EQ(gauge.beyond(), 0u);
  turns(kProof * 2, kBurst);
  EXPECT_EQ(gauge.level(), kMost);
  EXPECT_EQ(gauge.beyond(), 2u);
}

TEST_F(Gauge, WhereTheDriverTellsHowFullItIsItDoesNotWaitForTheRest) {
  turns(3, kBurst, 90);
  EXPECT_EQ(gauge.level(), 0u) << "a burst of packets is no overload";
  turn(kBurst, 90);
  EXPECT_EQ(gauge.level(), 1u);
  turns(10, kBurst, 10);
  EXPECT_EQ(gauge.level(), 1u);
}

TEST_F(Gauge, ItGoesDownOneLevelForEachTimeOfCalm) {
  turns(kProof * 2, kBurst);
  ASSERT_EQ(gauge.level(), 2u);
  turns(3999, 10);  // 199.95 ms
  EXPECT_EQ(gauge.level(), 2u);
  turns(2, 10);
  EXPECT_EQ(gauge.level(), 1u);
  turns(3998, 10);
  EXPECT_EQ(gauge.level(), 1u);
  turns(2, 10);
  EXPECT_EQ(gauge.level(), 0u);
}

TEST_F(Gauge, PressureBelowTheProofKeepsTheLevel) {
  turns(kProof, kBurst);
  ASSERT_EQ(gauge.level(), 1u);
  for (int i = 0; i < 1000; ++i) {  // 550 ms
    turns(10, kBurst);
    turn(5);
  }
  EXPECT_EQ(gauge.level(), 1u);
}

TEST_F(Gauge, ALongSilenceEndsAllLevelsAtOnce) {
  turns(kProof * 4, kBurst);
  ASSERT_EQ(gauge.level(), 4u);
  now_ns += 900 * kMs;
  turn(1);
  EXPECT_EQ(gauge.level(), 0u);
}

TEST_F(Gauge, WhereNothingMayBeShedThereIsNoLevel) {
  for (int i = 0; i < kProof; ++i) gauge.note_poll(0, kBurst, true, 0);
  gauge.weigh(now_ns, 0);
  EXPECT_EQ(gauge.level(), 0u);
  EXPECT_EQ(gauge.beyond(), 1u);
}

}  // namespace
}  // namespace telefence
