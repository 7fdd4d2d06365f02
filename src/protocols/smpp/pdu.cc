// SPDX-License-Identifier: Apache-2.0
#include "protocols/smpp/pdu.h"

#include <algorithm>
#include <iterator>

namespace telefence::smpp {
namespace {

// Optional parameters (SMPP 3.4, 5.3.2).
constexpr std::uint16_t kReceiptedId = 0x001e;
constexpr std::uint16_t kSarReference = 0x020c;
constexpr std::uint16_t kSarTotal = 0x020e;
constexpr std::uint16_t kSarNumber = 0x020f;

// Requests end at 0x0113 (broadcast, SMPP 5.0, 4.7.1); 0x00010200 to 0x000102ff belong to the makers of message
// centres.
bool is_command_plausible(std::uint32_t command) {
  const std::uint32_t request = command & ~kResponseBit;
  return request <= 0x01ff || (request >= 0x00010200 && request <= 0x000102ff);
}

// A C-octet string without its final NUL. The standards allow 21 octets for an address in submit_sm and 65 in data_sm, and less for
// other strings; receivers are seldom so strict. Reading more costs nothing, reading less would let a message pass unread.
Place read_text(Reader& reader) {
  const auto offset = static_cast<std::uint32_t>(reader.position());
  const Bytes view = reader.until(0, reader.remaining());
  return {offset, static_cast<std::uint32_t>(view.size())};
}

void add_body(Message& message, Place place) {
  if (place.length == 0) return;
  if (message.body_count == Message::kMostBodies) {  // the last one counts, too
    --message.body_count;
    message.has_more_bodies = true;
  }
  message.bodies[message.body_count++] = place;
}

void read_optional_parameter(std::uint16_t tag, Bytes value, Place place, Message& message) {
  switch (tag) {
    case kMessagePayload:
      add_body(message, place);
      break;
    case kReceiptedId:
      message.has_receipted_id = true;
      break;
    case kSarReference:
      if (place.length == 2) message.sar.reference = Reader(value).u16();
      break;
    case kSarTotal:
      if (place.length == 1) message.sar.total = value[0];
      break;
    case kSarNumber:
      if (place.length == 1) message.sar.number = value[0];
      break;
    default:
      break;
  }
}

// submit_multi (SMPP 3.4, 4.5.1): number_of_dests, then that many dest_address structures.
void read_destinations(Reader& reader, Message& message) {
  message.is_multi = true;
  message.destination_count = reader.u8();
  const auto start = static_cast<std::uint32_t>(reader.position());
  for (std::size_t i = 0; i < message.destination_count && reader.ok(); ++i) {
    DestinationKind kind = DestinationKind::kAddress;
    (void)read_destination(reader, kind);
  }
  message.destinations = {start, static_cast<std::uint32_t>(reader.position()) - start};
}

// sm_length and short_message. Receivers take what is there of a text that claims to be longer.
void read_text_of_given_length(Reader& reader, Message& message) {
  const std::uint8_t announced = reader.u8();
  const auto length = static_cast<std::uint32_t>(std::min<std::size_t>(announced, reader.remaining()));
  add_body(message, {static_cast<std::uint32_t>(reader.position()), length});
  reader.skip(length);
}

// From esm_class to the end of short_message (SMPP 3.4, 4.4.1, 4.5.1, 4.6.1).
void read_short_message(Reader& reader, Message& message) {
  message.esm_class = reader.u8();
  reader.skip(2);           // protocol_id, priority_flag
  (void)read_text(reader);  // schedule_delivery_time
  (void)read_text(reader);  // validity_period
  message.registered_delivery_offset = static_cast<std::uint32_t>(reader.position());
  reader.skip(2);  // registered_delivery, replace_if_present_flag
  message.data_coding = reader.u8();
  reader.skip(1);  // sm_default_msg_id
  read_text_of_given_length(reader, message);
}

// replace_sm (SMPP 3.4, 4.10.1): message_id, the source address, and a new text; for nobody but whom the message is for.
void read_replacement(Reader& reader, Message& message) {
  message.is_multi = true;
  message.destination_count = 0;
  message.has_coding = false;
  message.replaced = read_text(reader);
  reader.skip(2);           // source_addr_ton, source_addr_npi
  message.source = read_text(reader);
  (void)read_text(reader);  // schedule_delivery_time
  (void)read_text(reader);  // validity_period
  message.registered_delivery_offset = static_cast<std::uint32_t>(reader.position());
  reader.skip(2);  // registered_delivery, sm_default_msg_id
  read_text_of_given_length(reader, message);
}

// data_sm has no short_message (SMPP 3.4, 4.7.1).
void read_data_switches(Reader& reader, Message& message) {
  message.esm_class = reader.u8();
  message.registered_delivery_offset = static_cast<std::uint32_t>(reader.position());
  reader.skip(1);
  message.data_coding = reader.u8();
}

// The others, up to their optional parameters.
void read_submission(Reader& reader, std::uint32_t command, Message& message) {
  (void)read_text(reader);  // service_type
  reader.skip(2);           // source_addr_ton, source_addr_npi
  message.source = read_text(reader);
  if (command == kSubmitMulti) {
    read_destinations(reader, message);
  } else {
    reader.skip(2);  // dest_addr_ton, dest_addr_npi
    message.destinations = read_text(reader);
  }
  if (command == kDataSm) {
    read_data_switches(reader, message);
  } else {
    read_short_message(reader, message);
  }
}

// Of text in UCS-2 nearly every character is of a page that others share: CJK, or the one of Latin letters.
bool looks_like_ucs2(Bytes text) {
  if (text.size() < 2 || text.size() % 2 != 0) return false;
  std::size_t likely = 0;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const std::uint8_t page = text[i];
    const bool is_cjk = page >= 0x4e && page <= 0x9f, is_sign = page == 0x20 || page == 0x30 || page == 0xff;
    const bool is_latin = page == 0 && (text[i + 1] >= 0x20 || text[i + 1] == '\n' || text[i + 1] == '\r');
    likely += is_cjk || is_sign || is_latin ? 1u : 0u;
  }
  // Letters of the default alphabet are of these pages as well, but then both octets of each pair are.
  const bool has_high = std::any_of(text.begin(), text.end(), [](std::uint8_t octet) { return octet == 0 || octet >= 0x80; });
  return has_high && likely * 8 >= text.size() / 2 * 7;
}

TextCoding coding_of_octets(Bytes text) {
  const bool has_high = std::any_of(text.begin(), text.end(), [](std::uint8_t octet) { return octet >= 0x80; });
  return has_high ? TextCoding::kGb18030 : TextCoding::kGsm7;
}

// The first text. What has not come yet of a message that is judged before it is whole is zeros, which say nothing.
Bytes first_text(Bytes pdu, const Message& message) {
  Bytes text = message.body_count == 0 ? Bytes() : part_of(pdu, message.bodies[0]);
  while (text.size() >= 2 && text[text.size() - 1] == 0 && text[text.size() - 2] == 0) text = text.first(text.size() - 2);
  return text;
}

}  // namespace

HeaderState read_header(Bytes bytes, Header& header) {
  Reader reader(bytes);
  header = {};
  if (bytes.size() < 4) {
    // The longest PDU is 0x00010000 octets.
    return !bytes.empty() && bytes[0] != 0 ? HeaderState::kImplausible : HeaderState::kPartial;
  }
  header.length = reader.u32();
  if (header.length < kHeaderLength || header.length > kLongestPdu) return HeaderState::kImplausible;
  if (bytes.size() < 8) return HeaderState::kPartial;
  header.command = reader.u32();
  if (!is_command_plausible(header.command)) return HeaderState::kImplausible;
  if (bytes.size() < kHeaderLength) return HeaderState::kPartial;
  header.status = reader.u32();
  header.sequence = reader.u32();
  return HeaderState::kWhole;
}

bool is_known(const Header& header) {
  // SMPP 3.4, 5.1.2.1 and 5.0, 4.7.5.
  constexpr std::uint32_t kCommands[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0b, 0x15,
                                         0x21, 0x102, 0x103, 0x111, 0x112, 0x113};
  constexpr std::uint32_t kGenericNack = 0x80000000;
  const std::uint32_t request = header.command & ~kResponseBit;
  const bool named = header.command == kGenericNack ||
                     std::find(std::begin(kCommands), std::end(kCommands), request) != std::end(kCommands);
  const bool is_request = (header.command & kResponseBit) == 0;
  // SMPP 3.4, 5.1.4: 1 to 0x7fffffff; some begin with 0. A status fits twelve bits (5.1.3).
  return named && header.sequence <= 0x7fffffff && header.status <= 0xfff && (!is_request || header.status == 0);
}

bool carries_message(std::uint32_t command) {
  return command == kSubmitSm || command == kDeliverSm || command == kDataSm || command == kSubmitMulti || command == kReplaceSm;
}

Place read_destination(Reader& reader, DestinationKind& kind) {
  const std::uint8_t flag = reader.u8();
  if (flag == static_cast<std::uint8_t>(DestinationKind::kAddress)) {
    kind = DestinationKind::kAddress;
    reader.skip(2);  // dest_addr_ton, dest_addr_npi
  } else {
    kind = DestinationKind::kDistributionList;  // also where the flag is none of the standard's, as receivers take it
  }
  return read_text(reader);
}

bool read_message(Bytes pdu, std::uint32_t command, Message& message) {
  Reader reader(pdu);
  reader.skip(kHeaderLength);
  if (command == kReplaceSm)
    read_replacement(reader, message);
  else
    read_submission(reader, command, message);
  if (!reader.ok()) return false;
  message.optional_at = static_cast<std::uint32_t>(reader.position());
  each_optional_parameter(pdu, message.optional_at, [&](std::uint16_t tag, Place place) {
    read_optional_parameter(tag, part_of(pdu, place), place, message);
  });
  return true;
}

NumberForm form_of(Bytes pdu, Place place) {
  constexpr std::uint8_t kInternational = 1;
  return place.offset >= 2 && pdu[place.offset - 2] == kInternational ? NumberForm::kInternational : NumberForm::kAsDialled;
}

bool may_be_receipt(std::uint32_t command, const Message& message) {
  // SMPP 3.4, 5.2.12: delivery receipt, intermediate notification. 0x08 and 0x10, acknowledgements by a person, carry that one's text.
  const std::uint8_t type = message.esm_class & 0x3c;
  return command == kDeliverSm && (type == 0x04 || type == 0x20);
}

TextCoding coding_of(Bytes pdu, const Message& message) {
  if (message.has_coding) return text_coding(message.data_coding);
  const Bytes text = first_text(pdu, message);
  return looks_like_ucs2(text) ? TextCoding::kUcs2 : coding_of_octets(text);
}

TextCoding other_coding_of(Bytes pdu, const Message& message) {
  if (message.has_coding || message.body_count == 0) return TextCoding::kBinary;
  const Bytes text = first_text(pdu, message);
  if (looks_like_ucs2(text)) return coding_of_octets(text);
  return text.size() >= 2 && text.size() % 2 == 0 ? TextCoding::kUcs2 : TextCoding::kBinary;
}

TextCoding text_coding(std::uint8_t data_coding) {
  switch (data_coding) {
    case 1:
      return TextCoding::kAscii;
    case 2:
    case 4:
      return TextCoding::kBinary;
    case 3:
      return TextCoding::kLatin1;
    case 8:
      return TextCoding::kUcs2;
    case 15:
      return TextCoding::kGb18030;
    default:
      break;
  }
  if (data_coding < 0x10) return TextCoding::kGsm7;
  // From here on as the coding of the radio side: 3GPP TS 23.038, section 4.
  if (data_coding < 0x80) {  // general data coding, also "marked for automatic deletion": bits 3 and 2 say the alphabet
    constexpr TextCoding kAlphabets[] = {TextCoding::kGsm7, TextCoding::kBinary, TextCoding::kUcs2, TextCoding::kGsm7};
    return kAlphabets[data_coding >> 2 & 3];
  }
  switch (data_coding & 0xf0) {
    case 0xc0:
    case 0xd0:
      return TextCoding::kGsm7;
    case 0xe0:
      return TextCoding::kUcs2;
    case 0xf0:
      return (data_coding & 0x04) != 0 ? TextCoding::kBinary : TextCoding::kGsm7;
    default:
      return TextCoding::kLatin1;
  }
}

}  // namespace telefence::smpp
