// SPDX-License-Identifier: Apache-2.0
#include "protocols/wire/user_data_header.h"

#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

namespace telefence::wire {
namespace {

using Octets = std::vector<std::uint8_t>;

UserDataHeader read(const Octets& octets) {
  UserDataHeader header;
  EXPECT_TRUE(read_user_data_header(octets, header));
  return header;
}

TEST(UserDataHeader, TellsThePartOfALongMessage) {
  const UserDataHeader header = read({0x05, 0x00, 0x03, 0x2a, 0x03, 0x02, 'h', 'i'});
  EXPECT_EQ(header.length, 6u);
  EXPECT_EQ(header.part.reference, 0x2a);
  EXPECT_EQ(header.part.total, 3);
  EXPECT_EQ(header.part.number, 2);
}

TEST(UserDataHeader, TellsThePartWithAWideReference) {
  const UserDataHeader header = read({0x06, 0x08, 0x04, 0x12, 0x34, 0x02, 0x01});
  EXPECT_EQ(header.length, 7u);
  EXPECT_EQ(header.part.reference, 0x1234);
  EXPECT_EQ(header.part.total, 2);
  EXPECT_EQ(header.part.number, 1);
}

TEST(UserDataHeader, PassesOverOtherElements) {
  const UserDataHeader header = read({0x0b, 0x05, 0x04, 0x0b, 0x84, 0x00, 0x00, 0x00, 0x03, 0x07, 0x02, 0x01, 'x'});
  EXPECT_EQ(header.length, 12u);
  EXPECT_EQ(header.part.reference, 7);
  EXPECT_EQ(header.part.total, 2);
}

TEST(UserDataHeader, AnElementThatOverrunsTheHeaderOnlyLosesThePart) {
  const UserDataHeader header = read({0x03, 0x00, 0x09, 0x01, 'h', 'i'});
  EXPECT_EQ(header.length, 4u);
  EXPECT_EQ(header.part.total, 0);
}

TEST(UserDataHeader, AConcatenationElementOfWrongLengthIsNotOne) {
  EXPECT_EQ(read({0x04, 0x00, 0x02, 0x01, 0x02}).part.total, 0);
}

TEST(UserDataHeader, LongerThanTheUserDataIsRefused) {
  UserDataHeader header;
  EXPECT_FALSE(read_user_data_header(Octets{0x06, 0x08, 0x04, 0x12}, header));
  EXPECT_FALSE(read_user_data_header(Octets{}, header));
}

TEST(UserDataHeader, MayBeEmpty) { EXPECT_EQ(read({0x00, 'h', 'i'}).length, 1u); }

}  // namespace
}  // namespace telefence::wire
