// SPDX-License-Identifier: Apache-2.0
#pragma once

// One SIP message (RFC 3261, section 7) as views into the packet: the start line and the header fields that are read
// here. Receivers forgive much, so this does too: compact names in any case, folded lines, LF alone as line end, no
// empty line at the end of a datagram. What stands in a list keeps its first few entries.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/transport.h"
#include "base/uncleared.h"
#include "protocols/wire/text_headers.h"

namespace telefence::sip {

// The header fields that mean something here; all others are kOther.
enum class Field : std::uint8_t {
  kOther,
  kVia,
  kFrom,
  kTo,
  kCallId,
  kCSeq,
  kContentType,
  kContentLength,
  kAssertedIdentity,
  kClaimedIdentity,  // P-Preferred-Identity, Remote-Party-ID: what the caller says of itself beside From
};

// By full or compact name, ignoring case (RFC 3261, 7.3.3; RFC 3325; draft-ietf-sip-privacy-04).
Field field_named(std::string_view name);

// The values of the first few Via lines, where they are wanted.
struct Vias {
  static constexpr std::size_t kMost = 4;

  void add(std::string_view value) {
    if (count == kMost)
      has_more = true;
    else
      values[count++] = value;
  }

  Uncleared<std::string_view, kMost> values;
  std::uint8_t count = 0;
  bool has_more = false;  // to be walked for
};

struct Message {
  static constexpr std::size_t kMostAsserted = 4;

  std::string_view method;       // "" for a response
  std::string_view request_uri;  // "" for a response
  std::string_view headers;      // the header section, which is walked once more for what there is much of
  std::string_view from;
  std::string_view to;
  std::string_view call_id;
  std::string_view cseq;
  std::string_view content_type;
  std::string_view content_length;  // no place at all: not given
  std::string_view other_length;    // one before it that said something else; receivers differ in which counts
  Uncleared<std::string_view, kMostAsserted> asserted;   // values of P-Asserted-Identity; each may be a list
  std::size_t asserted_count = 0;
  bool has_more_names = false;  // From or To once more, claimed identities, or more asserted ones: to be walked for
  Vias vias;
  std::string_view body;
  std::size_t length = 0;  // of the whole message

  bool is_request() const { return !method.empty(); }
  std::uint32_t sequence() const;  // the number of CSeq, 0 when there is none
};

enum class Reading : std::uint8_t {
  kWhole,
  kPartial,    // stream only: goes on in another segment
  kMalformed,  // stream only: its end can not be known
  kNotSip,
};

// What of the header section a caller needs in a Message, so that the other lines are passed over as soon as they are known. What is not named
// here may be filled or not. Requires: but for kAll, a datagram, whose end no line says.
enum class Wanted : std::uint8_t {
  kAll,      // all but Via
  kParties,  // of an INVITE: who calls whom, and Call-ID
  kReply,    // what a response repeats: Via, From, To, Call-ID and CSeq
};

// Reads the message at the beginning of `bytes`. Over UDP it ends with the datagram at the latest (RFC 3261, 18.3);
// over TCP Content-Length says where, and for kPartial `length` is what is needed, 0 while that is not known; then the body is what
// is there of it. Requires: message is new.
Reading read_message(Bytes bytes, Transport transport, Message& message, Wanted wanted = Wanted::kAll);

// Only looks at the start line.
bool begins_message(Bytes bytes);

// What in a stream stands where a message begins, with a start line that nobody knows: its receiver reads on behind its header section
// and what that says of its body, and so does this. kWhole: it ends behind message.length; kNotSip: its header section is not there.
Reading read_unknown(Bytes bytes, Message& message);

// Where in a Status-Line its code stands; 0: it is none.
std::size_t status_code_at(std::string_view line);

// True for INVITE and MESSAGE, in any case, since some receivers take them so; nearly all come as they should.
inline bool is_invite(std::string_view method) { return method == "INVITE" || wire::equals_ignoring_case(method, "invite"); }
inline bool is_message(std::string_view method) { return method == "MESSAGE" || wire::equals_ignoring_case(method, "message"); }

// The line ends that clients send between messages to keep a path open (RFC 3261, 7.5; RFC 5626, 3.5.1), and blanks, which receivers
// forgive.
inline std::size_t leading_blanks(Bytes bytes) {
  std::size_t count = 0;
  while (count < bytes.size() && wire::is_blank(static_cast<char>(bytes[count]))) ++count;
  return count;
}

}  // namespace telefence::sip
