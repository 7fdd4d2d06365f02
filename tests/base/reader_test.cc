// SPDX-License-Identifier: Apache-2.0
#include "base/reader.h"

#include <gtest/gtest.h>

#include <array>

namespace telefence {
namespace {

constexpr std::array<std::uint8_t, 10> kBytes = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};

TEST(Reader, ReadsNetworkOrder) {
  Reader reader(kBytes);
  EXPECT_EQ(reader.u8(), 0x01);
  EXPECT_EQ(reader.u16(), 0x0203);
  EXPECT_EQ(reader.u24(), 0x040506u);
  EXPECT_EQ(reader.u32(), 0x0708090au);
  EXPECT_TRUE(reader.ok());
  EXPECT_TRUE(reader.at_end());
  EXPECT_EQ(Reader(kBytes).u64(), 0x0102030405060708u);
}

TEST(Reader, FailureSticksAndGivesNothing) {
  Reader reader(kBytes);
  reader.skip(8);
  EXPECT_EQ(reader.u32(), 0u);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.u8(), 0) << "the two octets left are not read after a failure";
  EXPECT_TRUE(reader.rest().empty());
}

TEST(Reader, LengthLargerThanWhatIsLeftNeverReachesOut) {
  Reader reader(kBytes);
  EXPECT_TRUE(reader.bytes(static_cast<std::size_t>(-1)).empty());
  EXPECT_FALSE(reader.ok());
}

TEST(Reader, ChildIsBoundedByItsOwnLength) {
  Reader reader(kBytes);
  Reader child = reader.child(2);
  EXPECT_EQ(child.u32(), 0u);
  EXPECT_FALSE(child.ok());
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.u8(), 3);
  EXPECT_FALSE(reader.child(100).ok());
  EXPECT_FALSE(reader.ok());
}

TEST(Reader, UntilFindsTheEndWithinItsLimit) {
  Reader reader(kBytes);
  EXPECT_EQ(reader.until(3, 5).size(), 2u);
  EXPECT_EQ(reader.position(), 3u);
  EXPECT_TRUE(reader.until(9, 5).empty());
  EXPECT_FALSE(reader.ok());
}

TEST(Reader, PeekDoesNotMoveAndIsZeroAtTheEnd) {
  Reader reader(kBytes);
  EXPECT_EQ(reader.peek(), 1);
  EXPECT_EQ(reader.position(), 0u);
  reader.skip(10);
  EXPECT_EQ(reader.peek(), 0);
  EXPECT_TRUE(reader.ok());
}

}  // namespace
}  // namespace telefence
