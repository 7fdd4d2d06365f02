// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where the headers of a frame lie, as offsets from Frame::data (never pointers: a frame may move). Filled by decode/,
// read by everything after it.

#include <array>
#include <cstdint>

#include "base/big_endian.h"
#include "base/bytes.h"
#include "base/frame.h"
#include "base/transport.h"
#include "decode/tunnel_kind.h"

namespace telefence {

// Offsets are 16 bits wide. No link or tunnel is followed to what begins behind this octet: an IPv6 header with all its extension headers
// has room there.
inline constexpr std::size_t kFurthestHeader = 0xc000;

// Why decoding ended where it did.
enum class DecodeEnd : std::uint8_t {
  kPayload,           // UDP or TCP with payload
  kNoPayload,         // UDP or TCP without
  kFragment,
  kUnknownLink,       // no IP inside
  kUnknownTransport,
  kBadHeader,
};

// Describes the innermost packet. The way to it: decode/tunnel_path.h. Aligned so that it is copied in whole pieces that do not
// overlap: a copy of a copy waits otherwise until all that was stored before has reached the cache.
struct alignas(16) Layers {
  DecodeEnd end = DecodeEnd::kBadHeader;
  Transport transport = Transport::kNone;
  std::uint8_t ip_version = 0;   // 4, 6 or 0
  std::uint8_t ip_protocol = 0;  // after IPv6 extension headers
  std::uint16_t vlan = 0;        // outermost 802.1Q id; 0 = none
  std::uint16_t inner_vlan = 0;
  std::uint16_t network = 0;     // offset of the IP header
  std::uint16_t transport_at = 0;
  std::uint32_t payload = 0;
  std::uint32_t payload_length = 0;  // by the IP and UDP lengths; Ethernet padding is not payload
  std::uint32_t network_end = 0;     // offset after the last byte of the IP packet
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;

  // Of the tunnels that the packet lies in. What stands below `tunnels` is only set when that is not 0.
  std::uint8_t tunnels = 0;                     // how many
  TunnelKind tunnel = TunnelKind::kNone;        // the innermost
  TunnelKinds tunnel_kinds = 0;                 // all of them
  std::uint16_t outer_network = 0;              // offset of the outermost IP header; = network when that is the only one
  std::uint16_t tunnel_network = 0;             // offset of the IP header that carries the innermost tunnel; = network: none does
  std::uint16_t tunnel_at = 0;                  // offset of the innermost tunnel's own bytes, a UDP header among them
  // Of the innermost: TEID, key of GRE (0: none), VNI, the label at the bottom of the stack, session id of PPPoE, tunnel and session of
  // L2TP (16 bits each).
  std::uint32_t tunnel_id = 0;
  std::uint32_t unused = 0;  // so that whole pieces are copied

  bool is_in(TunnelKind kind) const { return (tunnel_kinds & bit_of(kind)) != 0; }
  bool is_sealed() const { return (tunnel_kinds & kSealedTunnels) != 0; }
  friend bool operator==(const Layers&, const Layers&) = default;
};

// An IPv4 or IPv6 address as on the wire.
struct IpAddress {
  std::uint8_t version = 0;
  std::array<std::uint8_t, 16> bytes{};  // IPv4: the first four
  friend bool operator==(const IpAddress&, const IpAddress&) = default;
};

// Both addresses, source first: at 12 in IPv4 (RFC 791, 3.1), at 8 in IPv6 (RFC 8200, 3). Requires: decode() has found this header.
inline Bytes addresses_at(const Frame& frame, std::uint16_t network, std::uint8_t version) {
  return version == 4 ? frame.bytes().subspan(network + std::size_t{12}, 8) : frame.bytes().subspan(network + std::size_t{8}, 32);
}

// The version as the header itself says it. Requires: the same.
inline std::uint8_t ip_version_at(const Frame& frame, std::uint16_t network) { return static_cast<std::uint8_t>(frame.data[network] >> 4); }
inline Bytes addresses_at(const Frame& frame, std::uint16_t network) { return addresses_at(frame, network, ip_version_at(frame, network)); }

// Requires: layers.ip_version is 4 or 6 and the layers are of this frame.
IpAddress source_address(const Frame& frame, const Layers& layers);
IpAddress destination_address(const Frame& frame, const Layers& layers);

// The ends of an outer packet. Requires: an IP header that decode() has found lies at this offset.
struct IpEnds {
  IpAddress source, destination;
};
IpEnds ip_ends_at(const Frame& frame, std::uint16_t network);

// TTL (RFC 791, 3.1) or hop limit (RFC 8200, 3). Requires: layers.ip_version is 4 or 6.
std::uint8_t hops_left(const Frame& frame, const Layers& layers);

// Header fields of TCP (RFC 9293, 3.1). Requires: layers.transport == kTcp.
struct TcpHeader {
  std::uint32_t sequence = 0;
  std::uint32_t acknowledgement = 0;
  std::uint8_t header_bytes = 0;
  std::uint8_t flags = 0;
  std::uint16_t window = 0;
};
inline constexpr std::uint8_t kTcpFin = 0x01, kTcpSyn = 0x02, kTcpRst = 0x04, kTcpPsh = 0x08, kTcpAck = 0x10,
                              kTcpUrg = 0x20;
inline TcpHeader tcp_header(const Frame& frame, const Layers& layers) {
  const std::uint8_t* const at = frame.data + layers.transport_at;  // decode() has seen the 20 octets
  return {big_endian<std::uint32_t>(at + 4), big_endian<std::uint32_t>(at + 8), static_cast<std::uint8_t>(4 * (at[12] >> 4)), at[13],
          big_endian<std::uint16_t>(at + 14)};
}
// The sequence number after this segment: payload, SYN and FIN each count (RFC 9293, 3.4).
std::uint32_t sequence_after(const TcpHeader& header, const Layers& layers);

inline Bytes payload_of(const Frame& frame, const Layers& layers) {
  return frame.bytes().subspan(layers.payload, layers.payload_length);
}
inline MutableBytes payload_of(Frame& frame, const Layers& layers) {
  return frame.mutable_bytes().subspan(layers.payload, layers.payload_length);
}

}  // namespace telefence
