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
constexpr std::size_t kLongestStartLine = 64 * 1024;
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
    {"remote-party-id", ' ', Field::kClaimedIdentity},
    {"p-asserted-identity", ' ', Field::kAssertedIdentity},
    {"p-preferred-identity", ' ', Field::kClaimedIdentity},
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
  consteval Opening(const char* lower_case) {
    for (std::size_t i = 0; lower_case[i] != 0; ++i) {
      const auto letter = static_cast<unsigned char>(lower_case[i]);
      const std::uint64_t same = letter >= 'a' && letter <= 'z' ? 0xdf : 0xff;  // a letter may be of either case
      octets_ |= (letter & same) << (8 * i);
      mask_ |= same << (8 * i);
    }
  }
  // That of no text.
  static consteval Opening never() {
    Opening opening("");
    opening.octets_ = 1;
    return opening;
  }
  bool begins(std::uint64_t text) const { return (text & mask_) == octets_; }

 private:
  std::uint64_t octets_ = 0, mask_ = 0;
};

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

bool is_space(char character) { return character == ' ' || character == '\t'; }

// The method at the beginning of a Request-Line; "" when none stands there.
std::string_view method_of(std::string_view text) {
  if (text.starts_with("INVITE ")) return text.substr(0, 6);
  std::size_t length = 0;
  while (length < text.size() && length <= kLongestMethod && is_token(text[length])) ++length;
  if (length == 0 || length >= text.size() || !is_space(text[length])) return {};
  return text.substr(0, length);
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

// Request-Line (RFC 3261, 7.1): Method SP Request-URI SP SIP-Version. Receivers take several blanks, tabs, and blanks at the end.
[[gnu::noinline]] std::size_t read_any_start_line(std::string_view text, std::string_view method, StartLine line) {
  const std::size_t line_feed = find_octet(text.substr(0, kLongestStartLine), '\n');
  if (line_feed == std::string_view::npos) return 0;
  std::string_view rest = wire::without_blanks(text.substr(0, line_feed));
  if (status_code_at(rest) != 0) return line_feed + 1;
  if (method.empty() || method.size() >= rest.size()) return 0;
  rest = wire::without_blanks(rest.substr(method.size()));
  const std::size_t uri_end = find_marked(rest, [](const Chunk& chunk) { return chunk.equal_any(' ', '\t'); });
  if (uri_end == std::string_view::npos || has_control(rest.substr(0, uri_end))) return 0;
  if (!kVersionWord.is(wire::without_blanks(rest.substr(uri_end)))) return 0;
  line.method = method;
  line.request_uri = rest.substr(0, uri_end);
  return line_feed + 1;
}

// Returns its length, line end included; 0 when none stands there.
inline std::size_t read_start_line(std::string_view text, StartLine line) {
  if (text.size() < 11) return 0;
  const std::string_view method = method_of(text);
  if (method.empty() && status_code_at(text) == 0) return 0;
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
  constexpr std::string_view kMethods[] = {"invite", "ack",       "bye",    "cancel",  "options", "register", "prack",
                                           "subscribe", "notify", "publish", "info", "refer",    "message",  "update"};
  return std::any_of(std::begin(kMethods), std::end(kMethods),
                     [text](std::string_view method) { return wire::equals_ignoring_case(text, method.substr(0, text.size())); });
}

// True when a start line may begin here whose end has not arrived.
bool may_begin_message(std::string_view text) {
  if (text.size() >= kLongestStartLine || text.find('\n') != std::string_view::npos) return false;
  if (is_prefix_of_either(text, kVersion)) return true;
  const std::string_view method = method_of(text);
  if (method.empty()) return may_begin_method(text);
  const std::string_view uri = wire::without_blanks(text.substr(method.size() + 1));
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

// What Content-Length says; what is no number says nothing. A stream without it has no body that could be delimited (RFC 3261, 20.14).
std::size_t body_length(std::string_view content_length) {
  std::uint64_t octets = 0;
  return read_decimal(content_length, kLongestBody + 1, octets) ? static_cast<std::size_t>(octets) : 0;
}

bool is_fold(char character) { return character == ' ' || character == '\t'; }
bool is_letter(char character) { return (character | 0x20) >= 'a' && (character | 0x20) <= 'z'; }

// What a line of the header section may be, by its first two octets: looked up, since a jump to the code for each would often be
// foreseen wrongly.
enum class Kind : std::uint8_t {
  kNothing,  // that means something here, or the continuation of a line
  kFrom,     // from here on by a name that is told at once
  kTo,
  kCallId,
  kCSeq,
  kCompact,  // from here on to be looked at closely: one of those with a letter for a name, or nothing
  kContent,
  kAsserted,
  kRemote,
  kVia,
  kEnd,  // perhaps the empty line
  kCount,
};
using Kinds = unsigned;  // as bits
constexpr Kinds bit_of(Kind kind) { return 1u << static_cast<unsigned>(kind); }

// Those of other kinds can say nothing that is wanted.
constexpr Kinds kinds_for(Wanted wanted) {
  constexpr Kinds kEvery = bit_of(Kind::kCount) - 1 - bit_of(Kind::kNothing);
  switch (wanted) {
    case Wanted::kAll: return kEvery & ~bit_of(Kind::kVia);
    case Wanted::kParties: return kEvery & ~(bit_of(Kind::kVia) | bit_of(Kind::kCSeq) | bit_of(Kind::kContent));
    case Wanted::kReply: return kEvery & ~(bit_of(Kind::kContent) | bit_of(Kind::kAsserted) | bit_of(Kind::kRemote));
  }
  return kEvery;
}

struct KnownName {
  Opening opening;
  std::size_t length = 0;                      // of the whole name
  std::string_view Message::*value = nullptr;  // where its value is to stay
};
constexpr KnownName kContentType{"type", 12, &Message::content_type};
constexpr KnownName kContentLength{"length", 14, &Message::content_length};

// By Kind. A line that begins with these letters can be nothing else, unless its name goes on behind them. Those of no length are not told by
// them alone.
constexpr KnownName kKnownNames[] = {
    {Opening::never()},
    {"from", 4, &Message::from},
    {"to", 2, &Message::to},
    {"call-id", 7, &Message::call_id},
    {"cseq", 4, &Message::cseq},
    {Opening::never()},
    {"content-"},
    {"p-assert"},
    {"remote-p"},
    {""},  // any line of its row
    {Opening::never()},
};
static_assert(std::size(kKnownNames) == static_cast<std::size_t>(Kind::kCount));

constexpr std::string_view kFirstLetters = "ftcpilrv";
// No two of these share their five lowest bits, nor do '\r' and '\n' with one of them.
static_assert([] {
  std::uint32_t taken = 1u << '\r' | 1u << '\n';
  for (const char letter : kFirstLetters) {
    const std::uint32_t own = 1u << (letter & 31);
    if ((taken & own) != 0) return false;
    taken |= own;
  }
  return true;
}());

// What a line may be, by the five lowest bits of each of its first two octets.
constexpr std::size_t low_bits_of(unsigned first_two) { return (first_two & 0x1f) | (first_two >> 3 & 0x3e0); }
constexpr std::size_t low_bits_of(unsigned char first, unsigned char second) { return low_bits_of(first | unsigned{second} << 8); }
constexpr std::array<Kind, 1024> kinds_by_low_bits() {
  std::array<Kind, 1024> kinds{};
  const auto fill = [&kinds](char first, Kind kind) {
    for (unsigned char second = 0; second < 32; ++second) kinds[low_bits_of(static_cast<unsigned char>(first), second)] = kind;
  };
  for (const char letter : kFirstLetters) fill(letter, letter == 'v' ? Kind::kVia : Kind::kCompact);
  const auto add = [&kinds](std::string_view two, Kind kind) {
    kinds[low_bits_of(static_cast<unsigned char>(two[0]), static_cast<unsigned char>(two[1]))] = kind;
  };
  add("fr", Kind::kFrom);
  add("to", Kind::kTo);
  add("ca", Kind::kCallId);
  add("cs", Kind::kCSeq);
  add("co", Kind::kContent);
  add("p-", Kind::kAsserted);
  add("re", Kind::kRemote);
  fill('\n', Kind::kEnd);
  // Receivers forgive a '\r' before a name. None in 'a' means anything here, and Max-Forwards shares these bits.
  fill('\r', Kind::kEnd);
  add("\ra", Kind::kNothing);
  return kinds;
}

// The first octets of lines that mean something, the empty one among them.
constexpr std::array<bool, 256> first_octets() {
  std::array<bool, 256> are{};
  are['\r'] = are['\n'] = true;
  for (const char letter : kFirstLetters) are[static_cast<unsigned char>(letter)] = are[static_cast<unsigned char>(letter) ^ 0x20u] = true;
  return are;
}

// The header section, walked once: what means something here is put where it is to stay.
class HeaderSection {
 public:
  HeaderSection(Message& message, Kinds kinds) : message_(message), kinds_(kinds) {}

  // Returns where it ends, or the text does.
  std::size_t read(std::string_view text);
  // True when the empty line stood there.
  bool has_ended() const { return has_ended_; }

 private:
  std::size_t take_last_lines(std::string_view text, std::size_t position);
  void take_closely(std::string_view line, Kind kind);
  void take(std::string_view Message::*place, std::string_view value);
  void take_again(std::string_view Message::*place, std::string_view value);
  void take_unclear(std::string_view whole);
  std::string_view Message::*place_of(Field field);

  Message& message_;
  const Kinds kinds_;  // that are wanted
  bool has_ended_ = false;
};

// The first octet the lowest. Requires: two lie there.
inline unsigned first_two(const char* line) {
  static_assert(std::endian::native == std::endian::little);
  std::uint16_t octets = 0;
  std::memcpy(&octets, line, sizeof octets);
  return octets;
}

constexpr unsigned kCrLf = '\r' | '\n' << 8;

// What stands behind the colon of a line, without the blanks around it.
inline std::string_view value_of(std::string_view rest) {
  const char* const text = rest.data();
  const std::size_t end = rest.size();
  const auto is_visible = [text](std::size_t at) { return static_cast<unsigned char>(text[at]) > ' '; };
  if (end >= 5 && text[0] == ' ' && is_visible(1) && is_visible(end - 3) && first_two(text + end - 2) == kCrLf) [[likely]] return {text + 1, end - 3};
  return wire::without_blanks(rest);
}

inline void HeaderSection::take(std::string_view Message::*place, std::string_view value) {
  if ((message_.*place).empty()) [[likely]]
    message_.*place = value;
  else
    take_again(place, value);
}

// The first one counts, of Content-Length the last; but receivers differ, so what another one says is not forgotten.
[[gnu::noinline]] void HeaderSection::take_again(std::string_view Message::*place, std::string_view value) {
  std::string_view& known = message_.*place;
  if (place == &Message::content_length) {
    if (body_length(known) != body_length(value)) message_.other_length = known;
    known = value;
  } else if (place == &Message::content_type) {
    if (wire::equals_ignoring_case(value.substr(0, 5), "text/")) known = value;
  } else if (place == &Message::from || place == &Message::to) {
    message_.has_more_names = true;
  }
}

std::string_view Message::*HeaderSection::place_of(Field field) {
  switch (field) {
    case Field::kFrom:
      return &Message::from;
    case Field::kTo:
      return &Message::to;
    case Field::kCallId:
      return &Message::call_id;
    case Field::kCSeq:
      return &Message::cseq;
    case Field::kContentType:
      return &Message::content_type;
    case Field::kContentLength:
      return &Message::content_length;
    case Field::kAssertedIdentity:
    case Field::kClaimedIdentity:
    case Field::kVia:
    case Field::kOther:
      return nullptr;
  }
  return nullptr;
}

[[gnu::noinline]] void HeaderSection::take_unclear(std::string_view whole) {
  wire::HeaderLine line;
  if (!wire::read_header_line(whole, line)) return;
  const Field field = field_named(line.name);
  if (const auto place = place_of(field); place != nullptr) take(place, line.value);
  if (field == Field::kAssertedIdentity && message_.asserted_count < Message::kMostAsserted)
    message_.asserted[message_.asserted_count++] = line.value;
  else if (field == Field::kAssertedIdentity || field == Field::kClaimedIdentity)
    message_.has_more_names = true;
  else if (field == Field::kVia)
    message_.vias.add(line.value);
}

// Where the lines end that continue the one which ends at `position`.
[[gnu::noinline]] std::size_t after_folds(std::string_view text, std::size_t position) {
  wire::LineEnds ends(text, position);
  while (position < text.size() && is_fold(text[position])) position = ends.next();
  return position;
}

constexpr std::size_t kSixteen = 16;  // octets in which a name is looked for

bool is_empty_line(std::string_view line) { return line == "\n" || line == "\r\n"; }

// Of one that its first letters do not tell for sure. Requires: kSixteen octets lie there, and maybe more of the line.
[[gnu::noinline]] void HeaderSection::take_closely(std::string_view line, Kind kind) {
  static constexpr std::array<bool, 256> kFirstOctets = first_octets();
  constexpr Opening kPreferred("p-prefer");
  const char* const octets = line.data();
  if (!kFirstOctets[static_cast<unsigned char>(octets[0])]) return;
  if (kind == Kind::kEnd || (kind == Kind::kAsserted && kPreferred.begins(eight_octets(octets)))) return take_unclear(line);
  if (!kKnownNames[static_cast<std::size_t>(kind)].opening.begins(eight_octets(octets))) {
    if (!is_letter(octets[1]) && octets[1] != '-') take_unclear(line);  // else it surely is of no meaning here
    return;
  }
  if (kind != Kind::kContent) return take_unclear(line);
  for (const KnownName& name : {kContentLength, kContentType}) {
    if (!name.opening.begins(eight_octets(octets + 8))) continue;
    if (name.length < line.size() && line[name.length] == ':') return take(name.value, value_of(line.substr(name.length + 1)));
    return take_unclear(line);
  }
}

// What is left of the text behind the lines that kSixteen octets can be looked at of. Returns as read() does.
[[gnu::noinline]] std::size_t HeaderSection::take_last_lines(std::string_view text, std::size_t position) {
  while (position < text.size() && !has_ended_) {
    const std::size_t start = position;
    position = wire::LineEnds(text, start).next();
    has_ended_ = is_empty_line(text.substr(start, position - start));
    if (has_ended_ || is_fold(text[start])) continue;
    if (position < text.size() && is_fold(text[position])) position = after_folds(text, position);
    take_unclear(text.substr(start, position - start));
  }
  return position;
}

inline std::size_t HeaderSection::read(std::string_view text) {
  static constexpr std::array<Kind, 1024> kKinds = kinds_by_low_bits();
  std::size_t position = 0;
  if (!text.empty() && is_fold(text.front())) [[unlikely]] {  // there is nothing that it continues
    position = after_folds(text, 0);
    take_unclear(text.substr(0, position));
  }
  wire::LineEnds ends(text, position);
  const Kinds wanted = kinds_;
  const std::size_t last = text.size() < kSixteen ? 0 : text.size() - kSixteen + 1;
  while (position < last) {
    const std::size_t start = position;
    position = ends.next();
    const char* const octets = text.data() + start;
    const Kind kind = kKinds[low_bits_of(first_two(octets))];
    if ((wanted >> static_cast<unsigned>(kind) & 1) == 0) continue;
    if (kind == Kind::kEnd && is_empty_line({octets, position - start})) {
      has_ended_ = true;
      return position;
    }
    if (position < text.size() && is_fold(text[position])) [[unlikely]] {
      position = after_folds(text, position);
      ends = wire::LineEnds(text, position);
    }
    const std::string_view line(octets, position - start);
    const KnownName& name = kKnownNames[static_cast<std::size_t>(kind)];
    // The colon is in the line: what stands in front of it was looked at.
    if (kind <= Kind::kCSeq && name.opening.begins(eight_octets(octets)) && octets[name.length] == ':') [[likely]]
      take(name.value, value_of({octets + name.length + 1, line.size() - name.length - 1}));
    else
      take_closely(line, kind);
  }
  return take_last_lines(text, position);
}

// It ends with the datagram: some receivers read on behind what Content-Length says.
Reading end_in_datagram(std::string_view text, std::size_t body_start, Message& message) {
  message.body = text.substr(body_start);
  message.length = text.size();
  return Reading::kWhole;
}

// Of two lengths the one behind which a message begins, as far as that can be seen.
std::size_t likely_length(const Message& message, std::string_view behind) {
  const std::size_t one = body_length(message.content_length);
  if (message.other_length.data() == nullptr) [[likely]] return one;
  const std::size_t other = body_length(message.other_length);
  const std::size_t shorter = std::min(one, other);
  const bool may_end = shorter == behind.size() && !is_message(message.method);
  return may_end || (shorter < behind.size() && begins_message(as_bytes(behind.substr(shorter)))) ? shorter : std::max(one, other);
}

Reading end_in_stream(std::string_view text, std::size_t body_start, Message& message) {
  const std::string_view behind = text.substr(body_start);
  const std::size_t octets = likely_length(message, behind);
  message.body = behind.substr(0, octets);
  message.length = body_start + octets;
  return octets > behind.size() ? Reading::kPartial : Reading::kWhole;
}

}  // namespace

// Status-Line (RFC 3261, 7.2): SIP-Version SP 3DIGIT SP Reason-Phrase.
std::size_t status_code_at(std::string_view line) {
  if (line.size() < 11 || !is_space(line[7]) || !kVersionWord.begins(line)) return 0;
  std::size_t at = 8;
  while (at < line.size() && is_space(line[at])) ++at;
  const std::string_view code = line.substr(at, 3);
  return code.size() == 3 && std::all_of(code.begin(), code.end(), [](char c) { return c >= '0' && c <= '9'; }) ? at : 0;
}

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

bool begins_message(Bytes bytes) {
  std::string_view method, request_uri;
  return read_start_line(as_text(bytes), {method, request_uri}) != 0;
}

Reading read_message(Bytes bytes, Transport transport, Message& message, Wanted wanted) {
  const std::string_view text = as_text(bytes);
  const bool is_stream = transport == Transport::kTcp;
  const std::size_t start = read_start_line(text, {message.method, message.request_uri});
  if (start == 0) return is_stream && may_begin_message(text) ? Reading::kPartial : Reading::kNotSip;
  HeaderSection section(message, kinds_for(wanted));
  const std::size_t headers = section.read(text.substr(start));
  if (is_stream && !section.has_ended()) return Reading::kPartial;
  message.headers = text.substr(start, headers);
  return is_stream ? end_in_stream(text, start + headers, message) : end_in_datagram(text, start + headers, message);
}

Reading read_unknown(Bytes bytes, Message& message) {
  const std::string_view text = as_text(bytes);
  const std::size_t start = find_octet(text, '\n') + 1;
  if (start == 0) return Reading::kNotSip;
  HeaderSection section(message, kinds_for(Wanted::kAll));
  const std::size_t headers = section.read(text.substr(start));
  if (!section.has_ended()) return Reading::kNotSip;
  message.headers = text.substr(start, headers);
  return end_in_stream(text, start + headers, message);
}

}  // namespace telefence::sip
