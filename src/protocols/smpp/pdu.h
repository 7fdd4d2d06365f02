// SPDX-License-Identifier: Apache-2.0
#pragma once

// The layout of SMPP protocol data units (SMPP 3.4, sections 3.2, 4 and 5; 3.3 and 5.0 share it for the messages read
// here): where in a PDU its numbers, its text and its switches stand. Offsets, not views, so that the same reading
// serves extract() and neutralise(). All functions are pure.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/reader.h"
#include "event/event.h"

namespace telefence::smpp {

// command_id (SMPP 3.4, 5.1.2.1).
inline constexpr std::uint32_t kSubmitSm = 0x00000004;
inline constexpr std::uint32_t kDeliverSm = 0x00000005;
inline constexpr std::uint32_t kReplaceSm = 0x00000007;
inline constexpr std::uint32_t kSubmitMulti = 0x00000021;
inline constexpr std::uint32_t kDataSm = 0x00000103;
inline constexpr std::uint32_t kResponseBit = 0x80000000;

inline constexpr std::uint32_t kHeaderLength = 16;
inline constexpr std::uint32_t kLongestPdu = 64 * 1024;
inline constexpr std::size_t kStatusOffset = 8;

struct Header {
  std::uint32_t length = 0;  // command_length, this header included; 0 while it has not wholly arrived
  std::uint32_t command = 0;
  std::uint32_t status = 0;
  std::uint32_t sequence = 0;
};

enum class HeaderState : std::uint8_t {
  kWhole,
  kPartial,      // what is there could be the beginning of a header
  kImplausible,  // no PDU begins here
};

// Judges the beginning of `bytes`, which may be shorter than a header.
HeaderState read_header(Bytes bytes, Header& header);

// True for the headers of PDUs that the standards name, with a status and a sequence number that they may have: strict enough to
// find where a PDU begins in a segment that starts inside another.
bool is_known(const Header& header);

// True for the requests that carry short messages; replace_sm, which gives one that was submitted another text, is one of them.
bool carries_message(std::uint32_t command);

// One request that carries a short message. Places are relative to the PDU.
struct Message {
  static constexpr std::size_t kMostBodies = 4;

  Place source;
  Place replaced;  // message_id of what a replace_sm is for
  Place destinations;  // one address; for submit_multi the whole list of dest_address structures
  std::uint8_t destination_count = 1;
  bool is_multi = false;
  bool has_coding = true;  // a replace_sm has none: its text is of the coding that the message was submitted with
  std::uint8_t esm_class = 0;
  std::uint8_t data_coding = 0;
  std::uint32_t registered_delivery_offset = 0;
  // short_message and message_payload where they are not empty. The standard allows only one of them; a sender that
  // fills more may hope that filter and receiver choose differently, so the first ones and the last one are looked at.
  std::array<Place, kMostBodies> bodies;
  std::uint8_t body_count = 0;
  bool has_more_bodies = false;   // between the last two of them: each_payload() finds all
  bool has_receipted_id = false;  // receipted_message_id is there
  std::uint32_t optional_at = 0;  // where the optional parameters begin
  SmsPart sar;  // from the sar_* parameters (SMPP 3.4, 5.3.2.22 to 24)

  bool has_user_data_header() const { return (esm_class & 0x40) != 0; }
};

// False when the mandatory parameters do not fit into the PDU. Optional parameters that do not are left out: receivers
// ignore them, so they must not hide a message. Requires: carries_message(command), the PDU is whole, message is new.
bool read_message(Bytes pdu, std::uint32_t command, Message& message);

// True when the message says that it is only the receipt of another (SMPP 3.4, 5.2.12: SMSC delivery receipt, intermediate
// notification). What is in it may say otherwise (receipt.h).
bool may_be_receipt(std::uint32_t command, const Message& message);

// The coding of the texts of `message`, for one without data_coding the likeliest; and for such a one what it may be besides,
// kBinary when nothing.
TextCoding coding_of(Bytes pdu, const Message& message);
TextCoding other_coding_of(Bytes pdu, const Message& message);

// data_coding (SMPP 3.4, 5.2.19), with the values of 3GPP TS 23.038 that gateways pass on, and 15 as Chinese peers use
// it.
TextCoding text_coding(std::uint8_t data_coding);

inline Bytes part_of(Bytes pdu, Place place) { return pdu.subspan(place.offset, place.length); }
inline std::string_view text_of(Bytes pdu, Place place) { return as_text(part_of(pdu, place)); }

// dest_flag of a dest_address (SMPP 3.4, 4.5.1.1).
enum class DestinationKind : std::uint8_t { kAddress = 1, kDistributionList = 2 };

// type_of_number of the address at `place` (SMPP 3.4, 5.2.5): two octets before it in every PDU.
NumberForm form_of(Bytes pdu, Place place);

// Calls visit(tag, Place) for each optional parameter from `at` on (SMPP 3.4, 3.2.4.1: tag, length, value until the end of the
// PDU). One that claims to be longer than the PDU ends the list; the text of a message_payload counts as far as it is there.
template <typename Visit>
void each_optional_parameter(Bytes pdu, std::uint32_t at, Visit visit);

// Calls visit(Place) for the text in each message_payload parameter, however many there are.
template <typename Visit>
void each_payload(Bytes pdu, const Message& message, Visit visit);

// Calls visit(DestinationKind, Place) for each destination in order. Requires: `message` was read from this PDU.
template <typename Visit>
void each_destination(Bytes pdu, const Message& message, Visit visit);

// Reads one dest_address. The place is relative to the reader's bytes.
Place read_destination(Reader& reader, DestinationKind& kind);

template <typename Visit>
void each_destination(Bytes pdu, const Message& message, Visit visit) {
  if (!message.is_multi) {
    visit(DestinationKind::kAddress, message.destinations);
    return;
  }
  Reader reader(part_of(pdu, message.destinations));
  for (std::size_t i = 0; i < message.destination_count; ++i) {
    DestinationKind kind = DestinationKind::kAddress;
    Place place = read_destination(reader, kind);
    if (!reader.ok()) return;
    place.offset += message.destinations.offset;
    visit(kind, place);
  }
}

inline constexpr std::uint16_t kMessagePayload = 0x0424;  // SMPP 3.4, 5.3.2.32

template <typename Visit>
void each_optional_parameter(Bytes pdu, std::uint32_t at, Visit visit) {
  Reader reader(pdu);
  reader.skip(at);
  while (reader.remaining() >= 4) {
    const std::uint16_t tag = reader.u16();
    const std::uint16_t announced = reader.u16();
    const auto length = static_cast<std::uint32_t>(std::min<std::size_t>(announced, reader.remaining()));
    if (length < announced && tag != kMessagePayload) return;
    visit(tag, Place{static_cast<std::uint32_t>(reader.position()), length});
    reader.skip(length);
  }
}

template <typename Visit>
void each_payload(Bytes pdu, const Message& message, Visit visit) {
  each_optional_parameter(pdu, message.optional_at, [&](std::uint16_t tag, Place place) {
    if (tag == kMessagePayload) visit(place);
  });
}

}  // namespace telefence::smpp
