// SPDX-License-Identifier: Apache-2.0
#include "enforce/wrap.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/big_endian.h"
#include "base/writer.h"
#include "enforce/checksum.h"

namespace telefence {
namespace {

constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kHops = 64;
constexpr std::size_t kIpv4Bytes = 20, kIpv6Bytes = 40, kIpv6AddressBytes = 16, kUdpBytes = 8;

// Numbers alone: views among them would be put together in memory, and whoever reads them there waits for that.
struct Ends {
  std::uint32_t from = 0, to = 0;  // addresses of IPv4
  std::uint16_t from_port, to_port;
  std::uint64_t sum;  // of both addresses, whichever they are
};

std::uint64_t sum_of(std::uint32_t value) { return std::uint64_t{value >> 16} + (value & 0xffff); }

Ends ends_of(const Frame& judged, const Layers& layers, Heading heading) {
  const Bytes both = addresses_at(judged, layers.network, layers.ip_version);
  Ends ends;
  if (layers.ip_version == 4) {
    ends.from = big_endian<std::uint32_t>(both.data());
    ends.to = big_endian<std::uint32_t>(both.data() + 4);
    ends.sum = sum_of(ends.from) + sum_of(ends.to);
  } else {
    ends.sum = word_sum(both);
  }
  ends.from_port = layers.source_port;
  ends.to_port = layers.destination_port;
  if (heading != Heading::kBack) return ends;
  std::swap(ends.from, ends.to);
  std::swap(ends.from_port, ends.to_port);
  return ends;
}

// Checksums are made of the values, not of the octets: those were written a moment ago in other pieces than they would be read in,
// and reading waits until they have reached the cache.
void write_ipv4(const Ends& ends, std::uint8_t protocol, std::size_t length, Writer& writer) {
  constexpr std::uint16_t kVersionAndWords = 0x4500, kDoNotFragment = 0x4000;
  const auto total = static_cast<std::uint16_t>(kIpv4Bytes + length);
  const auto hops_and_protocol = static_cast<std::uint16_t>(kHops << 8 | protocol);
  constexpr std::uint16_t kIdentification = 0;  // of no use in an atomic datagram (RFC 6864)
  const std::uint16_t checksum = checksum_of(std::uint64_t{kVersionAndWords} + total + kDoNotFragment + hops_and_protocol + ends.sum);
  writer.all(kVersionAndWords, total, kIdentification, kDoNotFragment, hops_and_protocol, checksum, ends.from, ends.to);
}

// All but the addresses.
void begin_ipv6(std::uint8_t protocol, std::size_t length, Writer& writer) {
  writer.all(std::uint32_t{0x60000000}, static_cast<std::uint16_t>(length), protocol, kHops);
}

// Sum of the pseudo header (RFC 9293, 3.1; RFC 8200, 8.1).
std::uint64_t pseudo_header_sum(const Ends& ends, std::uint8_t protocol, std::size_t length) { return ends.sum + protocol + length; }

// length: with the header.
void write_udp(const Ends& ends, std::size_t length, Bytes payload, Writer& writer) {
  const std::uint64_t sum = pseudo_header_sum(ends, kUdp, length) + ends.from_port + ends.to_port + static_cast<std::uint16_t>(length);
  const std::uint16_t checksum = checksum_of(word_sum(payload, sum));
  const std::uint16_t stated = checksum == 0 ? std::uint16_t{0xffff} : checksum;  // RFC 768: zero would say that there is none
  writer.all(ends.from_port, ends.to_port, static_cast<std::uint16_t>(length), stated);
}

// Two fields of this size, one behind the other.
template <std::size_t kSize>
void swap_neighbours(std::uint8_t* at) {
  std::array<std::uint8_t, kSize> first, second;
  std::copy_n(at, kSize, first.begin());
  std::copy_n(at + kSize, kSize, second.begin());
  std::copy_n(second.begin(), kSize, at);
  std::copy_n(first.begin(), kSize, at + kSize);
}

void set_length(Frame& frame, std::size_t size) {
  frame.tailroom = static_cast<std::uint16_t>(frame.length + frame.tailroom - size);
  frame.length = static_cast<std::uint32_t>(size);
}

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
  if (layers.ip_version == 4) {
    write_ipv4(ends, protocol, length, making.writer);
    return making;
  }
  const Bytes both = addresses_at(judged, layers.network, layers.ip_version);
  const bool back = heading == Heading::kBack;
  begin_ipv6(protocol, length, making.writer);
  making.writer.bytes(back ? both.last(kIpv6AddressBytes) : both.first(kIpv6AddressBytes));
  making.writer.bytes(back ? both.first(kIpv6AddressBytes) : both.last(kIpv6AddressBytes));
  return making;
}

void finish(const Making& making, const Frame& judged, Frame& out) {
  const std::size_t size = making.writer.size();
  making.outer.finish({out.data, size});
  set_length(out, size);
  out.link = judged.link;
  out.port = judged.port;
  out.time_ns = judged.time_ns;
  out.number = judged.number;
}

}  // namespace

bool wrap_udp(const Frame& judged, const Layers& layers, Heading heading, Bytes payload, Frame& out,
              const TunnelHeaders* known) {
  const Ends ends = ends_of(judged, layers, heading);
  const std::size_t length = kUdpBytes + payload.size();
  Making making = begin(judged, layers, heading, ends, kUdp, length, known, out);
  Writer& writer = making.writer;
  write_udp(ends, length, payload, writer);
  writer.bytes(payload);
  if (!making.has_way || !writer.ok()) return false;
  finish(making, judged, out);
  return true;
}

bool can_turn_udp(const Frame& judged, const Layers& layers) {
  const std::size_t ip = layers.ip_version == 4 ? kIpv4Bytes : kIpv6Bytes;
  return layers.transport == Transport::kUdp && layers.tunnels == 0 && !judged.truncated && layers.transport_at == layers.network + ip;
}

MutableBytes room_to_turn(Frame& judged, const Layers& layers) {
  return {judged.data + layers.payload, judged.length - layers.payload + judged.tailroom};
}

void turn_udp(Frame& judged, const Layers& layers, std::size_t payload) {
  const Ends ends = ends_of(judged, layers, Heading::kBack);
  const std::size_t length = kUdpBytes + payload;
  if (judged.link == LinkType::kEthernet) swap_neighbours<6>(judged.data);
  Writer ip({judged.data + layers.network, kIpv4Bytes});
  if (layers.ip_version == 4) {
    write_ipv4(ends, kUdp, length, ip);
  } else {
    begin_ipv6(kUdp, length, ip);
    swap_neighbours<kIpv6AddressBytes>(judged.data + layers.network + ip.size());
  }
  Writer udp({judged.data + layers.transport_at, kUdpBytes});
  write_udp(ends, length, {judged.data + layers.payload, payload}, udp);
  set_length(judged, layers.payload + payload);
  judged.may_lack_checksum = false;
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
