// SPDX-License-Identifier: Apache-2.0
// Every truncation and every single-byte change of frames with each layer that decode/ knows.

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "decode/decode.h"
#include "decode_promises.h"
#include "tunnel_builder.h"

namespace telefence {
namespace {

using namespace testing;  // the builder's functions; tests only

struct Sample {
  const char* name;
  LinkType link;
  Octets bytes;
};

// Every kind of tunnel, with each of its optional fields.
std::vector<Sample> tunnel_samples() {
  constexpr LinkType kLink = LinkType::kEthernet;
  const Octets four = checked_ipv4(kUdp, udp(53, octets("query")));
  const Octets six = ipv6(kTcp, tcp(80, octets("GET /"), 12));
  const Octets bridged4 = ethernet(0x8100, tag(5, kIpv4, four));
  const GtpUFields full = {.sequence = 1, .n_pdu = 2, .extensions = {pdu_session_container(true, 9), {std::uint8_t{0xc0}, big16(5)}}};
  const Octets gtp = ipv4(kUdp, udp(kGtpUPort, gtp_u(six, full)));
  return {
      {"gtp-u", kLink, ethernet(kIpv4, ipv4(kUdp, udp(kGtpUPort, gtp_u(four))))},
      {"gtp-u with all options", kLink, ethernet(kIpv6, ipv6(kUdp, udp(kGtpUPort, gtp_u(six, full))))},
      {"gre", kLink, ethernet(kIpv4, ipv4(kGre, gre(kIpv4, four, {.checksum = true, .key = 7, .sequence = 8})))},
      {"bridging gre", kLink, ethernet(kIpv6, ipv6(kGre, gre(kBridged, bridged4)))},
      {"mirroring gre", kLink, ethernet(kIpv4, ipv4(kGre, gre(0x22eb, filled(12, 0x21) + filled(8, 0) + bridged4, {.sequence = 1})))},
      {"point-to-point gre", kLink, ethernet(kIpv4, ipv4(kGre, pptp(9, 0x0021, four, true)))},
      {"ip in ip", kLink, ethernet(kIpv4, ipv4(kIpv6InIp, six))},
      {"vxlan", kLink, ethernet(kIpv4, ipv4(kUdp, udp(kVxlanPort, vxlan(7, bridged4))))},
      {"geneve", kLink, ethernet(kIpv4, ipv4(kUdp, udp(kGenevePort, geneve(7, kBridged, bridged4, filled(8, 1)))))},
      {"labels", kLink, ethernet(kMpls, labels(3, four))},
      {"pseudowire", kLink, ethernet(kMpls, labels(1, filled(4, 0) + bridged4))},
      {"labels in ip", kLink, ethernet(kIpv4, ipv4(kMplsInIp, labels(2, six)))},
      {"session", kLink, ethernet(kPppoe, pppoe(8, Octets{0x21} + four))},
      {"l2tp", kLink, ethernet(kIpv4, ipv4(kUdp, udp(kL2tpPort, l2tp(8, Octets{0xff, 3} + big16(0x21) + four, {.sequence = 1, .offset = 2}))))},
      {"l2tp without length", kLink, ethernet(kIpv6, ipv6(kUdp, udp(kL2tpPort, l2tp(8, Octets{0x57} + six, {.has_length = false}))))},
      {"capwap", kLink, ethernet(kIpv4, ipv4(kUdp, udp(kCapwapPort, capwap(true, wlan(kIpv4, four, {.flags = 0x83})))))},
      {"capwap with 802.3", kLink, ethernet(kIpv6, ipv6(kUdp, udp(kCapwapPort, capwap(false, bridged4, {.has_radio_header = false}))))},
      {"teredo", kLink, ethernet(kIpv4, ipv4(kUdp, udp(kTeredoPort, teredo(six, {.authenticates = true, .has_origin = true}))))},
      {"ayiya", kLink, ethernet(kIpv4, ipv4(kUdp, udp(kAyiyaPort, ayiya(kIpv6InIp, six))))},
      {"gre in udp", kLink, ethernet(kIpv6, ipv6(kUdp, udp(kGreInUdpPort, gre(kIpv4, four, {.checksum = true, .key = 7}))))},
      {"gre with a radio's frame", kLink, ethernet(kIpv4, ipv4(kGre, gre(0x8200, wlan(kIpv4, four))))},
      {"four deep", kLink, ethernet(kMpls, labels(1, filled(4, 0) + ethernet(kPppoe, pppoe(8, big16(0x21) + ipv4(kGre, gre(kIpv4, gtp))))))},
  };
}

std::vector<Sample> link_and_ip_samples() {
  constexpr std::uint8_t kHopByHop = 0, kRouting = 43, kFragment = 44, kAuthentication = 51, kDestination = 60;
  const Octets query = udp(53, octets("query"));
  const Octets get = tcp(80, octets("GET /"), 12);
  const Octets chain = extension(kRouting, 0, extension(kAuthentication, 2, authentication(kDestination, 12,
                       extension(kFragment, 0, fragment_header(kTcp, 0, false, get)))));
  const Octets logical = snap(kIpv4, ipv4(kTcp, get));
  return {
      {"udp over IPv4", LinkType::kEthernet, ethernet(kIpv4, ipv4(kUdp, query))},
      {"tcp over IPv4 with options", LinkType::kEthernet, ethernet(kIpv4, ipv4(kTcp, get, {.options = 8}))},
      {"fragment", LinkType::kEthernet, ethernet(kIpv4, ipv4(kUdp, query, {.flags_and_offset = 0x2000}))},
      {"udp over IPv6", LinkType::kEthernet, ethernet(kIpv6, ipv6(kUdp, query))},
      {"extension headers", LinkType::kEthernet, ethernet(kIpv6, ipv6(kHopByHop, chain))},
      {"fragment of IPv6", LinkType::kEthernet,
       ethernet(kIpv6, ipv6(kFragment, fragment_header(kUdp, 8, true, query)))},
      {"two tags", LinkType::kEthernet, ethernet(0x88a8, tag(1, 0x8100, tag(2, kIpv4, ipv4(kUdp, query))))},
      {"802.3", LinkType::kEthernet, ethernet(static_cast<std::uint16_t>(logical.size()), logical)},
      {"raw", LinkType::kRawIp, ipv6(kTcp, get)},
      {"cooked", LinkType::kLinuxCooked, Octets{0, 0, 0, 1, 0, 6} + filled(8, 2) + big16(kIpv4) + ipv4(kUdp, query)},
      {"cooked v2", LinkType::kLinuxCooked2,
       big16(kIpv6) + filled(6, 0) + big16(1) + filled(10, 0) + ipv6(kUdp, query)},
      {"loopback", LinkType::kLoopback, Octets{2, 0, 0, 0} + ipv4(kTcp, get)},
      {"ppp", LinkType::kPpp, Octets{0xff, 3, 0, 0x21} + ipv4(kUdp, query)},
      {"wlan", LinkType::kWlan, wlan(kIpv4, ipv4(kUdp, query), {.flags = 0x83})},
      {"radiotap", LinkType::kRadiotap, Octets{0, 0, 8, 0, 0, 0, 0, 0} + wlan(kIpv6, ipv6(kTcp, get))},
      {"nflog", LinkType::kNflog, Octets{2, 0, 0, 5, 8, 0, 10, 0, 'l', 'o', 'g', 0, 57, 0, 9, 0} + ipv4(kUdp, query)},
  };
}

std::vector<Sample> samples() {
  std::vector<Sample> all = link_and_ip_samples();
  for (Sample& sample : tunnel_samples()) all.push_back(std::move(sample));
  return all;
}

TEST(DecodeEveryCut, EveryTunnelSampleIsReadToItsEnd) {
  GuardedBytes memory;
  for (const Sample& sample : tunnel_samples()) {
    const MutableBytes copy = memory.copy(sample.bytes);
    Frame frame;
    frame.data = copy.data();
    frame.length = static_cast<std::uint32_t>(copy.size());
    const Layers layers = decode(frame);
    EXPECT_EQ(layers.end, DecodeEnd::kPayload) << sample.name;
    EXPECT_GE(layers.tunnels, 1) << sample.name;
  }
}

TEST(DecodeEveryCut, KeepsItsPromisesAtEveryCut) {
  GuardedBytes memory;
  for (const Sample& sample : samples()) {
    for (std::size_t length = 0; length <= sample.bytes.size(); ++length) {
      const Bytes cut = Bytes(sample.bytes).first(length);
      ASSERT_EQ(broken_decode_promise(cut, sample.link, memory), "") << sample.name << " cut to " << length;
    }
  }
}

TEST(DecodeEveryCut, KeepsItsPromisesAfterEveryChangeOfOneByte) {
  GuardedBytes memory;
  for (const Sample& sample : samples()) {
    Octets changed = sample.bytes;
    for (std::size_t at = 0; at < changed.size(); ++at) {
      for (unsigned value = 0; value < 256; ++value) {
        changed[at] = static_cast<std::uint8_t>(value);
        ASSERT_EQ(broken_decode_promise(changed, sample.link, memory), "")
            << sample.name << " with byte " << at << " set to " << value;
      }
      changed[at] = sample.bytes[at];
    }
  }
}

TEST(DecodeEveryCut, AnyLinkTypeMayBeToldForAnyBytes) {
  GuardedBytes memory;
  for (const Sample& sample : samples()) {
    for (unsigned link = 0; link <= static_cast<unsigned>(LinkType::kUnknown); ++link)
      ASSERT_EQ(broken_decode_promise(sample.bytes, static_cast<LinkType>(link), memory), "") << sample.name << link;
  }
}

}  // namespace
}  // namespace telefence
