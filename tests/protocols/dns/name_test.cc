// SPDX-License-Identifier: Apache-2.0
#include "protocols/dns/name.h"

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
