// SPDX-License-Identifier: Apache-2.0
#include "enforce/wrap.h"

#include "base/writer.h"
#include "enforce/checksum.h"

namespace telefence {
namespace {

constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kHops = 64;
constexpr std::size_t kMacBytes = 6;

struct Ends {
  IpAddress from, to;
  std::uint16_t from_port, to_port;
};

Ends ends_of(const Frame& judged, const Layers& layers, Heading heading) {
  const IpAddress source = source_address(judged, layers);
  const IpAddress destination = destination_address(judged, layers);
  if (heading == Heading::kBack) return {destination, source, layers.destination_port, layers.source_port};
  return {source, destination, layers.source_port, layers.destination_port};
}

Bytes address_bytes(const IpAddress& address) {
  return Bytes(address.bytes).first(address.version == 4 ? 4u : 16u);
}

// The judged frame's link header; Ethernet addresses swapped when the frame goes back.
void write_link(const Frame& judged, const Layers& layers, Heading heading, Writer& writer) {
  const Bytes link = judged.bytes().first(layers.network);
  if (heading == Heading::kBack && judged.link == LinkType::kEthernet && link.size() >= 2 * kMacBytes) {
    writer.bytes(link.subspan(kMacBytes, kMacBytes));
    writer.bytes(link.first(kMacBytes));
    writer.bytes(link.subspan(2 * kMacBytes));
  } else {
    writer.bytes(link);
  }
}

void write_ipv4(const Ends& ends, std::uint8_t protocol, std::size_t length, Writer& writer) {
  const std::size_t start = writer.size();
  writer.u8(0x45);
  writer.u8(0);
  writer.u16(static_cast<std::uint16_t>(20 + length));
  writer.u16(0);       // identification: of no use in an atomic datagram (RFC 6864)
  writer.u16(0x4000);  // do not fragment
  writer.u8(kHops);
  writer.u8(protocol);
  const std::size_t checksum = writer.size();
  writer.u16(0);
  writer.bytes(address_bytes(ends.from));
  writer.bytes(address_bytes(ends.to));
  if (writer.ok()) writer.patch_u16(checksum, checksum_of(word_sum(writer.written().subspan(start, 20))));
}

void write_ipv6(const Ends& ends, std::uint8_t protocol, std::size_t length, Writer& writer) {
  writer.u32(0x60000000);
  writer.u16(static_cast<std::uint16_t>(length));
  writer.u8(protocol);
  writer.u8(kHops);
  writer.bytes(address_bytes(ends.from));
  writer.bytes(address_bytes(ends.to));
}

// Sum of the pseudo header (RFC 9293, 3.1; RFC 8200, 8.1).
std::uint64_t pseudo_header_sum(const Ends& ends, std::uint8_t protocol, std::size_t length) {
  return word_sum(address_bytes(ends.to), word_sum(address_bytes(ends.from))) + protocol + length;
}

bool finish(Writer& writer, const Frame& judged, Frame& out) {
  if (!writer.ok()) return false;
  out.tailroom = static_cast<std::uint16_t>(out.length + out.tailroom - writer.size());
  out.length = static_cast<std::uint32_t>(writer.size());
  out.link = judged.link;
  out.port = judged.port;
  out.time_ns = judged.time_ns;
  out.number = judged.number;
  return true;
}

Writer begin(const Frame& judged, const Layers& layers, Heading heading, const Ends& ends, std::uint8_t protocol,
             std::size_t length, Frame& out) {
  Writer writer({out.data, std::size_t{out.length} + out.tailroom});
  write_link(judged, layers, heading, writer);
  if (layers.ip_version == 4)
    write_ipv4(ends, protocol, length, writer);
  else
    write_ipv6(ends, protocol, length, writer);
  return writer;
}

}  // namespace

bool wrap_udp(const Frame& judged, const Layers& layers, Heading heading, Bytes payload, Frame& out) {
  const Ends ends = ends_of(judged, layers, heading);
  const std::size_t length = 8 + payload.size();
  Writer writer = begin(judged, layers, heading, ends, kUdp, length, out);
  const std::size_t start = writer.size();
  writer.u16(ends.from_port);
  writer.u16(ends.to_port);
  writer.u16(static_cast<std::uint16_t>(length));
  writer.u16(0);
  writer.bytes(payload);
  if (!writer.ok()) return false;
  std::uint16_t checksum =
      checksum_of(word_sum(writer.written().subspan(start), pseudo_header_sum(ends, kUdp, length)));
  if (checksum == 0) checksum = 0xffff;  // RFC 768: zero would say that there is none
  writer.patch_u16(start + 6, checksum);
  return finish(writer, judged, out);
}

bool wrap_tcp(const Frame& judged, const Layers& layers, Heading heading, const TcpFields& fields, Bytes payload,
              Frame& out) {
  const Ends ends = ends_of(judged, layers, heading);
  const std::size_t header = 20 + fields.options.size();
  const std::size_t length = header + payload.size();
  Writer writer = begin(judged, layers, heading, ends, kTcp, length, out);
  const std::size_t start = writer.size();
  writer.u16(ends.from_port);
  writer.u16(ends.to_port);
  writer.u32(fields.sequence);
  writer.u32(fields.acknowledgement);
  writer.u8(static_cast<std::uint8_t>(header / 4 << 4));
  writer.u8(fields.flags);
  writer.u16((fields.flags & kTcpRst) != 0 ? std::uint16_t{0} : fields.window);
  writer.u16(0);
  writer.u16(0);
  writer.bytes(fields.options);
  writer.bytes(payload);
  if (!writer.ok()) return false;
  writer.patch_u16(start + 16,
                   checksum_of(word_sum(writer.written().subspan(start), pseudo_header_sum(ends, kTcp, length))));
  return finish(writer, judged, out);
}

TcpFields reset_back(const TcpHeader& judged, const Layers& layers) {
  // Without ACK the receiver of the reset only checks that its own data is acknowledged (RFC 9293, 3.5.2, group 1).
  const std::uint32_t sequence = (judged.flags & kTcpAck) != 0 ? judged.acknowledgement : 0;
  return {.sequence = sequence, .acknowledgement = sequence_after(judged, layers), .flags = kTcpRst | kTcpAck, .options = {}};
}

TcpFields reset_onward(const TcpHeader& judged) {
  const bool has_ack = (judged.flags & kTcpAck) != 0;
  return {.sequence = judged.sequence,
          .acknowledgement = has_ack ? judged.acknowledgement : 0,
          .flags = static_cast<std::uint8_t>(has_ack ? kTcpRst | kTcpAck : kTcpRst),
          .options = {}};
}

}  // namespace telefence
