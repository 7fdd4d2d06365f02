// SPDX-License-Identifier: Apache-2.0
#include "protocols/sip/message.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

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

// The beginning of a text in small letters, at most eight octets, to compare with eight octets at once.
class Opening {
 public:
  consteval Opening(std::string_view lower_case) {
    for (std::size_t i = 0; i < lower_case.size(); ++i) {
      const auto letter = static_cast<unsigned char>(lower_case[i]);
      const std::uint64_t same = letter >= 'a' && letter <= 'z' ? 0xdf : 0xff;  // a letter may be of either case
      octets_ |= (letter & same) << (8 * i);
      mask_ |= same << (8 * i);
    }
  }
  bool begins(std::uint64_t text) const { return (text & mask_) == octets_; }

 private:
  std::uint64_t octets_ = 0, mask_ = 0;
};

// Requires: eight octets lie there.
std::uint64_t eight_octets(const char* at) {
  static_assert(std::endian::native == std::endian::little);
  std::uint64_t octets = 0;
  std::memcpy(&octets, at, sizeof octets);
  return octets;
}

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
  if (text.starts_with("INVITE ")) return text.substr(0, 6);
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

// What a start line says, put where it is to stay.
struct StartLine {
  std::string_view& method;
  std::string_view& request_uri;
};

// A Request-Line as nearly all are, in one pass. Returns its length, line end included; 0: it may still be a start line.
std::size_t read_plain_request_line(std::string_view text, std::string_view method, StartLine line) {
  constexpr Opening kWithCrLf("sip/2.0\r"), kWithLf("sip/2.0\n");
  const std::string_view behind = text.substr(std::min(text.size(), method.size() + 1));
  const std::size_t uri_end = find_marked(behind, [](const Chunk& chunk) { return chunk.within('\0', ' ') | chunk.equal(0x7f); });
  if (uri_end == 0 || uri_end >= kLongestStartLine || behind.size() - uri_end < 10 || behind[uri_end] != ' ') return 0;
  const char* const version = behind.data() + uri_end + 1;
  const std::uint64_t octets = eight_octets(version);
  const bool has_return = kWithCrLf.begins(octets) && version[8] == '\n';
  const std::size_t length = method.size() + uri_end + (has_return ? 11 : 10);
  if ((!has_return && !kWithLf.begins(octets)) || length > kLongestStartLine) return 0;
  line.method = method;
  line.request_uri = behind.substr(0, uri_end);
  return length;
}

// Request-Line (RFC 3261, 7.1): Method SP Request-URI SP SIP-Version.
[[gnu::noinline]] std::size_t read_any_start_line(std::string_view text, std::string_view method, StartLine line) {
  const std::size_t line_feed = find_octet(text.substr(0, kLongestStartLine), '\n');
  if (line_feed == std::string_view::npos) return 0;
  std::string_view rest = text.substr(0, line_feed);
  if (rest.ends_with('\r')) rest.remove_suffix(1);
  if (is_status_line(rest)) return line_feed + 1;
  rest.remove_prefix(std::min(rest.size(), method.size() + 1));
  const std::size_t space = find_octet(rest, ' ');
  if (space == 0 || space == std::string_view::npos) return 0;
  if (!kVersionWord.is(rest.substr(space + 1)) || has_control(rest.substr(0, space))) return 0;
  line.method = method;
  line.request_uri = rest.substr(0, space);
  return line_feed + 1;
}

// Returns its length, line end included; 0 when none stands there.
inline std::size_t read_start_line(std::string_view text, StartLine line) {
  if (text.size() < 11) return 0;
  const std::string_view method = method_of(text);
  if (method.empty() && !is_status_line(text)) return 0;
  const std::size_t length = method.empty() ? 0 : read_plain_request_line(text, method, line);
  return length != 0 ? length : read_any_start_line(text, method, line);
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

// What a line of the header section may be, by its first octet.
enum class Begins : std::uint8_t {
  kPassed,  // none that means something here, or the continuation of one
  kEmpty,   // perhaps the empty line
  kF,       // from, f
  kT,       // to, t
  kC,       // call-id, cseq, content-type, content-length, c
  kP,       // p-asserted-identity
  kCompact, // i, l
  kUnclear
};

constexpr std::array<Begins, 256> begins_by_octet() {
  std::array<Begins, 256> begins{};
  begins['\r'] = begins['\n'] = Begins::kEmpty;
  begins['f'] = begins['F'] = Begins::kF;
  begins['t'] = begins['T'] = Begins::kT;
  begins['c'] = begins['C'] = Begins::kC;
  begins['p'] = begins['P'] = Begins::kP;
  begins['i'] = begins['I'] = begins['l'] = begins['L'] = Begins::kCompact;
  return begins;
}

bool is_fold(char character) { return character == ' ' || character == '\t'; }
bool is_letter(char character) { return (character | 0x20) >= 'a' && (character | 0x20) <= 'z'; }

// Where a line's name ends, told by its first octets; kOther and 0: surely none that means something here.
struct Name {
  Field field = Field::kOther;
  std::size_t length = 0;
};
constexpr Name kUnclear{Field::kOther, 1};

Name name_with_c(const char* line, std::uint64_t octets) {
  constexpr Opening kCallId("call-id"), kCSeq("cseq"), kContent("content-"), kLength("length"), kType("type");
  if (kContent.begins(octets)) {
    const std::uint64_t behind = eight_octets(line + 8);
    if (kLength.begins(behind)) return {Field::kContentLength, 14};
    return kType.begins(behind) ? Name{Field::kContentType, 12} : Name{};
  }
  if (kCallId.begins(octets)) return {Field::kCallId, 7};
  if (kCSeq.begins(octets)) return {Field::kCSeq, 4};
  return is_letter(line[1]) ? Name{} : kUnclear;
}

// Those of which the first octets are these can only be one; a name that is not followed by its colon is looked at closely.
Name name_at(Begins begins, const char* line) {
  constexpr Opening kFrom("from"), kTo("to"), kAsserted("p-assert");
  const std::uint64_t octets = eight_octets(line);
  if (begins == Begins::kF && kFrom.begins(octets)) return {Field::kFrom, 4};
  if (begins == Begins::kT && kTo.begins(octets)) return {Field::kTo, 2};
  if (begins == Begins::kC) return name_with_c(line, octets);
  if (begins == Begins::kP) return kAsserted.begins(octets) ? kUnclear : Name{};
  const bool is_compact = begins != Begins::kEmpty && begins != Begins::kUnclear;
  return is_compact && is_letter(line[1]) ? Name{} : kUnclear;
}

// The value in a line from its first octet behind the colon on.
std::string_view value_of(std::string_view rest) {
  if (rest.ends_with('\n')) rest.remove_suffix(1);
  if (rest.ends_with('\r')) rest.remove_suffix(1);
  if (rest.starts_with(' ')) rest.remove_prefix(1);
  return wire::without_blanks(rest);
}

void take_length(std::string_view value, BodyLength& body) {
  std::uint64_t octets = 0;
  body.sane = read_decimal(value, kLongestBody + 1, octets) && octets <= kLongestBody;
  body.given = body.sane;
  body.octets = static_cast<std::size_t>(octets);
}

inline void take_field(Field field, std::string_view value, Message& message, BodyLength& body) {
  const auto set_once = [value](std::string_view& first) {
    if (first.empty()) first = value;
  };
  switch (field) {
    case Field::kFrom:
      return set_once(message.from);
    case Field::kTo:
      return set_once(message.to);
    case Field::kCallId:
      return set_once(message.call_id);
    case Field::kCSeq:
      return set_once(message.cseq);
    case Field::kContentType:
      return set_once(message.content_type);
    case Field::kAssertedIdentity:
      if (message.asserted_count < Message::kMostAsserted) message.asserted[message.asserted_count++] = value;
      return;
    case Field::kContentLength:
      return take_length(value, body);
    case Field::kVia:  // in reply.cc alone
    case Field::kOther:
      return;
  }
}

[[gnu::noinline]] void take_unclear(std::string_view whole, Message& message, BodyLength& body) {
  wire::HeaderLine line;
  if (wire::read_header_line(whole, line)) take_field(field_named(line.name), line.value, message, body);
}

// `whole`: the line with those that continue it.
inline void take_line(Name name, std::string_view whole, Message& message, BodyLength& body) {
  if (name.field == Field::kOther || whole.size() <= name.length || whole[name.length] != ':') [[unlikely]]
    return take_unclear(whole, message, body);
  take_field(name.field, value_of(whole.substr(name.length + 1)), message, body);
}

// Walks the header section once and takes from it what means something here. Returns where it ends; `has_ended` is true when the
// empty line stands there.
inline std::size_t read_fields(std::string_view text, Message& message, BodyLength& body, bool& has_ended) {
  static constexpr auto kBegins = begins_by_octet();
  wire::LineEnds ends(text);
  std::size_t position = 0;
  while (position < text.size()) {
    const std::size_t start = position;
    position = ends.next();
    Begins begins = kBegins[static_cast<unsigned char>(text[start])];
    if (start == 0 && is_fold(text[0])) [[unlikely]] begins = Begins::kUnclear;  // there is nothing that it continues
    if (begins == Begins::kPassed) continue;
    if (begins == Begins::kEmpty) {
      has_ended = text[start] == '\n' || (position - start == 2 && text[start + 1] == '\n');
      if (has_ended) break;
    }
    const Name name = text.size() - start < 16 ? kUnclear : name_at(begins, text.data() + start);
    if (name.length == 0) continue;
    while (position < text.size() && is_fold(text[position])) position = ends.next();
    take_line(name, text.substr(start, position - start), message, body);
  }
  return position;
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
  std::string_view method, request_uri;
  return read_start_line(as_text(bytes), {method, request_uri}) != 0;
}

Reading read_message(Bytes bytes, Transport transport, Message& message) {
  const std::string_view text = as_text(bytes);
  const bool is_stream = transport == Transport::kTcp;
  const std::size_t start = read_start_line(text, {message.method, message.request_uri});
  if (start == 0) return is_stream && may_begin_message(text) ? Reading::kPartial : Reading::kNotSip;
  BodyLength body;
  bool has_ended = false;
  const std::size_t headers = read_fields(text.substr(start), message, body, has_ended);
  if (is_stream && !has_ended) return Reading::kPartial;
  message.headers = text.substr(start, headers);
  const std::size_t body_start = start + headers;
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
