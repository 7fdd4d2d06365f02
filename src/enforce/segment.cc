// SPDX-License-Identifier: Apache-2.0
#include "enforce/segment.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/reader.h"
#include "base/writer.h"
#include "decode/decode.h"
#include "enforce/checksum.h"
#include "enforce/outer.h"
#include "enforce/wrap.h"

namespace telefence {
namespace {

constexpr std::size_t kFlags = 13, kChecksum = 16, kUrgentPointer = 18;

std::uint16_t read_u16(const Frame& frame, std::size_t at) { return Reader(frame.bytes().subspan(at, 2)).u16(); }
void write_u16(Frame& frame, std::size_t at, std::uint16_t value) { Writer(frame.mutable_bytes().subspan(at, 2)).u16(value); }

// Lengths and checksums of a segment whose payload is now `length` bytes long.
void set_payload_length(Frame& frame, Layers& layers, std::uint32_t length) {
  const std::uint32_t end = layers.payload + length;
  layers.payload_length = length;
  layers.network_end = end;
  frame.tailroom = static_cast<std::uint16_t>(std::min<std::uint32_t>(frame.tailroom + frame.length - end, 0xffff));
  frame.length = end;
  const std::size_t field = layers.network + (layers.ip_version == 4 ? std::size_t{2} : std::size_t{4});
  const std::size_t counted_from = layers.ip_version == 4 ? layers.network : layers.network + std::size_t{40};
  const std::uint16_t before = read_u16(frame, field);
  const auto after = static_cast<std::uint16_t>(end - counted_from);
  write_u16(frame, field, after);
  if (layers.ip_version == 4) {
    const std::size_t checksum = layers.network + std::size_t{10};
    write_u16(frame, checksum, corrected_checksum(read_u16(frame, checksum), before, after));
  }
}

void make_checksum(Frame& frame, const Layers& layers) {
  const std::size_t at = layers.transport_at + kChecksum;
  write_u16(frame, at, 0);
  const std::size_t size = layers.ip_version == 4 ? 4 : 16;
  const IpAddress source = source_address(frame, layers);
  const IpAddress destination = destination_address(frame, layers);
  const Bytes segment = frame.bytes().subspan(layers.transport_at, layers.network_end - layers.transport_at);
  const std::uint64_t pseudo = word_sum(Bytes(destination.bytes).first(size), word_sum(Bytes(source.bytes).first(size))) + 6 + segment.size();
  write_u16(frame, at, checksum_of(word_sum(segment, pseudo)));
}

// `room`, an empty frame, becomes the first `size` octets of the other one. Requires: they fit.
void copy_front(const Frame& frame, std::size_t size, Frame& room) {
  std::memcpy(room.data, frame.data, size);
  Frame front = frame;
  front.data = room.data;
  front.headroom = room.headroom;
  front.length = static_cast<std::uint32_t>(size);
  front.tailroom = static_cast<std::uint16_t>(room.tailroom - size);
  front.owner = room.owner;
  room = front;
}

}  // namespace

bool split_segment(Frame& segment, Layers& layers, std::uint32_t count, Frame& front, Layers& front_layers) {
  const std::size_t size = layers.payload + count;
  if (size > front.tailroom) return false;
  TunnelPath path;
  if (layers.tunnels != 0) (void)decode(segment, path);
  if (!may_double(path, segment.bytes())) return false;
  copy_front(segment, size, front);
  front_layers = layers;
  set_payload_length(front, front_layers, count);
  Writer(front.mutable_bytes().subspan(layers.transport_at + kFlags, 1))
      .u8(static_cast<std::uint8_t>(front.bytes()[layers.transport_at + kFlags] & ~(kTcpFin | kTcpPsh)));
  make_checksum(front, front_layers);
  refit_tunnels(path, front.mutable_bytes());
  // The headers move towards the rest, whose bytes stay where they are.
  const std::uint32_t sequence = tcp_header(segment, layers).sequence + count;
  std::memmove(segment.data + count, segment.data, layers.payload);
  segment.data += count;
  segment.headroom = static_cast<std::uint16_t>(segment.headroom + count);
  segment.length -= count;
  set_payload_length(segment, layers, layers.payload_length - count);
  Writer(segment.mutable_bytes().subspan(layers.transport_at + std::size_t{4}, 4)).u32(sequence);
  make_checksum(segment, layers);
  refit_tunnels(path, segment.mutable_bytes());
  return true;
}

bool copy_segment(const Frame& segment, const Layers& layers, Frame& copy) {
  const std::size_t size = layers.payload + layers.payload_length;
  if (size > copy.tailroom || size > segment.length) return false;
  copy_front(segment, size, copy);
  if (layers.tunnels == 0) return true;
  TunnelPath path;
  (void)decode(segment, path);
  refit_tunnels(path, copy.mutable_bytes());
  return true;
}

void clear_urgent(Frame& segment, const Layers& layers) {
  const std::size_t flags = layers.transport_at + kFlags - 1;  // with the header's length: a whole word
  const std::size_t checksum = layers.transport_at + kChecksum;
  const std::uint16_t before = read_u16(segment, flags);
  if ((before & kTcpUrg) == 0) return;
  const OuterChecksums outer(segment, layers);
  const auto after = static_cast<std::uint16_t>(before & ~kTcpUrg);
  const std::uint16_t pointer = read_u16(segment, layers.transport_at + kUrgentPointer);
  write_u16(segment, flags, after);
  write_u16(segment, layers.transport_at + kUrgentPointer, 0);
  write_u16(segment, checksum, corrected_checksum(read_u16(segment, checksum), std::uint64_t{before} + pointer, after));
  outer.correct(segment);
}

void overwrite(Frame& segment, const Layers& layers, std::uint32_t offset, Bytes bytes) {
  const ChecksumKeeper keeper(segment, layers, {offset, static_cast<std::uint32_t>(bytes.size())});
  std::memcpy(segment.data + layers.payload + offset, bytes.data(), bytes.size());
  keeper.correct(segment);
}

bool acknowledge_selectively(const Frame& segment, const Layers& layers, const SelectiveAcknowledgement& what, Replies& replies) {
  std::array<std::uint8_t, 40> room;
  Writer options(room);
  if (what.has_timestamp) {  // RFC 7323, 3.2, with two octets of padding before
    options.u32(0x0101080a);
    options.u32(what.timestamp);
    options.u32(what.echoed_timestamp);
  }
  const auto blocks = what.blocks.first(std::min<std::size_t>(what.blocks.size(), 3));
  if (!blocks.empty()) {  // RFC 2018, 3
    options.u16(0x0101);
    options.u8(5);
    options.u8(static_cast<std::uint8_t>(2 + 8 * blocks.size()));
    for (const auto& block : blocks) {
      options.u32(block.start);
      options.u32(block.end);
    }
  }
  const std::size_t before = replies.used();
  Frame* const frame = replies.take(true);
  if (frame == nullptr) return false;
  const TcpFields fields{tcp_header(segment, layers).acknowledgement, what.acknowledgement, kTcpAck, what.window, options.written()};
  if (wrap_tcp(segment, layers, Heading::kBack, fields, {}, *frame, replies.way_back(segment, layers))) return true;
  replies.keep_only(before);
  return false;
}

}  // namespace telefence
