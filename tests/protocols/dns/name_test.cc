// SPDX-License-Identifier: Apache-2.0
#include "protocols/dns/name.h"

#include <algorithm>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "protocols/dns/plain_name.h"
#include "protocols/dns/plain_names.h"
#include "protocols/protocol.h"
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

class PlainNameWays : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override { force_plain_name_way(GetParam()); }
  void TearDown() override { force_plain_name_way(plain_name_ways()); }
};

// A query for that name, behind which something stands that means nothing.
struct Query {
  explicit Query(const std::string& name, char behind = '\xee') {
    octets.assign("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00", 12);
    octets.append(name).append("\x00\x01\x00\x01", 4);
    size = octets.size();
    octets.append(Protocol::kBehindPlain, behind);
  }
  bool read(PlainName& name) const {
    static testing::GuardedBytes memory(4096);
    const Bytes message = Bytes(memory.copy(as_bytes(octets))).first(size);
    std::uint16_t index = 0;
    return plain_names({&message, 1}, &name, &index) == 1;
  }
  std::string octets;
  std::size_t size;
};

TEST_P(PlainNameWays, AShortNameInLowerCaseIsTheSameOrNone) {
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
    PlainName name;
    const bool is_plain = Query(octets, static_cast<char>(random())).read(name);
    ASSERT_EQ(is_plain, !is_odd && octets.size() <= PlainName::kMost + 2) << ::testing::PrintToString(octets);
    ++(is_plain ? plain : others);
    if (!is_plain) continue;
    std::string lower = read.text;
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    ASSERT_EQ(name.text(), lower);
    std::size_t end = lower.size();
    for (const std::uint8_t size : name.ends) {
      const std::size_t start = end == 0 ? 0 : lower.substr(0, end).rfind('.') + 1;
      ASSERT_EQ(size, lower.size() - start) << lower;
      end = start == 0 ? 0 : start - 1;
    }
  }
  EXPECT_GT(plain, 10000);
  EXPECT_GT(others, 1000);
}

// Octets that look like lengths and root labels, at any place, must not make another name of what is asked for.
TEST_P(PlainNameWays, NoOctetsMakeAnotherNameOfOne) {
  std::mt19937 random(9);
  constexpr std::string_view kOctets("\0\0\x01\x02\x03\x04\x05\x06\x07\x09\x0c\x1f\x2c\x2d\x2e\x2f\x30\x3f\x40\xc0" "abZ-", 24);
  int plain = 0;
  for (int round = 0; round < 2'000'000; ++round) {
    std::string octets(1 + random() % 70, ' ');
    for (char& c : octets) c = kOctets[random() % (random() % 4 == 0 ? 20 : kOctets.size())];
    if (round % 2 == 0) octets[0] = static_cast<char>(random() % 8);
    PlainName name;
    if (!Query(octets).read(name)) continue;
    ++plain;
    const BothWays read(octets);
    std::string lower = read.text;
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    ASSERT_EQ(name.text(), lower) << ::testing::PrintToString(octets);
  }
  EXPECT_GT(plain, 5000);
}

// What lies behind the message is no part of it.
TEST_P(PlainNameWays, ANameEndsInItsMessage) {
  PlainName name;
  for (std::size_t most = 1; most <= 40; ++most) {
    EXPECT_TRUE(Query(label(most) + '\0').read(name)) << most;
    EXPECT_FALSE(Query(label(most)).read(name)) << most;  // the upper octet of its type is no root label
  }
}

INSTANTIATE_TEST_SUITE_P(All, PlainNameWays, ::testing::Range(0, plain_name_ways()));

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
