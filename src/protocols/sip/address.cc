// SPDX-License-Identifier: Apache-2.0
#include "protocols/sip/address.h"

#include <bit>

#include "base/chunk.h"
#include "protocols/wire/text_headers.h"

namespace telefence::sip {
namespace {

constexpr std::size_t kNowhere = std::string_view::npos;
constexpr wire::Word kSipColon = "sip:", kTel = "tel", kSip = "sip", kSips = "sips", kTag = "tag";

// A field that no honest sender writes must not cost more than its length times this.
constexpr std::size_t kMostParameters = 32;

// The position after a quoted string that begins at `start` (RFC 3261, 25.1), or kNowhere when it is never closed.
std::size_t after_quoted(std::string_view text, std::size_t start) {
  for (std::size_t i = start + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i + 1;
    }
  }
  return kNowhere;
}

// Up to three characters to stop at.
struct Marks {
  char first, second, third;
  bool has(char character) const { return character == first || character == second || character == third; }
  unsigned in(const Chunk& chunk) const { return chunk.equal_any(first, second, third); }
};
constexpr Marks kAddressMarks{'<', ';', ','};
constexpr Marks kComma{',', ',', ','};
constexpr Marks kSemicolon{';', ';', ';'};
constexpr Marks kAngle{'>', '>', '>'};

std::size_t find_any(std::string_view text, Marks marks, std::size_t start) {
  const std::size_t found = find_marked(text.substr(start), [marks](const Chunk& chunk) { return marks.in(chunk); });
  return found == kNowhere ? kNowhere : start + found;
}

// The first of `marks` at or after `start` that is not inside a quoted string. A quotation mark that is never closed
// quotes nothing, and neither do those behind it.
std::size_t find_unquoted(std::string_view text, Marks marks, std::size_t start) {
  std::size_t at = start;
  while (at < text.size()) {
    const std::size_t found = find_marked(text.substr(at), [marks](const Chunk& chunk) { return marks.in(chunk) | chunk.equal('"'); });
    if (found == kNowhere) return kNowhere;
    at += found;
    if (text[at] != '"') return at;
    const std::size_t after = after_quoted(text, at);
    if (after == kNowhere) return find_any(text, marks, at);
    at = after;
  }
  return kNowhere;
}

int hexadecimal(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

// telephone-subscriber in a SIP URI (RFC 3261, 19.1.6), also when its plus sign is escaped.
bool begins_number(std::string_view user) {
  constexpr std::string_view kFirst = "+*#%0123456789";
  return !user.empty() && kFirst.find(user.front()) != kNowhere;
}

}  // namespace

std::size_t read_address(std::string_view text, Address& address) {
  address = {};
  // name-addr has its URI in angle brackets. In addr-spec the first ';' or '?' already ends the URI (RFC 3261, 20.10).
  const std::size_t mark = find_unquoted(text, kAddressMarks, 0);
  std::size_t rest = mark;
  if (mark != kNowhere && text[mark] == '<') {
    const std::size_t close = find_any(text, kAngle, mark);
    address.uri = wire::without_blanks(text.substr(mark + 1, close == kNowhere ? kNowhere : close - mark - 1));
    rest = close == kNowhere ? kNowhere : close + 1;
  } else {
    address.uri = wire::without_blanks(text.substr(0, mark));
  }
  if (rest == kNowhere) return text.size();
  const std::size_t comma = find_unquoted(text, kComma, rest);
  const std::size_t parameters = find_unquoted(text.substr(0, comma), kSemicolon, rest);
  if (parameters != kNowhere)
    address.parameters = text.substr(parameters, comma == kNowhere ? kNowhere : comma - parameters);
  return comma == kNowhere ? text.size() : comma + 1;
}

bool read_number(std::string_view uri, std::string_view& user) {
  constexpr std::size_t kScheme = 4;  // "sip:"
  if (uri.size() < kScheme || !kSipColon.begins(uri)) return false;
  const std::string_view rest = uri.substr(kScheme);
  const Chunk chunk = rest.size() >= Chunk::kSize ? Chunk::at(rest.data()) : Chunk::of_few(rest);
  const auto length = static_cast<std::size_t>(std::countr_one(chunk.within('0', '9') | (chunk.equal('+') & 1u)));
  if ((chunk.equal('@') >> length & 1u) == 0) return false;
  user = rest.substr(0, length);
  return true;
}

bool read_first_number(std::string_view text, std::string_view& user) {
  if (text.starts_with('<')) return read_number(text.substr(1), user);
  const std::size_t mark = find_unquoted(text, kAddressMarks, 0);
  return read_number(mark != kNowhere && text[mark] == '<' ? text.substr(mark + 1) : text, user);
}

std::string_view user_of(std::string_view uri) {
  const std::size_t colon = find_octet(uri, ':');
  if (colon == kNowhere) return {};
  const std::string_view scheme = uri.substr(0, colon);
  std::string_view rest = uri.substr(colon + 1);
  if (kTel.is(scheme))
    return wire::without_blanks(rest.substr(0, find_any(rest, {';', '?', ';'}, 0)));
  if (!kSip.is(scheme) && !kSips.is(scheme)) return {};
  const std::size_t at = find_octet(rest, '@');
  if (at == kNowhere) return {};
  std::string_view user = rest.substr(0, at);
  user = user.substr(0, find_octet(user, ':'));
  // The user part of anybody else may hold a ';' (RFC 3261, 19.1.3).
  if (begins_number(user)) user = user.substr(0, find_octet(user, ';'));
  return wire::without_blanks(user);
}

std::string_view tag_of(std::string_view parameters) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < kMostParameters && at < parameters.size(); ++i) {
    const std::size_t end = find_unquoted(parameters, kSemicolon, at + 1);
    const std::string_view parameter = parameters.substr(at + 1, end == kNowhere ? kNowhere : end - at - 1);
    const std::size_t equals = find_octet(parameter, '=');
    if (equals != kNowhere && kTag.is(wire::without_blanks(parameter.substr(0, equals))))
      return wire::without_blanks(parameter.substr(equals + 1));
    at = end;
  }
  return {};
}

EmergencyService emergency_service(std::string_view uri) {
  constexpr wire::Word kUrn = "urn:service:", kSos = "sos", kPolice = ".police";
  const bool is_urn = uri.size() > kUrn.size() && kUrn.begins(uri);
  std::string_view name = is_urn ? uri.substr(kUrn.size()) : user_of(uri);
  if (name.size() < kSos.size() || !kSos.begins(name)) return EmergencyService::kNone;
  name.remove_prefix(kSos.size());
  // Of a user nothing but the word: whoever is called directly takes any.
  if (!name.empty() && (!is_urn || (name.front() != '.' && name.front() != ';'))) return EmergencyService::kNone;
  const bool is_police = name.size() >= kPolice.size() && kPolice.begins(name);
  return is_police ? EmergencyService::kPolice : EmergencyService::kAny;
}

bool has_escapes(std::string_view text) { return find_octet(text, '%') != kNowhere; }

std::size_t unescape(std::string_view text, char* out) {
  std::size_t length = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hexadecimal(text[i + 1]) : -1;
    const int low = high >= 0 ? hexadecimal(text[i + 2]) : -1;
    if (low >= 0) {
      out[length++] = static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out[length++] = text[i];
    }
  }
  return length;
}

}  // namespace telefence::sip
