// SPDX-License-Identifier: Apache-2.0
#pragma once

// The topmost Via of a request, which says where its response goes (RFC 3261, 18.2.2 and 20.42; RFC 3581, 4). Views point into
// the text given.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace telefence::sip {

struct Via {
  static constexpr std::size_t kNone = std::string_view::npos;
  std::uint16_t sent_by_port = 5060;  // RFC 3261, 19.1.2
  bool wants_source_port = false;     // rport is there: the response goes to the port that the request came from
  std::size_t rport_end = kNone;      // where "=port" is to be written: behind an rport without a value
};

// Reads the first of the values of a Via header field. Of a malformed one the defaults remain.
Via read_via(std::string_view value);

}  // namespace telefence::sip
