// SPDX-License-Identifier: Apache-2.0
#include "protocols/sip/reply.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "base/chunk.h"
#include "base/siphash.h"
#include "protocols/sip/address.h"
#include "protocols/sip/via.h"
#include "protocols/wire/text_headers.h"

namespace telefence::sip {
namespace {

constexpr std::string_view kReasons[] = {"Decline", "Rejected", "Unwanted", "Forbidden"};
static_assert(std::size(kAnswers) == std::size(kReasons));

// The tag is "tf" and the keyed hash of the Call-ID. RFC 3261, 19.3 asks for at least 32 random bits.
using OwnTag = std::array<char, 18>;

OwnTag own_tag(std::string_view call_id, std::uint64_t secret) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const SipHashKey key{secret, ~secret};
  const std::uint64_t hash = siphash(key, as_bytes(call_id));
  OwnTag tag{'t', 'f'};
  for (std::size_t i = 0; i < 16; ++i) tag[2 + i] = kDigits[hash >> (60 - 4 * i) & 0xf];
  return tag;
}

std::string_view view_of(const OwnTag& tag) { return {tag.data(), tag.size()}; }

unsigned controls_in(const Chunk& chunk) { return chunk.within('\0', 0x1f) | chunk.equal(0x7f); }

// A folded value becomes one line (RFC 3261, 7.3.1), and no other control character is passed on.
void write_value(std::string_view value, Writer& out) {
  while (true) {
    const std::size_t plain = std::min(find_marked(value, controls_in), value.size());
    out.text(value.substr(0, plain));
    value.remove_prefix(plain);
    if (value.empty()) return;
    out.u8(' ');
    const bool is_fold = wire::is_blank(value.front());
    value.remove_prefix(1);
    while (is_fold && !value.empty() && wire::is_blank(value.front())) value.remove_prefix(1);
  }
}

// Always in place: so the name is a few octets that are known, not a call.
[[gnu::always_inline]] inline void write_line(std::string_view name_and_blank, std::string_view value, Writer& out) {
  out.text(name_and_blank);
  write_value(value, out);
  out.text("\r\n");
}

// The first one is told the port that the request came from when it asks for it (RFC 3581, 4).
void write_first_via(std::string_view value, std::size_t rport_end, std::uint16_t source_port, Writer& out) {
  if (rport_end == Via::kNone) return write_line("Via: ", value, out);
  out.text("Via: ");
  write_value(value.substr(0, rport_end), out);
  out.text("=");
  out.decimal(source_port);
  write_line("", value.substr(rport_end), out);
}

// All of them, in their order: they are the way back (RFC 3261, 8.2.6.2). Requires: there is one.
void write_vias(const Message& message, const Via& first, std::uint16_t source_port, Writer& out) {
  write_first_via(message.vias.values[0], first.rport_end, source_port, out);
  if (!message.vias.has_more) [[likely]] {
    for (std::size_t i = 1; i < message.vias.count; ++i) write_line("Via: ", message.vias.values[i], out);
    return;
  }
  wire::HeaderLines lines(message.headers, wire::first_letter('v'));
  wire::HeaderLine line;
  for (bool is_first = true; lines.next(line);) {
    if (field_named(line.name) != Field::kVia) continue;
    if (!is_first) write_line("Via: ", line.value, out);
    is_first = false;
  }
}

void write_to(const Message& message, std::uint64_t secret, Writer& out) {
  Address to;
  (void)read_address(message.to, to);
  out.text("To: ");
  write_value(message.to, out);
  // Within a dialog the tag is the other side's and stays.
  if (tag_of(to.parameters).empty()) {
    out.text(";tag=");
    out.text(view_of(own_tag(message.call_id, secret)));
  }
  out.text("\r\n");
}

bool is_complete(const Message& message) {
  return message.is_request() && message.vias.count != 0 && !message.from.empty() && !message.to.empty() && !message.call_id.empty() &&
         !message.cseq.empty();
}

}  // namespace

std::string_view reason_of(std::uint32_t code) {
  for (std::size_t i = 0; i < std::size(kAnswers); ++i) {
    std::uint32_t number = 0;
    for (char digit : kAnswers[i]) number = number * 10 + static_cast<std::uint32_t>(digit - '0');
    if (number == code) return kReasons[i];
  }
  return {};
}

WrittenRefusal refuse(const Event& event, const Payload& payload, const RefusalTerms& terms, Writer& out) {
  // On a connection the refusal would need the sequence numbers of both sides.
  if (payload.transport != Transport::kUdp || terms.answer >= std::size(kAnswers)) return {};
  if (event.message.offset > payload.bytes.size()) return {};
  Message message;
  if (read_message(payload.bytes.subspan(event.message.offset), payload.transport, message, Wanted::kReply) != Reading::kWhole)
    return {};
  if (!is_complete(message)) return {};
  const Via first = read_via(message.vias.values[0]);
  out.text("SIP/2.0 ");
  out.text(kAnswers[terms.answer]);
  out.text(" ");
  out.text(kReasons[terms.answer]);
  out.text("\r\n");
  write_vias(message, first, payload.source_port, out);
  write_line("From: ", message.from, out);
  write_to(message, terms.secret, out);
  write_line("Call-ID: ", message.call_id, out);
  write_line("CSeq: ", message.cseq, out);
  out.text("Content-Length: 0\r\n\r\n");
  return {out.ok(), first.wants_source_port ? std::uint16_t{0} : first.sent_by_port};
}

bool acknowledges(const Payload& payload, const RefusalTerms& terms) {
  if (payload.transport != Transport::kUdp) return false;
  const Bytes bytes = payload.bytes.subspan(leading_blanks(payload.bytes));
  // Asked of each packet: nearly all are turned away by their first letter.
  if (bytes.empty() || wire::lower_case_of(static_cast<char>(bytes[0])) != 'a') [[likely]] return false;
  if (!wire::equals_ignoring_case(as_text(bytes).substr(0, 3), "ack")) return false;
  Message message;
  if (read_message(bytes, payload.transport, message, Wanted::kReply) != Reading::kWhole || message.call_id.empty()) return false;
  if (message.method.size() != 3) return false;
  Address to;
  (void)read_address(message.to, to);
  return tag_of(to.parameters) == view_of(own_tag(message.call_id, terms.secret));
}

}  // namespace telefence::sip
