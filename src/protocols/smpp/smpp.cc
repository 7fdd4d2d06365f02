// SPDX-License-Identifier: Apache-2.0
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
Texts recipients_of(Bytes pdu, const Message& message, EventList& events) {
  std::array<std::string_view, 255> found;
  std::size_t count = 0;
  each_destination(pdu, message, [&](DestinationKind kind, Place place) {
    if (kind == DestinationKind::kAddress) found[count++] = text_of(pdu, place);
  });
  return events.texts({found.data(), count});
}

// The text of one body without its user data header. False when the header is longer than the body.
bool read_body(Bytes pdu, const Message& message, Place place, Sms& sms) {
  sms.body = part_of(pdu, place);
  sms.part = message.sar;
  if (!message.has_user_data_header()) return true;
  wire::UserDataHeader header;
  if (!wire::read_user_data_header(sms.body, header)) return false;
  sms.body = sms.body.subspan(header.length);
  if (header.part.total != 0) sms.part = header.part;
  return true;
}

Reading push_message(Bytes pdu, Place place, const Header& header, EventList& events) {
  Message message;
  if (!read_message(pdu, header.command, message)) return Reading::kBroken;
  if (is_receipt(header.command, message)) return Reading::kNothing;
  Sms sms;
  for (std::size_t i = 0; i < message.body_count; ++i)
    if (!read_body(pdu, message, message.bodies[i], sms)) return Reading::kBroken;
  sms.calling = text_of(pdu, message.source);
  sms.coding = text_coding(message.data_coding);
  const std::string_view one_recipient = text_of(pdu, message.destinations);
  sms.called = message.is_multi ? recipients_of(pdu, message, events) : events.texts({&one_recipient, 1});
  if (message.body_count <= 1) {
    events.push(place, header.sequence, sms);
    return Reading::kPushed;
  }
  for (std::size_t i = 0; i < message.body_count; ++i) {
    (void)read_body(pdu, message, message.bodies[i], sms);
    events.push(place, header.sequence, sms);
  }
  return Reading::kPushed;
}

Reading read_pdu(Bytes pdu, Place place, const Header& header, EventList& events) {
  if (carries_message(header.command)) return push_message(pdu, place, header, events);
  if ((header.command & kResponseBit) != 0 && carries_message(header.command & ~kResponseBit)) {
    events.push_response(place, header.sequence);
    return Reading::kPushed;
  }
  return Reading::kNothing;
}

// Many PDUs may share a segment, each with its own fate. A PDU whose header is sane but whose body is broken is passed
// over, since the next one begins where its length says; the packet is called malformed only when nothing sound would
// be lost.
Step extract(const Payload& payload, EventList& events) {
  if (payload.transport != Transport::kTcp) return {};
  bool pushed = false;
  bool broken = false;
  std::uint32_t at = 0;
  while (at < payload.bytes.size()) {
    const Bytes rest = payload.bytes.subspan(at);
    Header header;
    const HeaderState state = read_header(rest, header);
    if (state == HeaderState::kImplausible) {
      if (at == 0) return {};  // begins inside a PDU, or is no SMPP
      // Sound PDUs before the break keep their events; what follows is not judged.
      return pushed ? Step{Progress::kNeedMore, at, 0} : Step{Progress::kMalformed, 0, 0};
    }
    if (state == HeaderState::kPartial || header.length > rest.size()) return {Progress::kNeedMore, at, header.length};
    const Reading reading = read_pdu(rest.first(header.length), {at, header.length}, header, events);
    pushed = pushed || reading == Reading::kPushed;
    broken = broken || reading == Reading::kBroken;
    at += header.length;
  }
  if (broken && !pushed) return {Progress::kMalformed, 0, 0};
  return {Progress::kDone, at, 0};
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
// sequence_number stay, so the connection and its other messages are not touched.
bool neutralise(const Event&, MutableBytes bytes) {
  Header header;
  Message message;
  const Bytes pdu = bytes;
  if (read_header(pdu, header) != HeaderState::kWhole || header.length != pdu.size()) return false;
  if (!carries_message(header.command) || !read_message(pdu, header.command, message)) return false;
  each_destination(pdu, message,
                   [&](DestinationKind, Place place) { void_number(bytes.subspan(place.offset, place.length)); });
  const TextCoding coding = text_coding(message.data_coding);
  for (std::size_t i = 0; i < message.body_count; ++i) {
    MutableBytes body = bytes.subspan(message.bodies[i].offset, message.bodies[i].length);
    wire::UserDataHeader user_data;
    if (message.has_user_data_header() && wire::read_user_data_header(body, user_data))
      body = body.subspan(user_data.length);
    blank(body, coding);
  }
  Writer(bytes.subspan(message.registered_delivery_offset, 1)).u8(0);
  return true;
}

// command_status := the code. A message_id that the peer gave stays: its length is part of the PDU's.
bool restate(std::uint32_t refusal_code, MutableBytes bytes) {
  Header header;
  if (read_header(bytes, header) != HeaderState::kWhole || header.length != bytes.size()) return false;
  if ((header.command & kResponseBit) == 0 || !carries_message(header.command & ~kResponseBit)) return false;
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
                                          .default_action = "neutralise"};

}  // namespace telefence::smpp
