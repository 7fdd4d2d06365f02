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

Put give(FragmentTable& table, std::uint64_t key, std::uint32_t offset, bool is_last, Bytes bytes, std::uint64_t now_ns,
        std::uint8_t protocol = 17, bool is_bearer = false) {
  return table.put(key, {.offset = offset, .is_last = is_last, .protocol = protocol}, bytes, is_bearer, now_ns);
}

// What put() called whole, which is sound.
FragmentTable::Whole take_whole(FragmentTable& table, std::uint64_t key) {
  const FragmentTable::Whole whole = table.whole(key);
  table.take(key);
  return whole;
}

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
      const Put put = give(table, key, static_cast<std::uint32_t>(at), is_last, as_bytes(std::string_view(packet).substr(at, 8)), kNow);
      ASSERT_TRUE(put == Put::kWaits || put == Put::kWhole);
      if (put == Put::kWhole) ++whole;
    }
    ASSERT_EQ(whole, 1u);
    ASSERT_EQ(as_text(take_whole(table, key).bytes), packet);
    table.end_of_burst();
  }
}

TEST(FragmentTable, OtherBytesForTheSamePlaceAreAnOverlap) {
  FragmentTable table({});
  EXPECT_EQ(give(table, 1, 0, false, as_bytes("0123456789abcdef"), kNow), Put::kWaits);
  EXPECT_EQ(give(table, 1, 8, true, as_bytes("XXXXXXXXXX"), kNow), Put::kWholeOverlaps);
  EXPECT_EQ(as_text(take_whole(table, 1).bytes), "0123456789abcdefXX") << "the first copies";
  EXPECT_EQ(give(table, 2, 0, false, as_bytes("0123456789abcdef"), kNow), Put::kWaits);
  EXPECT_EQ(give(table, 2, 8, false, as_bytes("XXXXXXXX"), kNow), Put::kOverlaps);
}

// Receivers cut it off (Linux), so what stands there is nobody's.
TEST(FragmentTable, OfAPartThatIsFollowedOnlyWholeUnitsCount) {
  FragmentTable table({});
  EXPECT_EQ(give(table, 1, 0, false, as_bytes("01234567zzz"), kNow), Put::kWaits);
  EXPECT_EQ(give(table, 1, 8, true, as_bytes("89a"), kNow), Put::kWhole);
  EXPECT_EQ(as_text(take_whole(table, 1).bytes), "0123456789a");
  EXPECT_EQ(give(table, 2, 0, false, as_bytes("0123456"), kNow), Put::kNoRoom) << "nothing is left";
}

TEST(FragmentTable, TheProtocolIsThatOfTheFirstPart) {
  FragmentTable table({});
  EXPECT_EQ(give(table, 1, 8, true, as_bytes("89"), kNow, 59), Put::kWaits);
  EXPECT_EQ(give(table, 1, 0, false, as_bytes("01234567"), kNow, 17), Put::kWhole);
  EXPECT_EQ(take_whole(table, 1).protocol, 17);
  EXPECT_EQ(give(table, 2, 0, false, as_bytes("01234567"), kNow, 17), Put::kWaits);
  EXPECT_EQ(give(table, 2, 0, false, as_bytes("01234567"), kNow, 6), Put::kOverlaps) << "no sound sender does that";
  EXPECT_EQ(give(table, 2, 8, true, as_bytes("89"), kNow, 6), Put::kWhole);
  EXPECT_EQ(take_whole(table, 2).protocol, 17) << "the first copy";
}

TEST(FragmentTable, AnEndThatContradictsAnotherIsGivenUp) {
  FragmentTable table({});
  EXPECT_EQ(give(table, 1, 8, true, as_bytes("89"), kNow), Put::kWaits);
  EXPECT_EQ(give(table, 1, 16, true, as_bytes("cd"), kNow), Put::kNoRoom);
  EXPECT_EQ(give(table, 1, 8, false, as_bytes("89abcdef"), kNow), Put::kNoRoom);
  EXPECT_EQ(give(table, 2, 65528, true, as_bytes("12345678"), kNow), Put::kNoRoom) << "longer than a packet can be";
  EXPECT_EQ(give(table, 3, 8, true, {}, kNow), Put::kNoRoom);
}

TEST(FragmentTable, PartsOfARefusedPacketAreRefusedForHalfAMinute) {
  FragmentTable table({});
  EXPECT_EQ(give(table, 1, 0, false, as_bytes("01234567"), kNow), Put::kWaits);
  EXPECT_EQ(give(table, 1, 8, true, as_bytes("89"), kNow), Put::kWhole);
  (void)take_whole(table, 1);
  // A copy and a decoy, in the same burst.
  EXPECT_EQ(give(table, 1, 0, false, as_bytes("01234567"), kNow), Put::kWaits);
  EXPECT_EQ(give(table, 1, 8, true, as_bytes("XY"), kNow), Put::kWhole);
  table.note_wrong(1, kNow);
  table.refuse(1, FragmentTable::Gone::kRefused, FragmentTable::kRefusedFor, kNow);
  table.end_of_burst();
  EXPECT_EQ(give(table, 1, 8, true, as_bytes("89"), kNow + 29 * kSecond), Put::kRefused);
  EXPECT_EQ(give(table, 1, 0, false, as_bytes("01234567"), kNow + 31 * kSecond), Put::kWaits) << "the number is used anew";
}

// Whoever is refused on purpose, many times, must not get the one before through.
TEST(FragmentTable, RefusalsAreRememberedBeyondTheUnfinishedPackets) {
  FragmentTable table({.packets = 1024, .bytes = 1 << 20});
  std::mt19937_64 keys(20261129);
  std::vector<std::uint64_t> refused(4096);
  for (std::uint64_t& key : refused) {
    key = keys();  // as key_of() makes them
    table.refuse(key, FragmentTable::Gone::kRefused, FragmentTable::kRefusedFor, kNow);
  }
  // One gives way where five fall together: counted.
  const std::uint64_t forgotten = table.evicted();
  EXPECT_LT(forgotten, refused.size() / 100);
  for (int i = 0; i < 2000; ++i) (void)give(table, keys(), 0, false, as_bytes("01234567"), kNow + kSecond);
  table.end_of_burst();
  const auto is_refused = [&](std::uint64_t key) { return give(table, key, 8, true, as_bytes("89"), kNow + 29 * kSecond) == Put::kRefused; };
  EXPECT_EQ(refused.size() - forgotten, static_cast<std::size_t>(std::count_if(refused.begin(), refused.end(), is_refused)));
}

TEST(FragmentTable, APacketWhosePartsAreTooFarApartBeginsAnew) {
  FragmentTable table({});
  EXPECT_EQ(give(table, 1, 0, false, as_bytes("01234567"), kNow), Put::kWaits);
  EXPECT_EQ(give(table, 1, 8, true, as_bytes("89"), kNow + 61 * kSecond), Put::kWaits);
}

TEST(FragmentTable, TheOneThatWaitsLongestGivesWay) {
  FragmentTable table({.packets = 2, .bytes = 1 << 20});
  for (std::uint64_t key = 1; key <= 3; ++key) EXPECT_EQ(give(table, key, 0, false, as_bytes("01234567"), kNow + key), Put::kWaits);
  EXPECT_EQ(table.evicted(), 1u);
  EXPECT_EQ(give(table, 3, 8, true, as_bytes("89"), kNow + 4), Put::kWhole);
  EXPECT_EQ(give(table, 1, 8, true, as_bytes("89"), kNow + 5), Put::kWaits) << "its beginning is gone";
}

TEST(FragmentTable, WhatComesUnderTheNumberOfAWholePacketIsOfTheNextOne) {
  FragmentTable table({.packets = 16, .bytes = 1 << 20});
  EXPECT_EQ(give(table, 1, 0, false, as_bytes("01234567"), kNow), Put::kWaits);
  EXPECT_EQ(give(table, 1, 8, true, as_bytes("89"), kNow), Put::kWhole);
  const Bytes first = take_whole(table, 1).bytes;
  EXPECT_EQ(give(table, 1, 0, false, as_bytes("abcdefgh"), kNow), Put::kWaits);
  EXPECT_EQ(give(table, 1, 8, true, as_bytes("ij"), kNow), Put::kWhole);
  const Bytes second = take_whole(table, 1).bytes;
  EXPECT_EQ(as_text(first), "0123456789") << "both are there until the end of the burst";
  EXPECT_EQ(as_text(second), "abcdefghij");
}

TEST(FragmentTable, PartsOfABearersPacketsAreKeptForASecond) {
  FragmentTable table({.packets = 16, .bytes = 1 << 20});
  const auto first = [&](std::uint64_t at) { return give(table, 1, 0, false, as_bytes("01234567"), at, 17, true); };
  const auto last = [&](std::uint64_t at) { return give(table, 1, 8, true, as_bytes("89"), at); };
  EXPECT_EQ(first(kNow), Put::kWaits);
  EXPECT_EQ(last(kNow + kSecond), Put::kWhole);
  const FragmentTable::Whole whole = take_whole(table, 1);
  EXPECT_TRUE(whole.is_bearer);
  table.refuse(1, FragmentTable::Gone::kRefused, whole.is_bearer ? FragmentTable::kBriefly : FragmentTable::kRefusedFor, kNow + kSecond);
  table.end_of_burst();
  EXPECT_EQ(last(kNow + 2 * kSecond - 1), Put::kRefused);
  EXPECT_EQ(first(kNow + 2 * kSecond), Put::kWaits) << "another packet has this identification";
  EXPECT_EQ(last(kNow + 3 * kSecond + 2), Put::kWaits) << "and another one";
}

// What a packet is known to be decides, not what a part says that comes later: over IPv6 it may say anything.
TEST(FragmentTable, APartMakesNoBearersPacketOfAnother) {
  FragmentTable table({.packets = 16, .bytes = 1 << 20});
  EXPECT_EQ(give(table, 1, 0, false, as_bytes("01234567"), kNow), Put::kWaits);
  EXPECT_EQ(give(table, 1, 0, false, as_bytes("XXXXXXXX"), kNow + 2 * kSecond, 17, true), Put::kOverlaps);
  EXPECT_EQ(give(table, 1, 8, true, as_bytes("89"), kNow + 4 * kSecond), Put::kWhole);
  EXPECT_EQ(as_text(take_whole(table, 1).bytes), "0123456789");
}

// Parts that lie far behind take large pieces of memory each.
TEST(FragmentTable, WhoWaitsLongestGivesWayWhenThereIsNoMemory) {
  FragmentTable table({.packets = 4096, .bytes = 8 << 20});
  std::uint64_t key = 0;
  while (give(table, ++key, 65000, false, as_bytes("01234567"), kNow) == Put::kWaits) ASSERT_LT(key, 1000u);
  EXPECT_EQ(table.evicted(), 8u);
  EXPECT_EQ(give(table, ++key, 65000, false, as_bytes("01234567"), kNow), Put::kNoRoom) << "until the end of the burst";
  EXPECT_EQ(table.evicted(), 8u);
  table.end_of_burst();
  EXPECT_EQ(give(table, ++key, 0, false, as_bytes("01234567"), kNow), Put::kWaits);
  EXPECT_EQ(give(table, key, 8, true, as_bytes("89"), kNow), Put::kWhole);
}

// The last part of a packet whose first never came, and the next two packets under its number: each is what its own parts say.
TEST(FragmentTable, PartsOfTwoPacketsAreNoneAndTheRightOneTakesTheirPlace) {
  for (const std::string_view tail : {"89", "8", "89abc"}) {
    FragmentTable table({.packets = 16, .bytes = 1 << 20});
    EXPECT_EQ(give(table, 1, 8, true, as_bytes("XY"), kNow), Put::kWaits);
    EXPECT_EQ(give(table, 1, 0, false, as_bytes("01234567"), kNow), Put::kWhole);
    EXPECT_EQ(as_text(table.whole(1).bytes), "01234567XY");
    table.note_wrong(1, kNow);
    EXPECT_EQ(give(table, 1, 0, false, as_bytes("01234567"), kNow), Put::kWaits) << "nothing has changed";
    EXPECT_EQ(give(table, 1, 8, true, as_bytes(tail), kNow), Put::kWholeOverlaps);
    const FragmentTable::Whole whole = take_whole(table, 1);
    EXPECT_EQ(as_text(whole.bytes), "01234567" + std::string(tail));
    EXPECT_TRUE(whole.is_contradictory);
  }
}

// What was wrong was shorter: the parts of the next packet reach beyond it, in whatever order.
TEST(FragmentTable, ALongerPacketTakesThePlaceOfAWrongOne) {
  const std::string packet = "0123456789abcdefghij";
  const auto part = [&](std::size_t number) { return as_bytes(packet).subspan(8 * number, std::min<std::size_t>(8, packet.size() - 8 * number)); };
  std::array<std::size_t, 3> order{0, 1, 2};
  do {
    FragmentTable table({.packets = 16, .bytes = 1 << 20});
    EXPECT_EQ(give(table, 1, 0, false, as_bytes("01234567"), kNow), Put::kWaits);
    EXPECT_EQ(give(table, 1, 8, true, as_bytes("XY"), kNow), Put::kWhole);
    table.note_wrong(1, kNow);
    Put last = Put::kWaits;
    const auto is_whole = [&] { return last == Put::kWhole || last == Put::kWholeOverlaps; };
    // The beginning is the same, so it is whole without it.
    for (std::size_t i = 0; i < order.size() && !is_whole(); ++i)
      last = give(table, 1, static_cast<std::uint32_t>(8 * order[i]), order[i] == 2, part(order[i]), kNow);
    ASSERT_TRUE(is_whole()) << order[0] << order[1] << order[2];
    EXPECT_EQ(as_text(take_whole(table, 1).bytes), packet);
  } while (std::next_permutation(order.begin(), order.end()));
  FragmentTable table({.packets = 16, .bytes = 1 << 20});
  EXPECT_EQ(give(table, 1, 0, false, as_bytes("01234567"), kNow), Put::kWaits);
  EXPECT_EQ(give(table, 1, 8, true, as_bytes("XY"), kNow), Put::kWhole);
  table.note_wrong(1, kNow);
  EXPECT_EQ(give(table, 1, 8, true, as_bytes("89"), kNow + 2 * kSecond), Put::kWaits) << "another packet";
}

}  // namespace
}  // namespace telefence
