// SPDX-License-Identifier: Apache-2.0
#include "enforce/wrap.h"

#include "base/writer.h"
#include "enforce/checksum.h"

namespace telefence {
namespace {

constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kHops = 64;

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

// A frame in the making: everything in front of the transport header is written.
struct Making {
  Writer writer;
  OuterHeaders outer;
  bool has_way = false;
};

Making begin(const Frame& judged, const Layers& layers, Heading heading, const Ends& ends, std::uint8_t protocol,
             std::size_t length, const TunnelHeaders* known, Frame& out) {
  Making making{Writer({out.data, std::size_t{out.length} + out.tailroom}), {}, false};
  making.has_way = making.outer.write(judged, layers, heading, known, making.writer);
  if (layers.ip_version == 4)
    write_ipv4(ends, protocol, length, making.writer);
  else
    write_ipv6(ends, protocol, length, making.writer);
  return making;
}

void finish(const Making& making, const Frame& judged, Frame& out) {
  const std::size_t size = making.writer.size();
  making.outer.finish({out.data, size});
  out.tailroom = static_cast<std::uint16_t>(out.length + out.tailroom - size);
  out.length = static_cast<std::uint32_t>(size);
  out.link = judged.link;
  out.port = judged.port;
  out.time_ns = judged.time_ns;
  out.number = judged.number;
}

}  // namespace

bool wrap_udp(const Frame& judged, const Layers& layers, Heading heading, Bytes payload, Frame& out,
              const TunnelHeaders* known) {
  const Ends ends = ends_of(judged, layers, heading);
  const std::size_t length = 8 + payload.size();
  Making making = begin(judged, layers, heading, ends, kUdp, length, known, out);
  Writer& writer = making.writer;
  const std::size_t start = writer.size();
  writer.u16(ends.from_port);
  writer.u16(ends.to_port);
  writer.u16(static_cast<std::uint16_t>(length));
  writer.u16(0);
  writer.bytes(payload);
  if (!making.has_way || !writer.ok()) return false;
  std::uint16_t checksum =
      checksum_of(word_sum(writer.written().subspan(start), pseudo_header_sum(ends, kUdp, length)));
  if (checksum == 0) checksum = 0xffff;  // RFC 768: zero would say that there is none
  writer.patch_u16(start + 6, checksum);
  finish(making, judged, out);
  return true;
}

bool wrap_tcp(const Frame& judged, const Layers& layers, Heading heading, const TcpFields& fields, Bytes payload, Frame& out,
              const TunnelHeaders* known) {
  const Ends ends = ends_of(judged, layers, heading);
  const std::size_t header = 20 + fields.options.size();
  const std::size_t length = header + payload.size();
  Making making = begin(judged, layers, heading, ends, kTcp, length, known, out);
  Writer& writer = making.writer;
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
  if (!making.has_way || !writer.ok()) return false;
  writer.patch_u16(start + 16,
                   checksum_of(word_sum(writer.written().subspan(start), pseudo_header_sum(ends, kTcp, length))));
  finish(making, judged, out);
  return true;
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
