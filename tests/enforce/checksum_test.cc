// SPDX-License-Identifier: Apache-2.0
#include "enforce/checksum.h"

#include <gtest/gtest.h>

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
  for (std::size_t length = 0; length < 200; ++length) {
    std::vector<std::uint8_t> data(length + 3);
    for (auto& byte : data) byte = static_cast<std::uint8_t>(length % 3 == 0 ? 0xff : random());
    for (std::size_t offset = 0; offset < 3; ++offset) {
      const Bytes bytes = Bytes(data).subspan(offset, length);
      std::uint64_t plain = 7;
      for (std::size_t i = 0; i < bytes.size(); ++i) plain += static_cast<std::uint64_t>(bytes[i]) << (i % 2 == 0 ? 8 : 0);
      EXPECT_EQ(folded(word_sum(bytes, 7)), folded(plain)) << length << " octets from " << offset;
    }
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
