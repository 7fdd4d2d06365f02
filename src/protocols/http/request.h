// SPDX-License-Identifier: Apache-2.0
#pragma once

// One HTTP/1.x request out of the bytes of a segment (RFC 9112): request line, Host, and where the request ends. Views
// point into the bytes. As lenient as servers are (bare LF, leading empty lines, blanks before the colon), since what a
// server understands and the filter does not is a way around the filter.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/reader.h"

namespace telefence::http {

struct RequestLine {
  std::string_view method;
  std::string_view target;
};

// RFC 9112, 3: method SP request-target SP HTTP/1.x, and what servers take for that. Where the line ends must be in the
// bytes.
enum class LineFound : std::uint8_t { kWhole, kCut, kNone };
LineFound read_request_line(Reader& reader, RequestLine& line);

// What of the header section (RFC 9112, 5) the filter needs.
struct HeaderSection {
  std::string_view host;  // of the first Host line, with its port; blanks around it removed
  bool has_host = false;
  // Further ones. RFC 9112, 3.2 wants such a request refused, but servers and what stands before them take the first or the last.
  static constexpr std::size_t kMostOthers = 8;
  std::array<std::string_view, kMostOthers> other_hosts;
  std::size_t other_count = 0;
  bool is_whole = false;  // its empty line was there
  bool is_chunked = false;
  std::size_t content_length = 0;
};
HeaderSection read_header_section(Reader& reader);

// Where a body ends (RFC 9112, 6).
struct BodyEnd {
  enum class State : std::uint8_t {
    kHere,     // the reader stands behind it
    kBeyond,   // `more` octets behind the bytes
    kInChunk,  // the next chunk begins `more` octets behind the bytes
    kCut,      // a chunk begins at `at`, and its length or what follows the last one is not all there
    kUnknown,  // what stands there is no chunk, or so much is announced that nobody sends it
  };
  State state = State::kHere;
  std::uint32_t more = 0;
  std::size_t at = 0;
};
// Moves the reader as far as the body goes.
BodyEnd skip_body(Reader& reader, const HeaderSection& section);
// From where a chunk begins.
BodyEnd skip_chunks(Reader& reader);

// True when this may be the beginning of a request, though it does not show yet.
bool may_begin_request(Bytes bytes);

// The site that a request names, from its target and, if that has none, its Host (RFC 9112, 3.2).
struct Site {
  std::string_view host;  // without user and port
  std::string_view path;  // path and query as they stand in the target; "" when the target has none
  bool from_target = false;
};
Site site_of(const RequestLine& line);

// "shop.example:8080" -> "shop.example", "[2001:db8::1]:80" -> "[2001:db8::1]" (RFC 3986, 3.2).
std::string_view without_port(std::string_view authority);

}  // namespace telefence::http
