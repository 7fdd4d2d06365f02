// SPDX-License-Identifier: Apache-2.0
#include "decode/decode.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>
#include <type_traits>

#include "frame_builder.h"

namespace telefence {
namespace {

using testing::addresses;
using testing::authentication;
using testing::big16;
using testing::ethernet;
using testing::extension;
using testing::filled;
using testing::fragment_header;
using testing::ipv4;
using testing::ipv6;
using testing::ipv6_with_length;
using testing::kArp;
using testing::kIpv4;
using testing::kIpv6;
using testing::kTcp;
using testing::kUdp;
using testing::Octets;
using testing::octets;
using testing::operator+;
using testing::snap;
using testing::tag;
using testing::tcp;
using testing::udp;
using testing::udp_with_length;

constexpr std::uint8_t kHopByHop = 0, kRouting = 43, kFragment = 44, kDestination = 60, kAuthentication = 51;

struct Decoded {
  Octets bytes;
  Frame frame;
  Layers layers;

  explicit Decoded(Octets octets_in, LinkType link = LinkType::kEthernet) : bytes(std::move(octets_in)) {
    frame.data = bytes.data();
    frame.length = static_cast<std::uint32_t>(bytes.size());
    frame.link = link;
    layers = decode(frame);
  }
  std::string payload() const { return std::string(as_text(payload_of(frame, layers))); }
};

void expect_payload(const Decoded& decoded, Transport transport, const std::string& payload) {
  EXPECT_EQ(decoded.layers.end, DecodeEnd::kPayload);
  EXPECT_EQ(decoded.layers.transport, transport);
  EXPECT_EQ(decoded.payload(), payload);
}

TEST(Decode, FindsUdpOverIpv4) {
  const Decoded decoded(ethernet(kIpv4, ipv4(kUdp, udp(53, octets("query")))));
  expect_payload(decoded, Transport::kUdp, "query");
  EXPECT_EQ(decoded.layers.ip_version, 4);
  EXPECT_EQ(decoded.layers.ip_protocol, 17);
  EXPECT_EQ(decoded.layers.network, 14);
  EXPECT_EQ(decoded.layers.transport_at, 34);
  EXPECT_EQ(decoded.layers.payload, 42u);
  EXPECT_EQ(decoded.layers.network_end, decoded.frame.length);
  EXPECT_EQ(decoded.layers.source_port, 40000);
  EXPECT_EQ(decoded.layers.destination_port, 53);
  EXPECT_EQ(decoded.layers.vlan, 0);
}

// Plain datagrams over Ethernet are read by a short way of their own; the same packet without Ethernet is not.
TEST(Decode, APacketIsTheSameWithEthernetAndWithout) {
  std::mt19937 random(5);
  constexpr std::array<std::uint16_t, 8> kPorts = {53, 1023, 1024, 1701, 2152, 4789, 5060, 6081};
  std::size_t plain = 0, others = 0, in_tunnels = 0;
  for (int round = 0; round < 300'000; ++round) {
    Octets packet = ipv4(kUdp, udp(kPorts[random() % kPorts.size()], filled(random() % 60, static_cast<std::uint8_t>(random()))));
    if (random() % 4 == 0) packet = packet + filled(random() % 20, 0);
    // One octet of the headers is another one, behind the version; or the end is cut.
    if (random() % 2 == 0) packet[1 + random() % 27] = static_cast<std::uint8_t>(random() % 2 == 0 ? random() : random() % 4);
    if (random() % 8 == 0) packet[0] = static_cast<std::uint8_t>(0x40 | random() % 16);
    if (random() % 8 == 0) packet.resize(1 + random() % packet.size());
    const Decoded with(ethernet(kIpv4, packet)), without(packet, LinkType::kRawIp);
    Layers moved = without.layers;
    const auto move = [](auto& offset) { offset = static_cast<std::remove_reference_t<decltype(offset)>>(offset + 14); };
    move(moved.network);
    if (moved.transport_at != 0) move(moved.transport_at);
    if (moved.network_end != 0) move(moved.network_end);
    if (moved.payload != 0) move(moved.payload);
    if (moved.tunnels != 0) {  // the way to it is told by offsets of its own
      ++in_tunnels;
      ASSERT_EQ(with.layers.tunnel_kinds, moved.tunnel_kinds) << round;
      ASSERT_EQ(with.layers.end, moved.end) << round;
      ASSERT_EQ(with.layers.payload, moved.payload) << round;
      continue;
    }
    ASSERT_EQ(with.layers, moved) << round;
    ++(moved.end == DecodeEnd::kPayload ? plain : others);
  }
  EXPECT_GT(plain, 50'000u);
  EXPECT_GT(others, 20'000u);
  EXPECT_GT(in_tunnels, 0u);
}

TEST(Decode, FindsTcpBehindIpv4AndTcpOptions) {
  const Decoded decoded(ethernet(kIpv4, ipv4(kTcp, tcp(80, octets("GET /"), 40), {.options = 40})));
  expect_payload(decoded, Transport::kTcp, "GET /");
  EXPECT_EQ(decoded.layers.transport_at, 14 + 60);
  EXPECT_EQ(decoded.layers.payload, 14u + 60 + 60);
}

TEST(Decode, TellsTheFieldsOfTheTcpHeader) {
  const Decoded decoded(ethernet(kIpv6, ipv6(kTcp, tcp(443, octets("hello"), 12))));
  const TcpHeader header = tcp_header(decoded.frame, decoded.layers);
  EXPECT_EQ(header.sequence, 0x01020304u);
  EXPECT_EQ(header.acknowledgement, 0xfffefdfcu);
  EXPECT_EQ(header.header_bytes, 32);
  EXPECT_EQ(header.flags, kTcpPsh | kTcpAck);
  EXPECT_EQ(header.window, 501);
}

TEST(Decode, TellsAddressesOfBothVersions) {
  const Decoded four(ethernet(kIpv4, ipv4(kUdp, udp(53, octets("x")))));
  const IpAddress source = source_address(four.frame, four.layers);
  EXPECT_EQ(source.version, 4);
  EXPECT_EQ(source.bytes, (std::array<std::uint8_t, 16>{10, 0, 0, 1}));
  EXPECT_EQ(destination_address(four.frame, four.layers).bytes, (std::array<std::uint8_t, 16>{192, 0, 2, 9}));

  const Decoded six(ethernet(kIpv6, ipv6(kUdp, udp(53, octets("x")))));
  const IpAddress destination = destination_address(six.frame, six.layers);
  EXPECT_EQ(destination.version, 6);
  EXPECT_EQ(destination.bytes, (std::array<std::uint8_t, 16>{0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}));
  EXPECT_EQ(source_address(six.frame, six.layers).bytes[15], 1);
}

TEST(Decode, EthernetPaddingIsNotPayload) {
  const Decoded udp_frame(ethernet(kIpv4, ipv4(kUdp, udp(53, octets("q"))) + filled(17, 0)));
  expect_payload(udp_frame, Transport::kUdp, "q");
  EXPECT_EQ(udp_frame.layers.network_end, 14u + 29);
  const Decoded tcp_frame(ethernet(kIpv4, ipv4(kTcp, tcp(80, {})) + filled(6, 0)));
  EXPECT_EQ(tcp_frame.layers.end, DecodeEnd::kNoPayload);
  EXPECT_EQ(tcp_frame.layers.transport, Transport::kTcp);
  EXPECT_EQ(tcp_frame.layers.payload_length, 0u);
}

TEST(Decode, UdpLengthShorterThanIpPayloadCutsThePayload) {
  const Decoded decoded(ethernet(kIpv4, ipv4(kUdp, udp_with_length(53, 8 + 3, octets("abcdef")))));
  expect_payload(decoded, Transport::kUdp, "abc");
}

TEST(Decode, UdpLengthThatContradictsIpIsABadHeader) {
  for (std::size_t length : {0u, 1u, 7u, 15u, 65535u}) {
    const Decoded decoded(ethernet(kIpv4, ipv4(kUdp, udp_with_length(53, length, octets("abcdef")))));
    EXPECT_EQ(decoded.layers.end, DecodeEnd::kBadHeader) << length;
    EXPECT_EQ(decoded.layers.transport, Transport::kNone) << length;
  }
  const Decoded empty(ethernet(kIpv4, ipv4(kUdp, udp(53, {}))));
  EXPECT_EQ(empty.layers.end, DecodeEnd::kNoPayload);
}

TEST(Decode, TcpHeaderLongerThanThePacketIsABadHeader) {
  Octets inside = tcp(80, octets("abc"));
  inside[12] = 0x60;  // 24 bytes, of which three are payload and one is missing
  EXPECT_EQ(Decoded(ethernet(kIpv4, ipv4(kTcp, inside))).layers.end, DecodeEnd::kBadHeader);
  inside[12] = 0x40;  // 16 bytes
  EXPECT_EQ(Decoded(ethernet(kIpv4, ipv4(kTcp, inside))).layers.end, DecodeEnd::kBadHeader);
}

TEST(Decode, Ipv4LengthsThatContradictAreBadHeaders) {
  const Octets inside = udp(53, octets("query"));
  EXPECT_EQ(Decoded(ethernet(kIpv4, ipv4(kUdp, inside, {.total_length = 19}))).layers.end, DecodeEnd::kBadHeader);
  Octets short_header = ipv4(kUdp, inside);
  short_header[0] = 0x44;
  EXPECT_EQ(Decoded(ethernet(kIpv4, short_header)).layers.end, DecodeEnd::kBadHeader);
  Octets other_version = ipv4(kUdp, inside);
  other_version[0] = 0x65;
  EXPECT_EQ(Decoded(ethernet(kIpv4, other_version)).layers.end, DecodeEnd::kBadHeader);
  Octets no_length = ipv4(kUdp, inside);
  no_length[2] = no_length[3] = 0;
  EXPECT_EQ(Decoded(ethernet(kIpv4, no_length)).layers.end, DecodeEnd::kBadHeader);
}

TEST(Decode, TcpPacketThatTheNicWasStillToSegmentEndsWithItsFrame) {
  Octets unsegmented = ipv4(kTcp, tcp(80, octets("GET / HTTP/1.1") + filled(3000, 'x')));
  unsegmented[2] = unsegmented[3] = 0;
  const Decoded decoded(ethernet(kIpv4, unsegmented));
  EXPECT_EQ(decoded.layers.end, DecodeEnd::kPayload);
  EXPECT_EQ(decoded.layers.payload_length, 3014u);
  EXPECT_EQ(decoded.layers.network_end, decoded.frame.length);
}

TEST(Decode, APacketCutByTheCaptureIsDecodedAsFarAsItGoes) {
  Octets whole = ethernet(kIpv4, ipv4(kUdp, udp(53, octets("a long query"))));
  whole.resize(whole.size() - 5);
  expect_payload(Decoded(whole), Transport::kUdp, "a long ");

  Octets stream = ethernet(kIpv6, ipv6(kTcp, tcp(80, octets("GET / HTTP/1.1"))));
  stream.resize(stream.size() - 9);
  expect_payload(Decoded(stream), Transport::kTcp, "GET /");
}

TEST(Decode, FragmentsOfIpv4AreFragmentsAlsoTheFirst) {
  constexpr std::uint16_t kMore = 0x2000, kDoNotFragment = 0x4000;
  const Octets inside = udp_with_length(53, 3000, octets("first part"));
  const Decoded first(ethernet(kIpv4, ipv4(kUdp, inside, {.flags_and_offset = kMore})));
  EXPECT_EQ(first.layers.end, DecodeEnd::kFragment);
  EXPECT_EQ(first.layers.ip_protocol, 17);
  EXPECT_EQ(first.layers.transport, Transport::kNone);
  EXPECT_EQ(Decoded(ethernet(kIpv4, ipv4(kUdp, inside, {.flags_and_offset = 185}))).layers.end, DecodeEnd::kFragment);
  const Decoded whole(ethernet(kIpv4, ipv4(kUdp, udp(53, octets("q")), {.flags_and_offset = kDoNotFragment})));
  expect_payload(whole, Transport::kUdp, "q");
}

TEST(Decode, FragmentsOfIpv6AreFragmentsAlsoTheFirst) {
  const Octets inside = udp_with_length(53, 3000, octets("first part"));
  const Decoded first(ethernet(kIpv6, ipv6(kFragment, fragment_header(kUdp, 0, true, inside))));
  EXPECT_EQ(first.layers.end, DecodeEnd::kFragment);
  EXPECT_EQ(first.layers.ip_protocol, 17);
  const Decoded last(ethernet(kIpv6, ipv6(kFragment, fragment_header(kUdp, 100, false, inside))));
  EXPECT_EQ(last.layers.end, DecodeEnd::kFragment);
  // What follows in a later fragment is data, whatever its next header field says.
  const Decoded data(ethernet(kIpv6, ipv6(kFragment, fragment_header(kDestination, 100, false, {1, 2}))));
  EXPECT_EQ(data.layers.end, DecodeEnd::kFragment);
}

TEST(Decode, AtomicFragmentOfIpv6IsAWholePacket) {
  const Decoded decoded(ethernet(kIpv6, ipv6(kFragment, fragment_header(kUdp, 0, false, udp(53, octets("q"))))));
  expect_payload(decoded, Transport::kUdp, "q");
  EXPECT_EQ(decoded.layers.transport_at, 14 + 40 + 8);
}

TEST(Decode, WalksTheExtensionHeadersOfIpv6) {
  const Octets inside = udp(53, octets("query"));
  const Octets chain = extension(kDestination, 0, extension(kRouting, 2, extension(kAuthentication, 1,
                       authentication(kFragment, 12, fragment_header(kUdp, 0, false, inside)))));
  const Decoded decoded(ethernet(kIpv6, ipv6(kHopByHop, chain)));
  expect_payload(decoded, Transport::kUdp, "query");
  EXPECT_EQ(decoded.layers.ip_protocol, 17);
  EXPECT_EQ(decoded.layers.transport_at, 14 + 40 + 8 + 24 + 16 + 24 + 8);
}

// As many as a packet has place for: receivers take them all.
TEST(Decode, AnyNumberOfExtensionHeadersIsPassedOver) {
  Octets chain = udp(53, octets("q"));
  std::uint8_t next = kUdp;
  for (int i = 0; i < 1000; ++i) {
    chain = extension(next, 0, chain);
    next = kDestination;
    if (i % 40 == 8) expect_payload(Decoded(ethernet(kIpv6, ipv6(next, chain))), Transport::kUdp, "q");
  }
}

// Layers count in 16 bits.
TEST(Decode, WhatStandsBehindSixtyFourKilobytesOfThemIsABadHeader) {
  constexpr std::size_t kLongest = 8 * 256;  // of one
  Octets chain = udp(53, octets("q"));
  for (std::size_t i = 0; i < 31; ++i) chain = extension(i == 0 ? kUdp : kDestination, 255, chain);
  for (std::size_t left = 0xffff - (14 + 40) - 31 * kLongest; left >= 8; left -= 8) chain = extension(kDestination, 0, chain);
  const Decoded last(ethernet(kIpv6, ipv6(kDestination, chain)));
  EXPECT_GT(last.layers.transport_at, 0xffff - 8);
  expect_payload(last, Transport::kUdp, "q");
  EXPECT_EQ(Decoded(ethernet(kIpv6, ipv6(kDestination, extension(kDestination, 0, chain)))).layers.end, DecodeEnd::kBadHeader);
}

TEST(Decode, HopByHopElsewhereThanFirstIsABadHeader) {
  const Octets chain = extension(kHopByHop, 0, extension(kUdp, 0, udp(53, octets("q"))));
  EXPECT_EQ(Decoded(ethernet(kIpv6, ipv6(kDestination, chain))).layers.end, DecodeEnd::kBadHeader);
}

TEST(Decode, ExtensionHeaderLongerThanThePacketIsABadHeader) {
  const Octets chain = extension(kUdp, 0, udp(53, octets("q")));
  Octets longer = chain;
  longer[1] = 9;
  EXPECT_EQ(Decoded(ethernet(kIpv6, ipv6(kDestination, longer))).layers.end, DecodeEnd::kBadHeader);
}

// RFC 2675 has it for jumbograms only; receivers take it in any packet of IPv6.
TEST(Decode, ADatagramOverIpv6WithoutALengthIsAllOfItsPacket) {
  const Octets unnamed = udp_with_length(53, 0, octets("query"));
  expect_payload(Decoded(ethernet(kIpv6, ipv6(kUdp, unnamed))), Transport::kUdp, "query");
  expect_payload(Decoded(ethernet(kIpv6, ipv6(kDestination, extension(kUdp, 0, unnamed)))), Transport::kUdp, "query");
  EXPECT_EQ(Decoded(ethernet(kIpv6, ipv6(kUdp, udp_with_length(53, 0, {})))).layers.end, DecodeEnd::kNoPayload);
  EXPECT_EQ(Decoded(ethernet(kIpv4, ipv4(kUdp, unnamed))).layers.end, DecodeEnd::kBadHeader);
  EXPECT_EQ(Decoded(ethernet(kIpv6, ipv6(kUdp, udp_with_length(53, 7, octets("query"))))).layers.end, DecodeEnd::kBadHeader);
  EXPECT_EQ(Decoded(ethernet(kIpv6, ipv6(kUdp, octets("1234567")))).layers.end, DecodeEnd::kBadHeader);
}

TEST(Decode, JumbogramIsABadHeader) {
  const Octets jumbo_option = Octets{kUdp, 0, 0xc2, 4, 0, 1, 0, 0};
  const Octets inside = jumbo_option + udp_with_length(53, 0, octets("query"));
  EXPECT_EQ(Decoded(ethernet(kIpv6, ipv6_with_length(kHopByHop, 0, inside))).layers.end, DecodeEnd::kBadHeader);
}

TEST(Decode, OtherTransportsEndByName) {
  constexpr std::uint8_t kIcmp = 1, kEncapsulatingSecurity = 50, kNoNextHeader = 59, kSctp = 132;
  for (std::uint8_t protocol : {kIcmp, kEncapsulatingSecurity, kNoNextHeader, kSctp}) {
    const Decoded four(ethernet(kIpv4, ipv4(protocol, octets("something"))));
    EXPECT_EQ(four.layers.end, DecodeEnd::kUnknownTransport);
    EXPECT_EQ(four.layers.ip_protocol, protocol);
    EXPECT_EQ(four.layers.payload_length, 0u);
    EXPECT_EQ(Decoded(ethernet(kIpv6, ipv6(protocol, octets("something")))).layers.end, DecodeEnd::kUnknownTransport);
  }
}

TEST(Decode, TagsAreWalkedUpToEight) {
  const Octets inside = ipv4(kUdp, udp(53, octets("q")));
  const Decoded one(ethernet(0x8100, tag(100, kIpv4, inside)));
  expect_payload(one, Transport::kUdp, "q");
  EXPECT_EQ(one.layers.vlan, 100);
  EXPECT_EQ(one.layers.inner_vlan, 0);
  EXPECT_EQ(one.layers.network, 18);

  const Decoded two(ethernet(0x88a8, tag(4094, 0x8100, tag(7, kIpv6, ipv6(kTcp, tcp(80, octets("GET")))))));
  expect_payload(two, Transport::kTcp, "GET");
  EXPECT_EQ(two.layers.vlan, 4094);
  EXPECT_EQ(two.layers.inner_vlan, 7);

  const Octets three = tag(2, 0x88a8, tag(3, 0x8100, tag(4, kIpv4, inside)));
  const Decoded four(ethernet(0x9100, tag(1, 0x9100, three)));
  expect_payload(four, Transport::kUdp, "q");
  EXPECT_EQ(four.layers.vlan, 1);
  EXPECT_EQ(four.layers.inner_vlan, 2);
  EXPECT_EQ(four.layers.network, 14 + 16);

  const Octets seven = tag(5, 0x8100, tag(6, 0x8100, tag(7, 0x8100, tag(8, 0x88a8, three))));
  const Decoded eight(ethernet(0x8100, tag(9, 0x9100, seven)));
  expect_payload(eight, Transport::kUdp, "q");
  EXPECT_EQ(eight.layers.vlan, 9);
  EXPECT_EQ(eight.layers.inner_vlan, 5);
  const Decoded nine(ethernet(0x8100, tag(5, 0x9100, tag(9, 0x9100, seven))));
  EXPECT_EQ(nine.layers.end, DecodeEnd::kUnknownLink);
}

TEST(Decode, LogicalLinkControlWithIpInsideIsDecoded) {
  const Octets inside = snap(kIpv4, ipv4(kUdp, udp(53, octets("q"))));
  expect_payload(Decoded(addresses() + big16(inside.size()) + inside), Transport::kUdp, "q");
  const Octets tagged = tag(9, static_cast<std::uint16_t>(inside.size()), inside);
  const Decoded decoded(ethernet(0x8100, tagged));
  expect_payload(decoded, Transport::kUdp, "q");
  EXPECT_EQ(decoded.layers.vlan, 9);
  const Octets spanning_tree = Octets{0x42, 0x42, 3, 0, 0, 0, 0, 0} + filled(30, 0);
  EXPECT_EQ(Decoded(addresses() + big16(38) + spanning_tree).layers.end, DecodeEnd::kUnknownLink);
}

TEST(Decode, OtherEtherTypesEndByName) {
  constexpr std::uint16_t kMpls = 0x8847, kPppoe = 0x8864, kBetweenLengthAndType = 1501;
  for (std::uint16_t type : {kArp, kMpls, kPppoe, kBetweenLengthAndType}) {
    const Decoded decoded(ethernet(type, filled(46, 0x45)));
    EXPECT_EQ(decoded.layers.end, DecodeEnd::kUnknownLink) << type;
    EXPECT_EQ(decoded.layers.ip_version, 0) << type;
  }
}

TEST(Decode, FrameShorterThanItsLinkHeaderIsABadHeader) {
  EXPECT_EQ(Decoded(Octets{}).layers.end, DecodeEnd::kBadHeader);
  EXPECT_EQ(Decoded(addresses()).layers.end, DecodeEnd::kBadHeader);
  EXPECT_EQ(Decoded(ethernet(0x8100, {0, 1, 8})).layers.end, DecodeEnd::kBadHeader);
  EXPECT_EQ(Decoded(ethernet(kIpv4, {})).layers.end, DecodeEnd::kBadHeader);
  EXPECT_EQ(Decoded(Octets{}, LinkType::kRawIp).layers.end, DecodeEnd::kBadHeader);
  EXPECT_EQ(Decoded(filled(15, 0), LinkType::kLinuxCooked).layers.end, DecodeEnd::kBadHeader);
}

}  // namespace
}  // namespace telefence
