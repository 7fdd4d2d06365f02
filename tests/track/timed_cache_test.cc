// SPDX-License-Identifier: Apache-2.0
#include "track/timed_cache.h"

#include <gtest/gtest.h>

namespace telefence {
namespace {

TEST(TimedCache, FindsWhatWasPutUntilItsTime) {
  TimedCache<int> cache(64);
  cache.put(42, 7, 100, 200);
  ASSERT_NE(cache.find(42, 150), nullptr);
  EXPECT_EQ(*cache.find(42, 150), 7);
  EXPECT_EQ(cache.find(42, 200), nullptr);
  EXPECT_EQ(cache.find(43, 150), nullptr);
}

TEST(TimedCache, PutAgainRenewsInsteadOfDoubling) {
  TimedCache<int> cache(TimedCache<int>::kWays);
  for (std::uint64_t i = 0; i < 10; ++i) cache.put(5, static_cast<int>(i), i, i + 100);
  EXPECT_EQ(*cache.find(5, 10), 9);
  EXPECT_EQ(cache.evicted(), 0u);
}

TEST(TimedCache, FullSetGivesUpTheEntryThatEndsFirst) {
  TimedCache<int> cache(TimedCache<int>::kWays);  // a single set
  for (std::uint64_t key = 1; key <= TimedCache<int>::kWays; ++key) cache.put(key, 1, 0, 1000 + key);
  cache.put(99, 2, 0, 5000);
  EXPECT_EQ(cache.find(1, 10), nullptr);
  EXPECT_NE(cache.find(2, 10), nullptr);
  EXPECT_NE(cache.find(99, 10), nullptr);
  EXPECT_EQ(cache.evicted(), 1u);
}

TEST(TimedCache, ExpiredEntryGivesWayUncounted) {
  TimedCache<int> cache(TimedCache<int>::kWays);
  for (std::uint64_t key = 1; key <= TimedCache<int>::kWays; ++key) cache.put(key, 1, 0, 50);
  cache.put(99, 2, 60, 100);
  EXPECT_EQ(cache.evicted(), 0u);
}

}  // namespace
}  // namespace telefence
