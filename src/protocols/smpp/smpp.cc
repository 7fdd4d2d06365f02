// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/writer.h"
#include "protocols/protocol.h"
#include "protocols/smpp/pdu.h"
#include "protocols/wire/user_data_header.h"

namespace telefence::smpp {
namespace {

constexpr std::uint16_t kPorts[] = {2775};

// command_status (SMPP 3.4, 5.1.3).
constexpr std::uint32_t kSubmitFailed = 0x45;
constexpr std::uint32_t kInvalidSource = 0x0a;
constexpr std::uint32_t kInvalidDestination = 0x0b;

// What one PDU came to.
enum class Reading : std::uint8_t { kNothing, kPushed, kBroken };

// All recipients of a submit_multi; distribution lists are names known to the message centre alone.
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
    if (kind != DestinationKind::kAddress) return;
    numbers[count] = text_of(pdu, place);
    forms[count++] = form_of(pdu, place);
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

Reading push_message(Bytes pdu, Place place, const Header& header, EventList& events) {
  Message message;
  if (!read_message(pdu, header.command, message)) return Reading::kBroken;
  if (is_receipt(header.command, message)) return Reading::kNothing;
  Sms sms;
  sms.calling = text_of(pdu, message.source);
  sms.calling_form = form_of(pdu, message.source);
  sms.coding = text_coding(message.data_coding);
  read_recipients(pdu, message, events, sms);
  if (message.body_count == 0) events.push(place, header.sequence, sms);
  for (std::size_t i = 0; i < message.body_count; ++i) {
    read_body(pdu, message, message.bodies[i], sms);
    events.push(place, header.sequence, sms);
  }
  return Reading::kPushed;
}

bool is_response(const Header& header) {
  return (header.command & kResponseBit) != 0 && carries_message(header.command & ~kResponseBit);
}

Reading read_pdu(Bytes pdu, Place place, const Header& header, EventList& events) {
  if (carries_message(header.command)) return push_message(pdu, place, header, events);
  if (is_response(header)) {
    events.push_response(place, header.sequence);
    return Reading::kPushed;
  }
  return Reading::kNothing;
}

// True when the header of a PDU that exists stands here.
bool has_known_header(Bytes bytes) {
  Header header;
  return read_header(bytes, header) == HeaderState::kWhole && is_known(header);
}

// True when a PDU surely begins here: its header is one of those that exist, and so is the one that its length leads to, unless
// that is where the bytes end.
bool surely_begins(Bytes bytes) {
  Header header;
  if (read_header(bytes, header) != HeaderState::kWhole || !is_known(header) || header.length > bytes.size()) return false;
  return header.length == bytes.size() || has_known_header(bytes.subspan(header.length));
}

// Where the first PDU of a segment begins that starts inside one; the end when none surely does.
std::size_t first_pdu(Bytes bytes) {
  std::size_t at = 1;
  while (at + kHeaderLength <= bytes.size() && !surely_begins(bytes.subspan(at))) ++at;
  return at + kHeaderLength <= bytes.size() ? at : bytes.size();
}

// A PDU with a command that nobody knows: its receiver says so and reads on where its length leads, and so does this.
bool is_stepped_over(Bytes bytes, std::uint32_t& length) {
  Reader reader(bytes);
  length = reader.u32();
  if (!reader.ok() || length < kHeaderLength || length > bytes.size()) return false;
  return length == bytes.size() || has_known_header(bytes.subspan(length));
}

// Many PDUs may share a segment, each with its own fate. A PDU whose header is sane but whose body is broken is passed
// over, since the next one begins where its length says; the packet is called malformed only when nothing sound would
// be lost. A segment may start inside a PDU: what is whole behind it is read.
Step extract(const Payload& payload, EventList& events) {
  if (payload.transport != Transport::kTcp) return {};
  const Bytes all = payload.bytes;
  const bool must_show_itself = payload.begins == Payload::Begins::kAnywhere && !surely_begins(all);
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
    if (!is_border || (state == HeaderState::kImplausible && !is_stepped_over(rest, length))) {
      const std::size_t sound = first_pdu(rest);
      if (sound == rest.size()) return {Progress::kNeedMore, static_cast<std::uint32_t>(at), 0, Then::kLost};
      cut = true;
      at += sound;
      continue;
    }
    if (state == HeaderState::kPartial || length > rest.size()) {
      // Sixteen octets are enough to tell a response what to say.
      if (state == HeaderState::kWhole && is_response(header))
        events.push_response({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(rest.size())}, header.sequence);
      return {Progress::kNeedMore, static_cast<std::uint32_t>(at), length};
    }
    if (state == HeaderState::kWhole) {
      const Reading reading = read_pdu(rest.first(length), {static_cast<std::uint32_t>(at), length}, header, events);
      pushed = pushed || reading == Reading::kPushed;
      broken = broken || reading == Reading::kBroken;
    }
    at += length;
  }
  if (cut) return {Progress::kNeedMore, static_cast<std::uint32_t>(at), 0};
  if (broken && !pushed) return {Progress::kMalformed, static_cast<std::uint32_t>(at), 0};
  return {Progress::kDone, static_cast<std::uint32_t>(at), 0};
}

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
// sequence_number stay, so the connection and its other messages are not touched. A number is voided whole or not at all: a part
// of it might be another one's. Where only some recipients are refused, they alone are voided: the message centre says so of each of them.
bool neutralise(const Event&, MutableBytes bytes, const Voiding& voiding) {
  const std::size_t mutable_from = voiding.mutable_from;
  Header header;
  Message message;
  const Bytes pdu = bytes;
  if (read_header(pdu, header) != HeaderState::kWhole || header.length != pdu.size()) return false;
  if (!carries_message(header.command) || !read_message(pdu, header.command, message)) return false;
  const bool is_whole = voiding.recipients == 0;
  bool voided = is_whole && mutable_from == 0;
  std::size_t recipient = 0;
  each_destination(pdu, message, [&](DestinationKind kind, Place place) {
    const bool is_meant = is_whole || (kind == DestinationKind::kAddress && (std::uint64_t{voiding.recipients} >> recipient & 1) != 0);
    if (kind == DestinationKind::kAddress && recipient < 32) ++recipient;
    if (!is_meant || place.offset < mutable_from) return;
    void_number(bytes.subspan(place.offset, place.length));
    voided = true;
  });
  if (!is_whole) return voided;
  const TextCoding coding = text_coding(message.data_coding);
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
  Writer(bytes.subspan(kStatusOffset, 4)).u32(refusal_code);
  return true;
}

}  // namespace

extern constinit const Protocol kProtocol{.name = "smpp",
                                          .channel = "sms",
                                          .tcp_ports = kPorts,
                                          .udp_ports = {},
                                          .recognise = nullptr,
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
