// SPDX-License-Identifier: Apache-2.0
// DNS queries over UDP and, where messages lie whole in one payload, over TCP. What the filter reads of a message is
// its header and questions (RFC 1035, 4.1.1 and 4.1.2).

#include <algorithm>
#include <array>

#include "base/reader.h"
#include "protocols/dns/header.h"
#include "protocols/dns/name.h"
#include "protocols/dns/plain_names.h"
#include "protocols/dns/refusal.h"
#include "protocols/protocol.h"

namespace telefence::dns {
namespace {

constexpr std::array<std::uint16_t, 1> kPorts{53};
constexpr std::size_t kTcpLengthBytes = 2;  // RFC 1035, 4.2.2

// Other protocols hide on port 53. No DNS message has an opcode above 6 (RFC 8490) or hundreds of records; the texts of
// SIP and HTTP and the record header of TLS, read as a DNS header, have.
bool is_plausible(const Header& header) {
  constexpr std::uint16_t kMost = 255;
  if (header.is_response()) return true;
  return (header.flags & kOpcodeMask) >> 11 <= 6 && header.questions <= kMost && header.answers <= kMost &&
         header.authorities <= kMost && header.additionals <= kMost;
}

bool read_question(Bytes message, Reader& reader, NameText& name, DomainLookup& lookup) {
  if (!name.read(message, reader)) return false;
  lookup.type = reader.u16();
  lookup.klass = reader.u16();
  return reader.ok();
}

void push_question(std::string_view text, DomainLookup lookup, Place place, EventList& events) {
  if (!text.empty()) {
    char* copy = events.text(text.size());
    if (copy == nullptr) return;  // the list says for the frame that it overflowed
    std::copy(text.begin(), text.end(), copy);
    lookup.name = {copy, text.size()};
  }
  events.push(place, lookup.id, lookup);
}

// The questions of a query, one after another. Out of line: few messages get here.
[[gnu::noinline]] Progress extract_questions(Bytes message, Reader reader, const Header& header, bool plausible, Place place,
                                             EventList& events) {
  NameText name;
  DomainLookup lookup;
  lookup.id = header.id;
  for (unsigned i = 0; i < std::min(header.questions, kMostQuestions); ++i) {
    const bool is_sound = read_question(message, reader, name, lookup);
    // Behind a header like no other, only a question as people ask it makes a query.
    if (i == 0 && !plausible && (!is_sound || name.text().empty() || lookup.klass != kClassIn))
      return Progress::kNotMine;
    if (!is_sound) return i == 0 ? Progress::kMalformed : Progress::kDone;
    push_question(name.text(), lookup, place, events);
  }
  return Progress::kDone;
}

// A query as nearly all are: one question, by a name that can be copied as it stands. False: the long way has to look at it.
[[gnu::always_inline]] inline bool push_plain_question(Bytes message, const Header& header, Place place, EventList& events) {
  char* const room = events.text_room(kLongestWire);
  if (room == nullptr) return false;
  const Bytes question = message.subspan(kHeaderBytes);
  const std::size_t wire = copy_plain_name(question, room);
  constexpr std::size_t kTypeAndClass = 4;
  if (wire == 0 || question.size() - wire < kTypeAndClass) return false;
  const std::size_t size = wire - 2;  // without the length of the first label and the root label
  events.take_text(size);
  const std::uint8_t* const behind = question.data() + wire;
  events.push(place, header.id,
              DomainLookup{{room, size}, header.id, big_endian<std::uint16_t>(behind), big_endian<std::uint16_t>(behind + 2)});
  return true;
}

// One message. Inlined where datagrams are read. Only queries are of interest: QR 0, opcode 0. The counts of the header are the sender's
// word, and lies must not hide a question that is there: older releases of dnsmasq look at none of the record counts.
[[gnu::always_inline]] inline Progress extract_message(Bytes message, std::size_t offset, EventList& events) {
  Reader reader(message);
  const Header header = read_header(reader);
  if (!reader.ok()) return Progress::kMalformed;
  const bool plausible = is_plausible(header);
  if (!header.is_standard_query() || header.questions == 0) return plausible ? Progress::kDone : Progress::kNotMine;
  const Place place{static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(message.size())};
  if (plausible && header.questions == 1 && push_plain_question(message, header, place, events)) [[likely]] return Progress::kDone;
  return extract_questions(message, reader, header, plausible, place, events);
}

// A message whose end is not here: worth waiting for only when what is here of its header is one of DNS. `before` is kDone, or how
// the first message went when none was sound so far.
Step wait_for_rest(Bytes start, std::size_t consumed, std::size_t need, Progress before) {
  Reader reader(start);
  reader.skip(kTcpLengthBytes);
  const Header header = read_header(reader);
  const bool is_query = reader.ok() && is_plausible(header) && header.is_standard_query() && header.questions > 0;
  const bool is_other = reader.ok() && (!is_plausible(header) || header.is_response());
  if ((consumed == 0 && is_other) || (before == Progress::kNotMine && !is_query)) return {Progress::kNotMine, 0, 0};
  return {Progress::kNeedMore, static_cast<std::uint32_t>(consumed), static_cast<std::uint32_t>(need)};
}

// RFC 1035, 4.2.2 and RFC 7766, 6.2.1: messages follow one another, each after its length. A bad one, of which nothing is told, ends
// only itself: servers go on behind it.
[[gnu::noinline]] Step extract_tcp(Bytes bytes, EventList& events) {
  std::size_t consumed = 0;
  Progress progress = Progress::kDone;  // of the first message; kDone from the first sound one on
  while (consumed < bytes.size()) {
    const Bytes rest = bytes.subspan(consumed);
    Reader reader(rest);
    const std::uint16_t length = reader.u16();
    if (!reader.ok()) return wait_for_rest(rest, consumed, 0, progress);
    if (length > reader.remaining()) return wait_for_rest(rest, consumed, kTcpLengthBytes + length, progress);
    const Progress one = extract_message(reader.bytes(length), consumed + kTcpLengthBytes, events);
    if (consumed == 0 || one == Progress::kDone) progress = one;
    consumed += kTcpLengthBytes + length;
  }
  if (progress != Progress::kDone) return {progress, 0, 0};
  return {Progress::kDone, static_cast<std::uint32_t>(consumed), 0, Then::kMessage};  // queries follow one another (RFC 7766)
}

Step extract(const Payload& payload, EventList& events) {
  if (payload.transport == Transport::kTcp) return extract_tcp(payload.bytes, events);
  const Progress progress = extract_message(payload.bytes, 0, events);
  const bool is_done = progress == Progress::kDone;
  return {progress, is_done ? static_cast<std::uint32_t>(payload.bytes.size()) : 0, 0};
}

}  // namespace

extern constinit const Protocol kProtocol{
    .name = "dns",
    .channel = "dns",
    .tcp_ports = kPorts,
    .udp_ports = kPorts,
    .recognise = nullptr,  // a DNS message has nothing sure to know it by
    .extract = extract,
    .plain_names = plain_names,
    .answers = kAnswers,
    .refuse = refuse,
    .refuses_in_place = true,
    .default_action = "answer",
    .spreads = true,
    .first_answer_counts = true,
};

}  // namespace telefence::dns
