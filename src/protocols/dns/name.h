// SPDX-License-Identifier: Apache-2.0
#pragma once

// A domain name out of a DNS message (RFC 1035, 3.1 and 4.1.4) as text: labels joined by dots, no final dot, octets and
// case as sent. A dot inside a label must not look like the border of two labels, so a dot or a backslash inside a
// label is written \DDD (RFC 1035, 5.1): no listed domain has a backslash, so such a name matches nothing but itself.

#include <array>
#include <cstddef>
#include <string_view>

#include "base/bytes.h"
#include "base/reader.h"
#include "protocols/dns/plain_name.h"

namespace telefence::dns {

class NameText {
 public:
  // Reads the name that starts at `reader`, which stands in `message`, and moves `reader` behind it. False when it is
  // cut, longer than 255 octets, or its pointers do not lead strictly backwards in a few steps.
  bool read(Bytes message, Reader& reader);

  // Lives as long as this object, until the next read().
  std::string_view text() const { return {text_.data(), length_}; }

 private:
  void append(Bytes label, std::size_t readable);

  std::array<char, 4 * kLongestWire> text_;     // every octet may become \DDD
  std::size_t length_ = 0;
};

// Moves behind a name without reading what its pointers lead to.
void skip_name(Reader& reader);

}  // namespace telefence::dns
