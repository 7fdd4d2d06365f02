// SPDX-License-Identifier: Apache-2.0
#include "protocols/wire/text_headers.h"

namespace telefence::wire {
namespace {

// Where the line that begins at `start` ends, its line end included; the end of the text when there is none.
std::size_t after_line(std::string_view text, std::size_t start) {
  const std::size_t line_feed = text.find('\n', start);
  return line_feed == std::string_view::npos ? text.size() : line_feed + 1;
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
    const std::string_view whole = text_.substr(start, position_ - start);
    const std::size_t colon = whole.find(':');
    if (colon == std::string_view::npos) continue;
    line = {without_blanks(whole.substr(0, colon)), without_blanks(whole.substr(colon + 1))};
    return true;
  }
  return false;
}

}  // namespace telefence::wire
