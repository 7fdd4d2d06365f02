// SPDX-License-Identifier: Apache-2.0
#include "enforce/wrap.h"

#include <utility>

#include "base/big_endian.h"
#include "base/writer.h"
#include "enforce/checksum.h"

namespace telefence {
namespace {

constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kHops = 64;

struct Ends {
  std::uint32_t from4 = 0, to4 = 0;  // of IPv4
  Bytes from6, to6;                  // of IPv6: views of the judged frame
  std::uint16_t from_port, to_port;
  std::uint64_t sum;  // of both addresses
};

std::uint64_t sum_of(std::uint32_t value) { return std::uint64_t{value >> 16} + (value & 0xffff); }

Ends ends_of(const Frame& judged, const Layers& layers, Heading heading) {
  const Bytes both = addresses_at(judged, layers.network, layers.ip_version);
  Ends ends;
  if (layers.ip_version == 4) {
    ends.from4 = big_endian<std::uint32_t>(both.data());
    ends.to4 = big_endian<std::uint32_t>(both.data() + 4);
    ends.sum = sum_of(ends.from4) + sum_of(ends.to4);
  } else {
    ends.from6 = both.first(both.size() / 2);
    ends.to6 = both.last(both.size() / 2);
    ends.sum = word_sum(both);
  }
  ends.from_port = layers.source_port;
  ends.to_port = layers.destination_port;
  if (heading != Heading::kBack) return ends;
  std::swap(ends.from4, ends.to4);
  std::swap(ends.from6, ends.to6);
  std::swap(ends.from_port, ends.to_port);
  return ends;
}

// Checksums are made of the values, not of the octets: those were written a moment ago in other pieces than they would be read in,
// and reading waits until they have reached the cache.
void write_ipv4(const Ends& ends, std::uint8_t protocol, std::size_t length, Writer& writer) {
  constexpr std::uint16_t kVersionAndWords = 0x4500, kDoNotFragment = 0x4000;
  const auto total = static_cast<std::uint16_t>(20 + length);
  const auto hops_and_protocol = static_cast<std::uint16_t>(kHops << 8 | protocol);
  constexpr std::uint16_t kIdentification = 0;  // of no use in an atomic datagram (RFC 6864)
  const std::uint16_t checksum = checksum_of(std::uint64_t{kVersionAndWords} + total + kDoNotFragment + hops_and_protocol + ends.sum);
  writer.all(kVersionAndWords, total, kIdentification, kDoNotFragment, hops_and_protocol, checksum, ends.from4, ends.to4);
}

void write_ipv6(const Ends& ends, std::uint8_t protocol, std::size_t length, Writer& writer) {
  writer.all(std::uint32_t{0x60000000}, static_cast<std::uint16_t>(length), protocol, kHops);
  writer.bytes(ends.from6);
  writer.bytes(ends.to6);
}

// Sum of the pseudo header (RFC 9293, 3.1; RFC 8200, 8.1).
std::uint64_t pseudo_header_sum(const Ends& ends, std::uint8_t protocol, std::size_t length) { return ends.sum + protocol + length; }

// A frame in the making: everything in front of the transport header is written.
struct Making {
  explicit Making(MutableBytes room) : writer(room) {}
  Writer writer;
  OuterHeaders outer;
  bool has_way = false;
};

Making begin(const Frame& judged, const Layers& layers, Heading heading, const Ends& ends, std::uint8_t protocol,
             std::size_t length, const TunnelHeaders* known, Frame& out) {
  Making making({out.data, std::size_t{out.length} + out.tailroom});
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
  const std::uint64_t sum = pseudo_header_sum(ends, kUdp, length) + ends.from_port + ends.to_port + static_cast<std::uint16_t>(length);
  const std::uint16_t checksum = checksum_of(word_sum(payload, sum));
  const std::uint16_t stated = checksum == 0 ? std::uint16_t{0xffff} : checksum;  // RFC 768: zero would say that there is none
  writer.all(ends.from_port, ends.to_port, static_cast<std::uint16_t>(length), stated);
  writer.bytes(payload);
  if (!making.has_way || !writer.ok()) return false;
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
  const auto words_and_flags = static_cast<std::uint16_t>(header / 4 << 12 | fields.flags);
  const std::uint16_t window = (fields.flags & kTcpRst) != 0 ? std::uint16_t{0} : fields.window;
  const std::uint64_t sum = pseudo_header_sum(ends, kTcp, length) + ends.from_port + ends.to_port + sum_of(fields.sequence) +
                            sum_of(fields.acknowledgement) + words_and_flags + window;
  constexpr std::uint16_t kUrgent = 0;
  const std::uint16_t checksum = checksum_of(word_sum(payload, word_sum(fields.options, sum)));
  writer.all(ends.from_port, ends.to_port, fields.sequence, fields.acknowledgement, words_and_flags, window, checksum, kUrgent);
  writer.bytes(fields.options);
  writer.bytes(payload);
  if (!making.has_way || !writer.ok()) return false;
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
