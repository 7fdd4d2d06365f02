// SPDX-License-Identifier: Apache-2.0
#include "base/growing_memory.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace telefence {
namespace {

constexpr std::size_t kPage = GrowingMemory::kPage;

void write_counting(char* from, std::size_t first, std::size_t end) {
  for (std::size_t i = first; i < end; ++i) from[i] = static_cast<char>(i * 7 + (i >> 12));
}
bool is_counting(const char* from, std::size_t end) {
  for (std::size_t i = 0; i < end; ++i)
    if (from[i] != static_cast<char>(i * 7 + (i >> 12))) return false;
  return true;
}

TEST(GrowingMemory, KeepsWhatThereIsAndMovesNoMoreOnceItIsLarge) {
  GrowingMemory memory(16 * kPage);
  std::size_t used = 0;
  const char* where = nullptr;
  for (std::size_t octets = 100; octets <= 16 * kPage; octets = octets * 3 / 2) {
    memory.grow(octets);
    ASSERT_GE(memory.room(), octets);
    EXPECT_EQ(memory.is_reserved(), octets >= kPage);
    if (memory.is_reserved()) {
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory.data()) % kPage, 0u);
      if (where != nullptr) {
        EXPECT_EQ(memory.data(), where);
      }
      where = memory.data();
    }
    ASSERT_TRUE(is_counting(memory.data(), used)) << octets;
    write_counting(memory.data(), used, memory.room());
    used = memory.room();
  }
}

TEST(GrowingMemory, GivesBackWhatLiesBehindAndGrowsAgain) {
  GrowingMemory memory(8 * kPage);
  memory.grow(3 * kPage);
  write_counting(memory.data(), 0, 3 * kPage);
  memory.shrink(kPage + 5);
  EXPECT_GE(memory.room(), kPage + 5);
  EXPECT_LT(memory.room(), kPage + 5 + 4096);
  EXPECT_TRUE(is_counting(memory.data(), kPage + 5));
  memory.shrink(2 * kPage);  // more than there is: nothing changes
  EXPECT_LT(memory.room(), kPage + 5 + 4096);
  memory.grow(4 * kPage);
  EXPECT_TRUE(is_counting(memory.data(), kPage + 5));
  EXPECT_EQ(memory.data()[2 * kPage], 0) << "given back, so new";
}

TEST(GrowingMemory, SmallMemoryTakesWhatWasAskedFor) {
  GrowingMemory memory(8 * kPage);
  EXPECT_EQ(memory.room(), 0u);
  memory.grow(1000);
  EXPECT_EQ(memory.room(), 1000u);
  memory.grow(500);
  EXPECT_EQ(memory.room(), 1000u);
  write_counting(memory.data(), 0, 1000);
  memory.shrink(10);
  EXPECT_EQ(memory.room(), 10u);
  EXPECT_TRUE(is_counting(memory.data(), 10));
}

TEST(GrowingMemory, MovesWithItsOwner) {
  GrowingMemory one(8 * kPage), other(8 * kPage);
  one.grow(kPage);
  one.data()[5] = 'x';
  const char* const where = one.data();
  other.grow(10);
  other = std::move(one);
  EXPECT_EQ(other.data(), where);
  const GrowingMemory third(std::move(other));
  EXPECT_EQ(third.data()[5], 'x');
}

TEST(GrowingMemoryDeathTest, NeverGrowsBeyondItsMost) {
  GrowingMemory memory(kPage);
  EXPECT_DEATH(memory.grow(kPage + 1), "");
}

}  // namespace
}  // namespace telefence
