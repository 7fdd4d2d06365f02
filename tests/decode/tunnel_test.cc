// SPDX-License-Identifier: Apache-2.0
#include "decode/tunnel_path.h"

#include <gtest/gtest.h>

#include <string>

#include "decode/decode.h"
#include "tunnel_builder.h"

namespace telefence {
namespace {

using namespace testing;  // the builders' functions; tests only

struct Decoded {
  Octets bytes;
  Frame frame;
  TunnelPath path;
  Layers layers;

  explicit Decoded(Octets octets_in) : bytes(std::move(octets_in)) {
    frame.data = bytes.data();
    frame.length = static_cast<std::uint32_t>(bytes.size());
    layers = decode(frame, path);
    EXPECT_EQ(layers, decode(frame)) << "with and without a path";
  }
  std::string payload() const { return std::string(as_text(payload_of(frame, layers))); }
};

Octets query() { return udp(53, octets("query")); }
Octets get() { return tcp(80, octets("GET /"), 12); }
Octets four() { return checked_ipv4(kUdp, query()); }
Octets six() { return ipv6(kTcp, get()); }
Octets over_udp4(std::uint16_t port, const Octets& payload) { return ethernet(kIpv4, ipv4(kUdp, udp(port, payload))); }
Octets over_udp6(std::uint16_t port, const Octets& payload) { return ethernet(kIpv6, ipv6(kUdp, udp(port, payload))); }
Octets over_ip4(std::uint8_t protocol, const Octets& payload) { return ethernet(kIpv4, ipv4(protocol, payload)); }
Octets over_ip6(std::uint8_t protocol, const Octets& payload) { return ethernet(kIpv6, ipv6(protocol, payload)); }

void expect_query_in(const Decoded& decoded, TunnelKind kind, std::uint32_t id, std::size_t tunnels = 1) {
  ASSERT_EQ(decoded.layers.end, DecodeEnd::kPayload);
  EXPECT_EQ(decoded.payload(), decoded.layers.transport == Transport::kUdp ? "query" : "GET /");
  EXPECT_EQ(decoded.layers.tunnels, tunnels);
  EXPECT_EQ(decoded.layers.tunnel, kind);
  EXPECT_EQ(decoded.layers.tunnel_id, id);
  EXPECT_TRUE(decoded.layers.is_in(kind));
  EXPECT_EQ(decoded.path.count, tunnels);
  EXPECT_EQ(decoded.path.steps[tunnels - 1].kind, kind);
  EXPECT_EQ(decoded.path.steps[tunnels - 1].id, id);
  EXPECT_EQ(decoded.path.steps[tunnels - 1].at, decoded.layers.tunnel_at);
}

void expect_untunnelled(const Decoded& decoded, DecodeEnd end) {
  EXPECT_EQ(decoded.layers.end, end);
  EXPECT_EQ(decoded.layers.tunnels, 0);
  EXPECT_EQ(decoded.path.count, 0);
}

TEST(GtpU, CarriesBothVersionsOverBothVersions) {
  for (const Octets& inside : {four(), six()}) {
    const Decoded over4(over_udp4(kGtpUPort, gtp_u(inside)));
    expect_query_in(over4, TunnelKind::kGtpU, 0x11223344);
    EXPECT_EQ(over4.layers.network, 14 + 20 + 8 + 8);
    EXPECT_EQ(over4.layers.outer_network, 14);
    EXPECT_EQ(over4.layers.tunnel_network, 14);
    EXPECT_EQ(over4.layers.tunnel_at, 34);
    const Decoded over6(over_udp6(kGtpUPort, gtp_u(inside)));
    expect_query_in(over6, TunnelKind::kGtpU, 0x11223344);
    EXPECT_EQ(ip_ends_at(over6.frame, over6.layers.outer_network).source.version, 6);
  }
}

TEST(GtpU, OptionalFieldsAndExtensionsArePassedOver) {
  const Octets longer = filled(6, 7);
  const GtpUFields variants[] = {
      {.sequence = 9},
      {.n_pdu = 3},
      {.sequence = 9, .n_pdu = 3},
      {.extensions = {pdu_session_container(true, 9)}},
      {.sequence = 1, .n_pdu = 2, .extensions = {pdu_session_container(false, 9), {std::uint8_t{0xc0}, big16(5)}}},
      {.extensions = {{std::uint8_t{0x20}, longer}, {std::uint8_t{0x40}, big16(5)}, {std::uint8_t{0x84}, longer}}},
  };
  for (const GtpUFields& variant : variants) expect_query_in(Decoded(over_udp4(kGtpUPort, gtp_u(four(), variant))), TunnelKind::kGtpU, 0x11223344);
}

TEST(GtpU, OtherMessagesAreDatagramsAsAnyOther) {
  constexpr std::uint8_t kEchoRequest = 1, kErrorIndication = 26, kEndMarker = 254;
  for (const std::uint8_t type : {kEchoRequest, kErrorIndication, kEndMarker})
    expect_untunnelled(Decoded(over_udp4(kGtpUPort, gtp_u(four(), {.sequence = 1, .type = type}))), DecodeEnd::kPayload);
}

TEST(GtpU, WhatContradictsItselfIsADatagramAsAnyOther) {
  constexpr std::uint8_t kVersion2 = 0x48, kPrime = 0x20;
  for (const std::uint8_t version : {kVersion2, kPrime})
    expect_untunnelled(Decoded(over_udp4(kGtpUPort, gtp_u(four(), {.version = version}))), DecodeEnd::kPayload);
  expect_untunnelled(Decoded(over_udp4(kGtpUPort, gtp_u({}))), DecodeEnd::kPayload);
  expect_untunnelled(Decoded(over_udp4(kGtpUPort, gtp_u(ethernet(kIpv4, four())))), DecodeEnd::kPayload);
  const Decoded name(over_udp4(kGtpUPort, octets("a query on port 2152")));
  expect_untunnelled(name, DecodeEnd::kPayload);
  EXPECT_EQ(name.payload(), "a query on port 2152");
}

TEST(GtpU, ChainsOfExtensionsAreBounded) {
  const auto chain = [](std::size_t count) {
    GtpUFields fields;
    for (std::size_t i = 0; i < count; ++i) fields.extensions.emplace_back(std::uint8_t{0x40}, big16(5));
    return over_udp4(kGtpUPort, gtp_u(four(), fields));
  };
  EXPECT_EQ(Decoded(chain(8)).layers.tunnels, 1);
  EXPECT_EQ(Decoded(chain(9)).layers.tunnels, 0);
  // A length of zero would be read for ever.
  Octets endless = chain(1);
  endless[14 + 20 + 8 + 12] = 0;
  expect_untunnelled(Decoded(endless), DecodeEnd::kPayload);
  // And one that leads out of the datagram is nobody's.
  endless[14 + 20 + 8 + 12] = 255;
  expect_untunnelled(Decoded(endless), DecodeEnd::kPayload);
}

TEST(GtpU, OnlyTheDestinationPortTellsIt) {
  Octets from_port = over_udp4(5000, gtp_u(four()));
  from_port[34] = 2152 >> 8, from_port[35] = 2152 & 0xff;
  expect_untunnelled(Decoded(from_port), DecodeEnd::kPayload);
}

TEST(Gre, OptionalFieldsArePassedOver) {
  const GreFields variants[] = {{}, {.checksum = true}, {.key = 77}, {.sequence = 5}, {.checksum = true, .key = 77, .sequence = 5}};
  for (const GreFields& variant : variants) {
    for (const Octets& inside : {four(), six()}) {
      const std::uint16_t type = inside[0] >> 4 == 4 ? kIpv4 : kIpv6;
      expect_query_in(Decoded(over_ip4(kGre, gre(type, inside, variant))), TunnelKind::kGre, variant.key.value_or(0));
      expect_query_in(Decoded(over_ip6(kGre, gre(type, inside, variant))), TunnelKind::kGre, variant.key.value_or(0));
    }
  }
}

TEST(Gre, BridgesEthernetWithItsTags) {
  const Decoded decoded(over_ip4(kGre, gre(kBridged, ethernet(0x8100, tag(55, kIpv4, four())))));
  expect_query_in(decoded, TunnelKind::kGre, 0);
  EXPECT_EQ(decoded.layers.vlan, 55);
  EXPECT_EQ(decoded.path.steps[0].inside, 14 + 20 + 4);
  EXPECT_EQ(decoded.layers.network, 14 + 20 + 4 + 18);
}

TEST(Gre, CarriesMirroredFrames) {
  const Octets frame = ethernet(kIpv4, four());
  expect_query_in(Decoded(over_ip4(kGre, gre(0x88be, frame))), TunnelKind::kGre, 0);
  expect_query_in(Decoded(over_ip4(kGre, gre(0x88be, filled(8, 0x10) + frame, {.sequence = 1}))), TunnelKind::kGre, 0);
  expect_query_in(Decoded(over_ip4(kGre, gre(0x22eb, filled(12, 0x20) + frame, {.sequence = 1}))), TunnelKind::kGre, 0);
  expect_query_in(Decoded(over_ip4(kGre, gre(0x22eb, filled(12, 0x21) + filled(8, 0) + frame, {.sequence = 1}))), TunnelKind::kGre, 0);
}

TEST(Gre, PointToPointTunnelsCarryPpp) {
  expect_query_in(Decoded(over_ip4(kGre, pptp(9, 0x0021, four()))), TunnelKind::kGre, 9);
  expect_query_in(Decoded(over_ip4(kGre, pptp(9, 0x0057, six(), true))), TunnelKind::kGre, 9);
  constexpr std::uint16_t kLinkControl = 0xc021;
  expect_untunnelled(Decoded(over_ip4(kGre, pptp(9, kLinkControl, filled(8, 1)))), DecodeEnd::kUnknownTransport);
  const Octets only_acknowledges = big16(0x2081) + big16(0x880b) + big16(0) + big16(9) + big32(5);
  expect_untunnelled(Decoded(over_ip4(kGre, only_acknowledges)), DecodeEnd::kUnknownTransport);
}

TEST(Gre, WhatIsNotReadStaysAnUnknownTransport) {
  constexpr std::uint16_t kRouting = 0x4000, kVersion2 = 2;
  for (const std::uint16_t flags : {kRouting, kVersion2})
    expect_untunnelled(Decoded(over_ip4(kGre, gre(kIpv4, four(), {.more_flags = flags}))), DecodeEnd::kUnknownTransport);
  constexpr std::uint16_t kKeepalive = 0, kAppletalk = 0x809b;
  for (const std::uint16_t type : {kKeepalive, kAppletalk, kArp})
    expect_untunnelled(Decoded(over_ip4(kGre, gre(type, four()))), DecodeEnd::kUnknownTransport);
  expect_untunnelled(Decoded(over_ip4(kGre, gre(kBridged, ethernet(kArp, filled(28, 0))))), DecodeEnd::kUnknownTransport);
}

TEST(IpInIp, EachVersionCarriesEach) {
  expect_query_in(Decoded(over_ip4(kIpInIp, four())), TunnelKind::kIpInIp, 0);
  expect_query_in(Decoded(over_ip4(kIpv6InIp, six())), TunnelKind::kIpInIp, 0);
  expect_query_in(Decoded(over_ip6(kIpInIp, four())), TunnelKind::kIpInIp, 0);
  expect_query_in(Decoded(over_ip6(kIpv6InIp, six())), TunnelKind::kIpInIp, 0);
  const Decoded behind_options(over_ip6(60, extension(kIpInIp, 0, four())));
  expect_query_in(behind_options, TunnelKind::kIpInIp, 0);
  EXPECT_EQ(behind_options.path.steps[0].at, 14 + 40 + 8);
}

// What receivers take all the same is a tunnel, but only when the packet inside is sound.
TEST(GtpU, ASpareBitOrAnotherLengthHidesNothing) {
  constexpr std::uint8_t kSpareBit = 0x38;
  for (const Octets& inside : {four(), six()}) {
    expect_query_in(Decoded(over_udp4(kGtpUPort, gtp_u(inside, {.version = kSpareBit}))), TunnelKind::kGtpU, 0x11223344);
    expect_query_in(Decoded(over_udp4(kGtpUPort, gtp_u(inside, {.sequence = 7, .version = kSpareBit}))), TunnelKind::kGtpU, 0x11223344);
    expect_query_in(Decoded(over_udp4(kGtpUPort, gtp_u(inside) + octets("xx"))), TunnelKind::kGtpU, 0x11223344);
    for (const int error : {-1, 1, 200})
      expect_query_in(Decoded(over_udp4(kGtpUPort, gtp_u(inside, {.length_error = error}))), TunnelKind::kGtpU, 0x11223344);
    Octets cut = inside;
    cut.pop_back();
    expect_untunnelled(Decoded(over_udp4(kGtpUPort, gtp_u(cut, {.version = kSpareBit}))), DecodeEnd::kPayload);
    expect_untunnelled(Decoded(over_udp4(kGtpUPort, gtp_u(cut, {.length_error = 1}))), DecodeEnd::kPayload);
    const Octets text = gtp_u(octets("Earth"), {.version = kSpareBit});
    EXPECT_EQ(Decoded(over_udp4(kGtpUPort, text)).payload(), std::string(text.begin(), text.end()));
  }
}

TEST(Tunnels, ADatagramOverIpv6WithoutALengthIsAllOfItsPacket) {
  const Octets datagram = udp_with_length(kVxlanPort, 0, vxlan(7, ethernet(kIpv4, four())));
  expect_query_in(Decoded(ethernet(kIpv6, ipv6(kUdp, datagram))), TunnelKind::kVxlan, 7);
}

TEST(Vxlan, IsReadOnThePortOfLinuxToo) {
  constexpr std::uint16_t kLinuxPort = 8472;
  expect_query_in(Decoded(over_udp4(kLinuxPort, vxlan(5, ethernet(kIpv4, four())))), TunnelKind::kVxlan, 5);
  expect_untunnelled(Decoded(over_udp4(kLinuxPort, octets("a query on port 8472"))), DecodeEnd::kPayload);
}

TEST(Vxlan, CarriesEthernet) {
  const Decoded decoded(over_udp4(kVxlanPort, vxlan(0x123456, ethernet(kIpv4, four()))));
  expect_query_in(decoded, TunnelKind::kVxlan, 0x123456);
  EXPECT_EQ(decoded.path.steps[0].inside, 14 + 20 + 8 + 8);
  EXPECT_EQ(decoded.layers.network, 14 + 20 + 8 + 8 + 14);
  expect_query_in(Decoded(over_udp6(kVxlanPort, vxlan(7, ethernet(kIpv6, six())))), TunnelKind::kVxlan, 7);
}

TEST(Vxlan, PolicyGroupsAndNamedProtocolsAreRead) {
  const Octets frame = ethernet(kIpv4, four());
  expect_query_in(Decoded(over_udp4(kVxlanPort, Octets{0x88, 0, 1, 2, 0, 0, 5, 0} + frame)), TunnelKind::kVxlan, 5);
  expect_query_in(Decoded(over_udp4(kVxlanPort, Octets{0x0c, 0, 0, 3, 0, 0, 5, 0} + frame)), TunnelKind::kVxlan, 5);
  expect_query_in(Decoded(over_udp4(kVxlanPort, Octets{0x0c, 0, 0, 1, 0, 0, 5, 0} + four())), TunnelKind::kVxlan, 5);
  expect_query_in(Decoded(over_udp4(kVxlanPort, Octets{0x0c, 0, 0, 2, 0, 0, 5, 0} + six())), TunnelKind::kVxlan, 5);
  constexpr std::uint8_t kServiceHeader = 4;
  expect_untunnelled(Decoded(over_udp4(kVxlanPort, Octets{0x0c, 0, 0, kServiceHeader, 0, 0, 5, 0} + frame)), DecodeEnd::kPayload);
}

TEST(Vxlan, WhatIsNoneIsADatagramAsAnyOther) {
  const Octets frame = ethernet(kIpv4, four());
  const Octets headers[] = {{0, 0, 0, 0, 0, 0, 5, 0}, {8, 0, 0, 1, 0, 0, 5, 0}, {8, 0, 0, 0, 0, 0, 5, 1}, {0x18, 0, 0, 0, 0, 0, 5, 0}};
  for (const Octets& header : headers) expect_untunnelled(Decoded(over_udp4(kVxlanPort, header + frame)), DecodeEnd::kPayload);
  expect_untunnelled(Decoded(over_udp4(kVxlanPort, vxlan(5, ethernet(kArp, filled(28, 0))))), DecodeEnd::kPayload);
  expect_untunnelled(Decoded(over_udp4(kVxlanPort, vxlan(5, filled(13, 0)))), DecodeEnd::kPayload);
}

TEST(Geneve, CarriesEthernetAndIpBehindOptions) {
  expect_query_in(Decoded(over_udp4(kGenevePort, geneve(9, kBridged, ethernet(kIpv4, four())))), TunnelKind::kGeneve, 9);
  expect_query_in(Decoded(over_udp4(kGenevePort, geneve(9, kIpv4, four(), filled(32, 1)))), TunnelKind::kGeneve, 9);
  expect_query_in(Decoded(over_udp6(kGenevePort, geneve(9, kIpv6, six(), filled(252, 1)))), TunnelKind::kGeneve, 9);
}

TEST(Geneve, ControlAndUnknownVersionsAreDatagramsAsAnyOther) {
  for (const auto& [at, value] : {std::pair<std::size_t, std::uint8_t>{0, 0x40}, {1, 0x80}, {1, 1}, {7, 1}}) {
    Octets changed = geneve(9, kIpv4, four());
    changed[at] = value;
    expect_untunnelled(Decoded(over_udp4(kGenevePort, changed)), DecodeEnd::kPayload);
  }
  expect_untunnelled(Decoded(over_udp4(kGenevePort, geneve(9, kArp, filled(28, 0)))), DecodeEnd::kPayload);
}

Octets ppp4() { return big16(0x0021) + four(); }
Octets ppp6() { return big16(0x0057) + six(); }

TEST(L2tp, DataMessagesCarryPppWithEveryOptionOfTheirHeader) {
  constexpr std::uint32_t kIds = 0x00070009;
  const L2tpFields variants[] = {{}, {.has_length = false}, {.sequence = 5}, {.offset = 3}, {.has_length = false, .sequence = 5, .offset = 0},
                                 {.more_flags = 0x0100},
                                 // What receivers ignore: reserved bits, and the length.
                                 {.more_flags = 0x34f0}, {.length_error = 1}, {.length_error = -20}};
  for (const L2tpFields& variant : variants) {
    for (const Octets& ppp : {ppp4(), ppp6(), Octets{0xff, 3} + ppp4(), Octets{0x21} + four()}) {
      expect_query_in(Decoded(over_udp4(kL2tpPort, l2tp(kIds, ppp, variant))), TunnelKind::kL2tp, kIds);
      expect_query_in(Decoded(over_udp6(kL2tpPort, l2tp(kIds, ppp, variant))), TunnelKind::kL2tp, kIds);
    }
  }
}

TEST(L2tp, WhatIsNoneIsADatagramAsAnyOther) {
  const Octets others[] = {l2tp(7, ppp4(), {.more_flags = 0x8000}),              // a control message
                           l2tp(7, ppp4(), {.more_flags = 0x0001}),              // version 3
                           l2tp(7, big16(0xc021) + Octets{1, 1, 0, 4}),          // PPP's own
                           Octets{0, 2, 0, 7}, Octets{0x02, 2, 0, 7, 0, 7, 0xff, 0xff}, octets("x")};
  for (const Octets& other : others) expect_untunnelled(Decoded(over_udp4(kL2tpPort, other)), DecodeEnd::kPayload);
}

TEST(Capwap, CarriesFramesOfBothKinds) {
  const Octets frame = ethernet(kIpv4, four());
  for (const bool has_radio_header : {false, true}) {
    const CapwapFields fields{.has_radio_header = has_radio_header};
    expect_query_in(Decoded(over_udp4(kCapwapPort, capwap(false, frame, fields))), TunnelKind::kCapwap, 0);
    expect_query_in(Decoded(over_udp6(kCapwapPort, capwap(false, ethernet(kIpv6, six()), fields))), TunnelKind::kCapwap, 0);
    const WlanFields variants[] = {{}, {.is_swapped = true}, {.type = 0x08}, {.type = 0x08, .flags = 0x11, .is_swapped = true}, {.flags = 0x02},
                                   {.flags = 0x03}, {.flags = 0x81}, {.type = 0x18}};
    Octets of_bridges = wlan(kIpv4, four());
    of_bridges[of_bridges.size() - four().size() - 3] = 0xf8;
    for (const Octets& inside : {of_bridges, wlan(0x8100, tag(0, kIpv4, four())), wlan(0x88a8, tag(5, 0x8100, tag(6, kIpv6, six())))})
      expect_query_in(Decoded(over_udp4(kCapwapPort, capwap(true, inside, fields))), TunnelKind::kCapwap, 0);
    for (const WlanFields& variant : variants) {
      expect_query_in(Decoded(over_udp4(kCapwapPort, capwap(true, wlan(kIpv4, four(), variant), fields))), TunnelKind::kCapwap, 0);
      expect_query_in(Decoded(over_udp4(kCapwapPort, capwap(true, wlan(kIpv6, six(), variant), fields))), TunnelKind::kCapwap, 0);
    }
  }
}

TEST(Capwap, WhatIsNoneIsADatagramAsAnyOther) {
  const Octets inside = wlan(kIpv4, four());
  const Octets others[] = {capwap(true, inside, {.preamble = 1}),              // under DTLS
                           capwap(true, inside, {.preamble = 0x10}),           // another version
                           capwap(true, inside, {.more_flags = 0x080}),        // a part
                           capwap(true, inside, {.more_flags = 0x008}),        // a keep-alive
                           capwap(true, inside, {.more_flags = 3u << 9}),      // another kind of radio
                           capwap(true, wlan(kArp, filled(28, 0))),
                           capwap(true, wlan(kIpv4, four(), {.flags = 0x41})),  // encrypted
                           capwap(true, wlan(kIpv4, four(), {.flags = 0x05})),  // a part
                           capwap(true, wlan(kIpv4, four(), {.qos = 0x80})),    // several in one
                           capwap(true, wlan(kIpv4, four(), {.type = 0x48})),   // without data
                           capwap(true, wlan(kIpv4, four(), {.type = 0x80})),   // a beacon
                           capwap(false, ethernet(kArp, filled(28, 0))),
                           Octets{0, 8, 3, 0}, Octets{0, 0, 3, 0, 0, 0, 0, 0} + inside, capwap(true, {})};
  for (const Octets& other : others) expect_untunnelled(Decoded(over_udp4(kCapwapPort, other)), DecodeEnd::kPayload);
}

TEST(Teredo, CarriesIpv6BehindWhatServersAdd) {
  for (const bool authenticates : {false, true}) {
    for (const bool has_origin : {false, true}) {
      const Octets inside = teredo(six(), {.authenticates = authenticates, .has_origin = has_origin});
      expect_query_in(Decoded(over_udp4(kTeredoPort, inside)), TunnelKind::kTeredo, 0);
      expect_query_in(Decoded(over_udp6(kTeredoPort, inside)), TunnelKind::kTeredo, 0);
      expect_query_in(Decoded(ethernet(kIpv4, ipv4(kUdp, udp(40000, inside, kTeredoPort)))), TunnelKind::kTeredo, 0);
    }
  }
}

TEST(Teredo, WhatIsNoneIsADatagramAsAnyOther) {
  Octets long_names = teredo(six(), {.authenticates = true});
  long_names[2] = 0xff;
  Octets longer = six();
  longer[5] = static_cast<std::uint8_t>(longer[5] + 1);
  const Octets others[] = {four(), teredo(four(), {.has_origin = true}), teredo({}, {.has_origin = true}), long_names, longer,
                           Octets{0}, Octets{0, 1}, Octets{0, 1, 4}, Octets{0, 0, 1}, octets("x"), Octets{0, 2} + filled(6, 0) + six()};
  for (const Octets& other : others) expect_untunnelled(Decoded(over_udp4(kTeredoPort, other)), DecodeEnd::kPayload);
}

TEST(Ayiya, CarriesBothVersionsBehindSignaturesOfAnyLength) {
  for (const std::uint8_t identity : std::initializer_list<std::uint8_t>{0, 4, 9}) {
    for (const std::uint8_t signature : std::initializer_list<std::uint8_t>{0, 5, 15}) {
      const AyiyaFields fields{.identity = identity, .signature = signature};
      expect_query_in(Decoded(over_udp4(kAyiyaPort, ayiya(kIpInIp, four(), fields))), TunnelKind::kAyiya, 0);
      expect_query_in(Decoded(over_udp6(kAyiyaPort, ayiya(kIpv6InIp, six(), fields))), TunnelKind::kAyiya, 0);
      expect_query_in(Decoded(ethernet(kIpv4, ipv4(kUdp, udp(40000, ayiya(kIpv6InIp, six(), fields), kAyiyaPort)))), TunnelKind::kAyiya, 0);
    }
  }
}

TEST(Ayiya, WhatIsNoneIsADatagramAsAnyOther) {
  const Octets others[] = {ayiya(kIpInIp, four(), {.operation = 2}),  // an echo
                           ayiya(59, four()), ayiya(kIpInIp, six()), ayiya(kIpv6InIp, {}), Octets{0x40, 0x52, 0x11}, octets("x")};
  for (const Octets& other : others) expect_untunnelled(Decoded(over_udp4(kAyiyaPort, other)), DecodeEnd::kPayload);
}

TEST(GreInUdp, CarriesWhatGreDoes) {
  const GreFields variants[] = {{}, {.checksum = true}, {.key = 9}, {.checksum = true, .key = 9, .sequence = 7}};
  for (const GreFields& variant : variants) {
    const std::uint32_t id = variant.key.value_or(0);
    expect_query_in(Decoded(over_udp4(kGreInUdpPort, gre(kIpv4, four(), variant))), TunnelKind::kGreInUdp, id);
    expect_query_in(Decoded(over_udp6(kGreInUdpPort, gre(kBridged, ethernet(kIpv6, six()), variant))), TunnelKind::kGreInUdp, id);
  }
}

TEST(GreInUdp, WhatIsNoneIsADatagramAsAnyOther) {
  const Octets others[] = {gre(kArp, filled(28, 0)), gre(kIpv4, four(), {.more_flags = 0x4000}), pptp(9, 0x0021, four()), Octets{0, 0, 8}, octets("x")};
  for (const Octets& other : others) expect_untunnelled(Decoded(over_udp4(kGreInUdpPort, other)), DecodeEnd::kPayload);
}

TEST(Gre, CarriesFramesOfRadiosUnderOneMakersTypes) {
  for (const std::uint16_t type : std::initializer_list<std::uint16_t>{0x8200, 0x8210, 0x8370}) {
    expect_query_in(Decoded(ethernet(kIpv4, ipv4(kGre, gre(type, wlan(kIpv4, four()))))), TunnelKind::kGre, 0);
    expect_query_in(Decoded(ethernet(kIpv4, ipv4(kGre, gre(type, wlan(kIpv6, six(), {.flags = 2}))))), TunnelKind::kGre, 0);
  }
  for (const std::uint16_t type : std::initializer_list<std::uint16_t>{0x81f0, 0x8201, 0x8380})
    expect_untunnelled(Decoded(ethernet(kIpv4, ipv4(kGre, gre(type, wlan(kIpv4, four()))))), DecodeEnd::kUnknownTransport);
  expect_untunnelled(Decoded(ethernet(kIpv4, ipv4(kGre, gre(0x8200, wlan(kIpv4, four(), {.flags = 0x41}))))), DecodeEnd::kUnknownTransport);
}

TEST(Vxlan, ThePortOfWhatNamesTheProtocolInsideIsReadAsWell) {
  const Octets bridged = Octets(12, 2) + big16(kIpv4) + four();
  const std::pair<Octets, Octets> headers[] = {{{0x0c, 0, 0, 1, 0, 0, 5, 0}, four()},
                                               {{0x0c, 0, 0, 2, 0, 0, 5, 0}, six()},
                                               {{0x0c, 0, 0, 3, 0, 0, 5, 0}, bridged},
                                               {{0x08, 0, 0, 0, 0, 0, 5, 0}, bridged}};
  for (const auto& [header, inside] : headers) expect_query_in(Decoded(over_udp4(4790, header + inside)), TunnelKind::kVxlan, 5);
  expect_untunnelled(Decoded(over_udp4(4790, Octets{0x0c, 0, 0, 9, 0, 0, 5, 0} + four())), DecodeEnd::kPayload);
}

// Found in review: what looked like a tunnel within one took the whole datagram with it.
TEST(Tunnels, WhatOnlyMightBeOneIsNoneHoweverFarItWasFollowed) {
  const Octets label_without_end = big32(1000u << 12);
  const Octets in_l2tp[] = {l2tp(7, big16(0x0281) + label_without_end), l2tp(7, big16(0x0281) + labels(1, filled(3, 0x45)))};
  for (const Octets& payload : in_l2tp) expect_untunnelled(Decoded(over_udp4(kL2tpPort, payload)), DecodeEnd::kPayload);
  const Octets stations = filled(12, 2);
  const Octets frames[] = {stations + big16(kPppoe) + filled(5, 0x11), stations + big16(kMpls) + label_without_end,
                           stations + big16(kPppoe) + pppoe(9, big16(0x21) + filled(19, 0x45)), stations + big16(kIpv4) + filled(19, 0x45)};
  for (const Octets& frame : frames) expect_untunnelled(Decoded(over_udp4(kCapwapPort, capwap(false, frame))), DecodeEnd::kPayload);
  const Decoded short_control(over_udp4(kVxlanPort, vxlan(7, stations + big16(6) + Octets{0, 1, 0xaf, 0x81, 1, 0})));
  expect_untunnelled(short_control, DecodeEnd::kPayload);
  // Four deep there is no room for one more, whatever a datagram there looks like.
  Octets deep = ipv4(kUdp, udp(kL2tpPort, l2tp(7, ppp4())));
  for (int i = 0; i < 4; ++i) deep = ipv4(kIpInIp, deep);
  const Decoded at_the_end(ethernet(kIpv4, deep));
  EXPECT_EQ(at_the_end.layers.end, DecodeEnd::kPayload);
  EXPECT_EQ(at_the_end.layers.tunnels, 4);
  EXPECT_EQ(at_the_end.layers.destination_port, kL2tpPort);
}

// Found in review: offsets have 16 bits, and what one octet of a header skips may be longer.
TEST(Tunnels, HeadersBeyondWhatOffsetsReachAreNotFollowed) {
  const auto in_large = [](std::size_t padding, const Octets& packet) {
    Octets message = big16(0x0202) + big32(7) + big16(static_cast<std::uint16_t>(padding)) + filled(padding, 0) + Octets{0x57} + packet;
    return over_udp4(kL2tpPort, message);
  };
  expect_query_in(Decoded(in_large(40000, six())), TunnelKind::kL2tp, 7);
  constexpr std::uint8_t kFragment = 44;
  const Octets part = ipv6(kFragment, fragment_header(kUdp, 8, true, filled(8, 0)));
  for (const std::size_t padding : {kFurthestHeader, std::size_t{65400}}) expect_untunnelled(Decoded(in_large(padding, part)), DecodeEnd::kPayload);
}

// The longest that may be: one IPv6 header behind the other, each with all the extension headers that are walked.
TEST(Tunnels, NoOffsetComesRoundHoweverLongTheHeaders) {
  constexpr std::uint8_t kDestination = 60, kIpv6 = 41;
  const auto with_options = [](std::uint8_t next, const Octets& inside) {
    Octets options = Octets{next, 255} + filled(2046, 0);
    return ipv6(kDestination, Octets{kDestination, 255} + filled(2046, 0) + options + inside);
  };
  for (std::size_t padding = 48'500; padding < kFurthestHeader; padding += 8) {
    Octets packet = with_options(kUdp, query());
    for (int i = 0; i < 3; ++i) packet = with_options(kIpv6, packet);
    const Octets message = big16(0x0202) + big32(7) + big16(static_cast<std::uint16_t>(padding)) + filled(padding, 0) + Octets{0x57} + packet;
    const Decoded decoded(over_udp6(kL2tpPort, message));
    const Layers& layers = decoded.layers;
    if (layers.transport == Transport::kNone) continue;
    EXPECT_GE(layers.transport_at, layers.network) << padding;
    EXPECT_GT(layers.payload, layers.network) << padding;
    EXPECT_GE(layers.network, layers.tunnel_at) << padding;
  }
}

// Nor that of labels behind an IPv6 header's.
TEST(Tunnels, LabelsBehindAllThatIsFollowedAreNone) {
  constexpr std::uint8_t kDestination = 60, kMplsInIp = 137;
  const Octets label = big32(0x00010040), bottom = big32(0x00010140);
  for (const std::size_t most : {kFurthestHeader, std::size_t{0xffff}}) {
    Octets chain;
    for (int i = 0; i < 8; ++i) chain = chain + (i == 7 ? bottom : label);
    chain = chain + Octets{0x45, 0, 0, 20, 0, 0, 0, 0, 64, kUdp, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2};
    std::uint8_t next = kMplsInIp;
    for (std::size_t at = 14 + 40; at + 2048 <= most; at += 2048) {
      chain = Octets{next, 255} + filled(2046, 0) + chain;
      next = kDestination;
    }
    for (std::size_t left = (most - 54) % 2048; left >= 8; left -= 8) chain = Octets{next, 0} + filled(6, 0) + chain;
    ASSERT_LE(chain.size(), 0xffffu);
    const Decoded decoded(ethernet(kIpv6, ipv6(next, chain)));
    EXPECT_EQ(decoded.layers.ip_protocol, kMplsInIp) << most;
    EXPECT_EQ(decoded.layers.tunnels, 0) << most;
    EXPECT_EQ(decoded.layers.network, 14) << most;
  }
}

// Whoever asks chooses the port that it asks from: it must not lead past the filter.
TEST(Tunnels, WhatComesFromTheirPortIsOneUnlessAServiceIsAsked) {
  const auto between = [](std::uint16_t from, std::uint16_t to, const Octets& payload) {
    return ethernet(kIpv4, ipv4(kUdp, udp(to, payload, from)));
  };
  const Octets in_l2tp = l2tp(7, ppp4()), in_capwap = capwap(true, wlan(kIpv4, four(), {.flags = 2}));
  expect_query_in(Decoded(between(kL2tpPort, 40000, in_l2tp)), TunnelKind::kL2tp, 7);
  expect_query_in(Decoded(between(kCapwapPort, 40000, in_capwap)), TunnelKind::kCapwap, 0);
  expect_query_in(Decoded(between(kCapwapPort, kL2tpPort, in_l2tp)), TunnelKind::kL2tp, 7);
  expect_query_in(Decoded(between(kL2tpPort, kCapwapPort, in_capwap)), TunnelKind::kCapwap, 0);
  for (const std::uint16_t from : {kL2tpPort, kCapwapPort, kTeredoPort, kAyiyaPort})
    for (const Octets& payload : {in_l2tp, in_capwap, six(), ayiya(kIpInIp, four()), Octets{0x42, 2, 0xff}}) expect_untunnelled(Decoded(between(from, 53, payload)), DecodeEnd::kPayload);
}

TEST(Pppoe, SessionsCarryPppWithItsProtocolLongOrShort) {
  const Octets protocols4[] = {{0, 0x21}, {0x21}, {0xff, 3, 0, 0x21}};
  for (const Octets& protocol : protocols4) {
    const Decoded decoded(ethernet(kPppoe, pppoe(0x1234, protocol + four())));
    expect_query_in(decoded, TunnelKind::kPppoe, 0x1234);
    EXPECT_EQ(decoded.layers.network, 14u + 6 + protocol.size());
    EXPECT_EQ(decoded.layers.outer_network, decoded.layers.network);
    EXPECT_EQ(decoded.layers.tunnel_network, decoded.layers.network);
    EXPECT_EQ(decoded.path.steps[0].network, TunnelStep::kOnLink);
  }
  const Octets protocols6[] = {{0, 0x57}, {0x57}};
  for (const Octets& protocol : protocols6)
    expect_query_in(Decoded(ethernet(0x88a8, tag(3, 0x8100, tag(4, kPppoe, pppoe(0x1234, protocol + six()))))), TunnelKind::kPppoe, 0x1234);
}

TEST(Pppoe, WhatIsNoSessionDataStaysAnUnknownLink) {
  constexpr std::uint16_t kDiscovery = 0x8863, kLinkControl = 0xc021;
  expect_untunnelled(Decoded(ethernet(kDiscovery, pppoe(0, filled(40, 0)))), DecodeEnd::kUnknownLink);
  expect_untunnelled(Decoded(ethernet(kPppoe, pppoe(5, big16(kLinkControl) + filled(40, 0)))), DecodeEnd::kUnknownLink);
  for (const std::size_t at : {0u, 1u}) {
    Octets changed = pppoe(5, big16(0x21) + four());
    changed[at] = 0x22;
    expect_untunnelled(Decoded(ethernet(kPppoe, changed)), DecodeEnd::kUnknownLink);
  }
}

TEST(Pppoe, PaddingOfAShortFrameIsNotPayload) {
  const Decoded decoded(ethernet(kPppoe, pppoe(5, big16(0x21) + four()) + filled(20, 0)));
  expect_query_in(decoded, TunnelKind::kPppoe, 5);
}

TEST(Tunnels, NestUpToFourDeep) {
  Octets bytes = four();
  for (std::size_t depth = 1; depth <= 6; ++depth) {
    bytes = checked_ipv4(kIpInIp, bytes);
    const Decoded decoded(ethernet(kIpv4, bytes));
    if (depth <= kMostTunnels) {
      expect_query_in(decoded, TunnelKind::kIpInIp, 0, depth);
      EXPECT_EQ(decoded.layers.outer_network, 14);
      EXPECT_EQ(decoded.layers.tunnel_network, 14 + 20 * (depth - 1));
    } else {
      EXPECT_EQ(decoded.layers.end, DecodeEnd::kUnknownTransport);
      EXPECT_EQ(decoded.layers.tunnels, kMostTunnels);
      EXPECT_EQ(decoded.layers.network, 14 + 20 * kMostTunnels);
    }
  }
}

TEST(Tunnels, ADatagramWithOneTunnelTooManyIsAnUnknownTransport) {
  Octets bytes = ipv4(kUdp, udp(kGtpUPort, gtp_u(four())));
  for (int i = 0; i < 4; ++i) bytes = ipv4(kIpInIp, bytes);
  const Decoded decoded(ethernet(kIpv4, bytes));
  EXPECT_EQ(decoded.layers.end, DecodeEnd::kUnknownTransport);
  EXPECT_EQ(decoded.layers.transport, Transport::kNone);
  EXPECT_EQ(decoded.layers.payload_length, 0u);
}

TEST(Tunnels, OfDifferentKindsNest) {
  const Octets gtp = ipv4(kUdp, udp(kGtpUPort, gtp_u(six(), {.teid = 5})));
  const Decoded in_vxlan(over_udp6(kVxlanPort, vxlan(7, ethernet(0x8100, tag(9, kIpv4, gtp)))));
  expect_query_in(in_vxlan, TunnelKind::kGtpU, 5, 2);
  EXPECT_TRUE(in_vxlan.layers.is_in(TunnelKind::kVxlan));
  EXPECT_EQ(in_vxlan.layers.outer_network, 14);
  EXPECT_EQ(in_vxlan.layers.tunnel_network, 14 + 40 + 8 + 8 + 18);
  EXPECT_EQ(in_vxlan.path.steps[0].id, 7u);
  EXPECT_EQ(in_vxlan.layers.vlan, 9);
  const Decoded in_gre(ethernet(0x8100, tag(3, kIpv4, ipv4(kGre, gre(kMpls, labels(2, four()))))));
  expect_query_in(in_gre, TunnelKind::kMpls, 1001, 2);
  EXPECT_EQ(in_gre.path.steps[1].network, TunnelStep::kOnLink);
  EXPECT_EQ(in_gre.layers.outer_network, 18);
  EXPECT_EQ(in_gre.layers.tunnel_network, in_gre.layers.network);
  const Decoded in_wire(ethernet(kMpls, labels(1, Octets{0, 0, 0, 0} + ethernet(kPppoe, pppoe(8, Octets{0x21} + four())))));
  expect_query_in(in_wire, TunnelKind::kPppoe, 8, 2);
}

TEST(Tunnels, TheFirstTwoTagsFromOutsideAreTold) {
  const Octets inner = ethernet(0x8100, tag(11, kIpv4, four()));
  const Decoded one_outside(ethernet(0x8100, tag(3, kIpv4, ipv4(kGre, gre(kBridged, inner)))));
  EXPECT_EQ(one_outside.layers.vlan, 3);
  EXPECT_EQ(one_outside.layers.inner_vlan, 11);
  const Decoded two_outside(ethernet(0x88a8, tag(3, 0x8100, tag(4, kIpv4, ipv4(kGre, gre(kBridged, inner))))));
  EXPECT_EQ(two_outside.layers.vlan, 3);
  EXPECT_EQ(two_outside.layers.inner_vlan, 4);
}

TEST(Tunnels, FragmentsAndOtherTransportsInsideAreTold) {
  const Decoded fragment(over_udp4(kGtpUPort, gtp_u(ipv4(kUdp, query(), {.flags_and_offset = 0x2000}))));
  EXPECT_EQ(fragment.layers.end, DecodeEnd::kFragment);
  EXPECT_EQ(fragment.layers.tunnels, 1);
  const Decoded echo(over_udp4(kGtpUPort, gtp_u(ipv4(1, filled(8, 0)))));
  EXPECT_EQ(echo.layers.end, DecodeEnd::kUnknownTransport);
  EXPECT_EQ(echo.layers.tunnels, 1);
  const Decoded outer(ethernet(kIpv4, ipv4(kUdp, udp(kGtpUPort, gtp_u(four())), {.flags_and_offset = 0x2000})));
  expect_untunnelled(outer, DecodeEnd::kFragment);
}

TEST(Tunnels, APacketLongerThanWhatCarriesItIsABadHeader) {
  const Octets too_long = checked_ipv4(kUdp, query(), 20 + 13 + 1);
  const Octets frames[] = {over_udp4(kGtpUPort, gtp_u(too_long)), over_ip4(kIpInIp, too_long), over_ip4(kGre, gre(kIpv4, too_long)),
                           over_udp4(kVxlanPort, vxlan(1, ethernet(kIpv4, too_long))), over_udp4(kGenevePort, geneve(1, kIpv4, too_long)),
                           ethernet(kPppoe, pppoe(1, big16(0x21) + too_long))};
  for (const Octets& frame : frames) {
    const Decoded decoded(frame + filled(8, 0));  // there are bytes enough, but they are not the tunnel's
    EXPECT_EQ(decoded.layers.end, DecodeEnd::kBadHeader);
    EXPECT_EQ(decoded.layers.ip_version, 0);
    EXPECT_EQ(decoded.layers.transport, Transport::kNone);
  }
}

TEST(Tunnels, NamesAreThoseOfMetrics) {
  EXPECT_EQ(traits_of(TunnelKind::kGtpU).name, "gtp-u");
  EXPECT_EQ(traits_of(TunnelKind::kPppoe).name, "pppoe");
  EXPECT_EQ(traits_of(TunnelKind::kNone).name, "");
}

// A stretch of cuts, and the name that a frame gets which ends within it.
struct Stretch {
  std::size_t before;  // it goes up to here
  DecodeEnd end;
};

void expect_cuts(const char* name, const Octets& whole, const std::vector<Stretch>& stretches) {
  std::size_t length = 0;
  for (const Stretch& stretch : stretches)
    for (; length < stretch.before; ++length)
      EXPECT_EQ(Decoded(Octets(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length))).layers.end, stretch.end)
          << name << " cut to " << length;
  EXPECT_EQ(length, whole.size() + 1) << name;
}

// A frame that ends too early: its tunnel is told by the name that fits how far it can be read.
TEST(Tunnels, CutFramesEndByTheRightName) {
  using enum DecodeEnd;
  const std::size_t udp_at = 14 + 20, inner = 20, whole = 20 + 8;
  expect_cuts("gtp-u", over_udp4(kGtpUPort, gtp_u(four())),
              {{udp_at + 8, kBadHeader}, {udp_at + 9, kNoPayload}, {udp_at + 17, kPayload}, {udp_at + 16 + whole, kBadHeader},
               {udp_at + 16 + whole + 1, kNoPayload}, {udp_at + 16 + whole + 6, kPayload}});
  expect_cuts("gtp-u with extension", over_udp4(kGtpUPort, gtp_u(four(), {.extensions = {pdu_session_container(true, 9)}})),
              {{udp_at + 8, kBadHeader}, {udp_at + 9, kNoPayload}, {udp_at + 25, kPayload}, {udp_at + 24 + whole, kBadHeader},
               {udp_at + 24 + whole + 1, kNoPayload}, {udp_at + 24 + whole + 6, kPayload}});
  expect_cuts("vxlan", over_udp4(kVxlanPort, vxlan(1, ethernet(kIpv4, four()))),
              {{udp_at + 8, kBadHeader}, {udp_at + 9, kNoPayload}, {udp_at + 30, kPayload}, {udp_at + 30 + whole, kBadHeader},
               {udp_at + 30 + whole + 1, kNoPayload}, {udp_at + 30 + whole + 6, kPayload}});
  expect_cuts("geneve", over_udp4(kGenevePort, geneve(1, kIpv4, four(), filled(8, 0))),
              {{udp_at + 8, kBadHeader}, {udp_at + 9, kNoPayload}, {udp_at + 24, kPayload}, {udp_at + 24 + whole, kBadHeader},
               {udp_at + 24 + whole + 1, kNoPayload}, {udp_at + 24 + whole + 6, kPayload}});
  expect_cuts("gre", over_ip4(kGre, gre(kIpv4, four(), {.checksum = true, .key = 5, .sequence = 6})),
              {{udp_at + 16 + whole, kBadHeader}, {udp_at + 16 + whole + 1, kNoPayload}, {udp_at + 16 + whole + 6, kPayload}});
  expect_cuts("ip in ip", over_ip4(kIpInIp, four()),
              {{udp_at + whole, kBadHeader}, {udp_at + whole + 1, kNoPayload}, {udp_at + whole + 6, kPayload}});
  expect_cuts("pppoe", ethernet(kPppoe, pppoe(1, big16(0x21) + four())),
              {{14 + 8 + whole, kBadHeader}, {14 + 8 + whole + 1, kNoPayload}, {14 + 8 + whole + 6, kPayload}});
  expect_cuts("mpls", ethernet(kMpls, labels(2, four())),
              {{14 + 8, kBadHeader}, {14 + 8 + inner, kUnknownLink}, {14 + 8 + whole, kBadHeader},
               {14 + 8 + whole + 1, kNoPayload}, {14 + 8 + whole + 6, kPayload}});
}

// A tunnel that is shorter than its header says, in a packet whose own lengths are right.
TEST(Tunnels, CutTunnelsInWholePacketsEndByTheRightName) {
  const auto first = [](const Octets& octets, std::size_t length) {
    return Octets(octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(length));
  };
  const Octets gtp = gtp_u(four(), {.sequence = 1, .extensions = {pdu_session_container(true, 9)}});
  for (std::size_t length = 0; length < gtp.size(); ++length)
    expect_untunnelled(Decoded(over_udp4(kGtpUPort, first(gtp, length))), length == 0 ? DecodeEnd::kNoPayload : DecodeEnd::kPayload);
  const Octets full_gre = gre(kIpv4, four(), {.checksum = true, .key = 5, .sequence = 6});
  for (std::size_t length = 0; length < full_gre.size(); ++length)
    EXPECT_EQ(Decoded(over_ip4(kGre, first(full_gre, length))).layers.end, DecodeEnd::kBadHeader) << length;
  const Octets bridged = vxlan(1, ethernet(kIpv4, four()));
  for (std::size_t length = 1; length < bridged.size(); ++length)
    EXPECT_EQ(Decoded(over_udp4(kVxlanPort, first(bridged, length))).layers.end,
              length < 22 ? DecodeEnd::kPayload : DecodeEnd::kBadHeader) << length;
}

}  // namespace
}  // namespace telefence
