// SPDX-License-Identifier: Apache-2.0
#pragma once

// Network layers: IPv4 with options (RFC 791, 3.1) and IPv6 with its extension headers (RFC 8200, 4). Pure functions; the
// layers get ip_version, ip_protocol, network_end and transport_at.

#include <algorithm>
#include <cstdint>

#include "base/bytes.h"
#include "base/frame.h"
#include "base/reader.h"
#include "decode/layers.h"

namespace telefence::decode_detail {

inline constexpr std::uint8_t kProtocolTcp = 6, kProtocolUdp = 17;
inline constexpr std::uint8_t kHopByHop = 0, kRouting = 43, kFragmentHeader = 44, kAuthentication = 51,
                              kDestinationOptions = 60;
// What stands behind so many octets has no place in Layers.
inline constexpr std::size_t kFarthest = 0xffff;

enum class Found : std::uint8_t { kTransport, kFragment, kBad };

// Where the IP packet ends by its own length, in `declared_end`, though the capture may have cut it before.
struct IpEnd {
  std::size_t declared_end = 0;
};

[[gnu::always_inline]] inline Found decode_ipv4(Bytes frame, Layers& layers, IpEnd& end) {
  if (frame.size() < layers.network + std::size_t{20}) return Found::kBad;
  Reader reader(frame.subspan(layers.network, 20));
  const std::uint8_t version_and_words = reader.u8();
  reader.skip(1);
  std::size_t total = reader.u16();
  reader.skip(2);
  const std::uint16_t flags_and_offset = reader.u16();
  reader.skip(1);
  const std::uint8_t protocol = reader.u8();
  const std::size_t header = std::size_t{4} * (version_and_words & 0x0f);
  // Captures taken at a sender whose NIC segments TCP for it: the length is left to the NIC.
  if (total == 0 && protocol == kProtocolTcp) total = frame.size() - layers.network;
  if (version_and_words >> 4 != 4 || header < 20 || total < header) return Found::kBad;
  if (layers.network + header > frame.size()) return Found::kBad;
  end.declared_end = layers.network + total;
  layers.ip_version = 4;
  layers.ip_protocol = protocol;
  layers.network_end = static_cast<std::uint32_t>(std::min(end.declared_end, frame.size()));
  layers.transport_at = static_cast<std::uint16_t>(layers.network + header);
  // More fragments, or an offset: a first fragment is a fragment too.
  return (flags_and_offset & 0x3fff) != 0 ? Found::kFragment : Found::kTransport;
}

inline bool is_extension_header(std::uint8_t protocol) {
  return protocol == kHopByHop || protocol == kRouting || protocol == kFragmentHeader || protocol == kAuthentication ||
         protocol == kDestinationOptions;
}

// Walks the chain (RFC 8200, 4.1) from behind the fixed header, and tells the protocol behind it. The reader ends where the IPv6 packet ends.
// Real packets carry at most three extension headers, but receivers take as many as there are: so does this.
inline Found walk_extension_headers(Reader& reader, std::uint8_t next, Layers& layers) {
  Found found = Found::kTransport;
  const std::size_t start = reader.position();
  while (is_extension_header(next)) {
    if (next == kHopByHop && reader.position() != start) return Found::kBad;
    const std::uint8_t after = reader.u8();
    const std::uint8_t length = reader.u8();
    if (next == kFragmentHeader) {
      const std::uint16_t offset_and_more = reader.u16() & 0xfff9;
      reader.skip(4);
      // RFC 6946: offset 0 with nothing to follow is a whole packet.
      if (offset_and_more != 0) found = Found::kFragment;
    } else if (next == kAuthentication) {
      reader.skip(std::size_t{4} * (length + std::size_t{2}) - 2);  // RFC 4302, 2.2
    } else {
      reader.skip(std::size_t{8} * (length + std::size_t{1}) - 2);
    }
    if (!reader.ok()) return Found::kBad;
    next = after;
    if (found == Found::kFragment) break;  // what follows a fragment header lies in the first fragment only
  }
  layers.ip_protocol = next;
  return found;
}

// A payload length of 0 announces a jumbogram (RFC 2675) and is refused unless the packet is really empty.
inline Found decode_ipv6(Bytes frame, Layers& layers, IpEnd& end) {
  if (frame.size() < layers.network + std::size_t{40}) return Found::kBad;
  Reader fixed(frame.subspan(layers.network, 40));
  const std::uint8_t version = fixed.u8() >> 4;
  fixed.skip(3);
  const std::uint16_t length = fixed.u16();
  const std::uint8_t next = fixed.u8();
  if (version != 6) return Found::kBad;
  const std::size_t payload_at = layers.network + std::size_t{40};
  end.declared_end = payload_at + length;
  layers.network_end = static_cast<std::uint32_t>(std::min(end.declared_end, frame.size()));
  Reader reader(frame.subspan(payload_at, layers.network_end - payload_at));
  layers.ip_version = 6;
  const Found found = walk_extension_headers(reader, next, layers);
  const std::size_t transport_at = payload_at + reader.position();
  layers.transport_at = static_cast<std::uint16_t>(std::min(transport_at, kFarthest));
  return transport_at > kFarthest ? Found::kBad : found;
}

}  // namespace telefence::decode_detail
