// SPDX-License-Identifier: Apache-2.0
#pragma once

// The header section that SIP, HTTP and mail share: lines of `Name: value` up to an empty line (RFC 3261, 7.3.1; RFC
// 5322, 2.2). Lines end in CRLF or LF alone; a line that begins with a blank continues the one before. Views point into
// the text.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/chunk.h"

namespace telefence::wire {

struct HeaderLine {
  std::string_view name;   // blanks around it cut
  std::string_view value;  // the same; where the line was folded, the line ends stand inside: treat them as blanks
};

// The first letters of the names that a reader wants, bit 0 for 'a'.
using FirstLetters = std::uint32_t;
inline constexpr FirstLetters kEveryLetter = ~FirstLetters{0};
constexpr FirstLetters first_letter(char lower_case) { return FirstLetters{1} << (lower_case - 'a'); }

// Where the lines of a text end, one after the other.
class LineEnds {
 public:
  // From the line on that begins at `start`.
  explicit LineEnds(std::string_view text, std::size_t start = 0) : text_(text), next_window_(start) {}
  // Behind the next line feed; the end of the text when there is none.
  std::size_t next();

 private:
  static std::uint64_t line_feeds_at(const char* window);
  static std::uint64_t last_line_feeds(std::string_view text, std::size_t start);

  std::string_view text_;
  // Line feeds are looked for in a window of 64 octets at a time: those of it that were not passed yet, the first octet the lowest bit.
  std::uint64_t line_feeds_ = 0;
  std::size_t next_window_;
};

// Takes a line, its line end and the lines that continue it included, apart. False for one without a colon.
bool read_header_line(std::string_view whole, HeaderLine& line);

// Walks the lines once. A line without a colon is passed over, as receivers do; so is one whose name begins with a letter that
// is not wanted, which spares looking into most of them.
class HeaderLines {
 public:
  explicit HeaderLines(std::string_view text, FirstLetters wanted = kEveryLetter) : text_(text), wanted_(wanted), ends_(text) {}

  // False at the end of the section or of the text. Inline, so that what it knows of the text stays in registers.
  bool next(HeaderLine& line);
  // True once the empty line was found; position() is then where the body begins.
  bool ended() const { return ended_; }
  std::size_t position() const { return position_; }

 private:
  bool is_wanted(char first) const;

  std::string_view text_;
  FirstLetters wanted_;
  std::size_t position_ = 0;
  LineEnds ends_;
  bool ended_ = false;
};

// Space, tab, and the line ends inside a folded value.
inline bool is_blank(char character) {
  return character == ' ' || character == '\t' || character == '\r' || character == '\n';
}

inline char lower_case_of(char character) {
  return character >= 'A' && character <= 'Z' ? static_cast<char>(character + ('a' - 'A')) : character;
}

// A word in small letters, to compare texts with whatever the case of their letters. Made at compile time: eight octets are then
// compared at once.
class Word {
 public:
  static constexpr std::size_t kLongest = 24;
  consteval Word(const char* lower_case) {
    while (lower_case[size_] != 0) {
      const char letter = lower_case[size_];
      octets_[size_] = letter;
      case_bits_[size_++] = letter >= 'a' && letter <= 'z' ? '\x20' : '\0';
    }
  }
  constexpr std::size_t size() const { return size_; }
  constexpr char front() const { return octets_[0]; }
  bool is(std::string_view text) const { return text.size() == size_ && begins(text); }
  // Requires: text has at least size() octets.
  bool begins(std::string_view text) const {
    std::size_t at = 0;
    for (; at + 8 <= size_; at += 8)
      if (differ<std::uint64_t>(text.data(), at)) return false;
    if (at == size_) return true;
    if (size_ >= 8) return !differ<std::uint64_t>(text.data(), size_ - 8);  // some of them once more
    for (; at < size_; ++at)
      if (differ<std::uint8_t>(text.data(), at)) return false;
    return true;
  }

 private:
  template <typename Piece>
  bool differ(const char* text, std::size_t at) const {
    Piece theirs, ours, either;
    std::memcpy(&theirs, text + at, sizeof theirs);
    std::memcpy(&ours, octets_.data() + at, sizeof ours);
    std::memcpy(&either, case_bits_.data() + at, sizeof either);
    return ((theirs ^ ours) & static_cast<Piece>(~either)) != 0;
  }

  std::size_t size_ = 0;
  std::array<char, kLongest> octets_{};
  std::array<char, kLongest> case_bits_{};  // where only the case may differ
};

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

inline bool HeaderLines::is_wanted(char first) const {
  // Blanks may stand before a name, and receivers forgive that; only a letter can say that a line is not wanted.
  const unsigned letter = (static_cast<unsigned char>(first) | 0x20u) - 'a';
  return letter >= 26 || (wanted_ >> letter & 1) != 0;
}

inline std::size_t LineEnds::next() {
  while (line_feeds_ == 0) {
    if (text_.size() < next_window_ + 64) [[unlikely]] {
      if (next_window_ >= text_.size()) return text_.size();
      line_feeds_ = last_line_feeds(text_, next_window_);
    } else {
      line_feeds_ = line_feeds_at(text_.data() + next_window_);
    }
    next_window_ += 64;
  }
  const std::size_t at = next_window_ - 64 + static_cast<unsigned>(__builtin_ctzll(line_feeds_));  // std::countr_zero asks whether there is one
  line_feeds_ &= line_feeds_ - 1;
  return at + 1;
}

inline std::uint64_t LineEnds::line_feeds_at(const char* window) {
  std::uint64_t found = 0;
  for (std::size_t at = 0; at < 64; at += Chunk::kSize) found |= std::uint64_t{Chunk::at(window + at).equal('\n')} << at;
  return found;
}

inline bool read_header_line(std::string_view whole, HeaderLine& line) {
  const std::size_t colon = find_octet(whole, ':');
  if (colon == std::string_view::npos) return false;
  line.name = without_blanks(whole.substr(0, colon));
  line.value = without_blanks(whole.substr(colon + 1));
  return true;
}

inline bool HeaderLines::next(HeaderLine& line) {
  while (!ended_ && position_ < text_.size()) {
    const std::size_t start = position_;
    position_ = ends_.next();
    const std::string_view first = text_.substr(start, position_ - start);
    if (first.size() <= 2 && first.back() == '\n' && (first.size() == 1 || first.front() == '\r')) {
      ended_ = true;
      break;
    }
    while (position_ < text_.size() && (text_[position_] == ' ' || text_[position_] == '\t')) position_ = ends_.next();
    if (!is_wanted(text_[start])) continue;
    if (read_header_line(text_.substr(start, position_ - start), line)) return true;
  }
  return false;
}

}  // namespace telefence::wire
