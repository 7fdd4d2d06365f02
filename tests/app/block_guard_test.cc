// SPDX-License-Identifier: Apache-2.0
#include "app/block_guard.h"

#include <gtest/gtest.h>

namespace telefence {
namespace {

using std::chrono::seconds;
using Jump = BlockGuard::Jump;

constexpr BlockGuard::Clock::time_point kStart{seconds(10'000)};

// A node whose messages are counted by the second.
class Node {
 public:
  GuardOptions options;
  BlockGuard guard;
  std::uint64_t version = 1;
  int second = 0;

  // `read` messages a second of DNS, of which `blocked` are; the other channel stays as it is.
  std::optional<Jump> run(int for_seconds, std::uint64_t read, std::uint64_t blocked) {
    std::optional<Jump> jump;
    for (int i = 0; i < for_seconds; ++i) {
      dns_read_ += read;
      dns_blocked_ += blocked;
      sms_ += 50;
      auto one = guard.look(options, {kStart + seconds(second++), version, {{"dns", dns_read_, dns_blocked_}, {"sms", sms_, sms_ / 10}}});
      if (one) guard.settle();
      if (one && !jump) jump = one;
    }
    return jump;
  }

 private:
  std::uint64_t dns_read_ = 1'000'000, dns_blocked_ = 50'000, sms_ = 70'000;
};

TEST(BlockGuard, AVersionThatBlocksMostIsFoundWithTheOneBeforeIt) {
  Node node;
  EXPECT_FALSE(node.run(30, 1000, 2));
  node.version = 2;
  const auto jump = node.run(3, 1000, 600);
  ASSERT_TRUE(jump);
  EXPECT_EQ(jump->channel, "dns");
  EXPECT_EQ(jump->version, 2u);
  EXPECT_EQ(jump->before, 1u);
  EXPECT_EQ(to_text(*jump), "dns: 0.2% of messages were blocked, and 60.0% after version 2 of the signatures came in force");
  EXPECT_FALSE(node.run(20, 1000, 600)) << "told once";
}

TEST(BlockGuard, ALittleMoreIsNoJump) {
  Node node;
  EXPECT_FALSE(node.run(30, 1000, 0));
  node.version = 2;
  EXPECT_FALSE(node.run(20, 1000, 40)) << "4%: less than 5 times 1%, though it was nothing before";
}

TEST(BlockGuard, AShareThatWasHighMayRiseByMore) {
  Node node;
  EXPECT_FALSE(node.run(30, 1000, 100));
  node.version = 2;
  EXPECT_FALSE(node.run(20, 1000, 450)) << "4.5 times";
  node.version = 3;
  EXPECT_FALSE(node.run(20, 1000, 900)) << "twice";
}

TEST(BlockGuard, AFloodWithoutANewVersionIsNoJump) {
  Node node;
  EXPECT_FALSE(node.run(30, 1000, 2));
  EXPECT_FALSE(node.run(30, 20'000, 19'000));
  node.version = 2;
  EXPECT_FALSE(node.run(5, 20'000, 19'000)) << "it was so before";
}

TEST(BlockGuard, WhatComesLongAfterIsNotPutDownToTheVersion) {
  Node node;
  EXPECT_FALSE(node.run(30, 1000, 2));
  node.version = 2;
  EXPECT_FALSE(node.run(11, 1000, 2));
  EXPECT_FALSE(node.run(10, 1000, 900));
}

TEST(BlockGuard, AHarmlessVersionShortlyBeforeTheHarmfulOneStays) {
  Node node;
  EXPECT_FALSE(node.run(30, 1000, 10));
  node.version = 2;
  EXPECT_FALSE(node.run(4, 1000, 20));
  node.version = 3;
  const auto jump = node.run(3, 1000, 600);
  ASSERT_TRUE(jump);
  EXPECT_EQ(jump->before, 2u);
}

TEST(BlockGuard, TooFewMessagesSayNothing) {
  Node node;
  EXPECT_FALSE(node.run(3, 10, 0));
  node.version = 2;
  EXPECT_FALSE(node.run(5, 1000, 900)) << "30 before";
  Node quiet;
  EXPECT_FALSE(quiet.run(30, 10, 0));
  quiet.version = 2;
  EXPECT_FALSE(quiet.run(9, 10, 10)) << "90 blocked";
}

TEST(BlockGuard, WhenVersionsComeEachSecondTheOneBeforeTheJumpIsNamed) {
  Node node;
  for (int i = 0; i < 30; ++i, ++node.version) EXPECT_FALSE(node.run(1, 1000, 3));
  const std::uint64_t good = node.version - 1;
  std::optional<Jump> jump;
  for (int i = 0; i < 5 && !jump; ++i, ++node.version) jump = node.run(1, 1000, 700);
  ASSERT_TRUE(jump);
  EXPECT_LE(jump->before, good);
  EXPECT_GE(jump->before, good - 10) << "not further back than the window";
}

TEST(BlockGuard, AVersionChosenByHandIsTakenAsItIs) {
  Node node;
  EXPECT_FALSE(node.run(30, 1000, 2));
  node.version = 2;
  node.guard.forget();
  EXPECT_FALSE(node.run(20, 1000, 600));
  node.version = 1;
  EXPECT_FALSE(node.run(20, 1000, 2));
  EXPECT_FALSE(node.run(1, 1000, 900)) << "going back is no change to watch";
}

TEST(BlockGuard, TheFirstSignaturesOfANodeAreNoJumpAndOffIsOff) {
  Node node;
  node.version = 0;
  EXPECT_FALSE(node.run(30, 1000, 0));
  node.version = 1;
  EXPECT_FALSE(node.run(5, 1000, 900));
  Node off;
  off.options.action = GuardOptions::Action::kOff;
  EXPECT_FALSE(off.run(30, 1000, 0));
  off.version = 2;
  EXPECT_FALSE(off.run(5, 1000, 900));
}

}  // namespace
}  // namespace telefence
