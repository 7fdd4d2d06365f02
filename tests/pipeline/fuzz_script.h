// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the pipeline fuzzer makes of its input: choices, and messages of each protocol, listed or innocent. Every listed thing has a
// letter or a digit ("j", "7") that no innocent message has, however it is cut, put together or overwritten with '#': so a hit on an
// innocent connection is a mistake.

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "payloads.h"

namespace telefence::testing {

// Takes choices off the input; zeros behind its end.
class Choices {
 public:
  explicit Choices(Bytes bytes) : bytes_(bytes) {}
  bool any_left() const { return at_ < bytes_.size(); }
  std::uint8_t octet() { return any_left() ? bytes_[at_++] : std::uint8_t{0}; }
  std::size_t word() { return octet() * std::size_t{256} + octet(); }
  std::size_t below(std::size_t count) { return count < 2 ? 0 : (count <= 256 ? octet() : word()) % count; }
  std::string_view text(std::size_t count) {
    count = std::min(count, bytes_.size() - at_);
    const std::string_view out = as_text(bytes_.subspan(at_, count));
    at_ += count;
    return out;
  }

 private:
  Bytes bytes_;
  std::size_t at_ = 0;
};

inline constexpr std::string_view kListedNames[] = {"jja.example", "jjd.example", "jjr.example", "jjt.example"};
inline constexpr std::string_view kListedActions[] = {"", "drop", "reset", "tag"};
inline constexpr std::string_view kListedText = "win a jjprize";
inline constexpr std::string_view kTaggedText = "a jjmarked text";
inline constexpr std::string_view kListedNumber = "+8617000000001";

enum class MessageKind : std::uint8_t {
  kHttp, kTls, kDns, kSmsShort, kSmsLong, kSmsMany, kSmsResponse, kEnquiry, kCall, kCallMessage, kCallResponse, kProxied,
};
inline constexpr std::size_t kMessageKinds = 12;

// A message that lies on a connection which many share.
inline bool is_shared_kind(MessageKind kind) { return kind >= MessageKind::kSmsShort && kind <= MessageKind::kCallResponse; }

inline std::string filling(std::size_t size, std::uint8_t letter) { return std::string(size, static_cast<char>('a' + letter % 8)); }

// submit_multi to several numbers (SMPP 3.4, 4.5.1).
inline std::string submit_multi(std::uint32_t sequence, std::string_view from, std::string_view to, std::size_t count, std::string_view text) {
  std::string body("\0\1\1", 3);
  body += std::string(from) + '\0';
  body += static_cast<char>(count);
  for (std::size_t i = 0; i < count; ++i) {
    body += i % 3 == 2 ? std::string("\2list") + '\0' : std::string("\1\1\1", 3) + std::string(i == 0 ? to : "8613800000000") + '\0';
  }
  body += std::string("\0\0\0\0\0\1\0\0\0", 9);
  body += static_cast<char>(text.size());
  body += text;
  std::string out;
  append_u32(out, static_cast<std::uint32_t>(16 + body.size())), append_u32(out, 0x21), append_u32(out, 0);
  append_u32(out, sequence);
  return out + body;
}

inline std::string sip_response(std::string_view from) {
  std::string out = sip_invite(from, "8613900000000", "INVITE", ";tag=b2");
  return "SIP/2.0 180 Ringing" + out.substr(out.find("\r\n"));
}

inline std::string sip_message(std::string_view from, std::string_view text) {
  std::string out = sip_invite(from, "8613900000000", "MESSAGE");
  out = out.substr(0, out.find("Content-Length"));
  return out + "Content-Type: text/plain\r\nContent-Length: " + std::to_string(text.size()) + "\r\n\r\n" + std::string(text);
}

inline std::string tcp_dns(std::string_view name, unsigned id) {
  const std::string query = dns_query(name, id);
  std::string out;
  append_u16(out, static_cast<unsigned>(query.size()));
  return out + query;
}

struct Wish {
  MessageKind kind = MessageKind::kHttp;
  bool is_listed = false;
  std::uint8_t variant = 0;  // which listed thing, and how much filling
};

// One message over TCP; over UDP the same but for DNS.
inline std::string message_of(const Wish& wish, std::uint32_t number) {
  const std::size_t size = wish.variant / 4;
  const std::string more = filling(size % 40, wish.variant);
  const std::string name = (more.empty() ? "" : more + ".") + std::string(wish.is_listed ? kListedNames[wish.variant % 4] : "good.example");
  const bool by_number = wish.is_listed && wish.variant % 4 == 3;
  const std::string_view listed_text = wish.variant % 4 == 2 ? kTaggedText : kListedText;
  const std::string text = (wish.is_listed && !by_number ? std::string(listed_text) : "see you") + " " + filling(size, wish.variant);
  const std::string from(by_number ? kListedNumber : "1069000");
  switch (wish.kind) {
    case MessageKind::kHttp: return http_request(name, "/" + filling(size * 8, wish.variant));
    case MessageKind::kTls: return tls_hello(name);
    case MessageKind::kDns: return tcp_dns(name, number);
    case MessageKind::kSmsShort: return submit_sm(number, from, "8613800000000", text);
    case MessageKind::kSmsLong: return submit_sm_payload(number, from, "8613800000000", text + filling(size * 60, wish.variant));
    case MessageKind::kSmsMany: return submit_multi(number, from, "8613900000000", 1 + size % 9, text);
    case MessageKind::kSmsResponse: return submit_sm_resp(number);
    case MessageKind::kEnquiry: return submit_sm_resp(number).substr(0, 3) + '\x10' + std::string("\0\0\0\x15\0\0\0\0", 8) + std::string("\0\0\0\1", 4);
    case MessageKind::kCall: return sip_invite(wish.is_listed ? kListedNumber : "8613900000000", "8613800000000");
    case MessageKind::kCallMessage: return sip_message(wish.is_listed ? kListedNumber : "8613900000000", text);
    case MessageKind::kCallResponse: return sip_response(wish.is_listed ? kListedNumber : "8613900000000");
    case MessageKind::kProxied: return "PROXY TCP4 10.0.0.1 10.0.0.2 40000 80\r\n" + http_request(name);
  }
  return {};
}

}  // namespace telefence::testing
