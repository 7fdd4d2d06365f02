// SPDX-License-Identifier: Apache-2.0
#include "protocols/sip/message.h"

#include <algorithm>
#include <array>

#include "base/chunk.h"
#include "protocols/wire/text_headers.h"

namespace telefence::sip {
namespace {

constexpr std::size_t kLongestMethod = 32;
constexpr std::size_t kLongestStartLine = 4096;
constexpr std::size_t kLongestBody = 1 << 20;
constexpr std::string_view kVersion = "sip/2.0";
constexpr wire::Word kVersionWord = "sip/2.0";

struct FieldName {
  wire::Word full;
  char compact;  // ' ': none
  Field field;
};

// The shorter ones first.
constexpr FieldName kFieldNames[] = {
    {"to", 't', Field::kTo},
    {"via", 'v', Field::kVia},
    {"from", 'f', Field::kFrom},
    {"cseq", ' ', Field::kCSeq},
    {"call-id", 'i', Field::kCallId},
    {"content-type", 'c', Field::kContentType},
    {"content-length", 'l', Field::kContentLength},
    {"p-asserted-identity", ' ', Field::kAssertedIdentity},
};

// Which of them have this length: the first one and, as with from and cseq, maybe the one behind it.
constexpr std::array<std::uint8_t, wire::Word::kLongest + 1> by_length() {
  std::array<std::uint8_t, wire::Word::kLongest + 1> first{};
  first.fill(std::size(kFieldNames));
  for (std::size_t i = std::size(kFieldNames); i-- > 0;) first[kFieldNames[i].full.size()] = static_cast<std::uint8_t>(i);
  return first;
}

// The first letters of all names above, bit 0 for 'a': most header fields are none of them.
constexpr wire::FirstLetters first_letters() {
  wire::FirstLetters letters = 0;
  for (const FieldName& known : kFieldNames) {
    letters |= wire::first_letter(known.full.front());
    if (known.compact != ' ') letters |= wire::first_letter(known.compact);
  }
  return letters;
}
constexpr wire::FirstLetters kFirstLetters = first_letters();

// token (RFC 3261, 25.1).
constexpr std::array<bool, 256> tokens() {
  std::array<bool, 256> are{};
  for (const char mark : std::string_view("-.!%*_+`'~0123456789")) are[static_cast<unsigned char>(mark)] = true;
  for (char letter = 'A'; letter <= 'Z'; ++letter) are[static_cast<unsigned char>(letter)] = are[static_cast<unsigned char>(letter | 0x20)] = true;
  return are;
}
bool is_token(char character) {
  static constexpr std::array<bool, 256> kTokens = tokens();
  return kTokens[static_cast<unsigned char>(character)];
}

// The method at the beginning of a Request-Line; "" when none stands there.
std::string_view method_of(std::string_view text) {
  std::size_t length = 0;
  while (length < text.size() && length <= kLongestMethod && is_token(text[length])) ++length;
  if (length == 0 || length >= text.size() || text[length] != ' ') return {};
  return text.substr(0, length);
}

// Status-Line (RFC 3261, 7.2): SIP-Version SP 3DIGIT SP Reason-Phrase.
bool is_status_line(std::string_view line) {
  if (line.size() < 11 || line[7] != ' ' || !kVersionWord.begins(line)) return false;
  return std::all_of(line.begin() + 8, line.begin() + 11, [](char c) { return c >= '0' && c <= '9'; });
}

// No URI holds one, and what does is no SIP that anybody would take.
bool has_control(std::string_view text) {
  return find_marked(text, [](const Chunk& chunk) { return chunk.within('\0', 0x1f) | chunk.equal(0x7f); }) != std::string_view::npos;
}

struct StartLine {
  std::string_view method;
  std::string_view request_uri;
  std::size_t length = 0;  // its line end included
};

// Request-Line (RFC 3261, 7.1): Method SP Request-URI SP SIP-Version.
bool read_start_line(std::string_view text, StartLine& line) {
  if (text.size() < 11 || !is_token(text.front())) return false;
  const std::string_view method = method_of(text);
  if (method.empty() && !is_status_line(text)) return false;
  const std::size_t line_feed = find_octet(text.substr(0, kLongestStartLine), '\n');
  if (line_feed == std::string_view::npos) return false;
  std::string_view rest = text.substr(0, line_feed);
  if (rest.ends_with('\r')) rest.remove_suffix(1);
  line = {{}, {}, line_feed + 1};
  if (is_status_line(rest)) return true;
  rest.remove_prefix(std::min(rest.size(), method.size() + 1));
  const std::size_t space = find_octet(rest, ' ');
  if (space == 0 || space == std::string_view::npos) return false;
  if (!kVersionWord.is(rest.substr(space + 1)) || has_control(rest.substr(0, space))) return false;
  line.method = method;
  line.request_uri = rest.substr(0, space);
  return true;
}

bool is_prefix_of_either(std::string_view shorter, std::string_view longer) {
  const std::size_t length = std::min(shorter.size(), longer.size());
  return wire::equals_ignoring_case(shorter.substr(0, length), longer.substr(0, length));
}

// True when so few bytes came that they do not even hold the whole method: a sender may put one byte into a segment of its own.
bool may_begin_method(std::string_view text) {
  // RFC 3261, 3262, 6665, 3903, 6086, 3515, 3428, 3311.
  constexpr std::string_view kMethods[] = {"INVITE", "ACK",       "BYE",    "CANCEL",  "OPTIONS", "REGISTER", "PRACK",
                                           "SUBSCRIBE", "NOTIFY", "PUBLISH", "INFO", "REFER",    "MESSAGE",  "UPDATE"};
  return std::any_of(std::begin(kMethods), std::end(kMethods), [text](std::string_view method) { return method.starts_with(text); });
}

// True when a start line may begin here whose end has not arrived.
bool may_begin_message(std::string_view text) {
  if (text.size() >= kLongestStartLine || text.find('\n') != std::string_view::npos) return false;
  if (is_prefix_of_either(text, kVersion)) return true;
  const std::string_view method = method_of(text);
  if (method.empty()) return may_begin_method(text);
  const std::string_view uri = text.substr(method.size() + 1);
  return is_prefix_of_either(uri, "sip:") || is_prefix_of_either(uri, "sips:") || is_prefix_of_either(uri, "tel:");
}

// Decimal digits at the beginning of `text`, at most `most`; false when there is none.
bool read_decimal(std::string_view text, std::uint64_t most, std::uint64_t& value) {
  if (text.empty() || text.front() < '0' || text.front() > '9') return false;
  value = 0;
  for (char digit : text) {
    if (digit < '0' || digit > '9') break;
    value = std::min(most, value * 10 + static_cast<std::uint64_t>(digit - '0'));
  }
  return true;
}

// What Content-Length says.
struct BodyLength {
  bool given = false;
  bool sane = true;
  std::size_t octets = 0;
};

void take_field(const wire::HeaderLine& line, Message& message, BodyLength& body) {
  const auto set_once = [&line](std::string_view& value) {
    if (value.empty()) value = line.value;
  };
  switch (field_named(line.name)) {
    case Field::kFrom:
      set_once(message.from);
      break;
    case Field::kTo:
      set_once(message.to);
      break;
    case Field::kCallId:
      set_once(message.call_id);
      break;
    case Field::kCSeq:
      set_once(message.cseq);
      break;
    case Field::kContentType:
      set_once(message.content_type);
      break;
    case Field::kAssertedIdentity:
      if (message.asserted_count < Message::kMostAsserted) message.asserted[message.asserted_count++] = line.value;
      break;
    case Field::kContentLength: {
      std::uint64_t octets = 0;
      body.sane = read_decimal(line.value, kLongestBody + 1, octets) && octets <= kLongestBody;
      body.given = body.sane;
      body.octets = static_cast<std::size_t>(octets);
      break;
    }
    case Field::kVia:
    case Field::kOther:
      break;
  }
}

}  // namespace

Field field_named(std::string_view name) {
  if (name.empty() || name.size() > wire::Word::kLongest) return Field::kOther;
  if (name.size() == 1) {
    const char letter = wire::lower_case_of(name.front());
    for (const FieldName& known : kFieldNames)
      if (letter == known.compact && letter != ' ') return known.field;
    return Field::kOther;
  }
  static constexpr auto kFirstOfLength = by_length();
  for (std::size_t i = kFirstOfLength[name.size()]; i < std::size(kFieldNames) && kFieldNames[i].full.size() == name.size(); ++i)
    if (kFieldNames[i].full.begins(name)) return kFieldNames[i].field;
  return Field::kOther;
}

std::uint32_t Message::sequence() const {
  std::uint64_t number = 0;
  return read_decimal(cseq, 0xffffffff, number) ? static_cast<std::uint32_t>(number) : 0;
}

std::size_t leading_line_ends(Bytes bytes) {
  const auto is_line_end = [](std::uint8_t octet) { return octet == '\r' || octet == '\n'; };
  const auto first = std::find_if_not(bytes.begin(), bytes.end(), is_line_end);
  return static_cast<std::size_t>(first - bytes.begin());
}

bool begins_message(Bytes bytes) {
  StartLine line;
  return read_start_line(as_text(bytes), line);
}

Reading read_message(Bytes bytes, Transport transport, Message& message) {
  const std::string_view text = as_text(bytes);
  const bool is_stream = transport == Transport::kTcp;
  StartLine start;
  if (!read_start_line(text, start)) return is_stream && may_begin_message(text) ? Reading::kPartial : Reading::kNotSip;
  message.method = start.method;
  message.request_uri = start.request_uri;
  BodyLength body;
  wire::HeaderLines lines(text.substr(start.length), kFirstLetters & ~wire::first_letter('v'));  // Via: in reply.cc alone
  wire::HeaderLine line;
  while (lines.next(line)) take_field(line, message, body);
  if (is_stream && !lines.ended()) return Reading::kPartial;
  message.headers = text.substr(start.length, lines.position());
  const std::size_t body_start = start.length + lines.position();
  if (is_stream && !body.sane) return Reading::kMalformed;
  if (is_stream && body.octets > text.size() - body_start) {
    message.length = body_start + body.octets;
    return Reading::kPartial;
  }
  // A stream without Content-Length has no body that could be delimited (RFC 3261, 20.14).
  message.body = text.substr(body_start, body.given || is_stream ? body.octets : std::string_view::npos);
  message.length = body_start + message.body.size();
  return Reading::kWhole;
}

}  // namespace telefence::sip
