// SPDX-License-Identifier: Apache-2.0
#pragma once

// Numbers as people and programs put them into lists, for the formats that have some.

#include <string>
#include <string_view>

#include "base/json_text.h"
#include "lists/text.h"

namespace telefence {

// What Chinese input methods make of digits and signs (U+FF01 to U+FF5E, and the blank U+3000), as ASCII.
inline std::string half_width(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view character = text.substr(at, utf8_step(text, at).length);
    at += character.size();
    const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
    const bool is_wide = character.size() == 3 && octet(0) == 0xef && (octet(1) == 0xbc || (octet(1) == 0xbd && octet(2) <= 0x9e));
    if (is_wide)
      out += static_cast<char>(((octet(1) & 0x3f) << 6 | (octet(2) & 0x3f)) - 0xf00 + 0x20);
    else if (character == "\xE3\x80\x80")
      out += ' ';
    else
      out += character;
  }
  return out;
}

// A number without what is only its dress: full-width digits, and the scheme of a URI (RFC 3966). Its parameters stay, and are refused:
// who would know what an extension is to mean here.
inline std::string plain_number(std::string_view text) {
  const std::string number = half_width(text);
  constexpr std::string_view kScheme = "tel:";
  return std::string(trimmed(starts_but_case(number, kScheme) ? std::string_view(number).substr(kScheme.size()) : std::string_view(number)));
}

}  // namespace telefence
