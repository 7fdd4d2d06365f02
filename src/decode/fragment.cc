// SPDX-License-Identifier: Apache-2.0
#include "decode/fragment.h"

#include "base/reader.h"
#include "decode/ip.h"
#include "decode/tunnel.h"

namespace telefence {
namespace {

using decode_detail::kProtocolTcp;
using decode_detail::kProtocolUdp;

WholePayload read_udp(Bytes payload, std::uint8_t ip_version) {
  Reader reader(payload);
  WholePayload whole;
  whole.transport = Transport::kUdp;
  whole.source_port = reader.u16();
  whole.destination_port = reader.u16();
  std::size_t length = reader.u16();
  if (length == 0 && ip_version == 6) length = payload.size();  // as in transport.h
  if (payload.size() < 8 || length < 8 || length > payload.size()) return whole;
  whole.bytes = payload.subspan(8, length - 8);
  whole.segment = payload.first(length);
  whole.is_known = true;
  return whole;
}

WholePayload read_tcp(Bytes payload) {
  Reader reader(payload);
  WholePayload whole;
  whole.transport = Transport::kTcp;
  whole.source_port = reader.u16();
  whole.destination_port = reader.u16();
  reader.skip(8);  // where it stands, and what it acknowledges
  const std::size_t header = std::size_t{4} * (reader.u8() >> 4);
  if (!reader.ok() || header < 20 || header > payload.size()) return whole;
  whole.bytes = payload.subspan(header);
  whole.segment = payload;
  whole.is_known = true;
  return whole;
}

}  // namespace

FragmentHeader fragment_header(const Frame& frame, const Layers& layers) {
  FragmentHeader header;
  header.protocol = layers.ip_protocol;
  if (layers.ip_version == 4) {
    Reader reader(frame.bytes().subspan(layers.network + std::size_t{4}, 4));
    header.identification = reader.u16();
    const std::uint16_t flags_and_offset = reader.u16();
    header.offset = std::uint32_t{8} * (flags_and_offset & 0x1fff);
    header.is_last = (flags_and_offset & 0x2000) == 0;
    return header;
  }
  // decode() ends right behind the fragment header.
  Reader reader(frame.bytes().subspan(layers.transport_at - std::size_t{6}, 6));
  const std::uint16_t offset_and_more = reader.u16();
  header.offset = offset_and_more & 0xfff8U;
  header.is_last = (offset_and_more & 1) == 0;
  header.identification = reader.u32();
  return header;
}

bool may_carry_messages(const FragmentHeader& header, std::uint8_t ip_version) {
  if (ip_version == 6 && (header.offset != 0 || decode_detail::is_extension_header(header.protocol))) return true;
  return header.protocol == kProtocolUdp || header.protocol == kProtocolTcp || decode_detail::is_tunnel_protocol(header.protocol);
}

bool is_cut_short(const Frame& frame, const Layers& layers) {
  const bool is_ipv4 = layers.ip_version == 4;
  const std::size_t told = Reader(frame.bytes().subspan(layers.network + (is_ipv4 ? 2u : 4u), 2)).u16();
  return layers.network + told + (is_ipv4 ? 0u : 40u) > frame.length;
}

bool begins_bearer(const FragmentHeader& header, Bytes part, std::uint8_t ip_version) {
  if (ip_version != 4 || header.protocol != kProtocolUdp || header.offset != 0) return false;
  using decode_detail::kPortCapwap, decode_detail::kPortGtpU, decode_detail::kPortL2tp;
  Reader reader(part);
  const std::uint16_t source = reader.u16();
  const std::uint16_t destination = reader.u16();
  reader.skip(4);
  const std::uint16_t begin = reader.u16();
  if (!reader.ok()) return false;
  if (destination == kPortGtpU) return (begin & 0xf0ff) == 0x30ff;  // version 1, G-PDU (3GPP TS 29.281, 5.1)
  if (destination == kPortL2tp) return source == kPortL2tp && (begin & 0x800f) == 2;  // data of version 2 (RFC 2661, 3.1)
  return destination == kPortCapwap && begin >> 8 == 0;  // not under DTLS (RFC 5415, 4.3)
}

WholePayload read_whole_payload(Bytes payload, std::uint8_t protocol, std::uint8_t ip_version) {
  const std::size_t size = payload.size();
  if (ip_version == 6) {
    Layers chain;
    Reader reader(payload);
    if (decode_detail::walk_extension_headers(reader, protocol, chain) != decode_detail::Found::kTransport) {
      WholePayload unknown;
      unknown.extensions = reader.position();
      return unknown;
    }
    protocol = chain.ip_protocol;
    payload = reader.rest();
  }
  WholePayload whole;
  if (protocol == kProtocolUdp) whole = read_udp(payload, ip_version);
  if (protocol == kProtocolTcp) whole = read_tcp(payload);
  whole.protocol = protocol;
  whole.extensions = size - payload.size();
  return whole;
}

bool may_be_tunnel(const WholePayload& whole) {
  if (whole.transport == Transport::kUdp) return decode_detail::may_be_tunnel(whole.source_port, whole.destination_port);
  return decode_detail::is_tunnel_protocol(whole.protocol);
}

}  // namespace telefence
