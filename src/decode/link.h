// SPDX-License-Identifier: Apache-2.0
#pragma once

// Link layers: from the first byte of a frame to the network header. Ethernet II and 802.3 with LLC/SNAP (IEEE 802.3, 3.2.6;
// RFC 1042), 802.1Q and 802.1ad tags (IEEE 802.1Q, 9.6), and what captures bring (https://www.tcpdump.org/linktypes.html):
// raw IP, Linux cooked v1 and v2, null/loopback, PPP, IEEE 802.11 with or without radiotap, NFLOG. Pure functions;
// the layers get vlan, inner_vlan and network. What stands
// between link and IP without being a tunnel of its own is passed over here; MPLS and PPPoE are only told (tunnel.h).

#include <cstdint>
#include <utility>

#include "base/bytes.h"
#include "base/frame.h"
#include "base/reader.h"
#include "decode/layers.h"

namespace telefence::decode_detail {

inline constexpr std::uint16_t kTypeIpv4 = 0x0800, kTypeIpv6 = 0x86dd;
inline constexpr std::uint16_t kTypeVlan = 0x8100, kTypeServiceVlan = 0x88a8, kTypeOldServiceVlan = 0x9100;
inline constexpr std::uint16_t kTypeMpls = 0x8847, kTypeMplsUpstream = 0x8848, kTypePppoe = 0x8864;
// Networks stack two, seldom three; whoever passes a port of a switch may put more in front.
inline constexpr unsigned kMostTags = 8;
inline constexpr std::size_t kEthernetBytes = 14;

// What follows a link header, or the header of a tunnel.
enum class Network : std::uint8_t { kIpv4, kIpv6, kAnyIp, kUnknown, kCut, kMpls, kPppoe, kEthernet };

inline bool is_ip(Network network) { return network == Network::kIpv4 || network == Network::kIpv6; }

inline bool is_vlan(std::uint16_t type) {
  return type == kTypeVlan || type == kTypeServiceVlan || type == kTypeOldServiceVlan;
}

// LLC with the SNAP service access points, unnumbered information, and an organisation code of zero (RFC 1042) or of bridges (IEEE 802.1H):
// the EtherType behind it; 0: it is another one.
inline std::uint16_t read_snap(Reader& reader) {
  if (reader.u16() != 0xaaaa) return 0;
  const std::uint32_t control_and_code = reader.u32();
  const std::uint16_t type = reader.u16();
  return control_and_code == 0x03000000 || control_and_code == 0x030000f8 ? type : std::uint16_t{0};
}

// An EtherType (above 1535) or a length (up to 1500) and what it announces; the reader stands behind it.
inline Network network_by_type(Reader& reader, std::uint16_t type, Layers& layers) {
  for (unsigned tags = 0; is_vlan(type); ++tags) {
    if (tags == kMostTags) return Network::kUnknown;
    const std::uint16_t id = reader.u16() & 0x0fff;
    type = reader.u16();
    if (tags == 0) layers.vlan = id;
    if (tags == 1) layers.inner_vlan = id;
  }
  if (type <= 1500 && reader.ok()) {
    type = read_snap(reader);
    if (reader.ok() && type == 0) return Network::kUnknown;
  }
  if (!reader.ok()) return Network::kCut;
  if (reader.position() > kFurthestHeader) return Network::kUnknown;
  layers.network = static_cast<std::uint16_t>(reader.position());
  switch (type) {
    case kTypeIpv4: return Network::kIpv4;
    case kTypeIpv6: return Network::kIpv6;
    case kTypeMpls:
    case kTypeMplsUpstream: return Network::kMpls;
    case kTypePppoe: return Network::kPppoe;
    default: return Network::kUnknown;
  }
}

inline Network decode_ethernet(Bytes frame, Layers& layers) {
  if (frame.size() < kEthernetBytes) return Network::kCut;
  const std::uint16_t type = Reader(frame.subspan(12, 2)).u16();
  // Nearly all frames have nothing between Ethernet and IP: for them this is all.
  layers.network = kEthernetBytes;
  if (type == kTypeIpv4) [[likely]] return Network::kIpv4;
  if (type == kTypeIpv6) return Network::kIpv6;
  Reader reader(frame);
  reader.skip(kEthernetBytes);
  return network_by_type(reader, type, layers);
}

// LINKTYPE_LINUX_SLL. The protocol is an EtherType unless the device's ARPHRD type says otherwise; 4 announces LLC.
inline Network decode_linux_cooked(Bytes frame, Layers& layers, bool second_version) {
  Reader reader(frame);
  std::uint16_t protocol = 0;
  std::uint16_t device = 0;
  if (second_version) {
    protocol = reader.u16();
    reader.skip(6);
    device = reader.u16();
    reader.skip(10);
  } else {
    reader.skip(2);
    device = reader.u16();
    reader.skip(10);
    protocol = reader.u16();
  }
  constexpr std::uint16_t kRadiotap = 803, kNetlink = 824;
  if (!reader.ok()) return Network::kCut;
  if (device == kRadiotap || device == kNetlink) return Network::kUnknown;
  constexpr std::uint16_t kLlc = 4;
  if (protocol <= 1500 && protocol != kLlc) return Network::kUnknown;
  return network_by_type(reader, protocol, layers);
}

// LINKTYPE_NULL and LINKTYPE_LOOP: four bytes of address family in the byte order of the capturing host, or the network's.
// AF_INET6 is 10 on Linux, 24, 28 and 30 on the BSDs and macOS.
inline Network decode_loopback(Bytes frame, Layers& layers) {
  Reader reader(frame);
  std::uint32_t family = reader.u32();
  if (!reader.ok()) return Network::kCut;
  if (family > 0xffff) family = __builtin_bswap32(family);
  layers.network = 4;
  if (family == 2) return Network::kIpv4;
  const bool ipv6 = family == 10 || family == 24 || family == 28 || family == 30;
  return ipv6 ? Network::kIpv6 : Network::kUnknown;
}

// RFC 1661, 2 and RFC 1662, 3.1: address and control may be absent, and the protocol compressed to its odd low byte.
inline Network read_ppp(Reader& reader) {
  if (reader.peek() == 0xff) reader.skip(2);
  std::uint16_t protocol = reader.u8();
  if ((protocol & 1) == 0) protocol = static_cast<std::uint16_t>(protocol << 8 | reader.u8());
  if (!reader.ok()) return Network::kCut;
  switch (protocol) {
    case 0x0021: return Network::kIpv4;
    case 0x0057: return Network::kIpv6;
    case 0x0281: return Network::kMpls;  // RFC 3032, 4.3
    default: return Network::kUnknown;
  }
}

inline Network decode_ppp(Bytes frame, Layers& layers) {
  Reader reader(frame);
  // Cisco HDLC on the same kind of line: unicast or multicast address, control 0, EtherType (RFC 1547, 4.3.1).
  if (reader.peek() == 0x0f || reader.peek() == 0x8f) {
    reader.skip(2);
    const std::uint16_t type = reader.u16();
    return network_by_type(reader, type, layers);
  }
  const Network network = read_ppp(reader);
  layers.network = static_cast<std::uint16_t>(reader.position());
  return network;
}

// IEEE 802.11, 9.2.3 and 9.2.4.1: a data frame up to the EtherType of what it carries (RFC 1042), which is returned; 0: it is none. Access
// controllers of some makers swap the two octets of frame control. Not: encrypted ones, parts of one, several in one.
inline std::uint16_t read_wlan(Reader& reader) {
  std::uint8_t type = reader.u8();
  std::uint8_t flags = reader.u8();
  constexpr std::uint8_t kVersionAndType = 0x0f, kData = 0x08, kWithoutData = 0x40, kQos = 0x80;
  constexpr std::uint8_t kBothWays = 0x03, kMoreParts = 0x04, kProtected = 0x40, kMoreControl = 0x80, kSeveral = 0x80;
  if ((type & kVersionAndType) != kData) std::swap(type, flags);
  if ((type & kVersionAndType) != kData || (type & kWithoutData) != 0 || (flags & (kMoreParts | kProtected)) != 0) return 0;
  reader.skip(2 + 3 * 6 + 2);
  if ((flags & kBothWays) == kBothWays) reader.skip(6);
  if ((type & kQos) != 0) {
    if ((reader.u8() & kSeveral) != 0) return 0;
    reader.skip(1);
    if ((flags & kMoreControl) != 0) reader.skip(4);
  }
  return read_snap(reader);
}

// LINKTYPE_IEEE802_11, and LINKTYPE_IEEE802_11_RADIOTAP with a header in front that says its own length.
inline Network decode_wlan(Bytes frame, Layers& layers, bool has_radiotap) {
  Reader reader(frame);
  if (has_radiotap) {
    reader.skip(2);
    const std::uint16_t length = __builtin_bswap16(reader.u16());
    if (!reader.ok() || length < 4) return Network::kCut;
    reader.skip(length - 4u);
  }
  const std::uint16_t type = read_wlan(reader);
  if (!reader.ok()) return Network::kCut;
  if (type == 0) return Network::kUnknown;
  return network_by_type(reader, type, layers);
}

// LINKTYPE_NFLOG: family, version, id of the group, and attributes with length and type in the order of the host that reads; that with the
// packet is the last.
inline Network decode_nflog(Bytes frame, Layers& layers) {
  Reader reader(frame);
  const std::uint8_t family = reader.u8();
  constexpr std::uint8_t kInet = 2, kInet6 = 10;
  constexpr std::uint16_t kPayload = 9, kAttributeBytes = 4;
  reader.skip(3);
  while (reader.ok()) {
    const std::uint16_t length = __builtin_bswap16(reader.u16());
    const std::uint16_t type = __builtin_bswap16(reader.u16());
    if (!reader.ok() || length < kAttributeBytes) break;
    if (type == kPayload) {
      if (reader.position() > kFurthestHeader) return Network::kUnknown;
      layers.network = static_cast<std::uint16_t>(reader.position());
      return family == kInet || family == kInet6 ? Network::kAnyIp : Network::kUnknown;
    }
    reader.skip((length + 3u) / 4 * 4 - kAttributeBytes);
  }
  return Network::kCut;
}

inline Network decode_link(const Frame& frame, Layers& layers) {
  switch (frame.link) {
    case LinkType::kEthernet:
      return decode_ethernet(frame.bytes(), layers);
    case LinkType::kRawIp:
      return frame.length == 0 ? Network::kCut : Network::kAnyIp;
    case LinkType::kLinuxCooked:
      return decode_linux_cooked(frame.bytes(), layers, false);
    case LinkType::kLinuxCooked2:
      return decode_linux_cooked(frame.bytes(), layers, true);
    case LinkType::kLoopback:
      return decode_loopback(frame.bytes(), layers);
    case LinkType::kPpp:
      return decode_ppp(frame.bytes(), layers);
    case LinkType::kWlan:
      return decode_wlan(frame.bytes(), layers, false);
    case LinkType::kRadiotap:
      return decode_wlan(frame.bytes(), layers, true);
    case LinkType::kNflog:
      return decode_nflog(frame.bytes(), layers);
    case LinkType::kUnknown:
      break;
  }
  return Network::kUnknown;
}

}  // namespace telefence::decode_detail
