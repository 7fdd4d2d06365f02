// SPDX-License-Identifier: Apache-2.0
#include "protocols/sip/in_place.h"

#include <algorithm>
#include <string_view>

#include "base/siphash.h"
#include "base/writer.h"
#include "protocols/sip/reply.h"

namespace telefence::sip {
namespace {

constexpr char kNobodys = 'X';  // no registered method begins with it
constexpr std::size_t kStatus = 8;  // in a status line: behind "SIP/2.0 "
constexpr std::size_t kReason = 12;

std::size_t place_in(Bytes bytes, std::string_view view) {
  return static_cast<std::size_t>(reinterpret_cast<const std::uint8_t*>(view.data()) - bytes.data());
}

// The method that CSeq names (RFC 3261, 20.16); "" when there is none.
std::string_view method_in(std::string_view cseq) {
  const auto is_letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
  const auto first = std::find_if(cseq.begin(), cseq.end(), is_letter);
  return cseq.substr(static_cast<std::size_t>(first - cseq.begin()));
}

// The first letter of the method that was replaced by `method`; 0: none was.
char letter_before(std::string_view method) {
  if (method == "XNVITE") return 'I';
  if (method == "XESSAGE") return 'M';
  return 0;
}

void set(MutableBytes bytes, std::size_t place, char character) {
  Writer(bytes.subspan(place, 1)).u8(static_cast<std::uint8_t>(character));
}

}  // namespace

bool neutralise(const Event&, MutableBytes bytes, const Voiding& voiding) {
  Message message;
  if (voiding.mutable_from != 0 || read_message(bytes, Transport::kTcp, message) != Reading::kWhole) return false;
  if (message.method != "INVITE" && message.method != "MESSAGE") return false;
  const std::string_view in_cseq = method_in(message.cseq);
  const bool names_method = in_cseq == message.method;
  const bool is_text = message.method == "MESSAGE";
  const std::size_t start = place_in(bytes, message.method);
  const std::size_t cseq = place_in(bytes, in_cseq);
  const std::size_t body = message.length - message.body.size();
  set(bytes, start, kNobodys);
  if (names_method) set(bytes, cseq, kNobodys);
  if (is_text) std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(body), bytes.begin() + static_cast<std::ptrdiff_t>(message.length), std::uint8_t{' '});
  return true;
}

bool answers_refused(const Message& message, Bytes bytes) {
  const bool is_final = !message.is_request() && bytes.size() > kStatus && bytes[kStatus] >= '2';
  return is_final && letter_before(method_in(message.cseq)) != 0;
}

bool restate(std::uint32_t refusal_code, MutableBytes bytes) {
  if (refusal_code < 300 || refusal_code > 699) return false;
  Message message;
  if (read_message(bytes, Transport::kTcp, message) != Reading::kWhole || !answers_refused(message, bytes)) return false;
  const std::string_view method = method_in(message.cseq);
  const char letter = letter_before(method);
  set(bytes, place_in(bytes, method), letter);
  Writer(bytes.subspan(kStatus, 3)).decimal(refusal_code);
  const auto line_end = std::find_if(bytes.begin(), bytes.end(), [](std::uint8_t c) { return c == '\r' || c == '\n'; });
  const auto length = static_cast<std::size_t>(line_end - bytes.begin());
  if (length <= kReason) return true;
  Writer reason(bytes.subspan(kReason, length - kReason));
  reason.text(reason_of(refusal_code).substr(0, reason.room()));
  while (reason.room() != 0) reason.u8(' ');
  return true;
}

std::uint32_t transaction_number(const Message& message) {
  const SipHashKey key{message.sequence(), 0};  // who may choose both numbers only meets his own
  return static_cast<std::uint32_t>(siphash(key, as_bytes(message.call_id)));
}

}  // namespace telefence::sip
