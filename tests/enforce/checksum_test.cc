// SPDX-License-Identifier: Apache-2.0
#include "enforce/checksum.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <vector>

namespace telefence {
namespace {

TEST(Checksum, KnownHeaderSumsToItsPrintedValue) {
  // An IPv4 header with its checksum b1e6 zeroed; computed by hand.
  const std::vector<std::uint8_t> header = {0x45, 0x00, 0x00, 0x3c, 0x1c, 0x46, 0x40, 0x00, 0x40, 0x06,
                                            0x00, 0x00, 0xac, 0x10, 0x0a, 0x63, 0xac, 0x10, 0x0a, 0x0c};
  EXPECT_EQ(checksum_of(word_sum(header)), 0xb1e6);
}

TEST(Checksum, SumIsThatOfTheWordsOneByOne) {
  std::mt19937 random(2);
  // Octets of nothing but ones and zeros carry out of every width there is.
  const auto octet = [&](std::size_t kind) {
    const std::array<std::uint32_t, 4> octets = {static_cast<std::uint32_t>(random()), 0xff, 0, random() % 8 == 0 ? 0 : 0xffu};
    return static_cast<std::uint8_t>(octets[kind]);
  };
  for (std::size_t length = 0; length < 330; ++length) {
    for (std::size_t kind = 0; kind < 4; ++kind) {
      std::vector<std::uint8_t> data(length + 3);
      for (auto& byte : data) byte = octet(kind);
      for (std::size_t offset = 0; offset < 3; ++offset) {
        const Bytes bytes = Bytes(data).subspan(offset, length);
        std::uint64_t plain = offset;
        for (std::size_t i = 0; i < bytes.size(); ++i) plain += static_cast<std::uint64_t>(bytes[i]) << (i % 2 == 0 ? 8 : 0);
        EXPECT_EQ(folded(word_sum(bytes, offset)), folded(plain)) << length << " octets of kind " << kind << " from " << offset;
      }
    }
  }
}

TEST(Checksum, FoldingKeepsTheRemainderAndTellsZeroFromAllOnes) {
  std::mt19937_64 random(3);
  std::vector<std::uint64_t> sums = {0, 1, 0xffff, 0x10000, 0x1fffe, 0xffffffff, 0x100000000, 0xffffffff00000000, ~std::uint64_t{0} - 1, ~std::uint64_t{0}};
  for (int i = 0; i < 100'000; ++i) sums.push_back(random() >> random() % 64);
  for (const std::uint64_t sum : sums) {
    const std::uint64_t remainder = sum % 0xffff;
    EXPECT_EQ(folded(sum), remainder == 0 && sum != 0 ? 0xffff : remainder) << sum;
  }
}

TEST(Checksum, CorrectionEqualsComputingAnewForRandomChanges) {
  std::mt19937 random(1);
  for (int round = 0; round < 20000; ++round) {
    std::vector<std::uint8_t> data(2 + random() % 60);
    if (data.size() % 2 != 0) data.push_back(0);
    for (auto& byte : data) byte = static_cast<std::uint8_t>(random());
    const std::uint16_t before = checksum_of(word_sum(data));
    const std::size_t at = random() % (data.size() / 2) * 2;
    const Bytes part = Bytes(data).subspan(at);
    const std::uint64_t old_sum = word_sum(part);
    for (std::size_t i = at; i < data.size(); ++i) data[i] = static_cast<std::uint8_t>(random() % 4);
    const std::uint64_t new_sum = word_sum(part);
    const std::uint16_t after = checksum_of(word_sum(data));
    const std::uint16_t corrected = corrected_checksum(before, old_sum, new_sum);
    // Both zeros stand for the same sum (RFC 1624, 3).
    EXPECT_TRUE(corrected == after || (corrected ^ after) == 0xffff) << round;
  }
}

}  // namespace
}  // namespace telefence
