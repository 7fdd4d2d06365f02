// SPDX-License-Identifier: Apache-2.0
#include "track/flow_key.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <set>
#include <vector>

#include "base/big_endian.h"
#include "track/tunnelled_packet.h"

namespace telefence {
namespace {

using namespace testing;  // the builders' functions; tests only

const HashSecret kSecret = random_secret();

FlowKey key_of(const TunnelledPacket& packet) { return flow_key(packet.frame, packet.layers, kSecret); }

void expect_one_flow(const TunnelledPacket& there, const TunnelledPacket& back, const char* why) {
  const FlowKey a = key_of(there);
  const FlowKey b = key_of(back);
  EXPECT_EQ(a.both, b.both) << why;
  EXPECT_EQ(a.forward, b.reverse) << why;
  EXPECT_EQ(a.reverse, b.forward) << why;
  EXPECT_NE(a.forward, a.reverse) << why;
}

void expect_two_flows(const TunnelledPacket& one, const TunnelledPacket& other, const char* why) {
  EXPECT_NE(key_of(one).both, key_of(other).both) << why;
  EXPECT_NE(key_of(one).forward, key_of(other).forward) << why;
}

TEST(FlowKey, BothDirectionsOfATunnelledFlowAreOne) {
  constexpr TunnelKind kKinds[] = {TunnelKind::kGtpU, TunnelKind::kGre, TunnelKind::kIpInIp, TunnelKind::kVxlan,
                                   TunnelKind::kGeneve, TunnelKind::kMpls, TunnelKind::kPppoe, TunnelKind::kL2tp, TunnelKind::kCapwap,
                                   TunnelKind::kAyiya, TunnelKind::kGreInUdp};
  for (const TunnelKind kind : kKinds) {
    for (const bool outer_ipv6 : {false, true}) {
      const TunnelShape tunnel{.kind = kind, .outer_ipv6 = outer_ipv6};
      const TunnelledPacket there(tunnel, {});  // not Teredo, which carries IPv6 only: tests/pipeline has its ways
      ASSERT_EQ(there.layers.tunnel, kind);
      expect_one_flow(there, TunnelledPacket(tunnel, {.reversed = true}), traits_of(kind).name.data());
      expect_two_flows(there, TunnelledPacket(tunnel, {.port = 40001}), "another port");
      expect_two_flows(there, TunnelledPacket(tunnel, {.subscriber = 2}), "another subscriber");
    }
  }
}

TEST(FlowKey, IdsThatEachEndGivesOutItselfDoNotCount) {
  expect_one_flow(TunnelledPacket({.id = 1}, {}), TunnelledPacket({.id = 2}, {.reversed = true}), "TEIDs");
  expect_one_flow(TunnelledPacket({.kind = TunnelKind::kMpls, .id = 100, .label_count = 1}, {}),
                  TunnelledPacket({.kind = TunnelKind::kMpls, .id = 200, .label_count = 3}, {.reversed = true}), "labels");
}

TEST(FlowKey, LabelsMayBeMissingInOneDirection) {
  const InnerShape back{.reversed = true};
  expect_one_flow(TunnelledPacket({.kind = TunnelKind::kMpls}, {}),
                  TunnelledPacket(stations(true, 0) + big16(kIpv4) + inner_of(back)), "the last router but one takes them off");
}

TEST(FlowKey, TheSameAddressesInOtherTunnelsAreOtherFlows) {
  for (const TunnelKind kind : {TunnelKind::kVxlan, TunnelKind::kGeneve, TunnelKind::kPppoe})
    expect_two_flows(TunnelledPacket({.kind = kind, .id = 1}, {}), TunnelledPacket({.kind = kind, .id = 2}, {}), traits_of(kind).name.data());
  for (const TunnelKind kind : {TunnelKind::kGre, TunnelKind::kGreInUdp})
    expect_two_flows(TunnelledPacket({.kind = kind, .gre = {.key = 1}}, {}), TunnelledPacket({.kind = kind, .gre = {.key = 2}}, {}), "keys");
  const TunnelledPacket bare(stations(false, 0) + big16(kIpv4) + inner_of({}));
  for (const TunnelKind kind : {TunnelKind::kGtpU, TunnelKind::kGre, TunnelKind::kIpInIp})
    expect_two_flows(TunnelledPacket({.kind = kind}, {}), bare, "in a tunnel and in none");
  expect_two_flows(TunnelledPacket({.kind = TunnelKind::kGtpU}, {}), TunnelledPacket({.kind = TunnelKind::kIpInIp}, {}), "kinds");
}

TEST(FlowKey, TheSameAddressesBetweenOtherEndsAreOtherFlows) {
  for (const TunnelKind kind : {TunnelKind::kGtpU, TunnelKind::kGre, TunnelKind::kIpInIp, TunnelKind::kVxlan}) {
    const TunnelledPacket one({.kind = kind, .outer_checksum = false}, {});
    TunnelledPacket other({.kind = kind, .outer_checksum = false}, {});
    other.octets[14 + 15] = 99;  // of the outer source
    expect_two_flows(one, other, traits_of(kind).name.data());
  }
  TunnelledPacket station({.kind = TunnelKind::kPppoe}, {});
  station.octets[11] = 99;
  expect_two_flows(TunnelledPacket({.kind = TunnelKind::kPppoe}, {}), station, "a session is its stations', too");
}

TEST(FlowKey, EndsOfBothTunnelsCountWhereOneLiesInAnother) {
  const auto nested = [](std::uint8_t last, bool reversed) {
    Octets gtp = in_tunnel({.reversed = reversed, .outer_checksum = false}, inner_of({.reversed = reversed}));
    gtp.erase(gtp.begin(), gtp.begin() + 14);
    gtp[reversed ? 19 : 15] = last;  // the base station
    return in_tunnel({.kind = TunnelKind::kGre, .reversed = reversed, .outer_checksum = false}, gtp);
  };
  const TunnelledPacket one(nested(1, false));
  ASSERT_EQ(one.layers.tunnels, 2);
  expect_one_flow(one, TunnelledPacket(nested(1, true)), "the way back");
  expect_two_flows(one, TunnelledPacket(nested(2, false)), "another base station behind the same tunnel");
}

// Numbers that count up, of messages or of octets, under any secret: the tables hold four of a place, and they would push one another out.
TEST(FlowKey, NumbersThatCountUpGoToDifferentPlaces) {
  std::mt19937_64 random(7);
  std::array<std::uint8_t, 1 << 14> held;
  for (int round = 0; round < 100'000; ++round) {
    const HashSecret secret{random() | 1, random() | 1};
    const std::uint64_t key = random();
    const std::uint64_t step = round % 2 == 0 ? 1 : 1 + random() % 2000, start = random() % (std::uint64_t{1} << 32);
    held.fill(0);
    for (std::uint64_t i = 0; i < 64; ++i) ++held[mixed(key, start + i * step, secret) >> 17 & (held.size() - 1)];
    ASSERT_LE(*std::max_element(held.begin(), held.end()), 6) << "secret " << secret.first << " " << secret.second << " key " << key;
  }
}

// The same where the number stands among the octets of a message, as its id does.
TEST(FlowKey, MessagesThatAreNumberedGoToDifferentPlaces) {
  std::mt19937_64 random(8);
  std::array<std::uint8_t, 1 << 14> held;
  std::vector<std::uint8_t> octets(300);
  for (int round = 0; round < 20'000; ++round) {
    const HashSecret secret{random() | 1, random() | 1};
    const std::uint64_t key = random();
    for (std::uint8_t& octet : octets) octet = static_cast<std::uint8_t>(random());
    const MutableBytes message = MutableBytes(octets).first(2 + random() % (round % 2 == 0 ? 298 : 18));
    const std::size_t at = random() % (message.size() - 1);
    const unsigned start = static_cast<unsigned>(random() % 65536);
    held.fill(0);
    for (unsigned i = 0; i < 64; ++i) {
      put_big_endian(static_cast<std::uint16_t>(start + i), message.data() + at);
      ++held[mixed(key, message, secret) >> 17 & (held.size() - 1)];
    }
    ASSERT_LE(*std::max_element(held.begin(), held.end()), 6) << "secret " << secret.first << " " << secret.second << " key " << key;
  }
}

// Of a run of octets each one counts, and where it stands, and how many there are; long ones are folded several ways at once.
TEST(FlowKey, EveryOctetOfARunCounts) {
  std::mt19937_64 random(11);
  const HashSecret secret{random() | 1, random() | 1};
  std::vector<std::uint8_t> octets(300);
  for (std::uint8_t& octet : octets) octet = static_cast<std::uint8_t>(random());
  std::set<std::uint64_t> keys;
  std::size_t runs = 0;
  const auto add = [&](Bytes run) {
    keys.insert(mixed(5, run, secret));
    ++runs;
  };
  for (std::size_t size = 0; size <= octets.size(); ++size) {
    const MutableBytes run = MutableBytes(octets).first(size);
    add(run);
    for (std::size_t at = 0; at < size; ++at) {
      run[at] ^= 1;
      add(run);
      run[at] ^= 1;
    }
    for (const std::size_t piece : {std::size_t{8}, std::size_t{16}}) {
      for (std::size_t at = 0; at + 2 * piece <= size; at += piece) {  // two neighbours in each other's place
        const auto swap = [&] { std::swap_ranges(&run[at], &run[at] + piece, &run[at] + piece); };
        swap();
        add(run);
        swap();
      }
    }
  }
  EXPECT_EQ(keys.size(), runs);
  EXPECT_NE(mixed(5, octets, secret), mixed(6, octets, secret));
}

}  // namespace
}  // namespace telefence
