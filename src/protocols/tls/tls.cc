// SPDX-License-Identifier: Apache-2.0
// The ClientHello of TLS over TCP, on any port. It stands in one or more records (RFC 8446, 5.1); records that lie in
// this segment are joined. A hello that goes on beyond the segment (post-quantum key shares) is told if its server name
// is here: the verdict concerns the connection, so the rest of the hello is not needed. The hello of SSL 2.0 carries no
// name and is not read.

#include <algorithm>
#include <array>

#include "base/reader.h"
#include "protocols/protocol.h"
#include "protocols/wire/client_hello.h"
#include "protocols/wire/proxy_header.h"

namespace telefence::tls {
namespace {

using wire::ClientHello;
using wire::HelloFound;

constexpr std::array<std::uint16_t, 1> kPorts{443};
constexpr std::array<std::string_view, 1> kAnswers{"alert"};

constexpr std::uint8_t kChangeCipherSpec = 20;
constexpr std::uint8_t kAlert = 21;
constexpr std::uint8_t kHandshake = 22;
constexpr std::uint8_t kHeartbeat = 24;  // the last one; 23 is application data
constexpr std::size_t kRecordHeader = 5;
constexpr std::size_t kLongestRecord = 16384 + 2048;  // RFC 5246, 6.2.3
constexpr std::size_t kLongestJoined = 21504;  // as much of a message as is put together

struct Record {
  std::uint8_t type = 0;
  std::uint16_t length = 0;
  bool is_plausible = false;  // major version 3, a length that may be
};

// RFC 8446, 5.1: the version is to be ignored. OpenSSL wants its major part to be 3.
bool is_known(std::uint16_t version) { return version >> 8 == 3; }

// Into place: a small struct that is returned is put together in memory, and waits there for its parts.
void read_record_header(Reader& reader, Record& record) {
  record.type = reader.u8();
  const std::uint16_t version = reader.u16();
  record.length = reader.u16();
  record.is_plausible = reader.ok() && record.type >= kChangeCipherSpec && record.type <= kHeartbeat && is_known(version) &&
                        record.length > 0 && record.length <= kLongestRecord;
}

// How many octets there are here of handshake records without a byte. RFC 8446, 5.1 forbids these, but OpenSSL takes 32 in a row.
// Out of line, and the reader by value: one whose address is given away is read from memory by everybody.
[[gnu::noinline]] std::size_t empty_records(Reader reader) {
  std::size_t end = reader.position();
  const std::size_t start = end;
  while (reader.u8() == kHandshake && is_known(reader.u16()) && reader.u16() == 0 && reader.ok()) end = reader.position();
  return end - start;
}

// True when the bytes of a handshake record start a ClientHello. Its fields have no room for 3 * 2^16 bytes.
bool starts_hello(Bytes fragment) {
  return !fragment.empty() && fragment[0] == wire::kClientHello && (fragment.size() < 2 || fragment[1] <= 2);
}

// Servers ignore which version the hello gives when an extension says more, so it need not be 3.x; the rest must then leave no doubt.
// `rest` stands behind what there is of the fragment.
[[gnu::noinline]] bool has_shape_of_hello(const Record& record, Bytes fragment, const Reader& rest) {
  constexpr std::uint32_t kVersionAndRandom = 2 + 32, kLongestSessionId = 32;
  Reader reader(fragment);
  reader.skip(1);
  const std::uint32_t length = reader.u24();
  reader.skip(kVersionAndRandom);
  const std::uint32_t session_id = reader.u8();
  reader.skip(session_id);
  const std::uint32_t cipher_suites = reader.u16();
  if (!reader.ok()) return record.length == 4 + length || rest.peek() == kHandshake;
  return session_id <= kLongestSessionId && cipher_suites >= 2 && cipher_suites % 2 == 0 && cipher_suites < length;
}

bool is_surely_hello(const Record& record, Bytes fragment, const Reader& rest) {
  constexpr std::size_t kVersionAt = 4;
  if (!starts_hello(fragment)) return false;
  if (fragment.size() <= kVersionAt || fragment[kVersionAt] == 3) [[likely]] return true;
  return has_shape_of_hello(record, fragment, rest);
}

// The fragment of the record that starts here, as much of it as there is.
Bytes fragment_of(Reader& reader, const Record& record) {
  return reader.bytes(std::min<std::size_t>(record.length, reader.remaining()));
}

// The first record that counts. In middlebox compatibility mode the second ClientHello, after a HelloRetryRequest,
// follows a ChangeCipherSpec record of one byte (RFC 8446, appendix D.4).
void read_first_record(Reader& reader, Record& record) {
  read_record_header(reader, record);
  if (!record.is_plausible || record.type != kChangeCipherSpec || record.length != 1 || reader.remaining() < 2) return;
  reader.skip(1);
  read_record_header(reader, record);
}

bool begins_hello(Reader reader) {
  Record record;
  read_first_record(reader, record);
  if (!record.is_plausible || record.type != kHandshake) return false;
  const Bytes fragment = fragment_of(reader, record);
  return is_surely_hello(record, fragment, reader);
}

bool recognise(const Payload& payload) {
  if (payload.transport != Transport::kTcp) return false;
  Reader reader(payload.bytes);
  reader.skip(wire::proxy_header_length(payload.bytes));
  if (begins_hello(reader)) return true;
  if (reader.peek() != kHandshake) [[likely]] return false;
  const std::size_t empty = empty_records(reader);
  reader.skip(empty);
  return empty != 0 && begins_hello(reader);
}

// The handshake bytes of this segment when they are not all in its first record.
Bytes join_records(Bytes first, Reader reader, MutableBytes room) {
  std::size_t size = 0;
  Bytes fragment = first;
  for (;;) {
    const std::size_t part = std::min(fragment.size(), room.size() - size);
    std::copy_n(fragment.begin(), part, room.begin() + static_cast<std::ptrdiff_t>(size));
    size += part;
    Record record;
    Reader next = reader;
    read_record_header(next, record);
    if (record.is_plausible && record.type == kHandshake) [[likely]] {
      fragment = fragment_of(next, record);
      reader = next;
      continue;
    }
    const std::size_t empty = empty_records(reader);
    if (empty == 0) break;
    reader.skip(empty);
    fragment = {};
  }
  return room.first(size);
}

// Length of the handshake message that starts here; 0 when that is not yet known.
std::size_t message_length(Bytes handshake) {
  Reader reader(handshake);
  reader.skip(1);
  const std::uint32_t length = reader.u24();
  return reader.ok() ? std::size_t{4} + length : 0;
}

void push_hello(const ClientHello& hello, bool is_copy, Place place, EventList& events) {
  std::string_view name = hello.server_name;
  if (is_copy && !name.empty()) {
    char* host = events.text(name.size());
    if (host == nullptr) return;  // the list says for the frame that it overflowed
    std::copy(name.begin(), name.end(), host);
    name = {host, name.size()};
  }
  UrlVisit* const visit = events.add<UrlVisit>(place, 0);
  if (visit == nullptr) return;
  visit->via = UrlVisit::Via::kTls;
  visit->host = name;
  if (hello.has_encrypted_hello) events.mark_encrypted(*visit);
}

// A hello whose handshake bytes are these: where its record begins, where the segment ends, and how much its record lacks of it.
struct HelloPlace {
  std::uint32_t start = 0, end = 0;
  std::uint32_t need = 0;  // of the segment, when its record goes on; else 0
  bool is_copy = false;    // the handshake bytes do not lie in the segment
};

Step read_hello(Bytes handshake, const HelloPlace& place, EventList& events) {
  ClientHello hello;
  switch (wire::read_client_hello(handshake, hello)) {
    case HelloFound::kMalformed:
      return {Progress::kMalformed, 0, 0};
    case HelloFound::kCut:
      return {Progress::kNeedMore, place.start, place.need};
    case HelloFound::kWhole:
    case HelloFound::kNamed:
      break;  // the name is here, so nothing is to be waited for
  }
  push_hello(hello, place.is_copy, {place.start, place.end - place.start}, events);
  return {Progress::kDone, place.end, 0};
}

// Out of line, for its room.
[[gnu::noinline]] Step read_joined_hello(Bytes fragment, const Reader& rest, HelloPlace place, EventList& events) {
  std::array<std::uint8_t, kLongestJoined> joined;
  place.is_copy = true;
  return read_hello(join_records(fragment, rest, joined), place, events);
}

// `start` is where the record begins, `rest` stands behind what there is of its fragment.
Step extract_hello(std::uint32_t start, const Record& record, Bytes fragment, const Reader& rest, EventList& events) {
  HelloPlace place{start, static_cast<std::uint32_t>(rest.position() + rest.remaining())};
  const bool is_record_cut = fragment.size() < record.length;
  if (is_record_cut) place.need = static_cast<std::uint32_t>(kRecordHeader + record.length);
  const std::size_t length = message_length(fragment);
  const bool is_in_one_record = is_record_cut || (length != 0 && length <= fragment.size());
  return is_in_one_record ? read_hello(fragment, place, events) : read_joined_hello(fragment, rest, place, events);
}

// From where a record begins.
[[gnu::always_inline]] inline Step extract_records(Reader reader, EventList& events) {
  Record record;
  read_first_record(reader, record);
  if (!record.is_plausible) return {};
  const auto start = static_cast<std::uint32_t>(reader.position() - kRecordHeader);
  const Bytes fragment = fragment_of(reader, record);
  if (record.type == kHandshake && fragment.empty())
    return {Progress::kNeedMore, start, static_cast<std::uint32_t>(kRecordHeader + record.length)};
  if (record.type == kHandshake && starts_hello(fragment)) return extract_hello(start, record, fragment, reader, events);
  return {Progress::kDone, static_cast<std::uint32_t>(reader.position() + reader.remaining()), 0};
}

[[gnu::noinline]] Step extract_behind_empty(Reader reader, EventList& events) {
  const std::size_t empty = empty_records(reader);
  if (empty == 0) return {};
  reader.skip(empty);
  if (reader.remaining() < kRecordHeader) return {Progress::kNeedMore, static_cast<std::uint32_t>(reader.position()), 0};
  return extract_records(reader, events);
}

Step extract(const Payload& payload, EventList& events) {
  if (payload.transport != Transport::kTcp) return {};
  Reader reader(payload.bytes);
  reader.skip(wire::proxy_header_length(payload.bytes));
  const Step step = extract_records(reader, events);
  return step.progress == Progress::kNotMine ? extract_behind_empty(reader, events) : step;
}

// RFC 8446, 6.2: "access_denied: a valid certificate or PSK was received, but when access control was applied, the
// sender decided not to proceed". Of all alerts the one that clients report most clearly.
WrittenRefusal refuse(const Event&, const Payload&, const RefusalTerms&, Writer& out) {
  constexpr std::uint8_t kFatal = 2;
  constexpr std::uint8_t kAccessDenied = 49;
  out.u8(kAlert);
  out.u16(0x0303);
  out.u16(2);
  out.u8(kFatal);
  out.u8(kAccessDenied);
  return {out.ok()};
}

}  // namespace

extern constinit const Protocol kProtocol{
    .name = "tls",
    .channel = "web",
    .tcp_ports = kPorts,
    .udp_ports = {},
    .recognise = recognise,
    .extract = extract,
    .answers = kAnswers,
    .refuse = refuse,
    .default_action = "reset",
    .spreads = true,
    .first_answer_counts = true,
};

}  // namespace telefence::tls
