// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/chunk.h"
#include "base/uncleared.h"
#include "protocols/protocol.h"
#include "protocols/sip/address.h"
#include "protocols/sip/in_place.h"
#include "protocols/sip/message.h"
#include "protocols/sip/reply.h"
#include "protocols/wire/text_headers.h"

namespace telefence::sip {
namespace {

constexpr std::uint16_t kPorts[] = {5060};
constexpr std::size_t kMostIdentities = 16;
constexpr std::size_t kMostNames = 8;  // of each kind, beside those

// A longer message is not waited for by anybody, so it is judged as far as it is there.
constexpr std::size_t kLongestWaited = 64 * 1024;

std::string_view plain_user(std::string_view uri, EventList& events) {
  std::string_view user;
  if (read_number(uri, user)) return user;
  user = user_of(uri);
  if (!has_escapes(user)) return user;
  char* room = events.text(user.size());
  return room == nullptr ? user : std::string_view(room, unescape(user, room));
}

// Whom a request is for. Who asks for an emergency service by its name (RFC 5031) calls the number by which it is known here.
std::string_view called_in(std::string_view request_uri, EventList& events) {
  std::string_view user;
  if (read_number(request_uri, user)) [[likely]] return user;
  const EmergencyService service = emergency_service(request_uri);
  if (service == EmergencyService::kPolice) return "110";
  return service == EmergencyService::kAny ? "112" : plain_user(request_uri, events);
}

// A few users, those of lists of addresses.
template <std::size_t kMost>
class Users {
 public:
  explicit Users(EventList& events) : events_(events) {}
  void add(std::string_view list) {
    while (!list.empty() && tried_ < kMost) {
      ++tried_;
      Address address;
      list.remove_prefix(read_address(list, address));
      const std::string_view user = plain_user(address.uri, events_);
      if (!user.empty()) users_[count_++] = user;
    }
  }
  std::span<const std::string_view> all() { return users_.first(count_); }

 private:
  EventList& events_;
  Uncleared<std::string_view, kMost> users_;
  std::size_t count_ = 0;
  std::size_t tried_ = 0;
};

// P-Asserted-Identity: what the network vouches for, up to two addresses (RFC 3325, 9.1) in one line or several.
Texts asserted_users(const Message& message, EventList& events) {
  if (message.asserted_count == 0) return {};
  Users<kMostIdentities> users(events);
  for (std::size_t i = 0; i < message.asserted_count; ++i) users.add(message.asserted[i]);
  return users.all().empty() ? Texts() : events.texts(users.all());
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

// A message that names more parties than one should: receivers differ in which they believe, so each of them is judged. What the
// caller says of itself beside From must not acquit it.
template <typename What>
[[gnu::noinline]] void take_more_names(const Message& message, EventList& events, What& what, std::string_view called) {
  Users<kMostIdentities> asserted(events);
  Users<kMostNames> claimed(events), to(events);
  constexpr auto kWanted = wire::first_letter('f') | wire::first_letter('t') | wire::first_letter('p') | wire::first_letter('r');
  wire::HeaderLines lines(message.headers, kWanted);
  wire::HeaderLine line;
  while (lines.next(line)) {
    switch (field_named(line.name)) {
      case Field::kAssertedIdentity: asserted.add(line.value); break;
      case Field::kClaimedIdentity:
      case Field::kFrom: claimed.add(line.value); break;
      case Field::kTo: to.add(line.value); break;
      default: break;
    }
  }
  std::array<std::string_view, kMostIdentities + kMostNames> callers;
  auto end = std::copy(asserted.all().begin(), asserted.all().end(), callers.begin());
  end = std::copy(claimed.all().begin(), claimed.all().end(), end);
  what.calling_also = events.texts({callers.data(), static_cast<std::size_t>(end - callers.begin())});
  what.only_claimed = static_cast<std::uint8_t>(claimed.all().size());
  std::array<std::string_view, kMostNames> others;
  const auto others_end = std::copy_if(to.all().begin(), to.all().end(), others.begin(),
                                       [called](std::string_view one) { return one != called; });
  what.called_also = events.texts({others.data(), static_cast<std::size_t>(others_end - others.begin())});
}

// True when To begins as the Request-URI does, up to the user that is called: it names nobody else. Of nearly all requests.
bool repeats_called(std::string_view to, std::string_view request_uri, std::string_view called) {
  constexpr std::size_t kScheme = 4;  // "sip:"
  const std::size_t until = kScheme + called.size() + 1;
  if (until > request_uri.size() || request_uri.data() + kScheme != called.data() || request_uri[until - 1] != '@') return false;
  return to.size() > until && to.front() == '<' && to.substr(1, until) == request_uri.substr(0, until);
}

// Who calls whom, as INVITE and MESSAGE say it alike.
template <typename What>
void take_parties(const Message& message, EventList& events, What& what, std::string_view called) {
  what.calling = user_in(message.from, events);
  if (message.has_more_names) [[unlikely]] return take_more_names(message, events, what, called);
  what.calling_also = asserted_users(message, events);
  if (repeats_called(message.to, message.request_uri, called)) [[likely]] return;
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

void push_call(const Message& message, Transport transport, Place place, bool has_head, EventList& events) {
  Call* const call = events.add<Call>(place, pair_number(message, transport));
  if (call == nullptr) return;
  call->called = called_in(message.request_uri, events);
  take_parties(message, events, *call, call->called);
  call->call_id = message.call_id;
  call->within_dialog = has_tag(message.to);
  call->has_all_parties = has_head;
}

void push_sms(const Message& message, Transport transport, Place place, bool has_head, EventList& events) {
  Sms* const sms = events.add<Sms>(place, pair_number(message, transport));
  if (sms == nullptr) return;
  const std::string_view called = called_in(message.request_uri, events);
  sms->called = events.texts({&called, 1});
  take_parties(message, events, *sms, called);
  sms->body = as_bytes(message.body);
  sms->coding = coding_of(message.content_type);
  sms->over_sip = true;
  sms->has_all_parties = has_head;
}

// False for a request that says nothing of who it is from and for, which no receiver takes. was_refused: see Payload::is_refused.
bool push_event(const Message& message, Transport transport, Place place, EventList& events, bool was_refused = false, bool has_head = true) {
  const bool is_call = is_invite(message.method) || (was_refused && was_invite(message.method));
  const bool is_text = !is_call && (is_message(message.method) || (was_refused && was_message(message.method)));
  if (!is_call && !is_text) return true;
  if (message.from.empty() && message.to.empty() && message.call_id.empty()) return false;
  is_call ? push_call(message, transport, place, has_head, events) : push_sms(message, transport, place, has_head, events);
  return true;
}

// Where the first message of a segment begins that starts inside one: with a line. The end when none does.
std::size_t first_message(Bytes bytes) {
  wire::LineEnds ends(as_text(bytes));
  std::size_t at = ends.next();
  while (at < bytes.size() && !begins_message(bytes.subspan(at))) at = ends.next();
  return at;
}

// On SIP's own port a message may also stand behind the rest of another.
bool recognise(const Payload& payload) {
  if (begins_message(payload.bytes.subspan(leading_blanks(payload.bytes)))) return true;
  const bool is_own_port = payload.destination_port == kPorts[0] || payload.source_port == kPorts[0];
  return is_own_port && payload.transport == Transport::kTcp && first_message(payload.bytes) != payload.bytes.size();
}

// INVITE or MESSAGE with a blank behind it.
bool begins_with_one_of_both(std::string_view text) {
  if (text.starts_with("INVITE ")) [[likely]] return true;
  const auto has = [text](std::size_t length, bool (*is)(std::string_view)) {
    return text.size() > length && wire::is_blank(text[length]) && is(text.substr(0, length));
  };
  return has(6, is_invite) || has(7, is_message);
}

Step extract_datagram(const Payload& payload, EventList& events) {
  const auto size = static_cast<std::uint32_t>(payload.bytes.size());
  const std::size_t at = leading_blanks(payload.bytes);
  const std::string_view text = as_text(payload.bytes.subspan(at));
  // Of all others the start line is enough: what it begins is whole, as it came.
  if (!begins_with_one_of_both(text))
    return begins_message(as_bytes(text)) ? Step{Progress::kDone, size, 0} : Step{};
  const bool is_call = wire::lower_case_of(text.front()) == 'i';
  Message message;
  if (read_message(as_bytes(text), payload.transport, message, is_call ? Wanted::kParties : Wanted::kAll) != Reading::kWhole) return {};
  const Place place{static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(message.length)};
  if (!push_event(message, payload.transport, place, events)) return {Progress::kMalformed, 0, 0};
  return {Progress::kDone, size, 0};
}

// Where the header section ends; the end of the bytes when that is not known.
std::size_t head_end(Bytes bytes, const Message& message) {
  if (message.headers.data() == nullptr) return bytes.size();
  return static_cast<std::size_t>(message.headers.data() + message.headers.size() - as_text(bytes).data());
}

// So much of a message that nobody knows is waited for, up to the end of its header section.
constexpr std::size_t kLongestUnknown = 4096;

// Capital letters, and a blank behind them if there is anything: an extension's method, or a known one with a target of another scheme
// (RFC 3261, 25.1: any token; but none is in use that has other characters).
bool may_be_request(Bytes bytes) {
  const std::string_view text = as_text(bytes);
  const auto end = std::find_if(text.begin(), text.end(), [](char c) { return c < 'A' || c > 'Z'; });
  return end != text.begin() && (end == text.end() || *end == ' ');
}

// Messages of a connection follow one another, each where the one before it ends. What can not be read, though its end is known, is
// passed over; what else stands behind a sound message takes nothing away from it.
class StreamReader {
 public:
  StreamReader(const Payload& payload, EventList& events) : payload_(payload), events_(events) {}

  Step read() {
    while (true) {
      const Bytes rest = payload_.bytes.subspan(at_);
      const std::size_t blanks = leading_blanks(rest);
      const std::size_t start = at_ + blanks;
      if (blanks == rest.size()) return is_border() ? Step{is_broken_ ? Progress::kMalformed : Progress::kDone, static_cast<std::uint32_t>(start), 0} : Step{};
      Message message;
      Reading reading = read_message(rest.subspan(blanks), payload_.transport, message);
      if (reading == Reading::kNotSip) {
        if (is_border()) reading = read_unknown(rest.subspan(blanks), message);
        // Not anew for each of many that nobody knows: what was found behind an earlier one is the first behind this one, too.
        if (found_ <= at_) found_ = at_ + first_message(rest);
        if (found_ != payload_.bytes.size() && found_ - at_ < head_end(rest, message)) {
          at_ = found_;
          continue;
        }
      }
      if (reading == Reading::kNotSip && at_ == 0) {
        // Where a message begins one of another kind may, too; where that ends the next one begins.
        const bool may_go_on = is_border() && rest.size() <= kLongestUnknown && may_be_request(rest.subspan(blanks));
        return may_go_on ? Step{Progress::kNeedMore, 0, 0} : Step{};
      }
      if (reading == Reading::kPartial) return goes_on(message, start);
      const Place place{static_cast<std::uint32_t>(start), static_cast<std::uint32_t>(message.length)};
      if (reading != Reading::kWhole)
        return at_ == 0 ? Step{Progress::kMalformed, 0, 0} : Step{Progress::kNeedMore, static_cast<std::uint32_t>(start), 0};
      // One that does not say who calls is nobody's call, and ends where the next one begins.
      const bool has_head = start + head_end(rest.subspan(blanks), message) <= payload_.known;
      const bool is_taken = push_event(message, payload_.transport, place, events_, at_ == 0 && payload_.is_refused, has_head);
      is_broken_ = !is_taken && (is_broken_ || at_ == 0);
      if (answers_refused(message, rest.subspan(blanks))) events_.push_response(place, transaction_number(message));
      at_ = start + message.length;
    }
  }

 private:
  bool is_border() const { return at_ != 0 || payload_.begins == Payload::Begins::kMessage; }

  Step goes_on(const Message& message, std::size_t start) {
    const Place there{static_cast<std::uint32_t>(start), static_cast<std::uint32_t>(payload_.bytes.size() - start)};
    if (message.length > kLongestWaited) (void)push_event(message, payload_.transport, there, events_, at_ == 0 && payload_.is_refused);
    return {Progress::kNeedMore, static_cast<std::uint32_t>(start), static_cast<std::uint32_t>(message.length)};
  }

  const Payload& payload_;
  EventList& events_;
  std::size_t at_ = 0;
  std::size_t found_ = 0;   // where the first message stands behind one that nobody knows; not behind at_: not looked for yet
  bool is_broken_ = false;  // all that was read so far
};

Step extract(const Payload& payload, EventList& events) {
  if (payload.transport == Transport::kUdp) return extract_datagram(payload, events);
  if (payload.transport == Transport::kTcp) return StreamReader(payload, events).read();
  return {};
}

// How the last line goes on of which some is there, so that what it says so far is kept.
struct RestOfLine {
  bool is_known = false;
  std::string_view text;
};

// A line that names a number may go on, but not in it; and of CSeq's method, which is that of the start line, its first letter is there.
RestOfLine rest_of(std::string_view line, std::string_view method) {
  const std::size_t colon = line.find(':');
  if (colon == line.npos) return {};
  if (field_named(wire::without_blanks(line.substr(0, colon))) != Field::kCSeq) {
    const std::string_view last = line.substr(std::max(line.find_last_of("<,") + 1, colon));  // npos + 1 is 0
    return {last.find_first_of("@>") != last.npos, {}};
  }
  const std::string_view begun = method_in(wire::without_blanks(line.substr(colon + 1)));
  if (begun.empty() || begun.size() > method.size()) return {};
  const bool was_replaced = was_invite(method) || was_message(method);  // its first letter
  const auto are_alike = [](char one, char other) { return wire::lower_case_of(one) == wire::lower_case_of(other); };
  const bool is_it = std::equal(begun.begin() + (was_replaced ? 1 : 0), begun.end(), method.begin() + (was_replaced ? 1 : 0), are_alike);
  return {is_it, is_it ? method.substr(begun.size()) : std::string_view()};
}

// The header section as far as it says something whole, and no body: it is judged by that.
Protocol::Completed complete(MutableBytes room, std::size_t size) {
  constexpr std::string_view kEnd = "\r\nContent-Length: 0\r\n\r\n";
  const std::string_view there = as_text(room.first(size));
  const std::size_t begin = leading_blanks(room.first(size));
  const std::size_t lines = there.rfind('\n') + 1;
  const bool has_end = there.find("\n\r\n", begin) != there.npos || there.find("\n\n", begin) != there.npos;
  if (lines <= begin || has_end) return {};
  const RestOfLine rest = rest_of(there.substr(lines), there.substr(begin, there.find_first_of(" \t", begin) - begin));
  const std::size_t kept = rest.is_known ? size : lines;
  const std::string_view end = rest.is_known ? kEnd : kEnd.substr(2);
  if (room.size() - kept < rest.text.size() + end.size()) return {};
  Writer made(room.subspan(kept));
  made.text(rest.text);
  made.text(end);
  return {kept + rest.text.size() + end.size(), kept};
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
