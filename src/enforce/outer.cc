// SPDX-License-Identifier: Apache-2.0
#include "enforce/outer.h"

#include <bit>

#include "base/big_endian.h"
#include "base/reader.h"
#include "decode/decode.h"
#include "enforce/checksum.h"

namespace telefence {
namespace {

constexpr std::size_t kMacBytes = 6;
constexpr std::uint8_t kHops = 64;
constexpr std::uint8_t kIpv4 = 4, kUdp = 17, kIpv6 = 41, kGre = 47, kMpls = 137;
constexpr std::uint16_t kGreChecksum = 0x8000, kGreKey = 0x2000, kGreSequence = 0x1000, kGreVersion = 0x0007;
constexpr std::uint16_t kL2tpLength = 0x4000, kL2tpSequence = 0x0800;
constexpr std::uint32_t kBottomOfStack = 0x100;

std::uint16_t u16_at(Bytes bytes, std::size_t at) { return Reader(bytes.subspan(at, 2)).u16(); }

void put_u16(MutableBytes bytes, std::size_t at, std::size_t value) {
  Writer(bytes.subspan(at, 2)).u16(static_cast<std::uint16_t>(value));
}

std::size_t start_of(const TunnelStep& step) { return step.network == TunnelStep::kOnLink ? step.at : step.network; }

// What lies between what a tunnel carries and the next tunnel, or the packet: an Ethernet header and its tags, or nothing.
Bytes link_inside(Bytes headers, const TunnelPath& path, std::size_t index) {
  const std::size_t from = path.steps[index].inside;
  const std::size_t to = index + 1u < path.count ? start_of(path.steps[index + 1]) : headers.size();
  return headers.subspan(from, to - from);
}

// Copies of the switch's traffic, sent to whom wants to look at it. Nobody takes a packet back.
bool is_mirrored(Bytes gre) {
  constexpr std::uint16_t kErspan = 0x88be, kErspan3 = 0x22eb;
  const std::uint16_t type = u16_at(gre, 2);
  return type == kErspan || type == kErspan3;
}

// gre: up to what it carries. True when that is all of it (RFC 2784, 2.1; RFC 2890, 2): no header of PPP, nor of a radio's frame, whose
// station only the access controller finds.
bool is_bare(Bytes gre) {
  const unsigned optional = u16_at(gre, 0) & unsigned{kGreChecksum | kGreKey | kGreSequence};
  return gre.size() == 4 + 4 * static_cast<std::size_t>(std::popcount(optional));
}

// Whether the other direction's header is this one with ends swapped.
bool is_reversible(Bytes headers, const TunnelStep& step) {
  const Bytes own = headers.subspan(step.at, step.inside - step.at);
  switch (step.kind) {
    case TunnelKind::kGre:
    case TunnelKind::kGreInUdp: {
      const Bytes gre = own.subspan(gre_at(step.kind, 0));
      return is_bare(gre) && !is_mirrored(gre);
    }
    case TunnelKind::kGeneve: return own.size() == kOuterUdpBytes + 8;  // options are the far end's own matter
    case TunnelKind::kIpInIp:
    case TunnelKind::kVxlan:
    case TunnelKind::kTeredo:
    case TunnelKind::kPppoe: return true;
    case TunnelKind::kGtpU:
    case TunnelKind::kMpls:
    case TunnelKind::kL2tp:
    case TunnelKind::kCapwap:
    case TunnelKind::kAyiya:
    case TunnelKind::kNone: break;
  }
  return false;
}

bool is_numbered(Bytes headers, const TunnelStep& step) {
  if (step.kind == TunnelKind::kL2tp) return (u16_at(headers, step.at + kOuterUdpBytes) & kL2tpSequence) != 0;
  return has_gre(step.kind) && (u16_at(headers, gre_at(step.kind, step.at)) & kGreSequence) != 0;
}

std::uint8_t protocol_of(TunnelKind kind, std::uint8_t inner_version) {
  switch (kind) {
    case TunnelKind::kGre: return kGre;
    case TunnelKind::kMpls: return kMpls;
    case TunnelKind::kIpInIp: return inner_version == 4 ? kIpv4 : kIpv6;
    default: return kUdp;
  }
}

// Whether a packet of this IP version may stand behind these headers: what carries it seldom leaves that open.
bool fits_behind(const TunnelHeaders& headers, std::uint8_t ip_version) {
  if (headers.ip_version == ip_version) return true;
  if (headers.path.count == 0) return false;
  const TunnelStep& last = headers.path.steps[headers.path.count - 1u];
  const bool leaves_open = last.kind == TunnelKind::kGtpU || last.kind == TunnelKind::kMpls || last.kind == TunnelKind::kIpInIp;
  return leaves_open && last.inside == headers.length;
}

// The QFI is all of a PDU session container (3GPP TS 38.415, 5.5.2) that a packet of ours needs beside its direction. It has to be
// there: a base station finds the radio bearer by it.
struct SessionContainer {
  bool is_there = false;
  std::uint8_t direction = 0;
  std::uint8_t qfi = 0;
};

// gtp: header with options and extension headers, as decode() has found it.
SessionContainer find_container(Bytes gtp) {
  constexpr std::uint8_t kExtensions = 0x04, kContainer = 0x85;
  Reader reader(gtp);
  if ((reader.u8() & kExtensions) == 0) return {};
  reader.skip(10);
  std::uint8_t next = reader.u8();
  while (next != 0 && reader.ok()) {
    Reader content = reader.child(std::size_t{4} * reader.u8() - 2u);
    if (next == kContainer) {
      const std::uint8_t direction = content.u8() & 0xf0;
      const std::uint8_t qfi = content.u8() & 0x3f;
      return {content.ok(), direction, qfi};
    }
    next = reader.u8();
  }
  return {};
}

// 3GPP TS 29.281, 5.1, without a sequence number (its receivers need none unless order is kept, which packets of ours have no place
// in) and without what other extension headers said of the packet that they came with.
void write_gtp_u(Bytes gtp, Writer& writer) {
  const SessionContainer container = find_container(gtp);
  writer.u8(container.is_there ? 0x34 : 0x30);
  writer.u8(0xff);
  writer.u16(0);
  writer.bytes(gtp.subspan(4, 4));
  if (!container.is_there) return;
  writer.u32(0x00000085);
  writer.u8(1);
  writer.u8(container.direction);
  writer.u8(container.qfi);
  writer.u8(0);
}

// RFC 5415, 4.3. A frame of IEEE 802.11 without what only holds for the one that it came with: that it is sent again, that its station goes
// to sleep, and that more is waiting for it (9.2.4.1).
void write_capwap_of_another(Bytes own, Writer& writer) {
  const std::uint32_t word = Reader(own.first(4)).u32();
  constexpr std::uint32_t kNative = 0x100;
  const std::size_t control = std::size_t{4} * (word >> 19 & 0x1f);
  if ((word & kNative) == 0) return writer.bytes(own);
  constexpr std::uint8_t kItsOwn = 0x38, kVersionAndType = 0x0f, kData = 0x08;
  const bool is_swapped = (own[control] & kVersionAndType) != kData;
  writer.bytes(own.first(control));
  for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
    const bool is_flags = (i == 1) != is_swapped;
    writer.u8(static_cast<std::uint8_t>(own[control + i] & (is_flags ? ~kItsOwn : 0xff)));
  }
  writer.bytes(own.subspan(control + 2));
}

}  // namespace

// Ethernet addresses and what stands behind them, or another link's header.
void OuterHeaders::write_link(Bytes link, bool swapped, Writer& writer) {
  if (swapped && link.size() >= 2 * kMacBytes) {
    const auto at32 = [&](std::size_t at) { return big_endian<std::uint32_t>(link.data() + at); };
    const auto at16 = [&](std::size_t at) { return big_endian<std::uint16_t>(link.data() + at); };
    constexpr std::size_t kUntagged = 2 * kMacBytes + 2;
    if (link.size() == kUntagged) [[likely]]  // in one piece, without the call that a copy of any length is
      return writer.all(at32(6), at16(10), at32(0), at16(4), at16(12));
    writer.bytes(link.subspan(kMacBytes, kMacBytes));
    writer.bytes(link.first(kMacBytes));
    link = link.subspan(2 * kMacBytes);
  }
  writer.bytes(link);
}

bool OuterHeaders::write_tunnels(const Frame& judged, const Layers& layers, Heading heading, const TunnelHeaders* known, Writer& writer) {
  const Bytes own = judged.bytes().first(layers.network);
  const bool back = heading == Heading::kBack;
  const bool uses_known = back && known != nullptr && known->link == judged.link && fits_behind(*known, layers.ip_version);
  if (layers.tunnels == 0 && !uses_known) {
    write_link(own, back && judged.link == LinkType::kEthernet, writer);
    return true;
  }
  TunnelPath own_path;
  (void)decode(judged, own_path);
  const Source source = uses_known ? Source{known->bytes(), &known->path, false, true, layers.ip_version}
                                   : Source{own, &own_path, back, back, layers.ip_version};
  if (!may_copy(source)) return false;
  const TunnelPath& path = *source.path;
  count_ = path.count;
  const std::size_t link = path.count == 0 ? source.bytes.size() : start_of(path.steps[0]);
  write_link(source.bytes.first(link), source.reversed && judged.link == LinkType::kEthernet, writer);
  for (std::size_t i = 0; i < path.count; ++i) {
    write_carrier(source, i, writer);
    write_tunnel(source, i, writer);
    // What is known is known of the tunnel's ends, not of the stations behind them.
    const bool is_own = !uses_known || (own_path.count == path.count && own_path.steps[i].kind == path.steps[i].kind);
    const Bytes stations = link_inside(source.bytes, path, i);
    const Bytes own_stations = is_own ? link_inside(own, own_path, i) : stations;
    if (own_stations.empty() != stations.empty()) return false;
    write_link(own_stations, back && is_own, writer);
  }
  return writer.ok();
}

bool OuterHeaders::may_copy(const Source& source) {
  for (const TunnelStep& step : source.path->all()) {
    if (source.reversed && !is_reversible(source.bytes, step)) return false;
    if (source.unnumbered && is_numbered(source.bytes, step)) return false;
    if (traits_of(step.kind).sealed) return false;
  }
  return true;
}

// Options and extension headers stay behind: they are of the packet that they came with.
void OuterHeaders::write_carrier(const Source& source, std::size_t index, Writer& writer) {
  const TunnelStep& step = source.path->steps[index];
  Placed& placed = placed_[index];
  placed = {.kind = step.kind};
  if (step.network == TunnelStep::kOnLink) return;
  placed.network = static_cast<std::uint16_t>(writer.size());
  const bool is_last = step.inside == source.bytes.size();
  const auto inner_version = is_last ? source.inner_version : static_cast<std::uint8_t>(source.bytes[step.inside] >> 4);
  const std::uint8_t protocol = protocol_of(step.kind, inner_version);
  const Bytes header = source.bytes.subspan(step.network);
  if (header[0] >> 4 == 4) {
    writer.u8(0x45);
    writer.u8(header[1]);
    writer.u16(0);
    writer.bytes(header.subspan(4, 2));
    writer.u16(u16_at(header, 6) & 0x4000);
    writer.u8(source.reversed ? kHops : header[8]);
    writer.u8(protocol);
    writer.u16(0);
    writer.bytes(header.subspan(source.reversed ? 16 : 12, 4));
    writer.bytes(header.subspan(source.reversed ? 12 : 16, 4));
    return;
  }
  const std::uint32_t first_word = Reader(header.first(4)).u32();
  writer.u32(source.reversed ? first_word & 0xfff00000 : first_word);  // a flow label is its sender's
  writer.u16(0);
  writer.u8(protocol);
  writer.u8(source.reversed ? kHops : header[7]);
  writer.bytes(header.subspan(source.reversed ? 24 : 8, 16));
  writer.bytes(header.subspan(source.reversed ? 8 : 24, 16));
}

// Ports are mostly not swapped: the one assigned to the tunnel is always the destination, and the other one only spreads load. Where that is
// not so the way back is known, ports and all (L2TP, CAPWAP), or they are both ends' own (Teredo).
void OuterHeaders::write_tunnel(const Source& source, std::size_t index, Writer& writer) {
  const TunnelStep& step = source.path->steps[index];
  Placed& placed = placed_[index];
  placed.at = static_cast<std::uint16_t>(writer.size());
  Bytes own = source.bytes.subspan(step.at, step.inside - step.at);
  if (is_over_udp(step.kind)) {
    // Over IPv6 one is always made: who accepts zero accepts that, too (RFC 6935, 5).
    placed.has_checksum = u16_at(own, 6) != 0 || source.bytes[step.network] >> 4 == 6;
    const bool swaps = source.reversed && traits_of(step.kind).swaps_ports;
    writer.bytes(own.subspan(swaps ? 2 : 0, 2));
    writer.bytes(own.subspan(swaps ? 0 : 2, 2));
    writer.u32(0);
    own = own.subspan(kOuterUdpBytes);
  }
  switch (step.kind) {
    case TunnelKind::kGtpU: write_gtp_u(own, writer); break;
    case TunnelKind::kCapwap:
      if (source.unnumbered) write_capwap_of_another(own, writer);
      else writer.bytes(own);
      break;
    case TunnelKind::kMpls: write_labels(source, step, placed, writer); break;
    case TunnelKind::kTeredo: break;  // what proves a sender, or tells him of his address, is of the packet that it came with
    case TunnelKind::kGre:
    case TunnelKind::kGreInUdp: placed.has_gre_checksum = (u16_at(own, 0) & kGreChecksum) != 0; [[fallthrough]];
    default: writer.bytes(own);
  }
  placed.inside = static_cast<std::uint16_t>(writer.size());
}

void OuterHeaders::write_labels(const Source& source, const TunnelStep& step, Placed& placed, Writer& writer) {
  Reader reader(source.bytes.subspan(step.at, step.inside - step.at));
  std::uint32_t entry = 0;
  do {
    entry = reader.u32();
    writer.u32(entry);
  } while ((entry & kBottomOfStack) == 0 && reader.ok());
  if (reader.at_end()) return;
  // RFC 4385, 3 and 4.1: a sequence number of 0 says that there is none.
  placed.control_word = static_cast<std::uint16_t>(writer.size());
  const std::uint32_t word = reader.u32();
  writer.u32(source.unnumbered ? 0 : word & 0x0000ffff);
}

// From inside out, since an outer checksum covers what is inside.
void OuterHeaders::finish_tunnels(MutableBytes frame) const {
  for (std::size_t i = count_; i-- > 0;) finish_tunnel(placed_[i], frame);
}

void OuterHeaders::adopt(const TunnelPath& path, Bytes frame) {
  count_ = path.count;
  for (std::size_t i = 0; i < count_; ++i) {
    const TunnelStep& step = path.steps[i];
    Placed& placed = placed_[i];
    placed = {};
    placed.kind = step.kind, placed.network = step.network, placed.at = step.at, placed.inside = step.inside;
    if (is_over_udp(step.kind)) placed.has_checksum = u16_at(frame, step.at + 6u) != 0;
    if (has_gre(step.kind)) placed.has_gre_checksum = (u16_at(frame, gre_at(step.kind, step.at)) & kGreChecksum) != 0;
    if (step.kind != TunnelKind::kMpls) continue;
    std::uint16_t bottom = step.at;
    while (bottom + 4u <= step.inside && (frame[bottom + 2u] & 1) == 0) bottom = static_cast<std::uint16_t>(bottom + 4);
    if (bottom + 4u < step.inside) placed.control_word = static_cast<std::uint16_t>(bottom + 4);
  }
}

std::uint32_t bytes_before_copy(const Frame& frame, const Layers& layers) {
  if (layers.tunnels == 0 || (!layers.is_in(TunnelKind::kGre) && !layers.is_in(TunnelKind::kGreInUdp))) return 0;
  TunnelPath path;
  (void)decode(frame, path);
  std::uint32_t before = 0;
  for (const TunnelStep& step : path.all())
    if (has_gre(step.kind) && is_mirrored(frame.bytes().subspan(gre_at(step.kind, step.at)))) before = step.inside;
  return before;
}

void refit_tunnels(const TunnelPath& path, MutableBytes frame) {
  OuterHeaders headers;
  headers.adopt(path, frame);
  headers.finish(frame);
}

bool may_double(const TunnelPath& path, Bytes frame) {
  for (const TunnelStep& step : path.all())
    if (is_numbered(frame, step)) return false;
  return true;
}

// gre: from its header on.
void OuterHeaders::finish_gre(const Placed& placed, MutableBytes gre) {
  if ((u16_at(gre, 0) & kGreVersion) == 1) {
    const std::size_t acknowledgement = (u16_at(gre, 0) & 0x0080) != 0 ? 4 : 0;
    put_u16(gre, 4, gre.size() - 12 - acknowledgement);
  }
  if (!placed.has_gre_checksum) return;
  put_u16(gre, 4, 0);
  put_u16(gre, 4, checksum_of(word_sum(gre)));
}

void OuterHeaders::finish_tunnel(const Placed& placed, MutableBytes frame) const {
  const std::size_t length = frame.size() - placed.at;
  switch (placed.kind) {
    case TunnelKind::kGtpU: put_u16(frame, placed.at + kOuterUdpBytes + 2u, length - kOuterUdpBytes - 8); break;
    case TunnelKind::kPppoe: put_u16(frame, placed.at + 4u, length - 6); break;
    case TunnelKind::kL2tp:
      if ((u16_at(frame, placed.at + kOuterUdpBytes) & kL2tpLength) != 0) put_u16(frame, placed.at + kOuterUdpBytes + 2u, length - kOuterUdpBytes);
      break;
    case TunnelKind::kGre:
    case TunnelKind::kGreInUdp: finish_gre(placed, frame.subspan(gre_at(placed.kind, placed.at))); break;
    case TunnelKind::kMpls: {
      // RFC 4448, 4.6: the length is told when the frame would be padded.
      const std::size_t wire = frame.size() - placed.control_word;
      if (placed.control_word != 0 && wire < 64) frame[placed.control_word + 1u] = static_cast<std::uint8_t>(wire);
      break;
    }
    default: break;
  }
  if (placed.network == TunnelStep::kOnLink) return;
  const MutableBytes header = frame.subspan(placed.network);
  const bool is_ipv4 = header[0] >> 4 == 4;
  if (is_ipv4) {
    put_u16(header, 2, header.size());
    put_u16(header, 10, 0);
    put_u16(header, 10, checksum_of(word_sum(header.first(std::size_t{4} * (header[0] & 0x0f)))));
  } else {
    put_u16(header, 4, header.size() - 40);
  }
  if (!is_over_udp(placed.kind)) return;
  put_u16(frame, placed.at + 4u, length);
  if (!placed.has_checksum) return;
  put_u16(frame, placed.at + 6u, 0);
  const std::uint64_t pseudo = word_sum(header.subspan(is_ipv4 ? 12 : 8, is_ipv4 ? 8 : 32)) + kUdp + length;
  const std::uint16_t checksum = checksum_of(word_sum(frame.subspan(placed.at), pseudo));
  put_u16(frame, placed.at + 6u, checksum == 0 ? 0xffff : checksum);  // RFC 768: zero would say that there is none
}

}  // namespace telefence
