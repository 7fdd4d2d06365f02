// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where the headers of a frame lie, as offsets from Frame::data (never pointers: a frame may move). Filled by decode/,
// read by everything after it.

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "base/frame.h"
#include "base/transport.h"

namespace telefence {

// Why decoding ended where it did.
enum class DecodeEnd : std::uint8_t {
  kPayload,           // UDP or TCP with payload
  kNoPayload,         // UDP or TCP without
  kFragment,
  kUnknownLink,       // no IP inside
  kUnknownTransport,
  kBadHeader,
};

struct Layers {
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
};

// An IPv4 or IPv6 address as on the wire.
struct IpAddress {
  std::uint8_t version = 0;
  std::array<std::uint8_t, 16> bytes{};  // IPv4: the first four
  friend bool operator==(const IpAddress&, const IpAddress&) = default;
};

// Requires: layers.ip_version is 4 or 6 and the layers are of this frame.
IpAddress source_address(const Frame& frame, const Layers& layers);
IpAddress destination_address(const Frame& frame, const Layers& layers);

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
TcpHeader tcp_header(const Frame& frame, const Layers& layers);
// The sequence number after this segment: payload, SYN and FIN each count (RFC 9293, 3.4).
std::uint32_t sequence_after(const TcpHeader& header, const Layers& layers);

inline Bytes payload_of(const Frame& frame, const Layers& layers) {
  return frame.bytes().subspan(layers.payload, layers.payload_length);
}
inline MutableBytes payload_of(Frame& frame, const Layers& layers) {
  return frame.mutable_bytes().subspan(layers.payload, layers.payload_length);
}

}  // namespace telefence
