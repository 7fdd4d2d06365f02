// SPDX-License-Identifier: Apache-2.0
#include "track/fragment_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

namespace telefence {
namespace {

using Keep = FragmentBuffer::Keep;
constexpr std::uint32_t kUnit = PagePool::kUnit, kPage = PagePool::kPageBytes;

// A unit as the plainest one may keep it.
struct Unit {
  std::vector<std::uint8_t> bytes;
  std::uint8_t hops = 0;
};
using Plain = std::map<std::uint32_t, Unit>;

FragmentBuffer::Put put_plainly(Plain& plain, std::uint32_t offset, Bytes bytes, std::uint8_t hops, Keep keep) {
  FragmentBuffer::Put done;
  for (std::uint32_t at = 0; at < bytes.size(); at += kUnit) {
    const Bytes unit = bytes.subspan(at, std::min<std::size_t>(kUnit, bytes.size() - at));
    const auto there = plain.find(offset + at);
    if (there == plain.end()) {
      done.adds = true;
      plain[offset + at] = {{unit.begin(), unit.end()}, hops};
      continue;
    }
    done.repeats = true;
    Unit& known = there->second;
    const bool is_other = !std::equal(unit.begin(), unit.end(), known.bytes.begin());
    if (!is_other) known.hops = std::max(known.hops, hops);
    if (!is_other || keep == Keep::kFirst || hops < known.hops) continue;
    done.displaces = true;
    std::copy(unit.begin(), unit.end(), known.bytes.begin());
    known.hops = hops;
  }
  return done;
}

TEST(FragmentBuffer, IsWhatAPlainMapOfUnitsIs) {
  std::mt19937 random(20261129);
  const auto below = [&](std::uint32_t end) { return static_cast<std::uint32_t>(random() % end); };
  for (int round = 0; round < 400; ++round) {
    PagePool pool(FragmentBuffer::kLongest);
    FragmentBuffer buffer;
    Plain plain;
    const std::uint32_t most = kUnit * (1 + below(round % 2 == 0 ? 40 : 8191));
    for (int i = 0; i < 60; ++i) {
      const std::uint32_t offset = kUnit * below(most / kUnit);
      std::vector<std::uint8_t> bytes(kUnit * (1 + below(std::min(most - offset, 1480u) / kUnit)));
      for (std::uint8_t& one : bytes) one = static_cast<std::uint8_t>(below(8) == 0 ? 1 : 0);
      const auto hops = static_cast<std::uint8_t>(1 + below(3));
      const Keep keep = below(2) == 0 ? Keep::kFirst : Keep::kLast;
      ASSERT_TRUE(buffer.reserve(offset, offset + static_cast<std::uint32_t>(bytes.size()), pool));
      bool differs = false;
      for (std::uint32_t at = 0; at < bytes.size(); at += kUnit) {
        const auto there = plain.find(offset + at);
        differs |= there != plain.end() && !std::equal(there->second.bytes.begin(), there->second.bytes.end(), bytes.begin() + at);
      }
      ASSERT_EQ(buffer.differs(offset, bytes, pool), differs);
      const FragmentBuffer::Put put = buffer.put(offset, bytes, hops, keep, pool);
      const FragmentBuffer::Put expected = put_plainly(plain, offset, bytes, hops, keep);
      ASSERT_EQ(put.adds, expected.adds);
      ASSERT_EQ(put.repeats, expected.repeats);
      ASSERT_EQ(put.displaces, expected.displaces);
      if (below(20) == 0) {
        const std::uint32_t end = kUnit * below(most / kUnit);
        buffer.cut(end, pool);
        plain.erase(plain.lower_bound(end), plain.end());
      }
      ASSERT_EQ(buffer.units(), plain.size());
      const std::uint32_t from = kUnit * below(most / kUnit), to = from + kUnit * below(300);
      std::uint8_t most_hops = 0;
      for (auto one = plain.lower_bound(from); one != plain.end() && one->first < to; ++one) most_hops = std::max(most_hops, one->second.hops);
      ASSERT_EQ(buffer.most_hops(from, std::min(to, FragmentBuffer::kLongest), pool), most_hops);
    }
    // The rest, where all has to be there.
    const std::vector<std::uint8_t> rest(most, 7);
    ASSERT_TRUE(buffer.reserve(0, most, pool));
    (void)buffer.put(0, rest, 0, Keep::kFirst, pool);
    (void)put_plainly(plain, 0, rest, 0, Keep::kFirst);
    std::vector<std::uint8_t> found(most), expected;
    buffer.copy(found, pool);
    for (const auto& [offset, unit] : plain) expected.insert(expected.end(), unit.bytes.begin(), unit.bytes.end());
    ASSERT_EQ(found, expected);
    buffer.release(pool);
    ASSERT_EQ(buffer.units(), 0u);
    ASSERT_EQ(buffer.end(), 0u);
  }
}

TEST(FragmentBuffer, LessThanAUnitAtTheEndIsOne) {
  PagePool pool(kPage);
  FragmentBuffer buffer;
  ASSERT_TRUE(buffer.reserve(8, 10, pool));
  EXPECT_TRUE(buffer.put(8, as_bytes("89"), 64, Keep::kFirst, pool).adds);
  EXPECT_EQ(buffer.units(), 1u);
  EXPECT_EQ(buffer.end(), 10u);
  EXPECT_TRUE(buffer.differs(8, as_bytes("8X"), pool));
  EXPECT_FALSE(buffer.put(8, as_bytes("8X"), 64, Keep::kFirst, pool).displaces);
  EXPECT_TRUE(buffer.put(8, as_bytes("8X"), 64, Keep::kLast, pool).displaces);
  buffer.cut(8, pool);
  EXPECT_EQ(buffer.units(), 0u);
}

TEST(FragmentBuffer, ACopyHasWhatItIsOf) {
  PagePool pool(std::size_t{8} * kPage);
  FragmentBuffer buffer, copy, later;
  ASSERT_TRUE(buffer.reserve(2 * kPage - 8, 2 * kPage + 8, pool));
  (void)buffer.put(2 * kPage - 8, as_bytes("0123456789abcdef"), 64, Keep::kFirst, pool);
  for (std::uint32_t at = 0; at < FragmentBuffer::kLongest; at += kPage) {
    if (!buffer.has_page(at)) continue;
    ASSERT_TRUE(copy.reserve(at, at + 1, pool));
  }
  copy.copy_from(buffer, pool);
  EXPECT_EQ(copy.units(), 2u);
  EXPECT_EQ(copy.end(), 2 * kPage + 8);
  EXPECT_FALSE(copy.differs(2 * kPage - 8, as_bytes("0123456789abcdef"), pool));
  (void)copy.put(2 * kPage, as_bytes("XXXXXXXX"), 64, Keep::kLast, pool);
  EXPECT_FALSE(buffer.differs(2 * kPage, as_bytes("89abcdef"), pool)) << "its own memory";
  later.take_over(buffer);
  EXPECT_EQ(buffer.units() + buffer.end(), 0u);
  EXPECT_FALSE(later.differs(2 * kPage - 8, as_bytes("0123456789abcdef"), pool));
  for (FragmentBuffer* one : {&buffer, &copy, &later}) one->release(pool);
  for (int i = 0; i < 8; ++i) EXPECT_NE(pool.take(), PagePool::kNone);
  EXPECT_EQ(pool.take(), PagePool::kNone);
}

TEST(FragmentBuffer, PagesAreGivenBackAndTakenAnew) {
  constexpr std::uint32_t kPages = 40;
  PagePool pool(std::size_t{kPages} * kPage);
  FragmentBuffer buffers[kPages + 1];
  for (int round = 0; round < 3; ++round) {
    for (std::uint32_t i = 0; i < kPages; ++i) {
      ASSERT_TRUE(buffers[i].reserve(0, 1, pool));
      EXPECT_TRUE(buffers[i].put(0, as_bytes("01234567"), 64, Keep::kFirst, pool).adds) << "nothing of what the page had";
    }
    EXPECT_FALSE(buffers[kPages].reserve(0, 1, pool));
    // Some of them, and no more: what it has it keeps until it is released.
    buffers[7].release(pool);
    EXPECT_FALSE(buffers[kPages].reserve(2 * kPage - 8, 2 * kPage + 8, pool));
    buffers[8].release(pool);
    EXPECT_TRUE(buffers[kPages].reserve(2 * kPage - 8, 2 * kPage + 8, pool));
    for (FragmentBuffer& buffer : buffers) buffer.release(pool);
  }
}

}  // namespace
}  // namespace telefence
