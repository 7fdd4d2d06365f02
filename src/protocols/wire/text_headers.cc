// SPDX-License-Identifier: Apache-2.0
#include "protocols/wire/text_headers.h"

#include <bit>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace telefence::wire {
namespace {

// Where the line that begins at `start` ends, its line end included; the end of the text when there is none. Lines are short:
// sixteen octets at a time in place cost less than a call of memchr.
std::size_t after_line(std::string_view text, std::size_t start) {
  std::size_t at = start;
#if defined(__SSE2__)
  for (; at + 16 <= text.size(); at += 16) {
    const __m128i octets = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));
    const int found = _mm_movemask_epi8(_mm_cmpeq_epi8(octets, _mm_set1_epi8('\n')));
    if (found != 0) return at + static_cast<std::size_t>(std::countr_zero(static_cast<unsigned>(found))) + 1;
  }
#endif
  while (at < text.size() && text[at] != '\n') ++at;
  return at < text.size() ? at + 1 : at;
}

// Blanks may stand before a name, and receivers forgive that; only a letter can say that a line is not wanted.
bool is_wanted(char first, FirstLetters wanted) {
  const char letter = lower_case_of(first);
  return letter < 'a' || letter > 'z' || (wanted >> (letter - 'a') & 1) != 0;
}

bool is_empty_line(std::string_view line) { return line == "\r\n" || line == "\n"; }

}  // namespace

bool HeaderLines::next(HeaderLine& line) {
  while (!ended_ && position_ < text_.size()) {
    const std::size_t start = position_;
    position_ = after_line(text_, start);
    if (is_empty_line(text_.substr(start, position_ - start))) {
      ended_ = true;
      break;
    }
    while (position_ < text_.size() && (text_[position_] == ' ' || text_[position_] == '\t'))
      position_ = after_line(text_, position_);
    if (!is_wanted(text_[start], wanted_)) continue;
    const std::string_view whole = text_.substr(start, position_ - start);
    const std::size_t colon = whole.find(':');
    if (colon == std::string_view::npos) continue;
    line = {without_blanks(whole.substr(0, colon)), without_blanks(whole.substr(colon + 1))};
    return true;
  }
  return false;
}

}  // namespace telefence::wire
