// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a packet was found to say: a name looked up, a site visited, a call set up, a short message sent. Every view points
// into the packet or into the arena of the EventList that holds the event, and dies with the burst; record/ copies what
// must live longer. Text is as the sender wrote it: only normalise/ makes canonical forms.

#include <cstdint>
#include <span>
#include <string_view>
#include <variant>

#include "base/bytes.h"

namespace telefence {

using Texts = std::span<const std::string_view>;

// One question of a DNS query (RFC 1035, 4.1.2).
struct DomainLookup {
  std::string_view name;  // labels joined by dots, no final dot; "" for the root; case as sent
  std::uint16_t id = 0;   // of the message
  std::uint16_t type = 0;
  std::uint16_t klass = 0;
  std::uint16_t unused = 0;  // so that it is copied whole
};

// A site named by an HTTP request, a TLS ClientHello or a QUIC Initial.
struct UrlVisit {
  enum class Via : std::uint8_t { kHttp, kTls, kQuic };
  Via via = Via::kHttp;
  std::string_view host;         // without port; "" when none was given
  std::string_view uri;          // HTTP: the request target as sent
  std::string_view path;         // HTTP: its path and query, "/" when empty; "" for CONNECT
  std::string_view method;       // HTTP only
  bool is_ambiguous = false;     // HTTP: the request names other hosts, too; each is a visit, and the first of them says so
  bool encrypted_hello = false;  // TLS, QUIC: an ECH extension is there, so `host` is the outer name
  Bytes connection;              // QUIC: what later datagrams of it are known by (FlowMemory's mark); else empty
};

// A call being set up (SIP INVITE, ISUP IAM).
struct Call {
  std::string_view calling;  // user part of From, or the calling party number
  std::string_view called;   // user part of the Request-URI, or the called party number
  Texts calling_also;        // further names of the same caller: those that the network vouches for (P-Asserted-Identity), then others
  Texts called_also;         // further names of the same called party (To)
  std::string_view call_id;
  std::uint8_t only_claimed = 0;  // so many of calling_also, the last ones, nobody vouches for
  bool within_dialog = false;     // re-INVITE: says that the call stands already
  bool has_all_parties = true;    // as in Sms
};

// What a number says of itself beside its digits (SMPP's type of number, ISUP's nature of address).
enum class NumberForm : std::uint8_t {
  kAsDialled,
  kInternational,  // begins with a country code
};

// How the octets of a short message stand for characters.
enum class TextCoding : std::uint8_t {
  kGsm7,        // GSM 03.38 default alphabet, one septet per octet
  kGsm7Packed,  // the same, eight septets in seven octets
  kAscii,
  kLatin1,
  kUcs2,  // UTF-16BE
  kGb18030,
  kUtf8,
  kBinary,  // not text
};

// Which part of a long message this is; total 0 or 1 when it is whole.
struct SmsPart {
  std::uint16_t reference = 0;
  std::uint8_t total = 0;
  std::uint8_t number = 0;
};

// A short message on its way.
struct Sms {
  std::string_view calling;
  Texts called;  // one or more recipients; empty: one whose number is not in the message
  Texts calling_also;
  Texts called_also;
  std::span<const NumberForm> called_forms;  // one for each of `called`; none: all as dialled
  Bytes body;  // without the user data header
  TextCoding coding = TextCoding::kGsm7;
  NumberForm calling_form = NumberForm::kAsDialled;
  SmsPart part;
  std::uint8_t only_claimed = 0;  // as in Call
  bool over_sip : 1 = false;  // SIP MESSAGE, else a short-message protocol
  // Of one that is cut: false while one of its numbers may be still to come; true when the text is what goes on.
  bool has_all_parties : 1 = true;
  bool is_text_cut : 1 = false;
};

// Which of its two ends a number stands for.
enum class Side : std::uint8_t { kCalling, kCalled };

// Two cache lines: a burst has an event for nearly each of its frames, and all stages look at all of them.
struct alignas(64) Event {
  std::uint16_t frame = 0;           // index in the burst
  std::uint8_t protocol = 0;         // index in the protocol registry
  bool is_cut = false;               // of a message that goes on, judged by what is there of it
  Place message;                     // the whole message (PDU, request) inside the payload
  std::uint32_t session_number = 0;  // the protocol's own number that pairs a request with its response
  std::variant<DomainLookup, UrlVisit, Call, Sms> what;
};
static_assert(sizeof(Event) == 128);

// The response to a message, seen on its way back: restate() may have to change it.
struct Response {
  std::uint16_t frame = 0;
  std::uint8_t protocol = 0;
  Place message;
  std::uint32_t session_number = 0;
  bool is_request = false;  // a request that nobody judges: what is said to it is its own, whatever was refused under its number before
};

}  // namespace telefence
