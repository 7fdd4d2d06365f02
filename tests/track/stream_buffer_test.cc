// SPDX-License-Identifier: Apache-2.0
#include "track/stream_buffer.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace telefence {
namespace {

constexpr std::uint32_t kLimit = 100'000;

class Buffer : public testing::Test {
 protected:
  ~Buffer() override { buffer.release(pool); }
  StreamBuffer::Put put(std::uint64_t offset, std::string_view text, std::uint32_t limit = kLimit) {
    return buffer.put(offset, as_bytes(text), limit, pool);
  }
  std::string text() { return std::string(as_text(buffer.view(buffer.base(), buffer.contiguous_end()))); }

  BufferPool pool{BufferPool::kLargest};
  StreamBuffer buffer;
};

TEST_F(Buffer, RoomIsWhatFollowsUntilBytesAreMoved) {
  EXPECT_EQ(buffer.room(), 0u);
  put(0, std::string(100, 'a'));
  EXPECT_EQ(buffer.room(), BufferPool::kSizes[0] - 100);
  const std::uint8_t* const bytes = buffer.view(0, 100).data();
  buffer.trim(50, pool);
  EXPECT_EQ(buffer.room(), BufferPool::kSizes[0] - 100) << "what is trimmed stays where it is";
  put(100, std::string(buffer.room(), 'b'));
  EXPECT_EQ(buffer.view(50, 100).data(), bytes + 50);
  EXPECT_EQ(buffer.room(), 0u);
  put(buffer.contiguous_end(), "c");
  EXPECT_NE(buffer.view(50, 100).data(), bytes + 50);
  EXPECT_GT(buffer.room(), 0u);
  buffer.trim(buffer.contiguous_end(), pool);
  EXPECT_EQ(buffer.room(), 0u) << "no block, no room";
}

TEST(BufferPool, GivesOutAllItHasAndTakesItBack) {
  BufferPool pool(1);
  EXPECT_EQ(pool.total(), BufferPool::kLargest);
  std::vector<BufferPool::Block> blocks;
  while (true) {
    const BufferPool::Block block = pool.take(1);
    if (block.bytes == nullptr) break;
    block.bytes[0] = block.bytes[block.size - 1] = 7;
    blocks.push_back(block);
  }
  EXPECT_EQ(blocks.size(), BufferPool::kLargest / BufferPool::kSizes[0]);
  EXPECT_EQ(pool.used(), pool.total());
  for (const BufferPool::Block& block : blocks) pool.give_back(block);
  EXPECT_EQ(pool.take(1).bytes, nullptr) << "somebody may still look at them";
  pool.reclaim();
  EXPECT_EQ(pool.used(), 0u);
  EXPECT_NE(pool.take(2048).bytes, nullptr);
  EXPECT_EQ(pool.take(BufferPool::kLargest + 1).bytes, nullptr);
}

// Whoever makes it be cut into small pieces takes the large ones away no longer than he uses those.
TEST(BufferPool, PiecesAreJoinedWhenALargeOneIsWanted) {
  BufferPool pool(2 * std::size_t{BufferPool::kLargest});
  std::vector<BufferPool::Block> blocks;
  for (BufferPool::Block block = pool.take(1); block.bytes != nullptr; block = pool.take(1)) blocks.push_back(block);
  EXPECT_EQ(blocks.size(), 2u * BufferPool::kLargest / BufferPool::kSizes[0]);
  EXPECT_EQ(pool.take(BufferPool::kLargest).bytes, nullptr);
  const BufferPool::Block kept = blocks[17];
  for (const BufferPool::Block& block : blocks)
    if (block.bytes != kept.bytes) pool.give_back(block);
  pool.reclaim();
  const BufferPool::Block large = pool.take(BufferPool::kLargest);
  ASSERT_NE(large.bytes, nullptr);
  EXPECT_EQ(pool.take(BufferPool::kLargest).bytes, nullptr) << "a piece of the other one is in use";
  const BufferPool::Block half = pool.take(131072);
  ASSERT_NE(half.bytes, nullptr);
  EXPECT_TRUE(kept.bytes < half.bytes || kept.bytes >= half.bytes + half.size);
  EXPECT_TRUE(kept.bytes < large.bytes || kept.bytes >= large.bytes + large.size);
  std::size_t rest = 0;
  while (pool.take(1).bytes != nullptr) ++rest;
  EXPECT_EQ(rest, (BufferPool::kLargest - half.size) / BufferPool::kSizes[0] - 1);
}

TEST(BufferPool, BlocksNeverOverlap) {
  BufferPool pool(4 * BufferPool::kLargest);
  std::mt19937 random(3);
  std::map<std::uint8_t*, BufferPool::Block> taken;
  for (int i = 0; i < 20000; ++i) {
    if (random() % 2 == 0 && !taken.empty()) {
      auto one = taken.begin();
      std::advance(one, random() % taken.size());
      pool.give_back(one->second);
      pool.reclaim();
      taken.erase(one);
      continue;
    }
    const auto size = static_cast<std::uint32_t>(1 + random() % (random() % 4 == 0 ? 200000 : 9000));
    const BufferPool::Block block = pool.take(size);
    if (block.bytes == nullptr) continue;
    ASSERT_GE(block.size, size);
    const auto [place, is_new] = taken.emplace(block.bytes, block);
    ASSERT_TRUE(is_new);
    if (place != taken.begin()) {
      ASSERT_LE(std::prev(place)->first + std::prev(place)->second.size, block.bytes);
    }
    if (std::next(place) != taken.end()) {
      ASSERT_LE(block.bytes + block.size, std::next(place)->first);
    }
  }
}

TEST_F(Buffer, KeepsOrderWhateverTheOrderOfArrival) {
  buffer.start(1000, pool);
  EXPECT_TRUE(put(1006, "world").stored);
  EXPECT_TRUE(buffer.has_holes());
  EXPECT_EQ(buffer.contiguous_end(), 1000u);
  EXPECT_TRUE(put(1000, "hello ").stored);
  EXPECT_FALSE(buffer.has_holes());
  EXPECT_EQ(text(), "hello world");
}

TEST_F(Buffer, TheFirstCopyOfAByteStays) {
  buffer.start(0, pool);
  put(0, "abc");
  const auto again = put(1, "bXd");
  EXPECT_TRUE(again.conflicts);
  EXPECT_EQ(text(), "abcd");
  EXPECT_FALSE(put(0, "abcd").conflicts);
}

TEST_F(Buffer, TrimmedBytesAreGoneAndTheirCopiesIgnored) {
  buffer.start(0, pool);
  put(0, "abcdef");
  buffer.trim(4, pool);
  EXPECT_EQ(text(), "ef");
  EXPECT_TRUE(put(0, "XXXXefgh").stored);
  EXPECT_EQ(text(), "efgh");
  buffer.trim(8, pool);
  pool.reclaim();
  EXPECT_EQ(pool.used(), 0u) << "nothing is kept, no memory is held";
  put(8, "i");
  EXPECT_EQ(text(), "i");
}

TEST_F(Buffer, LimitsHoldAndLoseNothingThatWasThere) {
  buffer.start(0, pool);
  put(0, "abc");
  EXPECT_FALSE(put(3, std::string(100, 'x'), 50).stored);
  EXPECT_EQ(text(), "abc");
}

TEST_F(Buffer, AgreesWithAMapOverRandomCutsAndOrders) {
  std::mt19937 random(5);
  for (int round = 0; round < 3000; ++round) {
    buffer.start(random() % 1000, pool);
    pool.reclaim();
    const std::uint64_t first = buffer.base();
    std::map<std::uint64_t, char> expected;
    std::uint64_t trimmed = first;
    const std::size_t longest = 1 + random() % 60;
    for (int i = 0; i < 120; ++i) {
      const std::uint64_t offset = first + random() % 300;
      std::string bytes(1 + random() % longest, ' ');
      for (char& byte : bytes) byte = static_cast<char>('a' + random() % 3);
      bool conflicts = false;
      for (std::size_t at = 0; at < bytes.size(); ++at) {
        const auto known = expected.find(offset + at);
        conflicts = conflicts || (offset + at >= trimmed && known != expected.end() && known->second != bytes[at]);
      }
      const auto result = put(offset, bytes);
      if (!result.stored) continue;
      ASSERT_EQ(result.conflicts, conflicts);
      for (std::size_t at = 0; at < bytes.size(); ++at)
        if (offset + at >= trimmed) expected.emplace(offset + at, bytes[at]);
      std::uint64_t end = trimmed;
      std::string wanted;
      for (auto it = expected.find(trimmed); it != expected.end() && it->first == end; ++it, ++end) wanted += it->second;
      ASSERT_EQ(buffer.contiguous_end(), end);
      ASSERT_EQ(text(), wanted);
      if (random() % 4 == 0) {
        trimmed += random() % (end - trimmed + 1);
        buffer.trim(trimmed, pool);
        expected.erase(expected.begin(), expected.lower_bound(trimmed));
      }
    }
  }
}

TEST_F(Buffer, ManyHolesTakeMemoryOfTheirOwnUntilItIsGivenBack) {
  buffer.start(0, pool);
  std::string wanted;
  for (std::size_t i = 0; i <= StreamBuffer::kMostIslands; ++i) wanted += {static_cast<char>('a' + i % 26), static_cast<char>('A' + i % 26)};
  const std::string_view all = wanted;
  for (std::size_t at = 1; at < wanted.size(); at += 2) {
    const auto put = buffer.put(at, as_bytes(all.substr(at, 1)), kLimit, pool);
    EXPECT_EQ(put.stored, at < 2 * StreamBuffer::kMostIslands) << at;
    EXPECT_TRUE(put.had_room);
    EXPECT_EQ(buffer.island_count(), std::min(at / 2 + 1, StreamBuffer::kMostIslands));
  }
  EXPECT_EQ(pool.used(), 2 * BufferPool::kSizes[0]);
  EXPECT_TRUE(buffer.put(10, as_bytes("#X"), kLimit, pool).conflicts) << "what joins others is one more no longer";
  EXPECT_EQ(buffer.island_count(), StreamBuffer::kMostIslands - 1);
  wanted[10] = '#';
  for (std::size_t at = 0; at < wanted.size(); at += 2)
    if (at != 10) put(at, all.substr(at, 1));
  put(wanted.size() - 1, all.substr(wanted.size() - 1));
  EXPECT_EQ(text(), wanted);
  EXPECT_FALSE(buffer.has_holes());
  buffer.trim(wanted.size(), pool);
  pool.reclaim();
  EXPECT_EQ(pool.used(), 0u);
}

TEST_F(Buffer, WithoutMemoryForMoreHolesThereAreFew) {
  BufferPool small(1);
  StreamBuffer one;
  one.start(0, small);
  ASSERT_TRUE(one.put(1, as_bytes("x"), kLimit, small).stored);
  std::vector<BufferPool::Block> taken;
  while (true) {
    const BufferPool::Block block = small.take(1);
    if (block.bytes == nullptr) break;
    taken.push_back(block);
  }
  for (std::uint64_t at = 3; at < 17; at += 2) ASSERT_TRUE(one.put(at, as_bytes("x"), kLimit, small).stored);
  const auto put = one.put(17, as_bytes("x"), kLimit, small);
  EXPECT_FALSE(put.stored);
  EXPECT_FALSE(put.had_room);
  EXPECT_EQ(one.island_count(), 8u);
}

TEST_F(Buffer, AViewStaysAsItWasUntilTheEndOfTheBurst) {
  buffer.start(0, pool);
  put(0, "first message");
  const Bytes view = buffer.view(0, 13);
  buffer.trim(13, pool);
  for (std::uint64_t at = 13; at < 60'000; at += 1000) put(at, std::string(1000, 'x'));
  EXPECT_EQ(as_text(view), "first message");
}

TEST_F(Buffer, TheLastCopyIsKeptWhereThatIsAskedFor) {
  buffer.start(0, pool);
  put(0, "abcdef");
  put(8, "ij");
  EXPECT_TRUE(buffer.differs(4, as_bytes("eX")));
  EXPECT_TRUE(buffer.differs(6, as_bytes("..iX")));
  EXPECT_FALSE(buffer.differs(6, as_bytes("..ijk")));
  EXPECT_FALSE(buffer.differs(10, as_bytes("X")));
  EXPECT_TRUE(buffer.put(3, as_bytes("DEFGHI"), kLimit, pool, StreamBuffer::Keep::kLast).conflicts);
  EXPECT_EQ(text(), "abcDEFGHIj");
}

TEST_F(Buffer, WhatLiesBehindAHoleIsForgottenAndComesAgainAsAnother) {
  buffer.start(0, pool);
  put(0, "abc");
  put(5, "fg");
  put(9, "j");
  buffer.forget_islands(pool);
  EXPECT_FALSE(buffer.has_holes());
  put(3, "deFG");
  EXPECT_EQ(text(), "abcdeFG");
  buffer.trim(7, pool);
  put(9, "j");
  buffer.forget_islands(pool);
  pool.reclaim();
  EXPECT_EQ(pool.used(), 0u);
  put(7, "hij");
  EXPECT_EQ(as_text(buffer.view(7, 10)), "hij");
}

}  // namespace
}  // namespace telefence
