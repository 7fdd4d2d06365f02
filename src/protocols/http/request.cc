// SPDX-License-Identifier: Apache-2.0
#include "protocols/http/request.h"

#include <algorithm>

#include "protocols/wire/text_headers.h"

namespace telefence::http {
namespace {

constexpr std::size_t kLongestMethod = 32;
constexpr std::size_t kLongestBeginning = 48;  // more, and what follows the method shows what it is
constexpr std::string_view kVersion = " HTTP/1.";
constexpr std::string_view kAnyVersion = " HTTP/";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }
// RFC 9110, 5.6.2.
bool is_token_character(char c) {
  return is_letter(c) || is_digit(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

int digit_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;
}

// The number that the text starts with, 0 when there is none: what follows is then read as a request, which a server
// that understands the length differently might do too. Saturates above any body that a connection carries.
constexpr std::size_t kEndless = 1u << 30;
std::size_t leading_number(std::string_view text, int base) {
  std::size_t value = 0;
  for (char c : text) {
    const int digit = digit_value(c);
    if (digit >= base) break;
    value = std::min(value * static_cast<std::size_t>(base) + static_cast<std::size_t>(digit), kEndless);
  }
  return value;
}

// Of a list (RFC 9110, 5.6.1), empty ones left out.
std::string_view last_element(std::string_view list) {
  while (!list.empty() && (list.back() == ',' || wire::is_blank(list.back()))) list.remove_suffix(1);
  return wire::without_blanks(list.substr(list.rfind(',') + 1));  // npos + 1 is 0
}

void read_field(const wire::HeaderLine& line, HeaderSection& section) {
  if (wire::equals_ignoring_case(line.name, "host")) {
    const std::string_view host = line.value.substr(0, line.value.find_first_of("\r\n"));  // a folded host is none; its start is told
    if (!section.has_host) section.host = host;
    // The last place is the last one's: that is the one that counts where the first does not.
    else section.other_hosts[section.other_count < HeaderSection::kMostOthers ? section.other_count++ : HeaderSection::kMostOthers - 1] = host;
    section.has_host = true;
  } else if (wire::equals_ignoring_case(line.name, "content-length")) {
    section.content_length = leading_number(line.value, 10);
  } else if (wire::equals_ignoring_case(line.name, "transfer-encoding")) {
    // Servers differ in what they do with an empty one; it lists no coding.
    const std::string_view coding = last_element(line.value);
    if (!coding.empty()) section.is_chunked = wire::equals_ignoring_case(coding, "chunked");
  }
}

// The method, or "" when there is none followed by a space.
std::string_view read_method(Reader& reader) {
  const std::string_view method = as_text(reader.until(' ', kLongestMethod + 1));
  return reader.ok() && std::all_of(method.begin(), method.end(), is_token_character) ? method : std::string_view();
}

bool is_common_method(std::string_view method) {
  constexpr std::string_view kMethods[] = {"GET",     "POST",  "HEAD",    "PUT",  "DELETE",
                                           "OPTIONS", "PATCH", "CONNECT", "TRACE"};
  return std::find(std::begin(kMethods), std::end(kMethods), method) != std::end(kMethods);
}

// What of it is there may be.
bool may_begin(std::string_view target, std::string_view scheme) {
  return wire::equals_ignoring_case(target.substr(0, scheme.size()), scheme.substr(0, target.size()));
}

bool begins_path_or_address(std::string_view target) {
  return target.starts_with('/') || (target.size() >= 6 && (may_begin(target, "http:") || may_begin(target, "https:")));
}

// Where the scheme of an absolute target ends (RFC 3986, 3.1); npos when it has none.
std::size_t scheme_end(std::string_view target) {
  const std::size_t end = target.find("://");
  const bool is_scheme = end != std::string_view::npos && end != 0 &&
                         std::all_of(target.begin(), target.begin() + static_cast<std::ptrdiff_t>(end),
                                     [](char c) { return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.'; });
  return is_scheme ? end : std::string_view::npos;
}

bool ends_in_version(std::string_view rest, std::size_t version) {
  const std::string_view minor = version == std::string_view::npos ? std::string_view() : rest.substr(version + kVersion.size());
  return !minor.empty() && std::all_of(minor.begin(), minor.end(), is_digit);
}

[[gnu::noinline]] std::string_view target_before_odd_version(std::string_view method, std::string_view rest) {
  const bool has_version = rest.find(kAnyVersion) != std::string_view::npos;
  const bool is_request = begins_path_or_address(rest) ? is_common_method(method) || has_version
                                                       : has_version && scheme_end(rest) != std::string_view::npos;
  return is_request ? rest.substr(0, rest.find_first_of(" \t")) : std::string_view();
}

// The target, out of what follows the method; "" when there is none. Before a sound version it may be anything. Servers
// ask for less: Google's answered "GET / HTTP/1." with its page and "CCM_POST / HTTP/1." with 405, and many speak
// HTTP/0.9 (RFC 1945, 4.1), whose requests have no version at all.
std::string_view target_of(std::string_view method, std::string_view rest) {
  const std::size_t version = rest.rfind(kVersion);
  if (ends_in_version(rest, version)) [[likely]] return wire::without_blanks(rest.substr(0, version));
  return target_before_odd_version(method, rest);
}

std::string_view without_leading_blanks(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(" \t"), text.size()));
}

bool may_begin_target(std::string_view target) {
  return target.empty() || begins_path_or_address(target) || may_begin(target, "http:") || may_begin(target, "https:");
}

// A line that nobody but a client of HTTP writes, though its method is a rare one: capital letters, a long path and, if that ends here,
// the version.
bool is_plainly_request(std::string_view method, std::string_view target) {
  const auto is_visible = [](char c) { return c > ' ' && c <= '~'; };
  const auto is_of_method = [](char c) { return (c >= 'A' && c <= 'Z') || c == '-' || c == '_'; };
  if (method.size() < 3 || !std::all_of(method.begin(), method.end(), is_of_method)) return false;
  const auto end = std::find_if_not(target.begin(), target.end(), is_visible);
  const std::string_view behind = target.substr(static_cast<std::size_t>(end - target.begin()));
  const std::string_view version = without_leading_blanks(behind);
  constexpr std::string_view kBegin = kVersion.substr(1);
  return target.starts_with('/') && method.size() + target.size() > kLongestBeginning &&
         (behind.empty() || behind.size() > version.size()) && version.substr(0, kBegin.size()) == kBegin.substr(0, version.size());
}

[[gnu::noinline]] bool may_be_cut(std::string_view method, std::string_view target) {
  return is_common_method(method) ? may_begin_target(target) : is_plainly_request(method, target);
}

}  // namespace

LineFound read_request_line(Reader& reader, RequestLine& line) {
  // RFC 9112, 2.2: empty lines before the request line are ignored.
  while (reader.peek() == '\r' || reader.peek() == '\n') reader.skip(1);
  line.method = read_method(reader);
  if (line.method.empty()) return LineFound::kNone;
  Reader start = reader;
  const Bytes rest_of_line = reader.until('\n', reader.remaining());  // CRLF or LF alone (RFC 9112, 2.2)
  if (!reader.ok()) {
    // Long targets make lines longer than a segment: what is there must then look like a request by itself.
    return may_be_cut(line.method, without_leading_blanks(as_text(start.rest()))) ? LineFound::kCut : LineFound::kNone;
  }
  line.target = target_of(line.method, wire::without_blanks(as_text(rest_of_line)));
  // RFC 9112, 3.2.3: an authority and nothing else. Some clients add a path, which proxies ignore.
  if (line.method == "CONNECT") line.target = line.target.substr(0, line.target.find(' '));
  return line.target.empty() ? LineFound::kNone : LineFound::kWhole;
}

HeaderSection read_header_section(Reader& reader) {
  // Only whole lines count: half a host would be another host.
  const std::string_view rest = as_text(Reader(reader).rest());
  const std::size_t last_line_feed = rest.rfind('\n');
  constexpr wire::FirstLetters kWanted = wire::first_letter('h') | wire::first_letter('c') | wire::first_letter('t');
  wire::HeaderLines lines(rest.substr(0, last_line_feed + 1), kWanted);  // npos + 1 is 0
  HeaderSection section;
  wire::HeaderLine line;
  while (lines.next(line)) {
    // An empty value at the end may be continued in the next segment (obs-fold, RFC 9112, 5.2).
    if (line.value.empty() && lines.position() == last_line_feed + 1) {
      reader.skip(static_cast<std::size_t>(line.name.data() - rest.data()));
      return section;
    }
    read_field(line, section);
  }
  section.is_whole = lines.ended();
  reader.skip(lines.position());
  return section;
}

BodyEnd skip_body(Reader& reader, const HeaderSection& section) {
  if (section.is_chunked) return skip_chunks(reader);
  const std::size_t missing = section.content_length - std::min(section.content_length, reader.remaining());
  reader.skip(section.content_length - missing);
  if (missing == 0) return {};
  if (missing >= kEndless) return {.state = BodyEnd::State::kUnknown};
  return {.state = BodyEnd::State::kBeyond, .more = static_cast<std::uint32_t>(missing)};
}

// RFC 9112, 7.1: chunks, each after its length, then a chunk of length 0 and trailer lines up to an empty one.
BodyEnd skip_chunks(Reader& reader) {
  while (true) {
    while (reader.peek() == '\r' || reader.peek() == '\n') reader.skip(1);  // what ends the chunk before
    const std::size_t at = reader.position();
    const BodyEnd cut{.state = BodyEnd::State::kCut, .at = at};
    const std::string_view line = as_text(reader.until('\n', reader.remaining()));
    if (!reader.ok()) return cut;
    if (line.empty() || digit_value(line.front()) >= 16) return {.state = BodyEnd::State::kUnknown};
    const std::size_t length = leading_number(line, 16);
    if (length >= kEndless) return {.state = BodyEnd::State::kUnknown};
    const std::size_t missing = length - std::min(length, reader.remaining());
    reader.skip(length - missing);
    if (missing != 0) return {.state = BodyEnd::State::kInChunk, .more = static_cast<std::uint32_t>(missing)};
    if (length != 0) continue;
    while (true) {
      const Bytes trailer = reader.until('\n', reader.remaining());
      if (!reader.ok()) return cut;
      if (trailer.empty() || (trailer.size() == 1 && trailer[0] == '\r')) return {};
    }
  }
}

bool may_begin_request(Bytes bytes) {
  const std::string_view text = as_text(bytes);
  const std::string_view method = text.substr(0, text.find(' '));
  return text.size() <= kLongestBeginning && text.find('\n') == std::string_view::npos && !method.empty() &&
         std::all_of(method.begin(), method.end(), is_token_character);
}

Site site_of(const RequestLine& line) {
  if (line.method == "CONNECT") return {without_port(line.target), {}, true};
  const std::size_t scheme = scheme_end(line.target);
  if (scheme == std::string_view::npos) return {{}, line.target, false};
  const std::string_view rest = line.target.substr(scheme + 3);
  const std::size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  std::string_view authority = rest.substr(0, end);
  authority.remove_prefix(authority.rfind('@') + 1);  // npos + 1 is 0
  return {without_port(authority), rest.substr(end), true};
}

std::string_view without_port(std::string_view authority) {
  const std::size_t colon = authority.find(':');
  if (colon == std::string_view::npos) return authority;
  if (authority.starts_with('[')) {
    const std::size_t bracket = authority.find(']');
    return bracket == std::string_view::npos ? authority : authority.substr(0, bracket + 1);
  }
  // As nginx does, whatever stands behind the colon. An IPv6 address may lack its brackets.
  const std::string_view host = authority.substr(0, colon);
  const bool may_be_address = host.find('.') == std::string_view::npos && authority.rfind(':') != colon;
  return may_be_address ? authority : host;
}

}  // namespace telefence::http
