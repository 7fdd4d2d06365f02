// SPDX-License-Identifier: Apache-2.0
#include "nic/respond_queue.h"

#include <gtest/gtest.h>

#include <vector>

namespace telefence {
namespace {

using Octets = std::vector<std::uint8_t>;

constexpr MacAddress kOwn = {2, 0, 0, 0, 0, 9}, kGateway = {2, 0, 0, 0, 0, 7};

// An answer as it is made for a copy: to station 1 from station 2, with these tags, 40 octets of packet.
struct Answer {
  explicit Answer(const Octets& tags = {}) : room(256, 0xee) {
    Octets octets = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};
    octets.reserve(64);  // else gcc 12 warns of what it takes for an overrun
    octets.insert(octets.end(), tags.begin(), tags.end());
    octets.insert(octets.end(), {8, 0});
    octets.insert(octets.end(), 40, 0x45);
    std::copy(octets.begin(), octets.end(), room.begin() + 64);
    frame.data = room.data() + 64;
    frame.headroom = 64;
    frame.length = static_cast<std::uint32_t>(octets.size());
    frame.link = LinkType::kEthernet;
  }
  Octets head() const { return Octets(frame.data, frame.data + frame.length - 40); }
  bool keeps_its_packet() const { return Octets(frame.data + frame.length - 40, frame.data + frame.length) == Octets(40, 0x45); }
  Octets room;
  Frame frame;
};

TEST(RespondQueue, NeverSpeaksWithTheAddressOfAnotherStation) {
  Answer answer;
  ASSERT_TRUE(address_frame({kOwn, std::nullopt, 0}, answer.frame));
  EXPECT_EQ(answer.head(), (Octets{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, 8, 0}));
  EXPECT_TRUE(answer.keeps_its_packet());
}

TEST(RespondQueue, KeepsTheTagsOfTheCopyUnlessToldOtherwise) {
  const Octets both = {0x88, 0xa8, 0, 5, 0x81, 0, 0, 6};
  Answer kept(both);
  ASSERT_TRUE(address_frame({kOwn, std::nullopt, 0}, kept.frame));
  EXPECT_EQ(kept.head(), (Octets{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, 0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 8, 0}));
  Answer own(both);
  ASSERT_TRUE(address_frame({kOwn, std::nullopt, 77}, own.frame));
  EXPECT_EQ(own.head(), (Octets{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, 0x81, 0, 0, 77, 8, 0}));
  EXPECT_TRUE(own.keeps_its_packet());
  Answer routed(both);
  ASSERT_TRUE(address_frame({kOwn, kGateway, 0}, routed.frame));
  EXPECT_EQ(routed.head(), (Octets{2, 0, 0, 0, 0, 7, 2, 0, 0, 0, 0, 9, 8, 0}));
  EXPECT_TRUE(routed.keeps_its_packet());
  EXPECT_EQ(routed.frame.headroom, 64 + 8);
}

TEST(RespondQueue, MakesRoomForATag) {
  Answer answer;
  ASSERT_TRUE(address_frame({kOwn, kGateway, 4094}, answer.frame));
  EXPECT_EQ(answer.head(), (Octets{2, 0, 0, 0, 0, 7, 2, 0, 0, 0, 0, 9, 0x81, 0, 0x0f, 0xfe, 8, 0}));
  EXPECT_TRUE(answer.keeps_its_packet());
  Answer full;
  full.frame.headroom = 3;
  EXPECT_FALSE(address_frame({kOwn, kGateway, 1}, full.frame));
}

TEST(MacAddress, IsSixPairsWithColons) {
  EXPECT_EQ(mac_from("02:00:00:00:00:09"), kOwn);
  EXPECT_EQ(mac_from("Fe:dC:00:00:00:01"), (MacAddress{0xfe, 0xdc, 0, 0, 0, 1}));
  for (const char* other : {"", "02:00:00:00:00", "02:00:00:00:00:1", "02-00-00-00-00-01", "02:00:00:00:00:0x", "+2:00:00:00:00:01",
                            "02:00:00:00:00:01:"})
    EXPECT_FALSE(mac_from(other)) << other;
  EXPECT_FALSE(is_one_station({1, 0, 0x5e, 0, 0, 1}));
  EXPECT_FALSE(is_one_station({}));
}

}  // namespace
}  // namespace telefence
