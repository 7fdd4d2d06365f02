// SPDX-License-Identifier: Apache-2.0
#include "track/lru_table.h"

#include <gtest/gtest.h>

#include <list>
#include <map>
#include <random>

namespace telefence {
namespace {

struct Entry {
  std::uint64_t value = 0;
};
const auto kNobody = [](Entry&) { FAIL() << "nothing has to give way"; };

TEST(LruTable, TheEntryUsedLongestAgoGivesWay) {
  LruTable<Entry> table(3);
  for (std::uint64_t key = 1; key <= 3; ++key) table.insert(key << 30, kNobody).value = key;
  table.touch(*table.find(std::uint64_t{1} << 30));
  std::uint64_t left = 0;
  table.insert(std::uint64_t{4} << 30, [&](Entry& entry) { left = entry.value; }).value = 4;
  EXPECT_EQ(left, 2u);
  EXPECT_EQ(table.find(std::uint64_t{2} << 30), nullptr);
  EXPECT_NE(table.find(std::uint64_t{1} << 30), nullptr);
  EXPECT_EQ(table.evicted(), 1u);
  EXPECT_EQ(table.size(), 3u);
}

TEST(LruTable, AgreesWithAMapAndAListOverRandomUse) {
  std::mt19937_64 random(9);
  LruTable<Entry> table(50);
  std::map<std::uint64_t, std::uint64_t> expected;
  std::list<std::uint64_t> order;  // oldest first
  for (int i = 0; i < 200'000; ++i) {
    // Few homes, so that the index has long runs.
    const std::uint64_t key = (random() % 4) << 20 | (random() % 40) << 40 | 1;
    Entry* found = table.find(key);
    ASSERT_EQ(found != nullptr, expected.contains(key));
    if (found != nullptr) {
      ASSERT_EQ(found->value, expected[key]);
    }
    switch (random() % 3) {
      case 0:
        if (found == nullptr) {
          const bool full = expected.size() == 50;
          bool left = false;
          table.insert(key, [&](Entry& entry) {
            left = true;
            EXPECT_EQ(entry.value, expected[order.front()]);
            expected.erase(order.front());
            order.pop_front();
          }).value = static_cast<std::uint64_t>(i);
          ASSERT_EQ(left, full);
          expected[key] = static_cast<std::uint64_t>(i);
          order.push_back(key);
        }
        break;
      case 1:
        if (found != nullptr) {
          table.touch(*found);
          order.remove(key);
          order.push_back(key);
        }
        break;
      default:
        if (found != nullptr && random() % 2 == 0) {
          table.erase(*found);
          order.remove(key);
          expected.erase(key);
        }
    }
    ASSERT_EQ(table.size(), expected.size());
    if (!order.empty()) {
      ASSERT_EQ(table.key_of(*table.oldest()), order.front());
    }
  }
}

}  // namespace
}  // namespace telefence
