// SPDX-License-Identifier: Apache-2.0
#pragma once

// Small well-formed messages of each protocol, and frames around them.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "../enforce/packet.h"

namespace telefence::testing {

inline void append_u16(std::string& out, unsigned value) {
  out += static_cast<char>(value >> 8 & 0xff);
  out += static_cast<char>(value & 0xff);
}
inline void append_u32(std::string& out, std::uint32_t value) {
  append_u16(out, value >> 16);
  append_u16(out, value & 0xffff);
}

inline std::string dns_query(std::string_view name, unsigned id = 7) {
  std::string out;
  append_u16(out, id), append_u16(out, 0x0100), append_u16(out, 1);
  append_u16(out, 0), append_u16(out, 0), append_u16(out, 0);
  for (std::size_t start = 0; start < name.size();) {
    const std::size_t dot = std::min(name.find('.', start), name.size());
    out += static_cast<char>(dot - start);
    out += name.substr(start, dot - start);
    start = dot + 1;
  }
  out += '\0';
  append_u16(out, 1), append_u16(out, 1);
  return out;
}

inline std::string http_request(std::string_view host, std::string_view path = "/") {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: " + std::string(host) + "\r\nUser-Agent: test\r\n\r\n";
}

inline std::string tls_hello(std::string_view host, std::string_view more_extensions = {}) {
  std::string names;
  append_u16(names, static_cast<unsigned>(host.size() + 3));
  names += '\0';
  append_u16(names, static_cast<unsigned>(host.size()));
  names += host;
  std::string extensions;
  append_u16(extensions, 0), append_u16(extensions, static_cast<unsigned>(names.size()));
  extensions += names;
  extensions += more_extensions;
  std::string body("\x03\x03", 2);
  body += std::string(32, 'r');
  body += '\0';                          // session id
  append_u16(body, 2), append_u16(body, 0x1301);
  body += std::string("\x01\x00", 2);    // compression
  append_u16(body, static_cast<unsigned>(extensions.size()));
  body += extensions;
  std::string handshake("\x01\x00", 2);
  append_u16(handshake, static_cast<unsigned>(body.size()));
  handshake += body;
  std::string record("\x16\x03\x01", 3);
  append_u16(record, static_cast<unsigned>(handshake.size()));
  return record + handshake;
}

// submit_sm with GSM 7-bit text.
inline std::string submit_sm(std::uint32_t sequence, std::string_view from, std::string_view to, std::string_view text) {
  std::string body("\0\1\1", 3);
  body += std::string(from) + '\0';
  body += std::string("\1\1", 2) + std::string(to) + '\0';
  body += std::string("\0\0\0\0\0\1\0\0\0", 9);  // esm_class .. sm_default_msg_id; registered_delivery 1
  body += static_cast<char>(text.size());
  body += text;
  std::string out;
  append_u32(out, static_cast<std::uint32_t>(16 + body.size())), append_u32(out, 4), append_u32(out, 0);
  append_u32(out, sequence);
  return out + body;
}

// With the command_length that it has by now.
inline std::string with_length(const std::string& pdu) {
  std::string out;
  append_u32(out, static_cast<std::uint32_t>(pdu.size()));
  return out + pdu.substr(4);
}

// The same with its text in message_payload, as long as it may be.
inline std::string submit_sm_payload(std::uint32_t sequence, std::string_view from, std::string_view to, std::string_view text) {
  std::string pdu = submit_sm(sequence, from, to, "");
  append_u16(pdu, 0x0424), append_u16(pdu, static_cast<unsigned>(text.size()));
  pdu += text;
  return with_length(pdu);
}

inline std::string submit_multi(std::uint32_t sequence, std::string_view from, const std::vector<std::string>& to, std::string_view text) {
  std::string body("\0\1\1", 3);
  body += std::string(from) + '\0' + static_cast<char>(to.size());
  for (const std::string& one : to) body += std::string("\1\1\1", 3) + one + '\0';
  body += std::string("\0\0\0\0\0\1\0\0\0", 9);
  body += static_cast<char>(text.size());
  body += text;
  std::string out;
  append_u32(out, static_cast<std::uint32_t>(16 + body.size())), append_u32(out, 0x21), append_u32(out, 0);
  append_u32(out, sequence);
  return out + body;
}

inline std::string submit_sm_resp(std::uint32_t sequence) {
  std::string out;
  append_u32(out, 19), append_u32(out, 0x80000004), append_u32(out, 0), append_u32(out, sequence);
  return out + std::string("id\0", 3);
}

inline std::string sip_invite(std::string_view from, std::string_view to, std::string_view method = "INVITE",
                              std::string_view to_tag = "") {
  std::string out = std::string(method) + " sip:" + std::string(to) + "@10.0.0.2 SIP/2.0\r\n";
  out += "Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK-1\r\nMax-Forwards: 70\r\n";
  out += "From: <sip:" + std::string(from) + "@10.0.0.1>;tag=a1\r\n";
  out += "To: <sip:" + std::string(to) + "@10.0.0.2>" + std::string(to_tag) + "\r\n";
  out += "Call-ID: call-1@10.0.0.1\r\nCSeq: 1 " + std::string(method) + "\r\nContent-Length: 0\r\n\r\n";
  return out;
}

inline std::vector<std::uint8_t> frame_of(const PacketShape& shape) {
  const Packet packet(shape);
  return {packet.frame.data, packet.frame.data + packet.frame.length};
}

inline std::vector<std::uint8_t> udp_frame(std::string_view payload, std::uint16_t port, std::uint16_t from = 40000) {
  return frame_of({.transport = Transport::kUdp, .source_port = from, .destination_port = port, .payload = payload});
}

inline std::vector<std::uint8_t> tcp_frame(std::string_view payload, std::uint16_t port, std::uint32_t sequence = 1000,
                                           std::uint16_t from = 40000) {
  return frame_of({.source_port = from, .destination_port = port, .sequence = sequence, .payload = payload});
}

}  // namespace telefence::testing
