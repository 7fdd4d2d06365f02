// SPDX-License-Identifier: Apache-2.0
#include "protocols/dns/name.h"

#include <algorithm>
#include <array>
#include <bit>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "protocols/dns/plain_name.h"
#include "support/guarded_bytes.h"

namespace telefence::dns {
namespace {

// What both ways say of a name that ends where memory does.
struct BothWays {
  explicit BothWays(const std::string& octets) {
    static testing::GuardedBytes memory(4096);
    const Bytes bytes = memory.copy(as_bytes(octets));
    std::string room(kLongestWire, '?');
    wire = copy_plain_name(bytes, room.data());
    plain = wire == 0 ? std::string() : room.substr(0, wire - 2);
    NameText name;
    Reader reader(bytes);
    is_sound = name.read(bytes, reader);
    position = reader.position();
    text = is_sound ? std::string(name.text()) : std::string();
  }
  std::size_t wire = 0, position = 0;
  std::string plain, text;
  bool is_sound = false;
};

std::string label(std::size_t length, char octet = 'a') { return static_cast<char>(length) + std::string(length, octet); }

TEST(DnsName, APlainNameIsReadAlikeBothWays) {
  std::mt19937 random(3);
  constexpr std::string_view kUsual = "abcXYZ019-_\xe4";
  for (int round = 0; round < 20000; ++round) {
    std::string octets;
    const std::size_t labels = 1 + random() % 6;
    for (std::size_t i = 0; i < labels; ++i) {
      std::string one = label(1 + random() % (random() % 8 == 0 ? 63 : 12));
      for (std::size_t at = 1; at < one.size(); ++at) one[at] = kUsual[random() % kUsual.size()];
      octets += one;
    }
    octets += '\0';
    const BothWays read(octets);
    if (read.wire == 0) {
      EXPECT_TRUE(octets.size() > kLongestWire || octets.find('.') != std::string::npos);  // a label of 46 octets
      continue;
    }
    ASSERT_TRUE(read.is_sound);
    EXPECT_EQ(read.plain, read.text);
    EXPECT_EQ(read.wire, read.position);
  }
}

TEST(DnsName, AnythingElseIsNotPlainOrTheSame) {
  std::mt19937 random(4);
  for (int round = 0; round < 50000; ++round) {
    std::string octets(1 + random() % 40, ' ');
    for (char& octet : octets) octet = static_cast<char>(random() % 4 == 0 ? random() : random() % 6);
    const BothWays read(octets);
    if (read.wire == 0) continue;
    ASSERT_TRUE(read.is_sound);
    EXPECT_EQ(read.plain, read.text);
    EXPECT_EQ(read.wire, read.position);
  }
}

// Two ways to find the labels of a short name, of which one takes the labels that most names have without a branch.
TEST(DnsName, LabelsAreFoundAlikeBothWays) {
  std::mt19937 random(5);
  testing::GuardedBytes memory(4096);
  std::array<int, 8> found{};
  for (int round = 0; round < 200000; ++round) {
    std::string octets;
    for (std::size_t labels = random() % 8; labels != 0; --labels) octets += label(1 + random() % (round % 3 == 0 ? 40 : 9));
    octets += std::string(random() % 3, '\0');  // none: it is cut
    if (round % 5 == 0 && !octets.empty()) octets[random() % octets.size()] = static_cast<char>(random());
    octets.resize(std::min<std::size_t>(octets.size(), 80));
    const Bytes bytes = memory.copy(as_bytes(octets));
    const LabelLengths plain = walk_labels(bytes), quick = find_labels(bytes);
    ASSERT_EQ(plain.root, quick.root) << ::testing::PrintToString(octets);
    ASSERT_EQ(plain.places, quick.places) << ::testing::PrintToString(octets);
    ASSERT_LE(plain.root, kShortName + 1);
    if (plain.root != 0) ++found[std::min<std::size_t>(static_cast<std::size_t>(std::popcount(plain.places)), found.size() - 1)];
  }
  for (std::size_t labels = 1; labels < found.size(); ++labels) EXPECT_GT(found[labels], 100) << labels;
}

TEST(DnsName, AShortNameInLowerCaseIsTheSameOrNone) {
  std::mt19937 random(6);
  constexpr std::string_view kUsual = "abcXYZ019-_";
  constexpr std::string_view kOdd = " !,.\\[\x7f\x80\xff\x01";
  int plain = 0, others = 0;
  for (int round = 0; round < 50000; ++round) {
    std::string octets;
    bool is_odd = false;
    for (std::size_t labels = 1 + random() % 7; labels != 0; --labels) {
      std::string one = label(1 + random() % 12);
      for (std::size_t at = 1; at < one.size(); ++at) {
        const bool odd = round % 2 == 0 && random() % 20 == 0;
        one[at] = odd ? kOdd[random() % kOdd.size()] : kUsual[random() % kUsual.size()];
        is_odd |= odd && one[at] != '[' && one[at] != '\x7f';
      }
      octets += one;
    }
    octets += '\0';
    const BothWays read(octets);
    static testing::GuardedBytes memory(4096);
    std::array<char, PlainName::kRoom> room;
    PlainName name;
    const bool is_plain = lower_plain_name(memory.copy(as_bytes(octets)), room.data(), name);
    ASSERT_EQ(is_plain, !is_odd && octets.size() <= kShortName + 2) << ::testing::PrintToString(octets);
    ++(is_plain ? plain : others);
    if (!is_plain) continue;
    std::string lower = read.text;
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    ASSERT_EQ(name.text, lower);
    std::size_t end = lower.size();
    for (const std::uint8_t start : name.label_starts) {
      const std::size_t expected = end == 0 ? 0 : lower.substr(0, end).rfind('.') + 1;
      ASSERT_EQ(start, expected) << lower;
      end = expected == 0 ? 0 : expected - 1;
    }
  }
  EXPECT_GT(plain, 10000);
  EXPECT_GT(others, 1000);
}

TEST(DnsName, WhatHasToBeLookedAtCloselyIsNotPlain) {
  EXPECT_EQ(BothWays(label(3) + label(2, '.') + '\0').wire, 0u);
  EXPECT_EQ(BothWays(label(20) + label(18, '\\') + '\0').wire, 0u);
  EXPECT_EQ(BothWays(std::string(1, '\0')).wire, 0u);
  EXPECT_EQ(BothWays(label(3) + "\xc0\x0c").wire, 0u);
  EXPECT_EQ(BothWays(label(3) + label(5)).wire, 0u);  // no root label
  EXPECT_EQ(BothWays(label(63) + label(63) + label(63) + label(61) + '\0').wire, 255u);
  EXPECT_EQ(BothWays(label(63) + label(63) + label(63) + label(62) + '\0').wire, 0u);
}

}  // namespace
}  // namespace telefence::dns
