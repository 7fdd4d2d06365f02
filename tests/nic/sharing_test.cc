// SPDX-License-Identifier: Apache-2.0
#include "nic/sharing.h"

#include <gtest/gtest.h>

#include <array>
#include <set>

namespace telefence {
namespace {

TEST(Sharing, EveryWorkerServesAPortWithEnoughQueues) {
  const std::array<std::uint16_t, 1> queues{16};
  const auto shares = share_queues(queues, 4);
  ASSERT_EQ(shares[0].size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(shares[0][i].worker, i);
    EXPECT_EQ(shares[0][i].queue, i);
  }
}

TEST(Sharing, PairsWithOneQueueGoToDifferentWorkers) {
  const std::array<std::uint16_t, 3> queues{1, 1, 1};
  const auto shares = share_queues(queues, 2);
  EXPECT_EQ(shares[0][0].worker, 0u);
  EXPECT_EQ(shares[1][0].worker, 1u);
  EXPECT_EQ(shares[2][0].worker, 0u);
  for (const auto& share : shares) EXPECT_EQ(share.size(), 1u);
}

TEST(Sharing, NoWorkerServesAPairTwice) {
  const std::array<std::uint16_t, 4> queues{3, 2, 5, 1};
  for (const auto& share : share_queues(queues, 3)) {
    std::set<std::size_t> workers;
    for (const QueueShare& one : share) EXPECT_TRUE(workers.insert(one.worker).second);
  }
}

}  // namespace
}  // namespace telefence
