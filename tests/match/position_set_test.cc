// SPDX-License-Identifier: Apache-2.0
#include "match/position_set.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <set>

namespace telefence {
namespace {

constexpr std::size_t kLength = 200;

std::set<std::size_t> members(const PositionSet& set) {
  std::set<std::size_t> out;
  set.each([&](std::size_t position) { out.insert(position); });
  return out;
}

TEST(PositionSet, FillsUpToTheEndOfTheText) {
  std::array<std::uint64_t, 4> words{};
  for (const std::size_t length : {0u, 1u, 62u, 63u, 64u, 127u, 128u, 200u}) {
    PositionSet set(words.data(), PositionSet::words_for(length));
    set.fill(length);
    EXPECT_EQ(set.size(), length + 1);
    EXPECT_TRUE(set.has(length));
  }
}

TEST(PositionSet, MovesUpLikeASetOfNumbers) {
  std::mt19937 random(1);
  std::array<std::uint64_t, 4> words{};
  for (int round = 0; round < 2000; ++round) {
    PositionSet set(words.data(), PositionSet::words_for(kLength));
    set.clear();
    std::set<std::size_t> wanted;
    const std::size_t distance = random() % 260;
    for (int i = 0; i < 20; ++i) {
      const std::size_t position = random() % (kLength + 1);
      set.add(position);
      if (position + distance < words.size() * 64) wanted.insert(position + distance);
    }
    set.move_up(distance);
    ASSERT_EQ(members(set), wanted) << distance;
    EXPECT_EQ(set.is_empty(), wanted.empty());
  }
}

}  // namespace
}  // namespace telefence
