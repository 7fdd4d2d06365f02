// SPDX-License-Identifier: Apache-2.0
#pragma once

// Taking lines apart, for formats.

#include <algorithm>
#include <string>
#include <string_view>

namespace telefence {

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

inline std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

// Without what follows a # at the begin or behind a blank: one inside a url is part of it.
inline std::string_view without_comment(std::string_view line) {
  for (std::size_t at = line.find('#'); at != std::string_view::npos; at = line.find('#', at + 1))
    if (at == 0 || line[at - 1] == ' ' || line[at - 1] == '\t') return trimmed(line.substr(0, at));
  return trimmed(line);
}

// What stands before the next one of `ends`; the text goes on behind it.
inline std::string_view take_until(std::string_view& text, std::string_view ends) {
  const std::size_t end = std::min(text.find_first_of(ends), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

// The next word between blanks; empty: none is left.
inline std::string_view take_word(std::string_view& text) {
  const std::size_t first = std::min(text.find_first_not_of(" \t"), text.size());
  text.remove_prefix(first);
  return take_until(text, " \t");
}

inline std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lower(c);
  return out;
}

inline bool equal_but_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

inline bool starts_but_case(std::string_view text, std::string_view start) {
  return text.size() >= start.size() && equal_but_case(text.substr(0, start.size()), start);
}

// Four groups of digits, or hexadecimal groups with colons: good enough to tell it from a name.
inline bool is_ip_address(std::string_view text) {
  if (text.find(':') != std::string_view::npos)
    return std::count(text.begin(), text.end(), ':') >= 2 && text.find_first_not_of("0123456789abcdefABCDEF:.%") == std::string_view::npos;
  return std::count(text.begin(), text.end(), '.') == 3 && text.find_first_not_of("0123456789.") == std::string_view::npos;
}

// Where nothing is: lists give it to names that are to be blocked.
inline bool is_null_address(std::string_view address) {
  return address == "0.0.0.0" || address == "::" || address == "::1" || address == "::0" || address.starts_with("127.");
}

// Whether it is written as a domain name is: what follows decides in the end.
inline bool looks_like_domain(std::string_view text) {
  if (text.starts_with("*.")) text.remove_prefix(2);
  if (text.starts_with('.')) text.remove_prefix(1);
  if (text.size() < 3 || text.size() > 255 || text.find('.') == std::string_view::npos || is_ip_address(text)) return false;
  const bool has_letter = std::any_of(text.begin(), text.end(), [](char c) { return !is_digit(c) && c != '.' && c != '-' && c != '+'; });
  return has_letter && text.find_first_of(" \t/\\:,;|^$@!#*?=()[]{}'\"<>&%+") == std::string_view::npos;
}

// A telephone number, a prefix with a star, or a range.
inline bool looks_like_number(std::string_view text) {
  const auto digits = std::count_if(text.begin(), text.end(), is_digit);
  return digits >= 3 && text.find_first_not_of("0123456789+-*() ~") == std::string_view::npos;
}

inline bool looks_like_url(std::string_view text) {
  const std::size_t scheme = text.find("://");
  if (scheme != std::string_view::npos && scheme >= 3 && scheme < 8) return true;
  const std::size_t slash = text.find('/');
  return slash != std::string_view::npos && text.find_first_of(" \t|^,") == std::string_view::npos &&
         looks_like_domain(text.substr(0, std::min(slash, text.find(':'))));
}

}  // namespace telefence
