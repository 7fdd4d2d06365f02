// SPDX-License-Identifier: Apache-2.0
#include "signatures/log_order.h"

#include <gtest/gtest.h>

namespace telefence {
namespace {

using Finding = LogOrder::Finding;

Batch batch(std::uint64_t sequence, std::string previous = "", std::string hash = "") {
  Batch made;
  made.sequence = sequence;
  made.previous = std::move(previous);
  made.hash = std::move(hash);
  return made;
}

TEST(LogOrder, BatchesInARowThatNameEachOtherFollow) {
  LogOrder order;
  EXPECT_EQ(order.judge(batch(1)), Finding::kFollows);
  order.take("1-0", batch(1, "", "one"));
  EXPECT_EQ(order.judge(batch(2, "one")), Finding::kFollows);
  EXPECT_EQ(order.judge(batch(2)), Finding::kFollows) << "a publisher that names none";
  EXPECT_EQ(order.last(), 1u);
  EXPECT_EQ(order.last_id(), "1-0");
}

TEST(LogOrder, AMissingBatchIsAGapAndAnotherPredecessorAFork) {
  LogOrder order;
  order.take("1-0", batch(1, "", "one"));
  EXPECT_EQ(order.judge(batch(3, "two")), Finding::kGap);
  EXPECT_EQ(order.judge(batch(2, "other")), Finding::kFork);
}

TEST(LogOrder, ALogThatBeginsLaterAtFirstContactIsNoGap) {
  LogOrder order;
  EXPECT_EQ(order.judge(batch(40, "x")), Finding::kBeginsLater);
  order.take("40-0", batch(40, "x", "forty"));
  EXPECT_EQ(order.judge(batch(41, "forty")), Finding::kFollows);
  EXPECT_EQ(order.judge(batch(42)), Finding::kGap);
}

TEST(LogOrder, AnEntryThatCantBeReadIsNoGap) {
  LogOrder order;
  order.take("51-0", batch(51, "", "x"));
  order.take_unreadable("52-3");
  EXPECT_EQ(order.judge(batch(53, "whatever")), Finding::kFollows);
  EXPECT_EQ(order.last_id(), "52-3");
}

}  // namespace
}  // namespace telefence
