// SPDX-License-Identifier: Apache-2.0
#include "protocols/sip/in_place.h"

#include <algorithm>
#include <string_view>

#include "base/siphash.h"
#include "base/writer.h"
#include "protocols/sip/reply.h"
#include "protocols/wire/text_headers.h"

namespace telefence::sip {
namespace {


std::size_t place_in(Bytes bytes, std::string_view view) {
  return static_cast<std::size_t>(reinterpret_cast<const std::uint8_t*>(view.data()) - bytes.data());
}

// The method that CSeq names (RFC 3261, 20.16); "" when there is none.
std::string_view method_in(std::string_view cseq) {
  const auto is_letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
  const auto first = std::find_if(cseq.begin(), cseq.end(), is_letter);
  return cseq.substr(static_cast<std::size_t>(first - cseq.begin()));
}

// No registered method begins with it. In the case of the letter that it replaces, so that the response can be given that one again.
char nobodys(char letter) { return static_cast<char>('X' | (letter & 0x20)); }

// The first letter of the method that was replaced by `method`; 0: none was.
char letter_before(std::string_view method) {
  const bool was_invite = wire::equals_ignoring_case(method, "xnvite");
  if (!was_invite && !wire::equals_ignoring_case(method, "xessage")) return 0;
  return static_cast<char>((was_invite ? 'I' : 'M') | (method.front() & 0x20));
}

void set(MutableBytes bytes, std::size_t place, char character) {
  Writer(bytes.subspan(place, 1)).u8(static_cast<std::uint8_t>(character));
}

}  // namespace

bool neutralise(const Event&, MutableBytes bytes, const Voiding& voiding) {
  Message message;
  if (voiding.mutable_from != 0) return false;
  const Reading reading = read_message(bytes, Transport::kTcp, message);
  // The latter is one that was too long to wait for.
  const bool is_judged = reading == Reading::kWhole || (reading == Reading::kPartial && message.length != 0);
  if (!is_judged) return false;
  const bool is_text = is_message(message.method);
  if (!is_text && !is_invite(message.method)) return false;
  const std::string_view in_cseq = method_in(message.cseq);
  const bool names_method = in_cseq.size() == message.method.size() && (is_text ? is_message(in_cseq) : is_invite(in_cseq));
  const std::size_t cseq = names_method ? place_in(bytes, in_cseq) : 0;
  const char cseq_letter = names_method ? in_cseq.front() : '\0';
  const bool has_text = is_text && !message.body.empty();
  const MutableBytes text = has_text ? bytes.subspan(place_in(bytes, message.body), message.body.size()) : MutableBytes();
  set(bytes, place_in(bytes, message.method), nobodys(message.method.front()));
  if (names_method) set(bytes, cseq, nobodys(cseq_letter));
  std::fill(text.begin(), text.end(), std::uint8_t{' '});
  return true;
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
