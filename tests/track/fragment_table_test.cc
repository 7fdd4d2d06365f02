// SPDX-License-Identifier: Apache-2.0
#include "track/fragment_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
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
  return table.put(key, {.header = {.offset = offset, .is_last = is_last, .protocol = protocol}, .bytes = bytes, .is_bearer = is_bearer}, now_ns);
}

// What put() called whole.
struct Found {
  std::string bytes;
  std::uint8_t protocol = 0;
  bool is_bearer = false;
};
Found look_at_whole(FragmentTable& table, std::uint64_t key) {
  std::vector<std::uint8_t> room(65536);
  const FragmentTable::Whole whole = table.whole(key, room);
  return {std::string(as_text(whole.bytes)), whole.protocol, whole.is_bearer};
}

// The same, which is sound.
Found take_whole(FragmentTable& table, std::uint64_t key) {
  Found whole = look_at_whole(table, key);
  table.take(key, kNow);
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
    ASSERT_EQ(take_whole(table, key).bytes, packet);
    }
}

TEST(FragmentTable, OtherBytesForTheSamePlaceAreAnOverlap) {
  FragmentTable table({});
  EXPECT_EQ(give(table, 1, 0, false, as_bytes("0123456789abcdef"), kNow), Put::kWaits);
  EXPECT_EQ(give(table, 1, 8, true, as_bytes("XXXXXXXXXX"), kNow), Put::kWholeContradicts);
  EXPECT_EQ(take_whole(table, 1).bytes, "0123456789abcdefXX") << "the first copies";
  EXPECT_EQ(give(table, 2, 0, false, as_bytes("0123456789abcdef"), kNow), Put::kWaits);
  EXPECT_EQ(give(table, 2, 8, false, as_bytes("XXXXXXXX"), kNow), Put::kContradicts);
}

// Receivers cut it off (Linux), so what stands there is nobody's.
TEST(FragmentTable, OfAPartThatIsFollowedOnlyWholeUnitsCount) {
  FragmentTable table({});
  EXPECT_EQ(give(table, 1, 0, false, as_bytes("01234567zzz"), kNow), Put::kWaits);
  EXPECT_EQ(give(table, 1, 8, true, as_bytes("89a"), kNow), Put::kWhole);
  EXPECT_EQ(take_whole(table, 1).bytes, "0123456789a");
  EXPECT_EQ(give(table, 2, 0, false, as_bytes("0123456"), kNow), Put::kNoRoom) << "nothing is left";
}

TEST(FragmentTable, TheProtocolIsThatOfTheFirstPart) {
  FragmentTable table({});
  EXPECT_EQ(give(table, 1, 8, true, as_bytes("89"), kNow, 59), Put::kWaits);
  EXPECT_EQ(give(table, 1, 0, false, as_bytes("01234567"), kNow, 17), Put::kWhole);
  EXPECT_EQ(take_whole(table, 1).protocol, 17);
  EXPECT_EQ(give(table, 2, 0, false, as_bytes("01234567"), kNow, 17), Put::kWaits);
  EXPECT_EQ(give(table, 2, 0, false, as_bytes("01234567"), kNow, 6), Put::kContradicts) << "no sound sender does that";
  EXPECT_EQ(give(table, 2, 8, true, as_bytes("89"), kNow, 6), Put::kWhole);
  EXPECT_EQ(take_whole(table, 2).protocol, 17) << "the first copy";
}

TEST(FragmentTable, AnEndThatContradictsWhatIsThereIsToldAndLeftOut) {
  FragmentTable table({});
  EXPECT_EQ(give(table, 1, 8, true, as_bytes("89"), kNow), Put::kWaits);
  EXPECT_EQ(give(table, 1, 16, true, as_bytes("cd"), kNow), Put::kContradicts);
  EXPECT_EQ(give(table, 1, 8, false, as_bytes("89abcdef"), kNow), Put::kContradicts);
  EXPECT_EQ(give(table, 1, 0, false, as_bytes("01234567"), kNow), Put::kWhole);
  EXPECT_EQ(take_whole(table, 1).bytes, "0123456789");
  EXPECT_EQ(give(table, 2, 16, false, as_bytes("ghijklmn"), kNow), Put::kWaits);
  EXPECT_EQ(give(table, 2, 8, true, as_bytes("89"), kNow), Put::kContradicts) << "before what is there";
  EXPECT_EQ(give(table, 3, 65528, true, as_bytes("12345678"), kNow), Put::kNoRoom) << "longer than a packet can be";
  EXPECT_EQ(give(table, 4, 8, true, {}, kNow), Put::kNoRoom);
}

Put give_with(FragmentTable& table, std::uint8_t hops, std::uint32_t offset, bool is_last, std::string_view bytes, std::uint64_t now_ns = kNow) {
  return table.put(1, {.header = {.offset = offset, .is_last = is_last, .protocol = 17}, .bytes = as_bytes(bytes), .hops = hops}, now_ns);
}

// Whoever gets the other one gets it as well.
TEST(FragmentTable, WhatHasMoreHopsLeftTakesThePlaceOfWhatItContradicts) {
  FragmentTable table({});
  EXPECT_EQ(give_with(table, 5, 8, true, "XY"), Put::kWaits);
  EXPECT_EQ(give_with(table, 5, 8, true, "ab"), Put::kContradicts) << "the first copy counts";
  EXPECT_EQ(give_with(table, 6, 8, true, "89"), Put::kContradicts);
  EXPECT_EQ(give_with(table, 5, 8, true, "ab"), Put::kContradicts) << "it does not arrive where that one does";
  EXPECT_EQ(give_with(table, 6, 8, false, "89abcdef"), Put::kContradicts) << "it goes no farther than the end";
  EXPECT_EQ(give_with(table, 7, 8, false, "89abcdef"), Put::kContradicts) << "it does";
  EXPECT_EQ(give_with(table, 6, 0, false, "01234567"), Put::kWaits);
  EXPECT_EQ(give_with(table, 6, 8, true, "89"), Put::kContradicts) << "there is more behind that end";
  EXPECT_EQ(give_with(table, 7, 16, true, "g"), Put::kWhole);
  EXPECT_EQ(take_whole(table, 1).bytes, "0123456789abcdefg");
}

// Decoys make something else of a packet than what its receiver has.
TEST(FragmentTable, APacketSomePartsOfWhichGoLessFarStays) {
  for (const bool is_wrong : {false, true}) {
    for (const bool is_first : {false, true}) {
      FragmentTable table({});
      EXPECT_EQ(give_with(table, is_first ? 5 : 64, 0, false, "01234567"), Put::kWaits);
      EXPECT_EQ(give_with(table, is_first ? 64 : 5, 8, true, "XY"), Put::kWhole);
      is_wrong ? table.note_wrong(1) : table.take(1, kNow);
      const std::uint64_t later = kNow + 59 * kSecond;
      if (is_first) {
        EXPECT_EQ(give_with(table, 4, 0, false, "abcdefgh", later), Put::kWaits) << "nor does this arrive";
        EXPECT_EQ(give_with(table, 6, 0, false, "abcdefgh", later), Put::kWhole);
        EXPECT_EQ(look_at_whole(table, 1).bytes, "abcdefghXY");
      } else {
        EXPECT_EQ(give_with(table, 6, 8, true, "89", later), Put::kWhole);
        EXPECT_EQ(look_at_whole(table, 1).bytes, "0123456789");
      }
      EXPECT_EQ(give_with(table, 64, 8, true, "89", later + 61 * kSecond), Put::kWaits) << "another packet";
    }
  }
}

// Linux throws away what overlaps in part, and others forget after seconds.
TEST(FragmentTable, APacketWhosePartsOverlapOrComeLateStays) {
  FragmentTable table({});
  EXPECT_EQ(give_with(table, 64, 0, false, "01234567XXXXXXXX"), Put::kWaits);
  EXPECT_EQ(give_with(table, 64, 8, false, "XXXXXXXXghijklmn"), Put::kWaits) << "the same octets, and more";
  EXPECT_EQ(give_with(table, 64, 24, true, "op"), Put::kWhole);
  table.take(1, kNow);
  EXPECT_EQ(give_with(table, 64, 0, false, "0123456789abcdefghijklmn"), Put::kWhole);
  EXPECT_EQ(look_at_whole(table, 1).bytes, "0123456789abcdefghijklmnop");
  for (const std::uint64_t seconds : {1u, 2u, 3u, 59u}) {
    FragmentTable other({});
    EXPECT_EQ(give_with(other, 64, 0, false, "XXXXXXXX"), Put::kWaits);
    EXPECT_EQ(give_with(other, 64, 8, true, "89", kNow + seconds * kSecond), Put::kWhole);
    other.take(1, kNow + seconds * kSecond);
    EXPECT_EQ(give_with(other, 64, 0, false, "01234567", kNow + seconds * kSecond + 1), seconds <= 2 ? Put::kWaits : Put::kWhole);
  }
  FragmentTable late({});
  EXPECT_EQ(give_with(late, 64, 0, false, "XXXXXXXX"), Put::kWaits);
  EXPECT_EQ(give_with(late, 64, 0, false, "01234567", kNow + 31 * kSecond), Put::kContradicts) << "its receiver has forgotten the other one";
  EXPECT_EQ(give_with(late, 64, 8, true, "89", kNow + 62 * kSecond), Put::kWhole);
  EXPECT_EQ(look_at_whole(late, 1).bytes, "0123456789");
}

// What stays is the first to go when others need its place, and does not count.
TEST(FragmentTable, WhatStaysGivesWayUncounted) {
  FragmentTable table({.packets = 16, .bytes = 1 << 20});
  for (std::uint64_t key = 1; key <= 40; ++key) {
    EXPECT_EQ(give(table, key, 0, false, as_bytes("01234567"), kNow), Put::kWaits);
    EXPECT_EQ(give(table, key, 8, true, as_bytes("89"), kNow), Put::kWhole);
    table.note_wrong(key);
  }
  EXPECT_EQ(table.evicted(), 0u);
  EXPECT_EQ(give(table, 40, 0, false, as_bytes("abcdefgh"), kNow), Put::kWhole);
  EXPECT_EQ(give(table, 24, 0, false, as_bytes("abcdefgh"), kNow), Put::kWaits);
}

TEST(FragmentTable, PartsOfARefusedPacketAreRefusedForHalfAMinute) {
  FragmentTable table({});
  EXPECT_EQ(give(table, 1, 0, false, as_bytes("01234567"), kNow), Put::kWaits);
  EXPECT_EQ(give(table, 1, 8, true, as_bytes("89"), kNow), Put::kWhole);
  (void)take_whole(table, 1);
  // A copy and a decoy, in the same burst.
  EXPECT_EQ(give(table, 1, 0, false, as_bytes("01234567"), kNow), Put::kWaits);
  EXPECT_EQ(give(table, 1, 8, true, as_bytes("XY"), kNow), Put::kWhole);
  table.note_wrong(1);
  table.refuse(1, FragmentTable::Gone::kRefused, FragmentTable::kRefusedFor, kNow);
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
  const std::string first = take_whole(table, 1).bytes;
  EXPECT_EQ(give(table, 1, 0, false, as_bytes("abcdefgh"), kNow), Put::kWaits);
  EXPECT_EQ(give(table, 1, 8, true, as_bytes("ij"), kNow), Put::kWhole);
  const std::string second = take_whole(table, 1).bytes;
  EXPECT_EQ(first, "0123456789");
  EXPECT_EQ(second, "abcdefghij");
}

TEST(FragmentTable, PartsOfABearersPacketsAreKeptForASecond) {
  FragmentTable table({.packets = 16, .bytes = 1 << 20});
  const auto first = [&](std::uint64_t at) { return give(table, 1, 0, false, as_bytes("01234567"), at, 17, true); };
  const auto last = [&](std::uint64_t at) { return give(table, 1, 8, true, as_bytes("89"), at); };
  EXPECT_EQ(first(kNow), Put::kWaits);
  EXPECT_EQ(last(kNow + kSecond), Put::kWhole);
  const Found whole = take_whole(table, 1);
  EXPECT_TRUE(whole.is_bearer);
  table.refuse(1, FragmentTable::Gone::kRefused, whole.is_bearer ? FragmentTable::kBriefly : FragmentTable::kRefusedFor, kNow + kSecond);
  EXPECT_EQ(last(kNow + 2 * kSecond - 1), Put::kRefused);
  EXPECT_EQ(first(kNow + 2 * kSecond), Put::kWaits) << "another packet has this identification";
  EXPECT_EQ(last(kNow + 3 * kSecond + 2), Put::kWaits) << "and another one";
}

// Not even what its receiver would throw away is written beyond the room there is.
TEST(FragmentTable, APacketThatDoesNotFitIsToldByAnEmptyOne) {
  FragmentTable table({});
  EXPECT_EQ(give(table, 1, 0, false, as_bytes("01234567"), kNow), Put::kWaits);
  EXPECT_EQ(give(table, 1, 8, true, as_bytes("89"), kNow), Put::kWhole);
  std::vector<std::uint8_t> room(9);
  EXPECT_TRUE(table.whole(1, room).bytes.empty());
  EXPECT_EQ(take_whole(table, 1).bytes, "0123456789");
}

// One of whose packets a part was lost on the way.
TEST(FragmentTable, OfABearersPacketsTheLastCopiesCount) {
  const std::string packet = "0123456789abcdefghij", next = "ABCDEFGHIJKLMNOPQRST";
  const auto part = [](FragmentTable& table, const std::string& of, std::size_t number) {
    const Bytes bytes = as_bytes(of).subspan(8 * number, std::min<std::size_t>(8, of.size() - 8 * number));
    return give(table, 1, static_cast<std::uint32_t>(8 * number), number == 2, bytes, kNow, 17, number == 0);
  };
  for (const std::size_t lost : {0u, 1u, 2u}) {
    std::array<std::size_t, 3> order{0, 1, 2};
    do {
      FragmentTable table({.packets = 16, .bytes = 1 << 20});
      for (std::size_t i = 0; i < 3; ++i) {
        if (i == lost) continue;
        EXPECT_EQ(part(table, packet, i), Put::kWaits);
      }
      std::string last;
      for (const std::size_t number : order) {
        const Put put = part(table, next, number);
        // What comes before the first part is not known to be a bearer's.
        if (lost == 0 && order[0] != 0) continue;
        ASSERT_NE(put, Put::kContradicts) << lost << order[0] << order[1];
        if (put != Put::kWhole) continue;
        last = look_at_whole(table, 1).bytes;
        if (last != next) table.note_wrong(1);
      }
      if (lost != 0 || order[0] == 0) {
        EXPECT_EQ(last, next) << lost << order[0] << order[1];
      }
    } while (std::next_permutation(order.begin(), order.end()));
  }
}

// A decoy that looks like a bearer's does not make the last copies count for long.
TEST(FragmentTable, AFirstPartThatIsNoBearersMakesItsPacketOneOfOthers) {
  FragmentTable table({.packets = 16, .bytes = 1 << 20});
  EXPECT_EQ(give(table, 1, 0, false, as_bytes("XXXXXXXX"), kNow, 17, true), Put::kWaits);
  EXPECT_EQ(give(table, 1, 0, false, as_bytes("01234567"), kNow), Put::kContradicts);
  EXPECT_EQ(give(table, 1, 0, false, as_bytes("YYYYYYYY"), kNow), Put::kContradicts);
  EXPECT_EQ(give(table, 1, 0, false, as_bytes("YYYYYYYY"), kNow, 17, true), Put::kContradicts);
  EXPECT_EQ(give(table, 1, 8, true, as_bytes("89"), kNow + 2 * kSecond), Put::kWhole);
  EXPECT_EQ(take_whole(table, 1).bytes, "0123456789");
}

// What a packet is known to be decides, not what a part says that comes later: over IPv6 it may say anything.
TEST(FragmentTable, APartMakesNoBearersPacketOfAnother) {
  FragmentTable table({.packets = 16, .bytes = 1 << 20});
  EXPECT_EQ(give(table, 1, 0, false, as_bytes("01234567"), kNow), Put::kWaits);
  EXPECT_EQ(give(table, 1, 0, false, as_bytes("XXXXXXXX"), kNow + 2 * kSecond, 17, true), Put::kContradicts);
  EXPECT_EQ(give(table, 1, 8, true, as_bytes("89"), kNow + 4 * kSecond), Put::kWhole);
  EXPECT_EQ(take_whole(table, 1).bytes, "0123456789");
}

// Whatever others keep there, a packet of any length finds its room: who waits longest gives way at once.
TEST(FragmentTable, WhoWaitsLongestGivesWayWhenThereIsNoMemory) {
  const std::string packet(65000, 'a');
  for (const std::uint32_t offset : {0u, 2040u, 65000u}) {
    FragmentTable table({.packets = 4096, .bytes = 1 << 20});
    std::uint64_t key = 1;
    // Two of them at the border of two pages.
    while (table.evicted() == 0) ASSERT_EQ(give(table, ++key, offset, false, as_bytes("0123456789abcdef"), kNow), Put::kWaits);
    EXPECT_EQ(key - 1, (offset == 2040 ? 256u : 512u) + 1);
    Put last = Put::kWaits;
    for (std::size_t at = 0; at < packet.size(); at += 1480) {
      ASSERT_EQ(last, Put::kWaits);
      const std::size_t size = std::min<std::size_t>(1480, packet.size() - at);
      last = give(table, 1, static_cast<std::uint32_t>(at), at + size == packet.size(), as_bytes(packet).subspan(at, size), kNow);
    }
    EXPECT_EQ(last, Put::kWhole);
    EXPECT_EQ(take_whole(table, 1).bytes, packet);
    EXPECT_LE(table.evicted(), 1u + 32u);
  }
}

// It is the one that waits longest itself.
TEST(FragmentTable, APacketDoesNotGiveWayToItself) {
  FragmentTable table({.packets = 4096, .bytes = 1 << 20});
  EXPECT_EQ(give(table, 1, 0, false, as_bytes("01234567"), kNow), Put::kWaits);
  for (std::uint64_t key = 2; key <= 512; ++key) ASSERT_EQ(give(table, key, 0, false, as_bytes("01234567"), kNow), Put::kWaits);
  EXPECT_EQ(table.evicted(), 0u);
  EXPECT_EQ(give(table, 1, 4096, true, as_bytes("89"), kNow), Put::kWaits);
  EXPECT_EQ(table.evicted(), 1u);
  EXPECT_EQ(give(table, 2, 8, true, as_bytes("89"), kNow), Put::kWaits) << "it was the next one";
}

// What nobody waits for any more is no reason to say that a packet gave way, and takes nobody's place.
TEST(FragmentTable, WhatIsOverMakesRoomUncounted) {
  FragmentTable table({.packets = 4096, .bytes = 1 << 20});
  std::uint64_t key = 0;
  for (int round = 0; round < 4; ++round)
    for (int i = 0; i < 512; ++i)
      ASSERT_EQ(give(table, ++key, 0, false, as_bytes("01234567"), kNow + static_cast<std::uint64_t>(round) * 61 * kSecond), Put::kWaits);
  EXPECT_EQ(table.evicted(), 0u);
}

// The last part of a packet whose first never came, and the next two packets under its number: each is what its own parts say.
TEST(FragmentTable, PartsOfTwoPacketsAreNoneAndTheRightOneTakesTheirPlace) {
  for (const std::string_view tail : {"89", "8", "89abc"}) {
    FragmentTable table({.packets = 16, .bytes = 1 << 20});
    EXPECT_EQ(give(table, 1, 8, true, as_bytes("XY"), kNow), Put::kWaits);
    EXPECT_EQ(give(table, 1, 0, false, as_bytes("01234567"), kNow), Put::kWhole);
    EXPECT_EQ(look_at_whole(table, 1).bytes, "01234567XY");
    table.note_wrong(1);
    EXPECT_EQ(give(table, 1, 0, false, as_bytes("01234567"), kNow), Put::kWaits) << "nothing has changed";
    EXPECT_EQ(give(table, 1, 8, true, as_bytes(tail), kNow), Put::kWhole);
    const Found whole = take_whole(table, 1);
    EXPECT_EQ(whole.bytes, "01234567" + std::string(tail));
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
    table.note_wrong(1);
    Put last = Put::kWaits;
    const auto is_whole = [&] { return last == Put::kWhole; };
    // The beginning is the same, so it is whole without it.
    for (std::size_t i = 0; i < order.size() && !is_whole(); ++i)
      last = give(table, 1, static_cast<std::uint32_t>(8 * order[i]), order[i] == 2, part(order[i]), kNow);
    ASSERT_TRUE(is_whole()) << order[0] << order[1] << order[2];
    EXPECT_EQ(take_whole(table, 1).bytes, packet);
  } while (std::next_permutation(order.begin(), order.end()));
  FragmentTable table({.packets = 16, .bytes = 1 << 20});
  EXPECT_EQ(give(table, 1, 0, false, as_bytes("01234567"), kNow), Put::kWaits);
  EXPECT_EQ(give(table, 1, 8, true, as_bytes("XY"), kNow), Put::kWhole);
  table.note_wrong(1);
  EXPECT_EQ(give(table, 1, 8, true, as_bytes("89"), kNow + 2 * kSecond), Put::kWhole);
  EXPECT_EQ(give(table, 1, 8, true, as_bytes("89"), kNow + 63 * kSecond), Put::kWaits) << "another packet";
}

}  // namespace
}  // namespace telefence
