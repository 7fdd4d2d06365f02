// SPDX-License-Identifier: Apache-2.0
#pragma once

// The header section that SIP, HTTP and mail share: lines of `Name: value` up to an empty line (RFC 3261, 7.3.1; RFC
// 5322, 2.2). Lines end in CRLF or LF alone; a line that begins with a blank continues the one before. Views point into
// the text.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace telefence::wire {

struct HeaderLine {
  std::string_view name;   // blanks around it cut
  std::string_view value;  // the same; where the line was folded, the line ends stand inside: treat them as blanks
};

// The first letters of the names that a reader wants, bit 0 for 'a'.
using FirstLetters = std::uint32_t;
inline constexpr FirstLetters kEveryLetter = ~FirstLetters{0};
constexpr FirstLetters first_letter(char lower_case) { return FirstLetters{1} << (lower_case - 'a'); }

// Walks the lines once. A line without a colon is passed over, as receivers do; so is one whose name begins with a letter that
// is not wanted, which spares looking into most of them.
class HeaderLines {
 public:
  explicit HeaderLines(std::string_view text, FirstLetters wanted = kEveryLetter) : text_(text), wanted_(wanted) {}

  // False at the end of the section or of the text.
  bool next(HeaderLine& line);
  // True once the empty line was found; position() is then where the body begins.
  bool ended() const { return ended_; }
  std::size_t position() const { return position_; }

 private:
  std::string_view text_;
  FirstLetters wanted_;
  std::size_t position_ = 0;
  bool ended_ = false;
};

// Space, tab, and the line ends inside a folded value.
inline bool is_blank(char character) {
  return character == ' ' || character == '\t' || character == '\r' || character == '\n';
}

inline char lower_case_of(char character) {
  return character >= 'A' && character <= 'Z' ? static_cast<char>(character + ('a' - 'A')) : character;
}

inline std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

inline bool equals_ignoring_case(std::string_view text, std::string_view lower_case) {
  if (text.size() != lower_case.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (lower_case_of(text[i]) != lower_case[i]) return false;
  return true;
}

}  // namespace telefence::wire
