// SPDX-License-Identifier: Apache-2.0
// The queue of moments against a plain list, over items of all kinds.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <tuple>
#include <vector>

#include "signatures/expiry_queue.h"

namespace telefence {
namespace {

using Item = ExpiryQueue::Item;

auto tied(const Item& item) { return std::tie(item.expires_s, item.kind, item.length, item.flags, item.value, item.tag); }
bool comes_before(const Item& a, const Item& b) { return tied(a) < tied(b); }

Item random_item(std::mt19937_64& random) {
  Item item{.expires_s = static_cast<std::uint32_t>(1000 + random() % 500), .kind = static_cast<Item::Kind>(random() % 3), .value = random()};
  if (random() % 50 == 0) item.expires_s = 0xffffffff;
  if (item.kind == Item::Kind::kDomain) item.tag = static_cast<std::uint32_t>(random());
  if (item.kind != Item::Kind::kNumber) return item;
  item.length = static_cast<std::uint8_t>(1 + random() % 20);
  item.flags = static_cast<std::uint8_t>(random() % 4);
  return item;
}

// Takes out what is due. Each is to come as it was put in, none before one that ends earlier.
void expect_due(ExpiryQueue& queue, std::vector<Item>& listed, std::int64_t now_s) {
  std::vector<Item> due, taken;
  for (const Item& item : listed)
    if (item.expires_s <= now_s) due.push_back(item);
  std::erase_if(listed, [&](const Item& item) { return item.expires_s <= now_s; });
  EXPECT_EQ(queue.has_due(now_s), !due.empty());
  while (const auto item = queue.take_due(now_s)) {
    EXPECT_TRUE(taken.empty() || taken.back().expires_s <= item->expires_s);
    taken.push_back(*item);
  }
  EXPECT_FALSE(queue.has_due(now_s));
  std::sort(due.begin(), due.end(), comes_before);
  std::sort(taken.begin(), taken.end(), comes_before);
  EXPECT_TRUE(std::equal(due.begin(), due.end(), taken.begin(), taken.end(), [](const Item& a, const Item& b) { return tied(a) == tied(b); }));
  EXPECT_EQ(queue.size(), listed.size());
}

TEST(ExpiryQueue, GivesWhatIsDueTheEarliestFirst) {
  std::mt19937_64 random(7);
  ExpiryQueue queue;
  std::vector<Item> listed;
  for (std::int64_t now_s = 990; now_s < 1520; ++now_s) {
    for (auto more = random() % 20; more > 0; --more) {
      listed.push_back(random_item(random));
      queue.add(listed.back());
    }
    if (random() % 40 == 0) {
      for (int more = 0; more < 100; ++more) {
        listed.push_back(random_item(random));
        queue.append(listed.back(), 100);
      }
      queue.order();
    }
    if (random() % 40 == 0) {
      const auto is_wanted = [](const Item& item) { return item.value % 3 != 0; };
      std::erase_if(listed, [&](const Item& item) { return !is_wanted(item); });
      queue.keep_if(is_wanted);
    }
    if (random() % 3 == 0) expect_due(queue, listed, now_s);
    queue.shrink();
  }
  EXPECT_GT(listed.size(), 50u) << "of those that never end";
  expect_due(queue, listed, 0xffffffff);
  EXPECT_FALSE(queue.take_due(0xffffffff));
}

}  // namespace
}  // namespace telefence
