// SPDX-License-Identifier: Apache-2.0
#include "enforce/whole_packet.h"

#include "base/big_endian.h"
#include "base/writer.h"
#include "decode/decode.h"
#include "enforce/checksum.h"
#include "enforce/outer.h"

namespace telefence {
namespace {

// A packet's own length is told in 16 bits, those of the tunnels around it, too.
constexpr std::size_t kLongest = 65535;
constexpr std::size_t kIpv6Header = 40, kFragmentHeader = 8;

void put_u16(MutableBytes bytes, std::size_t at, std::size_t value) { Writer(bytes.subspan(at, 2)).u16(static_cast<std::uint16_t>(value)); }

void make_whole_ipv4(MutableBytes packet, std::size_t header) {
  constexpr std::uint16_t kDoNotFragment = 0x4000;
  put_u16(packet, 2, packet.size());
  put_u16(packet, 6, big_endian<std::uint16_t>(packet.data() + 6) & kDoNotFragment);
  put_u16(packet, 10, 0);
  put_u16(packet, 10, checksum_of(word_sum(packet.first(header))));
}

void make_whole_ipv6(MutableBytes packet, std::size_t headers, std::uint8_t protocol) {
  put_u16(packet, 4, packet.size() - kIpv6Header);
  const std::size_t fragment_header = headers - kFragmentHeader;  // decode() ends right behind it
  packet[fragment_header] = protocol;
  put_u16(packet, fragment_header + 2, 0);
}

}  // namespace

std::size_t write_whole_packet(const Frame& part, const Layers& part_layers, std::uint8_t protocol, Bytes payload, MutableBytes room) {
  const std::size_t headers = part_layers.transport_at;
  const std::size_t size = headers + payload.size();
  // Only over IPv6 the header itself is not part of the length that is told.
  const std::uint16_t outermost = part_layers.tunnels != 0 ? part_layers.outer_network : part_layers.network;
  const std::size_t before = outermost + (ip_version_at(part, outermost) == 6 ? kIpv6Header : 0);
  if (size > room.size() || size > before + kLongest) return 0;
  const MutableBytes whole = room.first(size);
  Writer writer(whole);
  writer.bytes(part.bytes().first(headers));
  writer.bytes(payload);
  const MutableBytes packet = whole.subspan(part_layers.network);
  if (part_layers.ip_version == 4)
    make_whole_ipv4(packet, headers - part_layers.network);
  else
    make_whole_ipv6(packet, headers - part_layers.network, protocol);
  if (part_layers.tunnels != 0) {
    TunnelPath path;
    (void)decode(part, path);
    refit_tunnels(path, whole);
  }
  return size;
}

}  // namespace telefence
