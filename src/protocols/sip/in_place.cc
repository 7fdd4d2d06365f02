// SPDX-License-Identifier: Apache-2.0
#include "protocols/sip/in_place.h"

#include <algorithm>
#include <string_view>

#include "base/siphash.h"
#include "base/writer.h"
#include "protocols/sip/reply.h"
#include "protocols/wire/text_headers.h"

namespace telefence::sip {

std::string_view method_in(std::string_view cseq) {
  const auto is_letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
  const auto first = std::find_if(cseq.begin(), cseq.end(), is_letter);
  return cseq.substr(static_cast<std::size_t>(first - cseq.begin()));
}

bool was_invite(std::string_view method) { return wire::equals_ignoring_case(method, "xnvite"); }
bool was_message(std::string_view method) { return wire::equals_ignoring_case(method, "xessage"); }

namespace {

std::size_t place_in(Bytes bytes, std::string_view view) {
  return static_cast<std::size_t>(reinterpret_cast<const std::uint8_t*>(view.data()) - bytes.data());
}

// No registered method begins with it. In the case of the letter that it replaces, so that the response can be given that one again.
char nobodys(char letter) { return static_cast<char>('X' | (letter & 0x20)); }

// The first letter of the method that was replaced by `method`; 0: none was.
char letter_before(std::string_view method) {
  if (!was_invite(method) && !was_message(method)) return 0;
  return static_cast<char>((was_invite(method) ? 'I' : 'M') | (method.front() & 0x20));
}

void set(MutableBytes bytes, std::size_t place, char character) {
  Writer(bytes.subspan(place, 1)).u8(static_cast<std::uint8_t>(character));
}

// What of a request is changed when it is refused.
struct Parts {
  std::size_t method = 0;
  char letter = 0;            // that it begins with
  bool is_void = false;       // it, or CSeq, names a method that nobody has: what was there of it earlier was refused
  bool has_other_method = false;
  bool names_method = false;  // CSeq does, where `cseq` is
  std::size_t cseq = 0;
  char cseq_letter = 0;
  std::size_t text = 0, text_end = 0;
};

// False for a request of another kind.
bool find_parts(Bytes bytes, const Message& message, Parts& parts) {
  const std::string_view method = message.method;
  const std::string_view in_cseq = method_in(message.cseq);
  parts.has_other_method = was_invite(method) || was_message(method);
  const bool is_text = is_message(method) || was_message(method);
  if (!parts.has_other_method && !is_text && !is_invite(method)) return false;
  parts.is_void = parts.has_other_method || was_invite(in_cseq) || was_message(in_cseq);
  parts.method = place_in(bytes, method);
  parts.letter = method.front();
  parts.names_method = is_text ? is_message(in_cseq) : is_invite(in_cseq);
  if (parts.names_method) {
    parts.cseq = place_in(bytes, in_cseq);
    parts.cseq_letter = in_cseq.front();
  }
  if (is_text && !message.body.empty()) {
    parts.text = place_in(bytes, message.body);
    parts.text_end = parts.text + message.body.size();
  }
  return true;
}

// By these the answer finds its way back, and the next message its beginning.
bool stays_whole(Field field) {
  return field == Field::kVia || field == Field::kCallId || field == Field::kCSeq || field == Field::kContentLength;
}

// Makes header fields from `from` on into what none is: a line without a colon, or an address that ends within itself (RFC 3261, 7.3.1
// and 25.1). False when there is none.
bool spoil(MutableBytes bytes, const Message& message, std::size_t from) {
  const std::size_t section = place_in(bytes, message.headers);
  wire::LineEnds ends(message.headers);
  bool stays = false, is_spoilt = false;
  for (std::size_t start = 0, end = 0; start < message.headers.size(); start = end) {
    end = ends.next();
    const std::string_view line = message.headers.substr(start, end - start);
    wire::HeaderLine field;
    if (!wire::is_blank(line.front())) stays = wire::read_header_line(line, field) && stays_whole(field_named(field.name));
    const std::size_t line_end = section + start + line.find_last_not_of("\r\n") + 1;  // npos + 1 is 0
    for (std::size_t at = std::max(section + start, from); !stays && at < line_end; ++at) {
      set(bytes, at, '<');
      is_spoilt = true;
    }
  }
  return is_spoilt;
}

}  // namespace

bool neutralise(const Event&, MutableBytes bytes, const Voiding& voiding) {
  Message message;
  const Reading reading = read_message(bytes, Transport::kTcp, message);
  // The latter is one that was too long to wait for.
  const bool is_judged = reading == Reading::kWhole || (reading == Reading::kPartial && message.length != 0);
  Parts parts;
  if (!is_judged || !find_parts(bytes, message, parts)) return false;
  const std::size_t from = voiding.mutable_from;
  const bool has_left = parts.method < from;
  const bool changes_cseq = parts.names_method && parts.cseq >= from;
  // Without CSeq it is none as it is, or that is still to come, and will be changed.
  bool is_void = parts.is_void || !has_left || changes_cseq || message.cseq.empty();
  if (!is_void) is_void = spoil(bytes, message, from);
  if (!has_left && !parts.has_other_method) set(bytes, parts.method, nobodys(parts.letter));
  if (changes_cseq) set(bytes, parts.cseq, nobodys(parts.cseq_letter));
  for (std::size_t at = std::max(parts.text, from); at < parts.text_end; ++at) {
    set(bytes, at, ' ');
    is_void = true;
  }
  return is_void;
}

bool answers_refused(const Message& message, Bytes bytes) {
  const std::size_t code = message.is_request() ? 0 : status_code_at(as_text(bytes));
  return code != 0 && bytes[code] >= '2' && letter_before(method_in(message.cseq)) != 0;
}

bool restate(std::uint32_t refusal_code, MutableBytes bytes) {
  if (refusal_code < 300 || refusal_code > 699) return false;
  Message message;
  if (read_message(bytes, Transport::kTcp, message) != Reading::kWhole || !answers_refused(message, bytes)) return false;
  const std::string_view method = method_in(message.cseq);
  const char letter = letter_before(method);
  const std::size_t status = status_code_at(as_text(bytes));
  const std::size_t reason_at = status + 4;
  set(bytes, place_in(bytes, method), letter);
  Writer(bytes.subspan(status, 3)).decimal(refusal_code);
  const auto line_end = std::find_if(bytes.begin(), bytes.end(), [](std::uint8_t c) { return c == '\r' || c == '\n'; });
  const auto length = static_cast<std::size_t>(line_end - bytes.begin());
  if (length <= reason_at) return true;
  Writer reason(bytes.subspan(reason_at, length - reason_at));
  reason.text(reason_of(refusal_code).substr(0, reason.room()));
  while (reason.room() != 0) reason.u8(' ');
  return true;
}

std::uint32_t transaction_number(const Message& message) {
  const SipHashKey key{message.sequence(), 0};  // who may choose both numbers only meets his own
  return static_cast<std::uint32_t>(siphash(key, as_bytes(message.call_id)));
}

}  // namespace telefence::sip
