// SPDX-License-Identifier: Apache-2.0
#include "track/connection_table.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace telefence {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kLives = 15 * kSecond;

using Connection = ConnectionTable::Connection;
using Key = ConnectionTable::Key;
using Octets = std::vector<std::uint8_t>;

const auto ignore = [](Connection&) {};

// As a hash of the sender is: spread over all bits.
std::uint64_t sender(std::uint64_t number) { return (number + 1) * 0x9e3779b97f4a7c15; }

TEST(ConnectionTable, FindsAConnectionByFlowAndMark) {
  ConnectionTable table(1024, kLives);
  const Key key{sender(1), 77};
  EXPECT_EQ(table.find(key, Octets{1}, 1), nullptr);
  Connection& first = table.insert(key, Octets{1}, 1, ignore);
  Connection& second = table.insert(key, Octets{1, 2}, 2, ignore);
  EXPECT_EQ(table.find(key, Octets{1}, 3), &first);
  EXPECT_EQ(table.find(key, Octets{1, 2}, 3), &second);
  EXPECT_EQ(table.find(key, Octets{2}, 3), nullptr);
  EXPECT_EQ(table.find({sender(1), 78}, Octets{1}, 3), nullptr);
  EXPECT_EQ(table.size(), 2u);
  table.erase(first);
  EXPECT_EQ(table.find(key, Octets{1}, 3), nullptr);
  EXPECT_EQ(table.size(), 1u);
}

TEST(ConnectionTable, ForgetsWhatWasNotUsedForLong) {
  ConnectionTable table(1024, kLives);
  const Key key{sender(1), 77};
  Connection& connection = table.insert(key, Octets{1}, kSecond, ignore);
  EXPECT_NE(table.find(key, Octets{1}, kSecond + kLives), nullptr);
  EXPECT_EQ(table.find(key, Octets{1}, kSecond + kLives + 1), nullptr);
  connection.used_ns = 10 * kSecond;
  EXPECT_NE(table.find(key, Octets{1}, kSecond + kLives + 1), nullptr);
}

TEST(ConnectionTable, ListsThoseOfAFlowTheNewestFirst) {
  ConnectionTable table(1024, kLives);
  const Key key{sender(4), 77};
  for (const std::uint8_t time : Octets{3, 1, 5, 2, 4}) table.insert(key, Octets{time}, time, ignore);
  table.insert({sender(4), 78}, Octets{9}, 9, ignore);
  std::array<Connection*, 8> room;
  ASSERT_EQ(table.list(key, 10, room), 5u);
  for (std::uint8_t i = 0; i < 5; ++i) EXPECT_EQ(room[i]->mark()[0], 5 - i);
  ASSERT_EQ(table.list(key, 10, std::span(room).first(2)), 2u);
  EXPECT_EQ(room[0]->mark()[0], 5);
  EXPECT_EQ(room[1]->mark()[0], 4);
  EXPECT_EQ(table.list(key, 10 * kLives, room), 0u);
}

TEST(ConnectionTable, TheOldestOfAFullSetGivesWay) {
  ConnectionTable table(ConnectionTable::kWays, kLives);
  for (std::uint8_t i = 0; i < ConnectionTable::kWays; ++i) table.insert({sender(i), i}, Octets{i}, i + 1u, ignore);
  table.find({sender(0), 0}, Octets{0}, 50)->used_ns = 50;
  std::vector<std::uint8_t> gone;
  table.insert({sender(99), 99}, Octets{99}, 60, [&](Connection& leaving) { gone.push_back(leaving.mark()[0]); });
  EXPECT_EQ(gone, std::vector<std::uint8_t>{1});
  EXPECT_EQ(table.evicted(), 1u);
  EXPECT_EQ(table.size(), ConnectionTable::kWays);
  // One whose time is over is given back, too, but was not pushed out.
  table.insert({sender(98), 98}, Octets{98}, 100 * kSecond, [&](Connection& leaving) { gone.push_back(leaving.mark()[0]); });
  EXPECT_EQ(gone.size(), 2u);
  EXPECT_EQ(table.evicted(), 1u);
}

// Ten million beginnings of one sender, which has eight sets as in datagram_flows.cc.
TEST(ConnectionTable, AFloodOfOneSenderPushesOutOnlyWhatSharesItsSets) {
  ConnectionTable table(32768, kLives);
  constexpr std::uint64_t kHonest = 10'000;
  std::uint64_t now = kSecond;
  for (std::uint64_t i = 0; i < kHonest; ++i) table.insert({sender(i), i + 1}, Octets{1}, now, ignore);
  std::mt19937_64 random(3);
  for (std::uint64_t i = 0; i < 10'000'000; ++i) {
    now += 100;
    table.insert({sender(1'000'000 + i % 8), random()}, Octets{2}, now, ignore);
  }
  std::uint64_t found = 0;
  for (std::uint64_t i = 0; i < kHonest; ++i)
    if (table.find({sender(i), i + 1}, Octets{1}, now) != nullptr) ++found;
  EXPECT_GE(found, kHonest - kHonest * 8 * 2 / 1024);
}

// With forged addresses all over, an entry stays until about as many have come as there are places.
TEST(ConnectionTable, AFloodFromEverywherePushesOutTheOldestOnly) {
  ConnectionTable table(32768, kLives);
  std::mt19937_64 random(3);
  for (std::uint64_t i = 0; i < 100'000; ++i) table.insert({random(), random()}, Octets{2}, i + 1, ignore);
  const std::uint64_t honest = random();
  table.insert({honest, 5}, Octets{1}, 100'001, ignore);
  for (std::uint64_t i = 0; i < 16'000; ++i) table.insert({random(), random()}, Octets{2}, 100'002 + i, ignore);
  EXPECT_NE(table.find({honest, 5}, Octets{1}, 120'000), nullptr);
}

TEST(ConnectionTable, TellsWhatIsOldWhenMemoryRunsOut) {
  ConnectionTable table(1024, kLives);
  EXPECT_EQ(table.next_to_go(), nullptr);
  for (std::uint64_t i = 0; i < 100; ++i) table.insert({sender(i), i + 1}, Octets{static_cast<std::uint8_t>(i)}, i + 1, ignore);
  for (std::uint64_t left = 100; left > 0; --left) {
    Connection* const next = table.next_to_go();
    ASSERT_NE(next, nullptr);
    table.erase(*next);
    ASSERT_EQ(table.size(), left - 1);
  }
  EXPECT_EQ(table.next_to_go(), nullptr);
}

}  // namespace
}  // namespace telefence
