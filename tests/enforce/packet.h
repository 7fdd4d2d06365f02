// SPDX-License-Identifier: Apache-2.0
#pragma once

// A small Ethernet frame to be judged, with right checksums, and room for a reply.

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/writer.h"
#include "decode/decode.h"
#include "enforce/checksum.h"

namespace telefence::testing {

struct PacketShape {
  bool ipv6 = false;
  bool vlan = false;
  bool reversed = false;  // the other end's addresses as source
  Transport transport = Transport::kTcp;
  std::uint16_t source_port = 40000;
  std::uint16_t destination_port = 80;
  std::uint32_t sequence = 1000;
  std::uint32_t acknowledgement = 5000;
  std::uint8_t flags = kTcpAck | kTcpPsh;
  std::string_view payload;
  std::uint32_t client = 0x0a000001;  // the end that is not the other one; with IPv6 the last four octets of its address
  std::uint16_t identification = 0x1234;  // with IPv6 the flow label, when it is not this one
  std::uint8_t hops = 60;
  std::uint16_t urgent = 0;
};

// Sum over pseudo header and segment; 0xffff when folded means that the checksum is right. Not what enforce/ computes by.
inline bool transport_checksum_is_right(const Frame& frame, const Layers& layers) {
  const IpAddress source = source_address(frame, layers);
  const IpAddress destination = destination_address(frame, layers);
  const std::size_t width = layers.ip_version == 4 ? 4 : 16;
  const Bytes segment = frame.bytes().subspan(layers.transport_at, layers.network_end - layers.transport_at);
  std::uint64_t sum = word_sum(Bytes(source.bytes).first(width));
  sum = word_sum(Bytes(destination.bytes).first(width), sum);
  return folded(word_sum(segment, sum + segment.size() + layers.ip_protocol)) == 0xffff;
}

inline bool header_checksum_is_right(const Frame& frame, const Layers& layers) {
  return layers.ip_version != 4 ||
         folded(word_sum(frame.bytes().subspan(layers.network, layers.transport_at - layers.network))) == 0xffff;
}

class Packet {
 public:
  explicit Packet(const PacketShape& shape) : buffer_(4096 + shape.payload.size()) {
    Writer writer(buffer_);
    for (const char octet : std::string_view("\2\0\0\0\0\2\2\0\0\0\0\1", 12)) writer.u8(static_cast<std::uint8_t>(octet));
    if (shape.vlan) writer.u32(0x81000064);
    writer.u16(shape.ipv6 ? 0x86dd : 0x0800);
    const bool tcp = shape.transport == Transport::kTcp;
    const auto segment = static_cast<std::uint16_t>((tcp ? 20 : 8) + shape.payload.size());
    const std::uint8_t protocol = tcp ? 6 : 17;
    const std::size_t network = writer.size();
    std::uint64_t pseudo = std::uint64_t{segment} + protocol;
    if (shape.ipv6) {
      writer.u32(0x60000000 | (shape.identification == 0x1234 ? 0u : shape.identification)), writer.u16(segment);
      writer.u8(protocol), writer.u8(shape.hops);
      ipv6_addresses(shape, writer);
      pseudo = word_sum(writer.written().subspan(network + 8, 32), pseudo);
    } else {
      writer.u8(0x45), writer.u8(0x03), writer.u16(static_cast<std::uint16_t>(20 + segment));
      writer.u16(shape.identification), writer.u16(0x4000), writer.u8(shape.hops), writer.u8(protocol), writer.u16(0);
      writer.u32(shape.reversed ? 0x0a000002 : shape.client), writer.u32(shape.reversed ? shape.client : 0x0a000002);
      writer.patch_u16(network + 10, checksum_of(word_sum(writer.written().subspan(network))));
      pseudo = word_sum(writer.written().subspan(network + 12, 8), pseudo);
    }
    const std::size_t start = writer.size();
    writer.u16(shape.source_port), writer.u16(shape.destination_port);
    if (tcp) {
      writer.u32(shape.sequence), writer.u32(shape.acknowledgement), writer.u8(5 << 4), writer.u8(shape.flags);
      writer.u16(0xffff), writer.u16(0), writer.u16(shape.urgent);
    } else {
      writer.u16(segment), writer.u16(0);
    }
    writer.text(shape.payload);
    writer.patch_u16(start + (tcp ? 16 : 6), checksum_of(word_sum(writer.written().subspan(start), pseudo)));
    CHECK(writer.ok());
    frame.data = buffer_.data();
    frame.length = static_cast<std::uint32_t>(writer.size());
    frame.tailroom = 1600;
    layers = decode(frame);
  }

  Frame frame;
  Layers layers;

 private:
  // Octets 0 to 15 and 16 to 31; the client's end with its own number.
  static void ipv6_addresses(const PacketShape& shape, Writer& writer) {
    for (const bool is_source : {true, false}) {
      const bool is_client = is_source != shape.reversed;
      const std::uint8_t first = is_client ? 0 : 16;
      const bool has_number = is_client && shape.client != 0x0a000001;
      for (std::uint8_t i = 0; i < (has_number ? 12 : 16); ++i) writer.u8(static_cast<std::uint8_t>(first + i));
      if (has_number) writer.u32(shape.client);
    }
  }

  std::vector<std::uint8_t> buffer_;
};

// An empty frame for a reply.
struct Spare {
  std::array<std::uint8_t, 2048> bytes{};
  Frame frame;
  Spare() {
    frame.data = bytes.data();
    frame.tailroom = 2000;
  }
};

}  // namespace telefence::testing
