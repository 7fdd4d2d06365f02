// SPDX-License-Identifier: Apache-2.0
#include "decode/tunnel_header.h"

#include <algorithm>

#include "base/reader.h"
#include "decode/tunnel.h"

namespace telefence::decode_detail {
namespace {

using Is = TunnelHeader::Is;

// Real packets carry one or two; as many as a sender likes must not cost as much time as it likes.
constexpr unsigned kMostGtpExtensions = 8;

Reader reader_at(Bytes frame, std::size_t at) { return Reader(at <= frame.size() ? frame.subspan(at) : Bytes()); }

void cut(TunnelHeader& header) { header.is = Is::kCut; }

// Finishes a header that the reader, which began at `from`, stands behind.
void behind(TunnelHeader& header, const Reader& reader, std::size_t from, Network inside) {
  if (!reader.ok()) return cut(header);
  header.is = inside == Network::kUnknown || from + reader.position() > kFurthestHeader ? Is::kNone : Is::kTunnel;
  header.step.inside = static_cast<std::uint16_t>(from + reader.position());
  header.inside = inside;
}

// 3GPP TS 29.281, 5.2: length in units of four octets, content, type of the next one; 0 ends the chain.
bool skip_gtp_extensions(Reader& reader, std::uint8_t next) {
  for (unsigned count = 0; next != 0; ++count) {
    const std::uint8_t units = reader.u8();
    if (!reader.ok() || units == 0 || count == kMostGtpExtensions) return false;
    reader.skip(std::size_t{4} * units - 2);
    next = reader.u8();
  }
  return reader.ok();
}

// 3GPP TS 29.281, 5.1. Only G-PDUs of version 1 with an IP packet inside. A length that is not that of the datagram, or the spare bit,
// does not keep receivers from taking the packet out.
void gtp_u(Bytes frame, std::size_t payload_end, TunnelHeader& header) {
  const std::size_t from = header.step.at + kOuterUdpBytes;
  Reader reader = reader_at(frame, from);
  const std::uint8_t flags = reader.u8();
  const std::uint8_t type = reader.u8();
  const std::uint16_t length = reader.u16();
  header.step.id = reader.u32();
  constexpr std::uint8_t kVersion1 = 0x30, kAnyOption = 0x07, kExtensions = 0x04, kGPdu = 0xff;
  constexpr std::uint8_t kVersionBits = 0xf0, kSpare = 0x08;
  if ((flags & kVersionBits) != kVersion1 || type != kGPdu) return;
  header.is_odd = (flags & kSpare) != 0 || from + 8 + length != payload_end;
  if ((flags & kAnyOption) != 0) {
    reader.skip(3);
    const std::uint8_t next = reader.u8();
    if ((flags & kExtensions) != 0 && !skip_gtp_extensions(reader, next)) return;
  }
  const unsigned version = reader.peek() >> 4;
  if (version != 4 && version != 6) return;
  header.step.kind = TunnelKind::kGtpU;
  header.declared_end = payload_end;
  return behind(header, reader, from, Network::kAnyIp);
}

// What the last of the reserved octets names where the P flag is set (draft-ietf-nvo3-vxlan-gpe, 3.2).
Network inside_by_next_protocol(std::uint32_t next) {
  switch (next) {
    case 1: return Network::kIpv4;
    case 2: return Network::kIpv6;
    case 3: return Network::kEthernet;
    default: return Network::kUnknown;
  }
}

// RFC 7348, 5: the I flag and zeros. Switches add a group policy (G and two octets) or name the protocol inside (P).
void vxlan(Bytes frame, std::size_t payload_end, TunnelHeader& header) {
  const std::size_t from = header.step.at + kOuterUdpBytes;
  Reader reader = reader_at(frame, from);
  const std::uint8_t flags = reader.u8();
  const std::uint32_t reserved = reader.u24();
  header.step.id = reader.u24();
  constexpr std::uint8_t kIdFlag = 0x08, kPolicyFlag = 0x80, kProtocolFlag = 0x04;
  if ((flags & ~(kPolicyFlag | kProtocolFlag)) != kIdFlag || reader.u8() != 0 || !reader.ok()) return;
  if ((flags & kPolicyFlag) == 0 && reserved > 0xff) return;
  const bool names_protocol = (flags & kProtocolFlag) != 0;
  if ((flags & (kPolicyFlag | kProtocolFlag)) == 0 && reserved != 0) return;
  const Network inside = names_protocol ? inside_by_next_protocol(reserved & 0xff) : Network::kEthernet;
  if (inside == Network::kEthernet && reader.remaining() < kEthernetBytes) return;
  header.step.kind = TunnelKind::kVxlan;
  header.declared_end = payload_end;
  return behind(header, reader, from, inside);
}

Network inside_by_type(std::uint16_t type) {
  constexpr std::uint16_t kEthernetBridging = 0x6558;
  switch (type) {
    case kTypeIpv4: return Network::kIpv4;
    case kTypeIpv6: return Network::kIpv6;
    case kEthernetBridging: return Network::kEthernet;
    case kTypeMpls:
    case kTypeMplsUpstream: return Network::kMpls;  // RFC 4023, 3
    default: return Network::kUnknown;
  }
}

// RFC 8926, 3.4. Control packets (O) carry nothing of anybody's traffic.
void geneve(Bytes frame, std::size_t payload_end, TunnelHeader& header) {
  const std::size_t from = header.step.at + kOuterUdpBytes;
  Reader reader = reader_at(frame, from);
  const std::uint8_t version_and_words = reader.u8();
  const std::uint8_t flags = reader.u8();
  const Network inside = inside_by_type(reader.u16());
  header.step.id = reader.u24();
  constexpr std::uint8_t kControl = 0x80, kReserved = 0x3f;
  if (version_and_words >> 6 != 0 || (flags & (kControl | kReserved)) != 0 || reader.u8() != 0) return;
  reader.skip(std::size_t{4} * (version_and_words & 0x3f));
  if (!reader.ok()) return;
  header.step.kind = TunnelKind::kGeneve;
  header.declared_end = payload_end;
  return behind(header, reader, from, inside);
}

// RFC 2661, 3.1. Control messages (T) carry nothing of anybody's traffic. The header has no more to tell it by than its version, so it is
// one only with a sound packet inside. Receivers ignore reserved bits, and some the length.
void l2tp(Bytes frame, std::size_t payload_end, TunnelHeader& header) {
  const std::size_t from = header.step.at + kOuterUdpBytes;
  Reader reader = reader_at(frame, from);
  const std::uint16_t flags = reader.u16();
  constexpr std::uint16_t kControl = 0x8000, kLength = 0x4000, kSequence = 0x0800, kOffset = 0x0200, kVersion = 0x000f;
  if ((flags & (kControl | kVersion)) != 2) return;
  if ((flags & kLength) != 0) reader.skip(2);
  header.step.id = reader.u32();
  if ((flags & kSequence) != 0) reader.skip(4);
  if ((flags & kOffset) != 0) reader.skip(reader.u16());
  const Network inside = read_ppp(reader);
  if (!reader.ok()) return;
  header.step.kind = TunnelKind::kL2tp;
  header.is_odd = true;
  header.declared_end = payload_end;
  return behind(header, reader, from, inside);
}

// What a frame of IEEE 802.11 carries, maybe behind tags.
Network inside_wlan(Reader& reader) {
  std::uint16_t type = read_wlan(reader);
  for (unsigned tags = 0; is_vlan(type) && tags < kMostTags; ++tags) {
    reader.skip(2);
    type = reader.u16();
  }
  return type == kTypePppoe ? Network::kPppoe : inside_by_type(type);
}

// RFC 5415, 4.3: a frame of IEEE 802.3, or of the radio's kind (RFC 5416: IEEE 802.11). Not: in parts, keep-alives, under DTLS. As with
// L2TP little tells it from other datagrams.
void capwap(Bytes frame, std::size_t payload_end, TunnelHeader& header) {
  const std::size_t from = header.step.at + kOuterUdpBytes;
  Reader reader = reader_at(frame, from);
  const std::uint32_t word = reader.u32();
  constexpr std::uint32_t kPreamble = 0xff000000, kNative = 0x100, kPart = 0x080, kKeepAlive = 0x008;
  if ((word & (kPreamble | kPart | kKeepAlive)) != 0) return;
  const std::size_t length = std::size_t{4} * (word >> 19 & 0x1f);
  const std::uint32_t binding = word >> 9 & 0x1f;
  if (length < 8) return;
  reader.skip(length - 4);
  constexpr std::uint32_t kIeee80211 = 1;
  const bool is_native = (word & kNative) != 0;
  if (is_native && binding != kIeee80211) return;
  const Network inside = is_native ? inside_wlan(reader) : Network::kEthernet;
  if (!reader.ok() || (!is_native && reader.remaining() < kEthernetBytes)) return;
  header.step.kind = TunnelKind::kCapwap;
  header.is_odd = true;
  header.declared_end = payload_end;
  return behind(header, reader, from, inside);
}

constexpr std::uint16_t kChecksumFlag = 0x8000, kRoutingFlag = 0x4000, kKeyFlag = 0x2000, kSequenceFlag = 0x1000,
                        kAcknowledgementFlag = 0x0080, kVersionMask = 0x0007;

// RFC 2637, 4.1: PPP for PPTP. Without a sequence number there is only an acknowledgement.
void enhanced_gre(Reader& reader, std::uint16_t flags, TunnelHeader& header) {
  constexpr std::uint16_t kUnused = kChecksumFlag | kRoutingFlag | 0x0f78;
  if ((flags & kUnused) != 0 || (flags & kKeyFlag) == 0 || (flags & kSequenceFlag) == 0) return;
  const std::uint16_t length = reader.u16();
  header.step.id = reader.u16();
  reader.skip(4);
  if ((flags & kAcknowledgementFlag) != 0) reader.skip(4);
  if (!reader.ok()) return cut(header);
  header.declared_end = header.step.at + reader.position() + length;
  const Network inside = read_ppp(reader);
  return behind(header, reader, header.step.at, inside);
}

// One maker's access points send frames of IEEE 802.11 under a type for each of their tunnels.
bool is_radio_type(std::uint16_t type) {
  constexpr std::uint16_t kFirst = 0x8200, kLast = 0x8370;
  return type >= kFirst && type <= kLast && (type & 0xf) == 0;
}

// RFC 2784, 2.1 and RFC 2890, 2, at `from`. Source routing is RFC 1701's, and gone.
void gre(Bytes frame, std::size_t from, TunnelHeader& header) {
  Reader reader = reader_at(frame, from);
  const std::uint16_t flags = reader.u16();
  const std::uint16_t type = reader.u16();
  constexpr std::uint16_t kPpp = 0x880b, kErspan = 0x88be, kErspan3 = 0x22eb;
  if (!reader.ok()) return cut(header);
  if ((flags & kVersionMask) == 1 && type == kPpp) return enhanced_gre(reader, flags, header);
  if ((flags & (kVersionMask | kRoutingFlag)) != 0) return;
  if ((flags & kChecksumFlag) != 0) reader.skip(4);
  if ((flags & kKeyFlag) != 0) header.step.id = reader.u32();
  if ((flags & kSequenceFlag) != 0) reader.skip(4);
  // Mirrored frames: type I is bare, II has a sequence number and a header of 8 octets, III one of 12, or 20 by its last bit.
  if (type == kErspan && (flags & kSequenceFlag) != 0) reader.skip(8);
  if (type == kErspan3) {
    reader.skip(11);
    if ((reader.u8() & 1) != 0) reader.skip(8);
  }
  if (type == kErspan || type == kErspan3) return behind(header, reader, from, Network::kEthernet);
  const Network inside = is_radio_type(type) ? inside_wlan(reader) : inside_by_type(type);
  return behind(header, reader, from, inside);
}

// RFC 8086, 2: a header of GRE behind one of UDP. Nothing but the port tells it from other datagrams.
void gre_in_udp(Bytes frame, std::size_t payload_end, TunnelHeader& header) {
  header.step.kind = TunnelKind::kGreInUdp;
  header.is_odd = true;
  header.declared_end = payload_end;
  constexpr std::uint8_t kPointToPoint = 1;
  Reader reader = reader_at(frame, header.step.at + kOuterUdpBytes + 1);
  if ((reader.u8() & kVersionMask) == kPointToPoint) return;
  gre(frame, header.step.at + kOuterUdpBytes, header);
  if (header.is == Is::kCut) header.is = Is::kNone;
}

// RFC 4380, 5.1.1: an IPv6 packet, behind what proves its sender and what tells of its mapped address, if anything. They only come between
// a client and its server, but receivers take them off anywhere.
void teredo(Bytes frame, std::size_t payload_end, TunnelHeader& header) {
  const std::size_t from = header.step.at + kOuterUdpBytes;
  Reader reader = reader_at(frame, from);
  constexpr std::uint8_t kAuthentication = 1, kOrigin = 0;
  if (reader.remaining() >= 4 && reader.peek() == 0 && frame[from + 1] == kAuthentication) {
    reader.skip(2);
    const std::size_t client = reader.u8();
    reader.skip(client + reader.u8() + 9);  // nonce and confirmation
  }
  const std::size_t at = from + reader.position();
  if (reader.ok() && reader.remaining() >= 2 && reader.peek() == 0 && frame[at + 1] == kOrigin) reader.skip(8);
  if (!reader.ok() || reader.peek() >> 4 != 6) return;
  header.step.kind = TunnelKind::kTeredo;
  header.is_odd = true;
  header.declared_end = payload_end;
  return behind(header, reader, from, Network::kIpv6);
}

// draft-massar-v6ops-ayiya-02, 3: who sent it, and his signature; then what is forwarded.
void ayiya(Bytes frame, std::size_t payload_end, TunnelHeader& header) {
  const std::size_t from = header.step.at + kOuterUdpBytes;
  Reader reader = reader_at(frame, from);
  const std::size_t identity = std::size_t{1} << (reader.u8() >> 4);
  const std::size_t signature = std::size_t{4} * (reader.u8() >> 4);
  constexpr std::uint8_t kForward = 1;
  if ((reader.u8() & 0x0f) != kForward) return;
  const std::uint8_t next = reader.u8();
  reader.skip(4 + identity + signature);
  if (!reader.ok() || (next != kProtocolIpv4 && next != kProtocolIpv6)) return;
  header.step.kind = TunnelKind::kAyiya;
  header.is_odd = true;
  header.declared_end = payload_end;
  return behind(header, reader, from, next == kProtocolIpv4 ? Network::kIpv4 : Network::kIpv6);
}

// Of what one end has a port for: the destination's counts first, since whoever asks chooses where it comes from.
std::uint16_t port_of_one_end(const Layers& layers) {
  return is_port_of_one_end(layers.destination_port) ? layers.destination_port : layers.source_port;
}

void udp_tunnel(Bytes frame, const Layers& layers, TunnelHeader& header) {
  Reader length_reader = reader_at(frame, header.step.at + 4);
  const std::size_t length = length_reader.u16();
  const std::size_t payload_end = length == 0 ? header.declared_end : header.step.at + length;  // as in transport.h
  const Bytes datagram = frame.first(std::min<std::size_t>(payload_end, frame.size()));
  switch (layers.destination_port) {
    case kPortGtpU: return gtp_u(datagram, payload_end, header);
    case kPortVxlan:
    case kPortVxlanGpe:
    case kPortLinuxVxlan: return vxlan(datagram, payload_end, header);
    case kPortGeneve: return geneve(datagram, payload_end, header);
    case kPortGreInUdp: return gre_in_udp(datagram, payload_end, header);
    default: break;
  }
  switch (port_of_one_end(layers)) {
    case kPortL2tp: return l2tp(datagram, payload_end, header);
    case kPortCapwap: return capwap(datagram, payload_end, header);
    case kPortTeredo: return teredo(datagram, payload_end, header);
    case kPortAyiya: return ayiya(datagram, payload_end, header);
    default: return;
  }
}

}  // namespace

void pppoe_header(Bytes frame, std::uint16_t at, TunnelHeader& header) {
  header.step.kind = TunnelKind::kPppoe;
  header.step.at = at;
  Reader reader = reader_at(frame, at);
  const std::uint16_t version_and_code = reader.u16();
  header.step.id = reader.u16();
  const std::uint16_t length = reader.u16();
  if (!reader.ok()) return cut(header);
  constexpr std::uint16_t kSessionData = 0x1100;  // version 1, type 1, code 0
  if (version_and_code != kSessionData) return;
  header.declared_end = at + std::size_t{6} + length;
  const Network inside = read_ppp(reader);
  return behind(header, reader, at, inside);
}

void carried_tunnel(Bytes frame, const Layers& layers, IpEnd end, TunnelHeader& header) {
  header.step.network = layers.network;
  header.step.at = layers.transport_at;
  header.declared_end = end.declared_end;
  if (layers.transport == Transport::kUdp) return udp_tunnel(frame, layers, header);
  const Bytes packet = frame.first(layers.network_end);
  switch (layers.ip_protocol) {
    case kProtocolGre:
      header.step.kind = TunnelKind::kGre;
      return gre(packet, header.step.at, header);
    case kProtocolMpls: return mpls_header(packet, layers.transport_at, layers.network, header);
    default:
      header.is = Is::kTunnel;
      header.step.kind = TunnelKind::kIpInIp;
      header.step.inside = header.step.at;
      header.inside = layers.ip_protocol == kProtocolIpv4 ? Network::kIpv4 : Network::kIpv6;
  }
}

}  // namespace telefence::decode_detail
