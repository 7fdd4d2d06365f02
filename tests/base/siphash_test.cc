// SPDX-License-Identifier: Apache-2.0
#include "base/siphash.h"

#include <array>
#include <cstdint>
#include <numeric>

#include <gtest/gtest.h>

namespace telefence {
namespace {

// Key 00 01 .. 0f and messages of the octets 00 01 .., as in the reference vectors of the authors.
constexpr SipHashKey kReferenceKey{0x0706050403020100, 0x0f0e0d0c0b0a0908};

std::uint64_t hash_of_first(std::size_t count) {
  std::array<std::uint8_t, 64> message;
  std::iota(message.begin(), message.end(), std::uint8_t{0});
  return siphash(kReferenceKey, Bytes(message).first(count));
}

TEST(SipHash, AgreesWithTheAppendixOfThePaper) { EXPECT_EQ(hash_of_first(15), 0xa129ca6149be45e5u); }

TEST(SipHash, AgreesWithTheReferenceVectors) {
  EXPECT_EQ(hash_of_first(0), 0x726fdb47dd0e0e31u);
  EXPECT_EQ(hash_of_first(1), 0x74f839c593dc67fdu);
  EXPECT_EQ(hash_of_first(7), 0xab0200f58b01d137u);
  EXPECT_EQ(hash_of_first(8), 0x93f5f5799a932462u);
  EXPECT_EQ(hash_of_first(63), 0x958a324ceb064572u);
}

TEST(SipHash, AnotherKeyGivesAnotherHash) {
  const std::array<std::uint8_t, 3> message{1, 2, 3};
  EXPECT_NE(siphash({1, 2}, message), siphash({2, 1}, message));
}

}  // namespace
}  // namespace telefence
