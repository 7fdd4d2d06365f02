// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/writer.h"
#include "protocols/protocol.h"
#include "protocols/smpp/pdu.h"
#include "protocols/smpp/receipt.h"
#include "protocols/smpp/shape.h"
#include "protocols/wire/user_data_header.h"

namespace telefence::smpp {
namespace {

constexpr std::uint16_t kPorts[] = {2775};

// command_status (SMPP 3.4, 5.1.3).
constexpr std::uint32_t kSubmitFailed = 0x45;
constexpr std::uint32_t kInvalidSource = 0x0a;
constexpr std::uint32_t kInvalidDestination = 0x0b;
constexpr std::uint32_t kReplaceFailed = 0x13;

// As long a PDU is passed over where one begins for sure: its receiver takes it, or ends the session.
constexpr std::uint32_t kLongestPassedOver = 16 * 1024 * 1024;

// What one PDU came to.
enum class Reading : std::uint8_t { kNothing, kPushed, kBroken };

// All recipients of a submit_multi. A distribution list is a name known to the message centre alone: its members are recipients without a
// number. So are those that have not come yet of a message that is judged before it is whole.
void read_recipients(Bytes pdu, const Message& message, EventList& events, Sms& sms) {
  if (!message.is_multi) {
    const std::string_view number = text_of(pdu, message.destinations);
    const NumberForm form = form_of(pdu, message.destinations);
    sms.called = events.texts({&number, 1});
    sms.called_forms = events.forms({&form, 1});
    return;
  }
  std::array<std::string_view, 255> numbers;
  std::array<NumberForm, 255> forms;
  std::size_t count = 0;
  each_destination(pdu, message, [&](DestinationKind kind, Place place) {
    const bool has_number = kind == DestinationKind::kAddress;
    numbers[count] = has_number ? text_of(pdu, place) : std::string_view{};
    forms[count++] = has_number ? form_of(pdu, place) : NumberForm::kAsDialled;
  });
  sms.called = events.texts({numbers.data(), count});
  sms.called_forms = events.forms({forms.data(), count});
}

// The text of one body without its user data header. A header that does not fit is read as text: receivers may show it so.
void read_body(Bytes pdu, const Message& message, Place place, Sms& sms) {
  sms.body = part_of(pdu, place);
  sms.part = message.sar;
  wire::UserDataHeader header;
  if (!message.has_user_data_header() || !wire::read_user_data_header(sms.body, header)) return;
  sms.body = sms.body.subspan(header.length);
  if (header.part.total != 0) sms.part = header.part;
}

// The text of a receipt is not the sender's own. Free text in what only calls itself a receipt is.
bool is_receipt(Bytes pdu, const Header& header, const Message& message) {
  if (!may_be_receipt(header.command, message)) return false;
  if (message.has_receipted_id) return true;
  for (std::size_t i = 0; i < message.body_count; ++i) {
    Sms sms;
    read_body(pdu, message, message.bodies[i], sms);
    if (!is_receipt_text(as_text(sms.body))) return false;
  }
  return true;
}

// Pairs a request with its response: a sender may give one sequence number to requests of two kinds.
std::uint32_t pair_number(const Header& header) {
  std::uint32_t kind = 0;  // submit_sm
  switch (header.command & ~kResponseBit) {
    case kDeliverSm:
    case kReplaceSm: kind = 1; break;  // the one goes to where the other comes from
    case kDataSm: kind = 2; break;
    case kSubmitMulti: kind = 3; break;
    default: break;
  }
  return header.sequence ^ kind << 30;  // no standard lets a number have both of these bits, and hardly anybody counts to them
}

// A text must be so long to be worth an event of its own beside the first few: no message gives more of them than its length pays for.
constexpr std::uint32_t kWorthAnEvent = 20;

// The payloads between those that `message` names.
void push_more_bodies(Bytes pdu, Place place, const Header& header, const Message& message, Sms& sms, EventList& events) {
  each_payload(pdu, message, [&](Place body) {
    const auto named = std::span(message.bodies).first(message.body_count);
    const bool is_named = std::any_of(named.begin(), named.end(), [&](Place one) { return one.offset == body.offset; });
    if (is_named || body.length < kWorthAnEvent) return;
    read_body(pdu, message, body, sms);
    events.push(place, pair_number(header), sms);
  });
}

// Of a message with several texts the first one names all recipients. The product of many texts and many numbers is not for anybody to choose.
void forget_many_recipients(Sms& sms) {
  constexpr std::size_t kFewRecipients = 2;
  if (sms.called.size() <= kFewRecipients) return;
  sms.called = {};
  sms.called_forms = {};
}

// What a message says besides its first text.
void push_other_readings(Bytes pdu, Place place, const Header& header, const Message& message, const Sms& first, EventList& events) {
  const TextCoding other = other_coding_of(pdu, message);
  if (message.body_count < 2 && other == TextCoding::kBinary) [[likely]] return;
  Sms sms = first;
  for (std::size_t i = 1; i < message.body_count; ++i) {
    if (i == 1) forget_many_recipients(sms);
    read_body(pdu, message, message.bodies[i], sms);
    events.push(place, pair_number(header), sms);
  }
  if (other != TextCoding::kBinary) {
    sms.coding = other;
    read_body(pdu, message, message.bodies[0], sms);
    events.push(place, pair_number(header), sms);
  }
  if (message.has_more_bodies) push_more_bodies(pdu, place, header, message, sms, events);
}

// known: so many octets of the PDU have come. A deliver_sm that goes on may turn out to be a receipt.
Reading push_message(Bytes pdu, Place place, const Header& header, std::size_t known, EventList& events) {
  Message message;
  if (!read_message(pdu, header.command, message)) return Reading::kBroken;
  const bool is_cut = known < pdu.size();
  if (is_cut && header.command == kDeliverSm && (message.registered_delivery_offset >= known || may_be_receipt(header.command, message)))
    return Reading::kNothing;
  const Place last = header.command == kReplaceSm ? message.source : message.destinations;
  if (!is_cut && is_receipt(pdu, header, message)) return Reading::kNothing;
  // The first one is filled where it stays.
  Sms* const first = events.add<Sms>(place, pair_number(header));
  if (first == nullptr) return Reading::kPushed;
  first->has_all_parties = !is_cut || std::size_t{last.offset} + last.length + (message.is_multi ? 0 : 1) <= known;
  first->calling = text_of(pdu, message.source);
  first->calling_form = form_of(pdu, message.source);
  first->coding = coding_of(pdu, message);
  read_recipients(pdu, message, events, *first);
  if (message.body_count != 0) read_body(pdu, message, message.bodies[0], *first);
  push_other_readings(pdu, place, header, message, *first, events);
  return Reading::kPushed;
}

bool is_response(const Header& header) {
  return (header.command & kResponseBit) != 0 && carries_message(header.command & ~kResponseBit);
}

Reading read_pdu(Bytes pdu, Place place, const Header& header, std::size_t known, EventList& events) {
  if (carries_message(header.command)) {
    const Reading reading = push_message(pdu, place, header, known, events);
    if (reading != Reading::kPushed && known >= pdu.size()) events.push_response(place, pair_number(header), true);
    return reading;
  }
  if (is_response(header)) {
    events.push_response(place, pair_number(header));
    return Reading::kPushed;
  }
  return Reading::kNothing;
}

// True when the header of a PDU that exists stands here.
bool has_known_header(Bytes bytes) {
  Header header;
  return read_header(bytes, header) == HeaderState::kWhole && is_known(header);
}

// True when the header of a PDU that exists stands here, or the beginning of one where the bytes end.
bool may_have_known_header(Bytes bytes) {
  Header header;
  const HeaderState state = read_header(bytes, header);
  return state == HeaderState::kPartial || (state == HeaderState::kWhole && is_known(header));
}

// True when a PDU surely begins here: its header is one of those that exist, and so is the one that its length leads to, as far as
// it is there.
bool surely_begins(Bytes bytes) {
  Header header;
  if (read_header(bytes, header) != HeaderState::kWhole || !is_known(header) || header.length > bytes.size()) return false;
  return header.length == bytes.size() || may_have_known_header(bytes.subspan(header.length));
}

// True when enough of a request is here to know it by its body, also when it goes on behind these bytes.
bool begins_request(Bytes bytes) {
  constexpr std::size_t kEnough = 8;  // octets of a body
  Header header;
  if (read_header(bytes, header) != HeaderState::kWhole) return false;
  return bytes.size() >= kHeaderLength + kEnough && shape_of_request(bytes, header) != Shape::kOther;
}

// Where the first PDU of a segment begins that starts inside one; the end when none surely does.
std::size_t first_pdu(Bytes bytes) {
  std::size_t at = 1;
  while (at + kHeaderLength <= bytes.size() && !surely_begins(bytes.subspan(at))) ++at;
  return at + kHeaderLength <= bytes.size() ? at : bytes.size();
}

// A PDU with a command that nobody knows: its receiver says so and reads on where its length leads, and so does this. Where it is not
// sure that one begins, its length must lead to another.
bool is_stepped_over(Bytes bytes, bool is_border, std::uint32_t longest, std::uint32_t& length) {
  Reader reader(bytes);
  length = reader.u32();
  if (!reader.ok() || length < kHeaderLength || length > longest) return false;
  if (is_border) return true;
  return length == bytes.size() || (length < bytes.size() && has_known_header(bytes.subspan(length)));
}

// Many PDUs may share a segment, each with its own fate. A PDU whose header is sane but whose body is broken is passed
// over, since the next one begins where its length says; the packet is called malformed only when nothing sound would
// be lost. A segment may start inside a PDU: what is whole behind it is read.
Step extract(const Payload& payload, EventList& events) {
  if (payload.transport != Transport::kTcp) return {};
  const Bytes all = payload.bytes;
  const bool is_synced = payload.begins == Payload::Begins::kMessage;
  const bool must_show_itself = payload.begins == Payload::Begins::kAnywhere && !surely_begins(all) && !begins_request(all);
  bool pushed = false;
  bool broken = false;
  bool cut = false;
  std::size_t at = 0;
  while (at < all.size()) {
    const Bytes rest = all.subspan(at);
    Header header;
    const HeaderState state = read_header(rest, header);
    std::uint32_t length = header.length;
    const bool is_border = at != 0 || !must_show_itself;
    if (!is_border || (state == HeaderState::kImplausible && !is_stepped_over(rest, at != 0 || is_synced, is_synced ? kLongestPassedOver : kLongestPdu, length))) {
      const std::size_t sound = first_pdu(rest);
      if (sound == rest.size()) return {Progress::kNeedMore, static_cast<std::uint32_t>(at), 0, Then::kLost};
      cut = true;
      at += sound;
      continue;
    }
    if (state == HeaderState::kPartial || length > rest.size()) {
      // Sixteen octets are enough to tell a response what to say.
      if (state == HeaderState::kWhole && is_response(header))
        events.push_response({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(rest.size())}, pair_number(header));
      return {Progress::kNeedMore, static_cast<std::uint32_t>(at), length};
    }
    if (state == HeaderState::kWhole) {
      const std::size_t known = payload.known - std::min<std::size_t>(payload.known, at);
      const Reading reading = read_pdu(rest.first(length), {static_cast<std::uint32_t>(at), length}, header, known, events);
      pushed = pushed || reading == Reading::kPushed;
      broken = broken || reading == Reading::kBroken;
    }
    at += length;
  }
  if (cut) return {Progress::kNeedMore, static_cast<std::uint32_t>(at), 0};
  if (broken && !pushed) return {Progress::kMalformed, static_cast<std::uint32_t>(at), 0};
  return {Progress::kDone, static_cast<std::uint32_t>(at), 0};
}

bool recognise(const Payload& payload) { return payload.transport == Transport::kTcp && is_surely_smpp(payload.bytes); }

// Leaves the plus sign: the number stays of the same form, but belongs to nobody.
void void_number(MutableBytes number) {
  Writer writer(number);
  for (std::uint8_t character : number) writer.u8(character == '+' ? character : '0');
}

void blank(MutableBytes text, TextCoding coding) {
  Writer writer(text);
  if (coding == TextCoding::kUcs2) {
    while (writer.room() >= 2) writer.u16(0x0020);
  }
  while (writer.room() != 0) writer.u8(0x20);
}

// The method "force": the request stays what it is, for nobody and without a text, so that every peer answers it with
// the ordinary response; restate() then gives that response the refusal code. command_length, command_id and
// sequence_number stay, so the connection and its other messages are not touched. A number is voided whole or not at all, since a part
// of it would make it another one's: only when its end has arrived. Where only some recipients are refused, they alone are voided: the
// message centre says so of each of them.
bool neutralise(const Event&, MutableBytes bytes, const Voiding& voiding) {
  const std::size_t mutable_from = voiding.mutable_from;
  Header header;
  Message message;
  const Bytes pdu = bytes;
  if (read_header(pdu, header) != HeaderState::kWhole || header.length != pdu.size()) return false;
  if (!carries_message(header.command) || !read_message(pdu, header.command, message)) return false;
  const bool is_whole = voiding.recipients.none();
  bool voided = is_whole && mutable_from == 0;
  std::size_t recipient = 0;
  each_destination(pdu, message, [&](DestinationKind kind, Place place) {
    const bool is_meant = is_whole || (kind == DestinationKind::kAddress && voiding.recipients[recipient]);
    ++recipient;
    if (!is_meant || place.offset < mutable_from || place.offset + place.length >= voiding.known) return;
    void_number(bytes.subspan(place.offset, place.length));
    voided = true;
  });
  if (!is_whole) return voided;
  // What is to be replaced is a message that was taken: it stays as it is.
  const Place replaced = message.replaced;
  if (replaced.length != 0 && replaced.offset >= mutable_from && replaced.offset + replaced.length < voiding.known)
    void_number(bytes.subspan(replaced.offset, replaced.length));
  const TextCoding coding = coding_of(pdu, message);
  const auto void_text = [&](Place place) {
    MutableBytes body = bytes.subspan(place.offset, place.length);
    wire::UserDataHeader user_data;
    std::size_t start = 0;
    if (message.has_user_data_header() && wire::read_user_data_header(body, user_data)) start = user_data.length;
    std::size_t from = mutable_from > place.offset ? std::max(start, mutable_from - place.offset) : start;
    if (from >= body.size()) return;
    if (coding == TextCoding::kUcs2 && (from - start) % 2 != 0) Writer(body.subspan(from++, 1)).u8(0x20);  // half of it has left
    blank(body.subspan(from), coding);
    voided = true;
  };
  for (std::size_t i = 0; i < message.body_count; ++i) void_text(message.bodies[i]);
  each_payload(pdu, message, void_text);
  if (message.registered_delivery_offset >= mutable_from) Writer(bytes.subspan(message.registered_delivery_offset, 1)).u8(0);
  return voided;
}

// command_status := the code. A message_id that the peer gave stays: its length is part of the PDU's.
bool restate(std::uint32_t refusal_code, MutableBytes bytes) {
  Header header;
  if (read_header(bytes, header) != HeaderState::kWhole || !is_response(header)) return false;
  const bool is_replacement = header.command == (kReplaceSm | kResponseBit) && refusal_code == kSubmitFailed;
  Writer(bytes.subspan(kStatusOffset, 4)).u32(is_replacement ? kReplaceFailed : refusal_code);
  return true;
}

}  // namespace

extern constinit const Protocol kProtocol{.name = "smpp",
                                          .channel = "sms",
                                          .tcp_ports = kPorts,
                                          .udp_ports = {},
                                          .recognise = recognise,
                                          .extract = extract,
                                          .answers = {},
                                          .refuse = nullptr,
                                          .acknowledges = nullptr,
                                          .neutralise = neutralise,
                                          .restate = restate,
                                          .code_content = kSubmitFailed,
                                          .code_calling = kInvalidSource,
                                          .code_called = kInvalidDestination,
                                          .default_action = "neutralise",
                                          .shares_connections = true,
                                          .keeps_its_ports = true};

}  // namespace telefence::smpp
