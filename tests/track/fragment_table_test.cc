// SPDX-License-Identifier: Apache-2.0
#include "track/fragment_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace telefence {
namespace {

using Put = FragmentTable::Put;
constexpr std::uint64_t kNow = 1'000'000'000'000;
constexpr std::uint64_t kSecond = 1'000'000'000;

TEST(FragmentTable, PartsInAnyOrderAndTwiceMakeThePacketOnce) {
  const std::string packet = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::mt19937 random(3);
  FragmentTable table({});
  for (std::uint64_t key = 1; key < 2000; ++key) {
    std::vector<std::size_t> parts;
    for (std::size_t at = 0; at < packet.size(); at += 8) parts.push_back(at);
    std::shuffle(parts.begin(), parts.end(), random);
    parts.insert(parts.begin() + 2, parts[random() % 2]);  // a copy of one that came
    std::size_t whole = 0;
    for (const std::size_t at : parts) {
      const bool is_last = at + 8 >= packet.size();
      const Put put = table.put(key, static_cast<std::uint32_t>(at), is_last, as_bytes(std::string_view(packet).substr(at, 8)), kNow);
      ASSERT_TRUE(put == Put::kWaits || put == Put::kWhole);
      if (put == Put::kWhole) ++whole;
    }
    ASSERT_EQ(whole, 1u);
    ASSERT_EQ(as_text(table.whole(key)), packet);
    table.finish(key, false);
    table.end_of_burst();
  }
}

TEST(FragmentTable, OtherBytesForTheSamePlaceAreAnOverlap) {
  FragmentTable table({});
  EXPECT_EQ(table.put(1, 0, false, as_bytes("0123456789abcdef"), kNow), Put::kWaits);
  EXPECT_EQ(table.put(1, 8, true, as_bytes("XXXXXXXXXX"), kNow), Put::kWholeOverlaps);
  EXPECT_EQ(as_text(table.whole(1)), "0123456789abcdefXX") << "the first copies";
  EXPECT_EQ(table.put(2, 0, false, as_bytes("0123456789abcdef"), kNow), Put::kWaits);
  EXPECT_EQ(table.put(2, 8, false, as_bytes("XXXXXXXX"), kNow), Put::kOverlaps);
}

TEST(FragmentTable, AnEndThatContradictsAnotherIsGivenUp) {
  FragmentTable table({});
  EXPECT_EQ(table.put(1, 8, true, as_bytes("89"), kNow), Put::kWaits);
  EXPECT_EQ(table.put(1, 16, true, as_bytes("cd"), kNow), Put::kNoRoom);
  EXPECT_EQ(table.put(1, 8, false, as_bytes("89abcdef"), kNow), Put::kNoRoom);
  EXPECT_EQ(table.put(2, 65528, true, as_bytes("12345678"), kNow), Put::kNoRoom) << "longer than a packet can be";
  EXPECT_EQ(table.put(3, 8, true, {}, kNow), Put::kNoRoom);
}

TEST(FragmentTable, PartsOfARefusedPacketAreRefusedForAMinute) {
  FragmentTable table({});
  EXPECT_EQ(table.put(1, 0, false, as_bytes("01234567"), kNow), Put::kWaits);
  EXPECT_EQ(table.put(1, 8, true, as_bytes("89"), kNow), Put::kWhole);
  table.finish(1, true);
  table.end_of_burst();
  EXPECT_EQ(table.put(1, 8, true, as_bytes("89"), kNow + 50 * kSecond), Put::kRefused);
  EXPECT_EQ(table.put(1, 0, false, as_bytes("01234567"), kNow + 70 * kSecond), Put::kWaits) << "the number is used anew";
}

TEST(FragmentTable, APacketWhosePartsAreTooFarApartBeginsAnew) {
  FragmentTable table({});
  EXPECT_EQ(table.put(1, 0, false, as_bytes("01234567"), kNow), Put::kWaits);
  EXPECT_EQ(table.put(1, 8, true, as_bytes("89"), kNow + 61 * kSecond), Put::kWaits);
}

TEST(FragmentTable, TheOneThatWaitsLongestGivesWay) {
  FragmentTable table({.packets = 2, .bytes = 1 << 20});
  for (std::uint64_t key = 1; key <= 3; ++key) EXPECT_EQ(table.put(key, 0, false, as_bytes("01234567"), kNow + key), Put::kWaits);
  EXPECT_EQ(table.evicted(), 1u);
  EXPECT_EQ(table.put(3, 8, true, as_bytes("89"), kNow + 4), Put::kWhole);
  EXPECT_EQ(table.put(1, 8, true, as_bytes("89"), kNow + 5), Put::kWaits) << "its beginning is gone";
}

}  // namespace
}  // namespace telefence
