// SPDX-License-Identifier: Apache-2.0
#pragma once

// The text behind yaml-cpp's marks: turns its byte columns into characters, and looks at quotes, which yaml-cpp 0.7
// does not check. Keeps a view of the text; lines and columns of its arguments are 0-based and in bytes, as in
// yaml-cpp's marks.

#include <string_view>
#include <vector>

namespace telefence {

class SourceText {
 public:
  // A byte order mark is left out.
  explicit SourceText(std::string_view text);

  std::string_view text() const { return text_; }
  // 1-based, in characters.
  int column(int line, int byte_column) const;
  // 1-based number of the first line that is not UTF-8 (RFC 3629) or has a NUL; 0 = none.
  int first_bad_line() const;

  // Byte column of the first tab in the blanks that the line begins with; -1 = none.
  int tab_in_indentation(int line) const;

  enum class Quotes { kFine, kUnterminated, kTrailing };
  // Of the scalar that begins here; kFine when it does not begin with a quote.
  Quotes check_quotes(int line, int byte_column) const;

 private:
  std::string_view from(int line, int byte_column) const;

  std::string_view text_;
  std::vector<std::size_t> line_starts_;
};

}  // namespace telefence
