// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/chunk.h"
#include "protocols/protocol.h"
#include "protocols/sip/address.h"
#include "protocols/sip/in_place.h"
#include "protocols/sip/message.h"
#include "protocols/sip/reply.h"
#include "protocols/wire/text_headers.h"

namespace telefence::sip {
namespace {

constexpr std::uint16_t kPorts[] = {5060};
constexpr std::size_t kMostIdentities = 8;

std::string_view plain_user(std::string_view uri, EventList& events) {
  std::string_view user;
  if (read_number(uri, user)) return user;
  user = user_of(uri);
  if (!has_escapes(user)) return user;
  char* room = events.text(user.size());
  return room == nullptr ? user : std::string_view(room, unescape(user, room));
}

// P-Asserted-Identity: what the network vouches for, up to two addresses (RFC 3325, 9.1) in one line or several.
Texts asserted_users(const Message& message, EventList& events) {
  if (message.asserted_count == 0) return {};
  std::array<std::string_view, kMostIdentities> users;
  std::size_t count = 0;
  std::size_t tried = 0;
  for (std::size_t i = 0; i < message.asserted_count; ++i) {
    std::string_view list = message.asserted[i];
    while (!list.empty() && tried++ < users.size()) {
      Address address;
      list.remove_prefix(read_address(list, address));
      const std::string_view user = plain_user(address.uri, events);
      if (!user.empty()) users[count++] = user;
    }
  }
  return count == 0 ? Texts() : events.texts({users.data(), count});
}

// The user of From or To.
std::string_view user_in(std::string_view field, EventList& events) {
  std::string_view user;
  if (read_first_number(field, user)) return user;
  Address address;
  (void)read_address(field, address);
  return plain_user(address.uri, events);
}

bool has_tag(std::string_view to) {
  if (to.starts_with('<') && find_octet(to, '>') == to.size() - 1) return false;  // no parameters at all
  Address address;
  (void)read_address(to, address);
  return !tag_of(address.parameters).empty();
}

// Not by memcmp, whose call costs more than it does.
bool are_equal(std::string_view one, std::string_view other) {
  if (one.size() != other.size()) return false;
  if (one.size() >= Chunk::kSize) return one == other;
  const FewOctets few(one), others(other);
  return few.low == others.low && few.high == others.high;
}

// Who calls whom, as INVITE and MESSAGE say it alike.
template <typename What>
void take_parties(const Message& message, EventList& events, What& what, std::string_view called) {
  what.calling = user_in(message.from, events);
  what.calling_also = asserted_users(message, events);
  const std::string_view to_user = user_in(message.to, events);
  if (!to_user.empty() && !are_equal(to_user, called)) what.called_also = events.texts({&to_user, 1});
}

// The value of the parameter `charset`; "" when there is none (RFC 3261, 20.15).
std::string_view charset_of(std::string_view parameters) {
  while (!parameters.empty()) {
    parameters.remove_prefix(1);  // ';'
    const std::string_view one = parameters.substr(0, parameters.find(';'));
    parameters.remove_prefix(one.size());
    const std::size_t equals = one.find('=');
    if (equals == std::string_view::npos) continue;
    if (!wire::equals_ignoring_case(wire::without_blanks(one.substr(0, equals)), "charset")) continue;
    std::string_view value = wire::without_blanks(one.substr(equals + 1));
    if (value.starts_with('"')) value.remove_prefix(1);
    if (value.ends_with('"')) value.remove_suffix(1);
    return value;
  }
  return {};
}

// Text of any subtype is read, since phones show it; UTF-8 is the charset unless another is named (RFC 3428, 7 and 10).
// A body of no type at all is taken for text.
TextCoding coding_of(std::string_view content_type) {
  const std::string_view type = wire::without_blanks(content_type.substr(0, content_type.find(';')));
  if (type.empty()) return TextCoding::kUtf8;
  if (!wire::equals_ignoring_case(type.substr(0, 5), "text/")) return TextCoding::kBinary;
  const std::size_t parameters = content_type.find(';');
  if (parameters == std::string_view::npos) return TextCoding::kUtf8;
  const std::string_view charset = charset_of(content_type.substr(parameters));
  for (std::string_view chinese : {"gb18030", "gbk", "gb2312"})
    if (wire::equals_ignoring_case(charset, chinese)) return TextCoding::kGb18030;
  return wire::equals_ignoring_case(charset, "iso-8859-1") ? TextCoding::kLatin1 : TextCoding::kUtf8;
}

// Pairs a request with its response, which only streams need: over UDP none is looked for, and a hash is saved.
std::uint32_t pair_number(const Message& message, Transport transport) {
  return transport == Transport::kTcp ? transaction_number(message) : 0;
}

void push_call(const Message& message, Transport transport, Place place, EventList& events) {
  Call* const call = events.add<Call>(place, pair_number(message, transport));
  if (call == nullptr) return;
  call->called = plain_user(message.request_uri, events);
  take_parties(message, events, *call, call->called);
  call->call_id = message.call_id;
  call->within_dialog = has_tag(message.to);
}

void push_sms(const Message& message, Transport transport, Place place, EventList& events) {
  Sms* const sms = events.add<Sms>(place, pair_number(message, transport));
  if (sms == nullptr) return;
  const std::string_view called = plain_user(message.request_uri, events);
  sms->called = events.texts({&called, 1});
  take_parties(message, events, *sms, called);
  sms->body = as_bytes(message.body);
  sms->coding = coding_of(message.content_type);
  sms->over_sip = true;
}

// False for a request that says nothing of who it is from and for, which no receiver takes.
bool push_event(const Message& message, Transport transport, Place place, EventList& events) {
  const bool is_call = message.method == "INVITE";
  if (!is_call && message.method != "MESSAGE") return true;
  if (message.from.empty() && message.to.empty() && message.call_id.empty()) return false;
  is_call ? push_call(message, transport, place, events) : push_sms(message, transport, place, events);
  return true;
}

bool recognise(const Payload& payload) {
  return begins_message(payload.bytes.subspan(leading_line_ends(payload.bytes)));
}

Step extract_datagram(const Payload& payload, EventList& events) {
  const auto size = static_cast<std::uint32_t>(payload.bytes.size());
  const std::size_t at = leading_line_ends(payload.bytes);
  const std::string_view text = as_text(payload.bytes.subspan(at));
  // Of all others the start line is enough: what it begins is whole, as it came.
  if (!text.starts_with("INVITE ") && !text.starts_with("MESSAGE "))
    return begins_message(as_bytes(text)) ? Step{Progress::kDone, size, 0} : Step{};
  Message message;
  if (read_message(as_bytes(text), payload.transport, message) != Reading::kWhole) return {};
  const Place place{static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(message.length)};
  if (!push_event(message, payload.transport, place, events)) return {Progress::kMalformed, 0, 0};
  return {Progress::kDone, size, 0};
}

// Messages of a connection follow one another. What stands behind a sound message and can not be read is not judged,
// but takes nothing away from it.
Step extract_stream(const Payload& payload, EventList& events) {
  std::size_t at = 0;
  while (true) {
    const Bytes rest = payload.bytes.subspan(at);
    const std::size_t line_ends = leading_line_ends(rest);
    const std::size_t start = at + line_ends;
    const auto consumed = static_cast<std::uint32_t>(start);
    const bool begins_message = at != 0 || payload.begins == Payload::Begins::kMessage;
    if (line_ends == rest.size()) return begins_message ? Step{Progress::kDone, consumed, 0} : Step{};
    Message message;
    const Reading reading = read_message(rest.subspan(line_ends), payload.transport, message);
    if (reading == Reading::kPartial)
      return {Progress::kNeedMore, consumed, static_cast<std::uint32_t>(message.length)};
    if (reading == Reading::kNotSip && at == 0) return {};
    const Place place{consumed, static_cast<std::uint32_t>(message.length)};
    if (reading != Reading::kWhole || !push_event(message, payload.transport, place, events))
      return at == 0 ? Step{Progress::kMalformed, 0, 0} : Step{Progress::kNeedMore, consumed, 0};
    if (answers_refused(message, rest.subspan(line_ends))) events.push_response(place, transaction_number(message));
    at = start + message.length;
  }
}

Step extract(const Payload& payload, EventList& events) {
  if (payload.transport == Transport::kUdp) return extract_datagram(payload, events);
  if (payload.transport == Transport::kTcp) return extract_stream(payload, events);
  return {};
}

// The header section up to its last whole line, and no body: it is judged by what it says until there.
Protocol::Completed complete(MutableBytes room, std::size_t size) {
  constexpr std::string_view kEnd = "Content-Length: 0\r\n\r\n";
  const std::string_view there = as_text(room.first(size));
  const std::size_t begin = leading_line_ends(room.first(size));
  const std::size_t kept = there.rfind('\n') + 1;
  if (kept <= begin || there.find("\n\r\n", begin) != there.npos || there.find("\n\n", begin) != there.npos || room.size() - kept < kEnd.size()) return {};
  Writer(room.subspan(kept)).text(kEnd);
  return {kept + kEnd.size(), kept};
}

}  // namespace

extern constinit const Protocol kProtocol{.name = "sip",
                                          .channel = "call",
                                          .tcp_ports = kPorts,
                                          .udp_ports = kPorts,
                                          .recognise = recognise,
                                          .extract = extract,
                                          .answers = kAnswers,
                                          .refuse = refuse,
                                          .answer_port = answer_port,
                                          .acknowledges = acknowledges,
                                          .neutralise = neutralise,
                                          .complete = complete,
                                          .restate = restate,
                                          .code_content = 0,
                                          .code_calling = 0,
                                          .code_called = 0,
                                          .default_action = "answer",
                                          .shares_connections = true};

}  // namespace telefence::sip
