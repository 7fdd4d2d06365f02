// SPDX-License-Identifier: Apache-2.0
#include "yaml/source_text.h"

#include <algorithm>
#include <cstdint>
#include <string>

namespace telefence {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Length of the UTF-8 sequence at the front; 0 when there is none (RFC 3629, section 4).
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<std::uint8_t>(text[i]) : std::uint8_t{0};
  };
  const auto is_tail = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const std::uint8_t first = byte(0);
  if (first == 0) return 0;
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return is_tail(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    if ((first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) > 0x9f)) return 0;
    return is_tail(1) && is_tail(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    if ((first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) > 0x8f)) return 0;
    return is_tail(1) && is_tail(2) && is_tail(3) ? 4 : 0;
  }
  return 0;
}

// Where the quoted text at the front ends (just after the closing quote); npos = nowhere.
std::size_t end_of_quoted(std::string_view text) {
  const char quote = text.front();
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      // '' inside '...' is one quote (YAML 1.2.2, 7.3.2).
      if (quote == '\'' && i + 1 < text.size() && text[i + 1] == quote)
        ++i;
      else
        return i + 1;
    }
  }
  return std::string_view::npos;
}

}  // namespace

SourceText::SourceText(std::string_view text) : text_(text) {
  if (text_.starts_with(kByteOrderMark)) text_.remove_prefix(kByteOrderMark.size());
  line_starts_.push_back(0);
  for (std::size_t i = 0; i < text_.size(); ++i)
    if (text_[i] == '\n') line_starts_.push_back(i + 1);
}

std::string_view SourceText::from(int line, int byte_column) const {
  if (line < 0 || byte_column < 0 || static_cast<std::size_t>(line) >= line_starts_.size()) return {};
  const std::size_t offset = line_starts_[static_cast<std::size_t>(line)] + static_cast<std::size_t>(byte_column);
  return offset >= text_.size() ? std::string_view{} : text_.substr(offset);
}

int SourceText::column(int line, int byte_column) const {
  const std::string_view start = from(line, 0).substr(0, static_cast<std::size_t>(std::max(byte_column, 0)));
  // Bytes 10xxxxxx continue a character.
  const auto tails =
      std::count_if(start.begin(), start.end(), [](char c) { return (static_cast<std::uint8_t>(c) & 0xc0) == 0x80; });
  return byte_column + 1 - static_cast<int>(tails);
}

int SourceText::first_bad_line() const {
  int line = 1;
  for (std::size_t i = 0; i < text_.size();) {
    const std::size_t length = sequence_length(text_.substr(i));
    if (length == 0) return line;
    if (text_[i] == '\n') ++line;
    i += length;
  }
  return 0;
}

int SourceText::tab_in_indentation(int line) const {
  const std::string_view rest = from(line, 0);
  const std::size_t tab = rest.find_first_not_of(' ');
  return tab != std::string_view::npos && rest[tab] == '\t' ? static_cast<int>(tab) : -1;
}

SourceText::Quotes SourceText::check_quotes(int line, int byte_column) const {
  const std::string_view rest = from(line, byte_column);
  if (rest.empty() || (rest.front() != '"' && rest.front() != '\'')) return Quotes::kFine;
  const std::size_t end = end_of_quoted(rest);
  if (end == std::string_view::npos) return Quotes::kUnterminated;
  const std::size_t next = rest.find_first_not_of(" \t\r", end);
  if (next == std::string_view::npos) return Quotes::kFine;
  // What may follow: the end of the line, a comment (after a blank), or punctuation of a map or list.
  if (rest[next] == '#') return next > end ? Quotes::kFine : Quotes::kTrailing;
  return std::string_view("\n,]}:").find(rest[next]) != std::string_view::npos ? Quotes::kFine : Quotes::kTrailing;
}

}  // namespace telefence
