// SPDX-License-Identifier: Apache-2.0
#pragma once

// Transport layers: UDP (RFC 768) and TCP with options (RFC 9293, 3.1). Pure functions; the layers get transport, ports,
// payload and payload_length, but only when the header is sound.

#include <algorithm>
#include <cstdint>

#include "base/bytes.h"
#include "base/reader.h"
#include "decode/ip.h"
#include "decode/layers.h"

namespace telefence::decode_detail {

inline DecodeEnd end_of_payload(Layers& layers, std::size_t header, std::size_t payload_end) {
  layers.payload = static_cast<std::uint32_t>(layers.transport_at + header);
  layers.payload_length = static_cast<std::uint32_t>(payload_end - layers.payload);
  return layers.payload_length == 0 ? DecodeEnd::kNoPayload : DecodeEnd::kPayload;
}

// The UDP length may be shorter than the IP payload, never longer. 0, which is a jumbogram's (RFC 2675, 4), stands over IPv6 for all
// of the IP payload, as receivers take it in packets of any size.
[[gnu::always_inline]] inline DecodeEnd decode_udp(Bytes frame, Layers& layers, const IpEnd& end) {
  if (layers.network_end < layers.transport_at + std::size_t{8}) return DecodeEnd::kBadHeader;
  Reader reader(frame.subspan(layers.transport_at, 8));
  const std::uint16_t source = reader.u16();
  const std::uint16_t destination = reader.u16();
  std::size_t length = reader.u16();
  if (length < 8 || layers.transport_at + length > end.declared_end) [[unlikely]] {
    if (length != 0 || layers.ip_version != 6) return DecodeEnd::kBadHeader;
    length = end.declared_end - layers.transport_at;
  }
  layers.transport = Transport::kUdp;
  layers.source_port = source;
  layers.destination_port = destination;
  const std::size_t payload_end = layers.transport_at + length;
  return end_of_payload(layers, 8, std::min<std::size_t>(payload_end, layers.network_end));
}

inline DecodeEnd decode_tcp(Bytes frame, Layers& layers) {
  if (layers.network_end < layers.transport_at + std::size_t{20}) return DecodeEnd::kBadHeader;
  Reader reader(frame.subspan(layers.transport_at, 20));
  const std::uint16_t source = reader.u16();
  const std::uint16_t destination = reader.u16();
  reader.skip(8);
  const std::size_t header = std::size_t{4} * (reader.u8() >> 4);
  if (header < 20 || layers.transport_at + header > layers.network_end) return DecodeEnd::kBadHeader;
  layers.transport = Transport::kTcp;
  layers.source_port = source;
  layers.destination_port = destination;
  return end_of_payload(layers, header, layers.network_end);
}

[[gnu::always_inline]] inline DecodeEnd decode_transport(Bytes frame, Layers& layers, const IpEnd& end) {
  if (layers.ip_protocol == kProtocolUdp) return decode_udp(frame, layers, end);
  if (layers.ip_protocol == kProtocolTcp) return decode_tcp(frame, layers);
  return DecodeEnd::kUnknownTransport;
}

}  // namespace telefence::decode_detail
