// SPDX-License-Identifier: Apache-2.0
#pragma once

// JSON strings from any bytes (RFC 8259, 7). Text from the network may be anything: what is not well-formed UTF-8 becomes
// U+FFFD, one for each maximal part of a sequence (Unicode 15, 3.9, "U+FFFD Substitution of Maximal Subparts"), so the line
// is always valid JSON. Control and tool threads: appends to a string, which may allocate.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace telefence {

// One character of UTF-8 text: how many bytes it takes, and whether they are well-formed.
struct Utf8Step {
  std::size_t length = 1;
  bool valid = false;
};

// Requires: at < text.size(). Table 3-7 of Unicode 15: overlong forms, surrogates and what is above U+10FFFF are ill-formed.
inline Utf8Step utf8_step(std::string_view text, std::size_t at) {
  const auto octet = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = octet(at);
  if (first < 0x80) return {1, true};
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return {1, false};
  std::uint8_t low = 0x80, high = 0xbf;  // of the second octet
  if (first == 0xe0) low = 0xa0;
  if (first == 0xed) high = 0x9f;
  if (first == 0xf0) low = 0x90;
  if (first == 0xf4) high = 0x8f;
  for (std::size_t i = 1; i < length; ++i) {
    if (at + i == text.size() || octet(at + i) < low || octet(at + i) > high) return {i, false};
    low = 0x80;
    high = 0xbf;
  }
  return {length, true};
}

// Whether lists and objects stand more than `most` deep in one another. Of text that is no JSON it says something, too.
inline bool is_deeper_than(std::string_view json, std::size_t most) {
  std::size_t depth = 0;
  bool is_in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (is_in_string) {
      if (c == '\\') ++i;
      is_in_string = c != '"';
    } else if (c == '"') {
      is_in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > most) return true;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return false;
}

// Appends the text as a JSON string, with its quotes.
inline void append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    const auto octet = static_cast<std::uint8_t>(text[i]);
    if (octet >= 0x80) {
      const Utf8Step step = utf8_step(text, i);
      out += step.valid ? text.substr(i, step.length) : std::string_view("\xef\xbf\xbd");
      i += step.length;
      continue;
    }
    ++i;
    if (octet >= 0x20 && octet != '"' && octet != '\\' && octet != 0x7f) {
      out += static_cast<char>(octet);
    } else if (octet == '"' || octet == '\\') {
      out += '\\';
      out += static_cast<char>(octet);
    } else {
      out += "\\u00";
      out += kHex[octet >> 4];
      out += kHex[octet & 0xf];
    }
  }
  out += '"';
}

}  // namespace telefence
