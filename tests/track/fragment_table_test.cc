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
  return table.put(key, {.header = {.offset = offset, .is_last = is_last, .protocol = protocol}, .bytes = bytes, .is_bearer = is_bearer}, now_ns).put;
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
  table.take(key, false, kNow);
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

// Two packets of one number take twice the memory and time, and nobody may take all there is for a burst.
TEST(FragmentTable, WhatCannotBeKeptTwiceIsNotPut) {
  FragmentTable table({});
  const std::string packet(60000, 'a');
  const auto begin = [&](std::uint64_t key) {
    for (std::uint32_t at = 0; at < packet.size(); at += 1200)
      ASSERT_EQ(give(table, key, at, false, as_bytes(packet).subspan(at, 1200), kNow), Put::kWaits);
  };
  for (std::uint64_t key = 1; key <= 20; ++key) begin(key);
  std::uint64_t key = 1;
  while (key <= 20 && give(table, key, 800, false, as_bytes("XXXXXXXX"), kNow) == Put::kContradicts) ++key;
  EXPECT_EQ(key, 10u) << "nine of them are more than half a mebibyte";
  EXPECT_EQ(give(table, key, 800, false, as_bytes("XXXXXXXX"), kNow), Put::kUnjudged);
  EXPECT_EQ(give(table, key, 60000, true, as_bytes("zz"), kNow), Put::kWhole) << "as if it had not come";
  EXPECT_EQ(take_whole(table, key).bytes, packet + "zz");
  // A bearer's packets are not told apart, but who says that he has one, and cuts them himself, has none.
  const auto put_first = [&](bool is_bearer, std::uint8_t hops) {
    const FragmentTable::Part part{.header = {.protocol = 17}, .bytes = as_bytes("XXXXXXXX"), .hops = hops, .is_bearer = is_bearer};
    return table.put(20, part, kNow).put;
  };
  table.drop(20);
  EXPECT_EQ(give(table, 20, 0, false, as_bytes("01234567"), kNow, 17, true), Put::kWaits);
  EXPECT_EQ(put_first(false, 64), Put::kUnjudged);
  EXPECT_EQ(put_first(true, 63), Put::kUnjudged);
  EXPECT_EQ(put_first(true, 64), Put::kWaits);
  // Of those with few octets far behind, the octets count.
  FragmentTable sparse({});
  for (key = 1; key <= 1000; ++key) {
    ASSERT_EQ(give(sparse, key, 64000, false, as_bytes("01234567"), kNow), Put::kWaits);
    ASSERT_EQ(give(sparse, key, 64000, false, as_bytes("XXXXXXXX"), kNow), Put::kContradicts);
  }
  table.end_of_burst();
  EXPECT_EQ(give(table, 11, 800, false, as_bytes("XXXXXXXX"), kNow), Put::kContradicts);
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

// What is made beside the first packet by this part; empty: nothing new.
std::string other_by(FragmentTable& table, std::uint8_t hops, std::uint32_t offset, bool is_last, std::string_view bytes, std::uint64_t now_ns = kNow,
                     bool is_wrong = false) {
  FragmentTable::Part part{.header = {.offset = offset, .is_last = is_last, .protocol = 17}, .bytes = as_bytes(bytes), .hops = hops};
  const FragmentTable::Done done = table.put(1, part, now_ns);
  if (done.put == Put::kWhole || done.put == Put::kWholeContradicts) table.take(1, is_wrong, now_ns);
  if (!done.is_other_whole) return "";
  std::vector<std::uint8_t> room(65536);
  return std::string(as_text(table.other(1, room).bytes));
}

// Whoever gets the others gets that one, too.
TEST(FragmentTable, BesideTheFirstCopiesThoseThatGoFarthestMakeAPacket) {
  FragmentTable table({});
  EXPECT_EQ(other_by(table, 5, 8, true, "XY"), "");
  EXPECT_EQ(other_by(table, 6, 8, true, "89"), "");
  EXPECT_EQ(other_by(table, 5, 8, true, "ab"), "");
  EXPECT_EQ(other_by(table, 5, 8, false, "ababcdef"), "") << "it goes less far than the end";
  EXPECT_EQ(other_by(table, 6, 0, false, "01234567"), "0123456789") << "and the first ones are 01234567XY";
  EXPECT_EQ(other_by(table, 6, 0, false, "abcdefgh"), "abcdefgh89") << "of such as go equally far the last";
  EXPECT_EQ(other_by(table, 6, 8, false, "89abcdef"), "") << "it goes on";
  EXPECT_EQ(other_by(table, 6, 16, true, "g"), "abcdefgh89abcdefg");
  EXPECT_EQ(other_by(table, 5, 8, true, "89"), "") << "an end before what goes farther";
  EXPECT_EQ(other_by(table, 6, 8, true, "89"), "abcdefgh89");
  EXPECT_EQ(other_by(table, 64, 8, true, "YX", kNow + 59 * kSecond), "abcdefghYX");
  EXPECT_EQ(other_by(table, 64, 8, true, "XY", kNow + 120 * kSecond), "") << "nobody keeps them so long";
}

// Decoys make something else of a packet than what its receiver has.
TEST(FragmentTable, APacketStaysThatItsReceiverMayNotHave) {
  struct Case {
    std::uint8_t first, last;
    std::uint64_t apart;
    bool stays;
  };
  for (const Case& one : {Case{64, 64, 0, false}, Case{5, 64, 0, true}, Case{64, 5, 0, true}, Case{64, 64, 2 * kSecond, false}, Case{64, 64, 3 * kSecond, true}}) {
    FragmentTable table({});
    EXPECT_EQ(other_by(table, one.first, 0, false, "01234567"), "");
    EXPECT_EQ(other_by(table, one.last, 8, true, "XY", kNow + one.apart), "");
    EXPECT_EQ(other_by(table, 64, 8, true, "89", kNow + one.apart), one.stays ? "0123456789" : "") << int{one.first} << int{one.last};
  }
  // Linux throws away what overlaps in part.
  FragmentTable table({});
  EXPECT_EQ(other_by(table, 64, 0, false, "01234567XXXXXXXX"), "");
  EXPECT_EQ(other_by(table, 64, 8, false, "XXXXXXXXghijklmn"), "") << "the same octets, and more";
  EXPECT_EQ(other_by(table, 64, 24, true, "op"), "");
  EXPECT_EQ(other_by(table, 64, 0, false, "0123456789abcdefghijklmn"), "0123456789abcdefghijklmnop");
}

// The last part of a packet whose first never came, and the next packet under its number.
TEST(FragmentTable, OfPartsOfTwoPacketsTheRightOneIsMadeToo) {
  for (const std::string_view tail : {"89", "8", "89abc"}) {
    FragmentTable table({.packets = 16, .bytes = 1 << 20});
    EXPECT_EQ(other_by(table, 64, 8, true, "XY"), "");
    EXPECT_EQ(other_by(table, 64, 0, false, "01234567", kNow, true), "") << "01234567XY";
    EXPECT_EQ(other_by(table, 64, 0, false, "01234567"), "") << "nothing has changed";
    EXPECT_EQ(other_by(table, 64, 8, true, tail), "01234567" + std::string(tail));
  }
  // What was wrong was shorter: the parts of the next packet reach beyond it, in whatever order.
  const std::string packet = "0123456789abcdefghij";
  std::array<std::uint32_t, 3> order{0, 8, 16};
  do {
    FragmentTable table({.packets = 16, .bytes = 1 << 20});
    EXPECT_EQ(other_by(table, 64, 0, false, "01234567"), "");
    EXPECT_EQ(other_by(table, 64, 8, true, "XY", kNow, true), "");
    std::string last;
    for (const std::uint32_t at : order) {
      const std::string other = other_by(table, 64, at, at == 16, std::string_view(packet).substr(at, 8));
      if (!other.empty()) last = other;
    }
    EXPECT_EQ(last, packet) << order[0] << order[1] << order[2];
  } while (std::next_permutation(order.begin(), order.end()));
}

// What is kept beside others must neither hide nor push out a packet.
TEST(FragmentTable, APacketIsMadeOfItsOwnPartsWhateverIsKeptUnderItsNumber) {
  FragmentTable table({});
  EXPECT_EQ(other_by(table, 64, 0, false, "XXXXXXXX"), "");
  EXPECT_EQ(other_by(table, 63, 8, true, "XY"), "");
  for (const std::uint8_t hops : std::array<std::uint8_t, 3>{62, 63, 65}) {
    const auto give_part = [&](std::uint32_t offset, bool is_last, std::string_view bytes) {
      return table.put(1, {.header = {.offset = offset, .is_last = is_last, .protocol = 17}, .bytes = as_bytes(bytes), .hops = hops}, kNow).put;
    };
    EXPECT_EQ(give_part(0, false, "01234567"), Put::kWaits);
    EXPECT_EQ(give_part(8, true, "89"), Put::kWhole);
    EXPECT_EQ(take_whole(table, 1).bytes, "0123456789");
  }
  FragmentTable small({.packets = 16, .bytes = 1 << 20});
  EXPECT_EQ(give(small, 1000, 0, false, as_bytes("01234567"), kNow), Put::kWaits);
  for (std::uint64_t key = 1; key <= 40; ++key) {
    EXPECT_EQ(give(small, key, 0, false, as_bytes("01234567"), kNow), Put::kWaits);
    EXPECT_EQ(give(small, key, 8, true, as_bytes("89"), kNow + 3 * kSecond), Put::kWhole);
    small.take(key, false, kNow + 3 * kSecond);
  }
  EXPECT_EQ(small.evicted(), 0u);
  EXPECT_EQ(give(small, 1000, 8, true, as_bytes("89"), kNow), Put::kWhole);
}

// Those beside the first copies give way counted, and uncounted when nobody waits for them any more.
TEST(FragmentTable, WhatIsKeptBesideGivesWayCountedUnlessItIsOver) {
  FragmentTable table({.packets = 64, .bytes = 1 << 20});
  const auto make_wrong = [&](std::uint64_t key, std::uint64_t now_ns) {
    ASSERT_EQ(give(table, key, 0, false, as_bytes("01234567"), now_ns), Put::kWaits);
    ASSERT_EQ(give(table, key, 8, true, as_bytes("89"), now_ns), Put::kWhole);
    table.take(key, true, now_ns);
  };
  for (std::uint64_t key = 1; key <= 16; ++key) make_wrong(key, kNow);
  EXPECT_EQ(table.evicted(), 0u);
  make_wrong(17, kNow);
  EXPECT_EQ(table.evicted(), 1u);
  for (std::uint64_t key = 18; key <= 40; ++key) make_wrong(key, kNow + 61 * kSecond);
  EXPECT_EQ(table.evicted(), 1u + 23 - 16);
}

// Each of the two finds room for a part without taking the other's.
TEST(FragmentTable, WantOfMemoryTakesNeitherOfTheTwoUnderOneNumber) {
  FragmentTable table({.packets = 4096, .bytes = 1 << 20});
  std::uint64_t key = 2;
  while (table.evicted() == 0) ASSERT_EQ(give(table, key++, 0, false, as_bytes("01234567"), kNow), Put::kWaits);
  const std::string packet(60000, 'a'), decoy(1480, 'b');
  std::string other = other_by(table, 5, 0, false, decoy);
  for (std::size_t at = 0; at < packet.size(); at += 1480) {
    const std::size_t size = std::min<std::size_t>(1480, packet.size() - at);
    other = other_by(table, 64, static_cast<std::uint32_t>(at), at + size == packet.size(), std::string_view(packet).substr(at, size));
  }
  EXPECT_EQ(other, packet);
  while (key < 4000) ASSERT_EQ(give(table, key++, 2040, false, as_bytes("0123456789abcdef"), kNow), Put::kWaits);
}

TEST(FragmentTable, PartsOfARefusedPacketAreRefusedForHalfAMinute) {
  FragmentTable table({});
  EXPECT_EQ(give(table, 1, 0, false, as_bytes("01234567"), kNow), Put::kWaits);
  EXPECT_EQ(give(table, 1, 8, true, as_bytes("89"), kNow), Put::kWhole);
  (void)take_whole(table, 1);
  // A copy and a decoy, in the same burst.
  EXPECT_EQ(give(table, 1, 0, false, as_bytes("01234567"), kNow), Put::kWaits);
  EXPECT_EQ(give(table, 1, 8, true, as_bytes("XY"), kNow), Put::kWhole);
  table.take(1, true, kNow);
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

}  // namespace
}  // namespace telefence
