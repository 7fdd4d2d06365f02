// SPDX-License-Identifier: Apache-2.0
// What lies under labels is told by its looks only, so each look has its test.

#include <gtest/gtest.h>

#include <string>

#include "decode/decode.h"
#include "tunnel_builder.h"

namespace telefence {
namespace {

using namespace testing;  // the builders' functions; tests only

Octets four() { return checked_ipv4(kUdp, udp(53, octets("query"))); }
Octets six() { return ipv6(kUdp, udp(53, octets("query"))); }

Layers decoded(Octets bytes) {
  Frame frame;
  frame.data = bytes.data();
  frame.length = static_cast<std::uint32_t>(bytes.size());
  return decode(frame);
}

void expect_query(const Layers& layers, std::uint8_t version, std::size_t network) {
  ASSERT_EQ(layers.end, DecodeEnd::kPayload);
  EXPECT_EQ(layers.ip_version, version);
  EXPECT_EQ(layers.network, network);
  EXPECT_EQ(layers.payload_length, 5u);
  EXPECT_EQ(layers.tunnel, TunnelKind::kMpls);
  EXPECT_EQ(layers.tunnels, 1);
}

// An Ethernet frame whose station's address begins with these octets.
Octets bridged(const Octets& station, std::uint16_t type, const Octets& inside) {
  return station + filled(12 - station.size(), 0x33) + big16(type) + inside;
}

TEST(Mpls, StacksUpToEightLabels) {
  for (std::size_t count = 1; count <= 8; ++count) {
    const Layers layers = decoded(ethernet(kMpls, labels(count, four())));
    expect_query(layers, 4, 14 + 4 * count);
    EXPECT_EQ(layers.tunnel_id, 1000 + count - 1) << "the label at the bottom";
  }
  EXPECT_EQ(decoded(ethernet(kMpls, labels(9, four()))).end, DecodeEnd::kUnknownLink);
}

TEST(Mpls, CarriesBothVersionsOfIp) {
  expect_query(decoded(ethernet(kMpls, labels(1, four()))), 4, 18);
  expect_query(decoded(ethernet(kMpls, labels(1, six()))), 6, 18);
  expect_query(decoded(ethernet(0x8848, labels(1, six()))), 6, 18);
  expect_query(decoded(ethernet(0x8100, tag(7, kMpls, labels(2, six())))), 6, 26);
}

TEST(Mpls, PaddingBehindAShortPacketIsNoPayload) {
  expect_query(decoded(ethernet(kMpls, labels(1, four()) + filled(9, 0))), 4, 18);
  expect_query(decoded(ethernet(kMpls, labels(1, six()) + filled(9, 0))), 6, 18);
}

TEST(Mpls, PseudowireIsFoundWithAndWithoutControlWord) {
  const Octets word{0, 0, 0x12, 0x34};
  for (const Octets& station : {Octets{0x00, 0x1b}, Octets{0x02}, Octets{0x1c}, Octets{0x45, 0x00}, Octets{0x60}, Octets{0xf4}}) {
    expect_query(decoded(ethernet(kMpls, labels(1, bridged(station, kIpv4, four())))), 4, 18 + 14);
    expect_query(decoded(ethernet(kMpls, labels(1, bridged(station, kIpv6, six())))), 6, 18 + 14);
    expect_query(decoded(ethernet(kMpls, labels(2, word + bridged(station, kIpv4, four())))), 4, 22 + 4 + 14);
    expect_query(decoded(ethernet(kMpls, labels(2, word + bridged(station, 0x8100, tag(5, kIpv6, six()))))), 6, 22 + 4 + 18);
  }
}

TEST(Mpls, AnAddressChosenToLookLikeEthernetDoesNotHideAPacket) {
  // Source 8.0.x.x lies where the type of an Ethernet frame would.
  Octets packet = ipv4(kUdp, udp(53, octets("query")));
  packet[12] = 8, packet[13] = 0, packet[14] = 0x45, packet[15] = 0;
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < 20; i += 2) sum += static_cast<std::uint32_t>(packet[i] << 8 | packet[i + 1]);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  packet[10] = static_cast<std::uint8_t>(~sum >> 8 & 0xff), packet[11] = static_cast<std::uint8_t>(~sum & 0xff);
  expect_query(decoded(ethernet(kMpls, labels(1, packet))), 4, 18);
}

TEST(Mpls, AWrongChecksumAloneDoesNotHideAPacket) {
  expect_query(decoded(ethernet(kMpls, labels(1, ipv4(kUdp, udp(53, octets("query")))))), 4, 18);
}

TEST(Mpls, WhatIsNeitherIpNorEthernetStaysAnUnknownLink) {
  const Octets associated_channel = Octets{0x10, 0, 0, 7} + filled(40, 0x21);
  for (const Octets& under : {associated_channel, filled(46, 0x45), filled(46, 0), Octets{}})
    EXPECT_EQ(decoded(ethernet(kMpls, labels(1, under))).end, DecodeEnd::kUnknownLink);
  EXPECT_EQ(decoded(ethernet(kMpls, labels(1, Octets{0, 0, 0, 0} + ethernet(kArp, filled(28, 0))))).end, DecodeEnd::kUnknownLink);
}

TEST(Mpls, LiesInIpAndPppToo) {
  const Layers in_ip = decoded(ethernet(kIpv4, ipv4(kMplsInIp, labels(2, four()))));
  ASSERT_EQ(in_ip.end, DecodeEnd::kPayload);
  EXPECT_EQ(in_ip.tunnel, TunnelKind::kMpls);
  EXPECT_EQ(in_ip.outer_network, 14);
  EXPECT_EQ(in_ip.tunnel_network, 14);
  const Layers in_session = decoded(ethernet(kPppoe, pppoe(4, Octets{2, 0x81} + labels(1, four()))));
  ASSERT_EQ(in_session.end, DecodeEnd::kPayload);
  EXPECT_EQ(in_session.tunnels, 2);
}

TEST(Mpls, AStackWithoutBottomIsABadHeader) {
  EXPECT_EQ(decoded(ethernet(kMpls, label(5, false) + label(6, false))).end, DecodeEnd::kBadHeader);
  EXPECT_EQ(decoded(ethernet(kIpv4, ipv4(kMplsInIp, label(5, false)))).end, DecodeEnd::kBadHeader);
}

}  // namespace
}  // namespace telefence
