// SPDX-License-Identifier: Apache-2.0
#include "decode/link.h"

#include <gtest/gtest.h>

#include "decode/decode.h"
#include "tunnel_builder.h"

namespace telefence {
namespace {

using testing::big16;
using testing::filled;
using testing::ipv4;
using testing::ipv6;
using testing::kArp;
using testing::kIpv4;
using testing::kIpv6;
using testing::kUdp;
using testing::Octets;
using testing::octets;
using testing::operator+;
using testing::snap;
using testing::tag;
using testing::udp;
using testing::wlan;
using testing::WlanFields;

Layers decoded(Octets bytes, LinkType link) {
  Frame frame;
  frame.data = bytes.data();
  frame.length = static_cast<std::uint32_t>(bytes.size());
  frame.link = link;
  return decode(frame);
}

Octets four() { return ipv4(kUdp, udp(53, octets("query"))); }
Octets six() { return ipv6(kUdp, udp(53, octets("query"))); }

// The header that a capture on the "any" device puts before what follows.
Octets cooked(std::uint16_t device, std::uint16_t protocol, const Octets& inside) {
  return big16(0) + big16(device) + big16(6) + filled(8, 2) + big16(protocol) + inside;
}

Octets cooked2(std::uint16_t device, std::uint16_t protocol, const Octets& inside) {
  return big16(protocol) + big16(0) + filled(4, 1) + big16(device) + Octets{0, 6} + filled(8, 2) + inside;
}

void expect_udp(const Layers& layers, std::uint8_t version, std::uint16_t network) {
  EXPECT_EQ(layers.end, DecodeEnd::kPayload);
  EXPECT_EQ(layers.ip_version, version);
  EXPECT_EQ(layers.network, network);
  EXPECT_EQ(layers.payload_length, 5u);
  EXPECT_EQ(layers.destination_port, 53);
}

TEST(Link, RawIpIsToldByItsVersion) {
  expect_udp(decoded(four(), LinkType::kRawIp), 4, 0);
  expect_udp(decoded(six(), LinkType::kRawIp), 6, 0);
  EXPECT_EQ(decoded(filled(40, 0x50), LinkType::kRawIp).end, DecodeEnd::kUnknownLink);
}

TEST(Link, LinuxCookedCarriesAnEtherType) {
  expect_udp(decoded(cooked(1, kIpv4, four()), LinkType::kLinuxCooked), 4, 16);
  expect_udp(decoded(cooked(772, kIpv6, six()), LinkType::kLinuxCooked), 6, 16);
  expect_udp(decoded(cooked2(1, kIpv4, four()), LinkType::kLinuxCooked2), 4, 20);
  expect_udp(decoded(cooked2(1, kIpv6, six()), LinkType::kLinuxCooked2), 6, 20);
  EXPECT_EQ(decoded(cooked(1, kArp, filled(28, 0)), LinkType::kLinuxCooked).end, DecodeEnd::kUnknownLink);
}

TEST(Link, LinuxCookedCarriesTagsAndLogicalLinkControl) {
  const Layers tagged = decoded(cooked(1, 0x8100, tag(55, kIpv4, four())), LinkType::kLinuxCooked);
  expect_udp(tagged, 4, 20);
  EXPECT_EQ(tagged.vlan, 55);
  expect_udp(decoded(cooked2(1, 4, snap(kIpv4, four())), LinkType::kLinuxCooked2), 4, 28);
  constexpr std::uint16_t kCanBus = 0x000c;
  EXPECT_EQ(decoded(cooked(280, kCanBus, snap(kIpv4, four())), LinkType::kLinuxCooked).end, DecodeEnd::kUnknownLink);
}

TEST(Link, LinuxCookedOfNetlinkIsUnknown) {
  EXPECT_EQ(decoded(cooked(824, kIpv4, four()), LinkType::kLinuxCooked).end, DecodeEnd::kUnknownLink);
  EXPECT_EQ(decoded(cooked2(824, kIpv4, four()), LinkType::kLinuxCooked2).end, DecodeEnd::kUnknownLink);
}

TEST(Link, LoopbackFamilyIsReadInBothByteOrders) {
  expect_udp(decoded(Octets{2, 0, 0, 0} + four(), LinkType::kLoopback), 4, 4);
  expect_udp(decoded(Octets{0, 0, 0, 2} + four(), LinkType::kLoopback), 4, 4);
  for (const std::uint8_t family : Octets{10, 24, 28, 30}) {
    expect_udp(decoded(Octets{family, 0, 0, 0} + six(), LinkType::kLoopback), 6, 4);
    expect_udp(decoded(Octets{0, 0, 0, family} + six(), LinkType::kLoopback), 6, 4);
  }
  EXPECT_EQ(decoded(Octets{7, 0, 0, 0} + four(), LinkType::kLoopback).end, DecodeEnd::kUnknownLink);
}

TEST(Link, PointToPointHeadersMayBeCompressed) {
  expect_udp(decoded(Octets{0xff, 3, 0, 0x21} + four(), LinkType::kPpp), 4, 4);
  expect_udp(decoded(Octets{0, 0x57} + six(), LinkType::kPpp), 6, 2);
  expect_udp(decoded(Octets{0x21} + four(), LinkType::kPpp), 4, 1);
  expect_udp(decoded(Octets{0xff, 3, 0x57} + six(), LinkType::kPpp), 6, 3);
  EXPECT_EQ(decoded(Octets{0xff, 3, 0xc0, 0x21, 1, 1, 0, 4}, LinkType::kPpp).end, DecodeEnd::kUnknownLink);
}

TEST(Link, CiscoHdlcCarriesAnEtherType) {
  expect_udp(decoded(Octets{0x0f, 0, 8, 0} + four(), LinkType::kPpp), 4, 4);
  expect_udp(decoded(Octets{0x8f, 0, 0x86, 0xdd} + six(), LinkType::kPpp), 6, 4);
  EXPECT_EQ(decoded(Octets{0x0f, 0, 0x80, 0x35, 0, 0, 0, 2}, LinkType::kPpp).end, DecodeEnd::kUnknownLink);
}

TEST(Link, UnknownLinkTypeIsUnknown) {
  EXPECT_EQ(decoded(four(), LinkType::kUnknown).end, DecodeEnd::kUnknownLink);
}

// Found in review: what an access point says when a station comes is no packet, and no broken one.
TEST(Link, OtherLogicalLinksThanSnapMayBeShort) {
  EXPECT_EQ(decoded(filled(12, 2) + big16(6) + Octets{0, 1, 0xaf, 0x81, 1, 0}, LinkType::kEthernet).end, DecodeEnd::kUnknownLink);
}

TEST(Link, RadioFramesAreReadWithAndWithoutRadiotap) {
  const Octets radiotap{0, 0, 12, 0, 0x04, 0x80, 0, 0, 2, 0, 0x18, 0};
  for (const WlanFields& fields : {WlanFields{}, WlanFields{.type = 0x08, .flags = 2}, WlanFields{.flags = 3}}) {
    const Octets frame = wlan(kIpv4, four(), fields);
    const auto network = static_cast<std::uint16_t>(frame.size() - four().size());
    expect_udp(decoded(frame, LinkType::kWlan), 4, network);
    expect_udp(decoded(radiotap + frame, LinkType::kRadiotap), 4, static_cast<std::uint16_t>(12 + network));
    expect_udp(decoded(radiotap + wlan(kIpv6, six(), fields) + filled(4, 0xfc), LinkType::kRadiotap), 6, static_cast<std::uint16_t>(12 + network));
  }
  EXPECT_EQ(decoded(wlan(kIpv4, four(), {.flags = 0x41}), LinkType::kWlan).end, DecodeEnd::kUnknownLink) << "encrypted";
  EXPECT_EQ(decoded(wlan(kIpv4, four(), {.type = 0x80}), LinkType::kWlan).end, DecodeEnd::kUnknownLink) << "a beacon";
  EXPECT_EQ(decoded(wlan(kArp, filled(28, 0)), LinkType::kWlan).end, DecodeEnd::kUnknownLink);
  EXPECT_EQ(decoded(Octets{0, 0, 3, 0} + wlan(kIpv4, four()), LinkType::kRadiotap).end, DecodeEnd::kBadHeader) << "shorter than itself";
  EXPECT_EQ(decoded(Octets{0, 0, 0xff, 0xff} + wlan(kIpv4, four()), LinkType::kRadiotap).end, DecodeEnd::kBadHeader);
}

TEST(Link, NflogIsReadUpToThePacketInIt) {
  const auto attribute = [](std::uint8_t type, const Octets& value) {
    const std::size_t padding = (4 - value.size() % 4) % 4;
    return Octets{static_cast<std::uint8_t>(4 + value.size()), static_cast<std::uint8_t>((4 + value.size()) >> 8), type, 0} + value + filled(padding, 0);
  };
  const Octets prefix = attribute(10, octets("log")), packet4 = attribute(9, four()), packet6 = attribute(9, six());
  const Octets inet{2, 0, 0, 5}, inet6{10, 0, 0, 5}, arp{3, 0, 0, 5};
  expect_udp(decoded(inet + packet4, LinkType::kNflog), 4, 8);
  expect_udp(decoded(inet + prefix + packet4, LinkType::kNflog), 4, 16);
  expect_udp(decoded(inet6 + attribute(1, filled(4, 0)) + prefix + packet6, LinkType::kNflog), 6, 24);
  EXPECT_EQ(decoded(arp + packet4, LinkType::kNflog).end, DecodeEnd::kUnknownLink);
  EXPECT_EQ(decoded(inet + prefix, LinkType::kNflog).end, DecodeEnd::kBadHeader) << "no packet";
  EXPECT_EQ(decoded(inet + Octets{0, 0, 1, 0} + packet4, LinkType::kNflog).end, DecodeEnd::kBadHeader) << "an attribute without length";
}

}  // namespace
}  // namespace telefence
