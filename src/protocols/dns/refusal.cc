// SPDX-License-Identifier: Apache-2.0
#include "protocols/dns/refusal.h"

#include <algorithm>

#include "base/big_endian.h"
#include "protocols/dns/header.h"
#include "protocols/dns/name.h"
#include "protocols/dns/plain_name.h"

namespace telefence::dns {
namespace {

enum class Answer : std::uint8_t { kNxdomain, kRefused, kSinkhole };  // order of kAnswers

constexpr std::uint16_t kRcodeNxdomain = 3;
constexpr std::uint16_t kRcodeRefused = 5;
constexpr std::uint16_t kTypeA = 1;
constexpr std::uint16_t kTypeSoa = 6;
constexpr std::uint16_t kTypeAaaa = 28;
constexpr std::uint16_t kTypeOpt = 41;              // RFC 6891, 6.1.2
constexpr std::uint16_t kOptionExtendedError = 15;  // RFC 8914, 2
constexpr std::uint16_t kFlagDnssecOk = 0x8000;     // RFC 3225, 3: copied into the response

constexpr std::uint16_t kSmallestUdp = 512;  // RFC 1035, 4.2.1; RFC 6891, 6.2.3
constexpr std::uint16_t kLargestUdp = 1232;  // never fragmented: IPv6 minimum MTU less headers
constexpr std::uint32_t kLongestTtl = 60;    // unblocking must be quick
constexpr unsigned kMostRecords = 64;        // of a query; real ones carry one or two (OPT, TSIG)

// What of the query the answer depends on.
struct Query {
  Header header;
  Bytes questions;           // as sent
  std::uint16_t parent = 0;  // where the first name's second label stands; 0 when there is none to point to
  std::uint16_t type = 0;    // of the first question
  std::uint16_t klass = 0;
  bool has_opt = false;
  bool dnssec_ok = false;
  std::uint16_t udp_size = kSmallestUdp;

  // size: of the sender's UDP payload, which is what an OPT's class says.
  void note_opt(std::uint16_t size, std::uint16_t flags) {
    has_opt = true;
    dnssec_ok = (flags & kFlagDnssecOk) != 0;
    udp_size = std::clamp(size, kSmallestUdp, kLargestUdp);
  }
};

// RFC 6891, 6.1: the OPT record is in the additional section, owned by the root. A record that can't be read ends the
// search.
void find_opt(Reader reader, Query& query) {
  const unsigned before = unsigned{query.header.answers} + query.header.authorities;
  const unsigned records = std::min(before + query.header.additionals, kMostRecords);
  for (unsigned i = 0; i < records; ++i) {
    const bool owner_is_root = reader.peek() == 0;
    skip_name(reader);
    const std::uint16_t type = reader.u16();
    const std::uint16_t size = reader.u16();
    reader.skip(2);  // extended RCODE and version
    const std::uint16_t flags = reader.u16();
    reader.skip(reader.u16());
    if (!reader.ok()) return;
    if (i < before || type != kTypeOpt || !owner_is_root) continue;
    query.note_opt(size, flags);
    return;
  }
}

constexpr std::size_t kTypeAndClass = 4;

// Of a query as nearly all are: one question, by a name that lies there whole, and behind it nothing but an OPT record, or nothing at all. False:
// the long way has to look at it, and nothing but the header was read.
bool read_plain_query(Bytes message, Query& query) {
  const Header& header = query.header;
  if (header.questions != 1 || (header.answers | header.authorities) != 0 || header.additionals > 1) return false;
  const std::size_t wire = wire_length(message.subspan(kHeaderBytes));
  const std::size_t end = kHeaderBytes + wire + kTypeAndClass;
  if (wire == 0 || end > message.size()) return false;
  if (header.additionals != 0) {
    constexpr std::size_t kOptHeader = 11;
    const std::uint8_t* const opt = message.data() + end;
    if (message.size() - end < kOptHeader || opt[0] != 0 || big_endian<std::uint16_t>(opt + 1) != kTypeOpt) return false;
    if (message.size() - end - kOptHeader < big_endian<std::uint16_t>(opt + 9)) return false;
    query.note_opt(big_endian<std::uint16_t>(opt + 3), big_endian<std::uint16_t>(opt + 7));
  }
  query.parent = static_cast<std::uint16_t>(kHeaderBytes + 1 + message[kHeaderBytes]);
  query.questions = message.subspan(kHeaderBytes, wire + kTypeAndClass);
  query.type = big_endian<std::uint16_t>(message.data() + kHeaderBytes + wire);
  query.klass = big_endian<std::uint16_t>(message.data() + kHeaderBytes + wire + 2);
  return true;
}

// False when the message is not one that extract() found an event in.
bool read_query(Bytes message, Query& query) {
  Reader reader(message);
  query.header = read_header(reader);
  if (!reader.ok() || !query.header.is_standard_query()) return false;
  if (read_plain_query(message, query)) [[likely]] return true;
  const std::uint8_t first_label = reader.peek();
  if (first_label > 0 && first_label < 64) query.parent = static_cast<std::uint16_t>(kHeaderBytes + 1 + first_label);
  const std::uint16_t counted = std::min(query.header.questions, kMostQuestions);
  query.header.questions = 0;
  while (query.header.questions < counted) {
    Reader question = reader;
    skip_name(question);
    const std::uint16_t type = question.u16();
    const std::uint16_t klass = question.u16();
    if (!question.ok()) break;  // fewer than counted; extract() told those before it
    reader = question;
    if (query.header.questions++ != 0) continue;
    query.type = type;
    query.klass = klass;
  }
  if (query.header.questions == 0) return false;
  query.questions = message.subspan(kHeaderBytes, reader.position() - kHeaderBytes);
  find_opt(reader, query);
  return true;
}

std::uint16_t pointer_to(std::size_t offset) { return static_cast<std::uint16_t>(0xc000 | offset); }

// RFC 2308, 3: the SOA says how long the "no" may be kept: the smaller of its TTL and its MINIMUM. Its owner is the
// parent of the name asked for, the smallest zone in which that name can be missing.
void write_soa(const Query& query, std::uint32_t ttl, Writer& out) {
  // All of RDATA but MINIMUM, in one piece. MNAME: .invalid never exists (RFC 6761, 6.4); RNAME: the root, no mailbox; SERIAL 1;
  // REFRESH 3600, RETRY 600, EXPIRE 86400, which mean nothing to a client.
  constexpr std::string_view kStart(
      "\x09telefence\x07invalid\0" "\0" "\0\0\0\x01" "\0\0\x0e\x10" "\0\0\x02\x58" "\0\x01\x51\x80", 19 + 1 + 16);
  constexpr std::uint8_t kRoot = 0;
  constexpr auto kSize = static_cast<std::uint16_t>(kStart.size() + 4);
  if (query.parent != 0) [[likely]]
    out.all(pointer_to(query.parent), kTypeSoa, kClassIn, ttl, kSize);
  else
    out.all(kRoot, kTypeSoa, kClassIn, ttl, kSize);
  out.text(kStart);
  out.u32(ttl);  // MINIMUM
}

void write_opt(const Query& query, std::uint16_t extended_error, Writer& out) {
  constexpr std::uint8_t kRoot = 0;
  constexpr std::uint16_t kCodeAndVersion = 0, kOptionBytes = 2, kAllBytes = 4 + kOptionBytes;
  const std::uint16_t flags = query.dnssec_ok ? kFlagDnssecOk : 0;
  out.all(kRoot, kTypeOpt, kLargestUdp, kCodeAndVersion, flags, kAllBytes, kOptionExtendedError, kOptionBytes, extended_error);
}

// RFC 1035, 4.1.1. A client that wants recursion talks to a resolver, one that does not to an authoritative server: the
// answer looks like the one it would have had.
std::uint16_t response_flags(const Query& query, std::uint16_t rcode) {
  const std::uint16_t copied = query.header.flags & (kFlagRecursionDesired | kFlagCheckingDisabled);
  const bool recursive = (copied & kFlagRecursionDesired) != 0;
  return static_cast<std::uint16_t>(kFlagResponse | copied | rcode |
                                    (recursive ? kFlagRecursionAvailable : kFlagAuthoritative));
}

// An address of all zeros is none: clients would connect to themselves.
bool has_sinkhole(std::uint16_t type, const RefusalTerms& terms) {
  const auto any = [](Bytes address) { return std::any_of(address.begin(), address.end(), [](std::uint8_t b) { return b != 0; }); };
  return (type == kTypeA && any(terms.sinkhole_ipv4)) || (type == kTypeAaaa && any(terms.sinkhole_ipv6));
}

// The sinkhole has an address for A and AAAA, if it is given one. Anything else, HTTPS (65) and SVCB (64) above all, has no data: their
// hints would lead around the sinkhole.
void write_sinkhole(const Query& query, const RefusalTerms& terms, std::uint32_t ttl, Writer& out) {
  const Bytes address = query.type == kTypeA ? Bytes(terms.sinkhole_ipv4) : Bytes(terms.sinkhole_ipv6);
  out.all(pointer_to(kHeaderBytes), query.type, kClassIn, ttl, static_cast<std::uint16_t>(address.size()));
  out.bytes(address);
}

void write_answer(const Query& query, const RefusalTerms& terms, Writer& out) {
  auto answer = static_cast<Answer>(terms.answer);
  // One address can't answer several questions.
  if (answer == Answer::kSinkhole && query.header.questions != 1) answer = Answer::kNxdomain;
  // NXDOMAIN would deny all names below, too (RFC 8020, 2): where these are not refused the name just has no data.
  const bool has_no_data = answer == Answer::kNxdomain && terms.only_this_name;
  const bool has_address = answer == Answer::kSinkhole && query.klass == kClassIn && has_sinkhole(query.type, terms);
  const bool has_soa = answer != Answer::kRefused && !has_address;
  const std::uint32_t ttl = std::min(terms.ttl_s, kLongestTtl);
  const std::uint16_t rcode = answer == Answer::kNxdomain && !has_no_data ? kRcodeNxdomain
                              : answer == Answer::kRefused                ? kRcodeRefused
                                                                          : std::uint16_t{0};
  const auto count = [](bool has) { return static_cast<std::uint16_t>(has ? 1 : 0); };
  out.all(query.header.id, response_flags(query, rcode), query.header.questions, count(has_address), count(has_soa), count(query.has_opt));
  out.bytes(query.questions);  // behind the header, as in the query: nothing else of that is read from here on
  if (has_address) write_sinkhole(query, terms, ttl, out);
  if (has_soa) write_soa(query, ttl, out);
  if (query.has_opt) write_opt(query, terms.extended_error, out);
}

}  // namespace

WrittenRefusal refuse(const Event& event, const Payload& payload, const RefusalTerms& terms, Writer& out) {
  if (event.message.offset > payload.bytes.size() ||
      event.message.length > payload.bytes.size() - event.message.offset || terms.answer >= kAnswers.size())
    return {};
  Query query;
  if (!read_query(payload.bytes.subspan(event.message.offset, event.message.length), query)) return {};
  if (payload.transport == Transport::kTcp) {
    const std::size_t length_at = out.size();
    out.u16(0);  // RFC 1035, 4.2.2
    write_answer(query, terms, out);
    out.patch_u16(length_at, static_cast<std::uint16_t>(out.size() - length_at - 2));
    return {out.ok()};
  }
  const std::size_t start = out.size();
  write_answer(query, terms, out);
  return {out.ok() && out.size() - start <= query.udp_size};
}

}  // namespace telefence::dns
