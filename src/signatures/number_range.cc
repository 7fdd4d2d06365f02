// SPDX-License-Identifier: Apache-2.0
#include "signatures/number_range.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/check.h"

namespace telefence {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr std::uint64_t kMostNumbers = 100'000'000;
constexpr std::size_t kShortest = 10;
constexpr std::size_t kFewestDigits = 3;  // of a prefix

struct Range {
  std::string begin;  // + or nothing: what stands before the digits
  std::string first, last;
};

// The digits of one end; empty: it is no number.
std::string digits_of(std::string_view text, bool may_have_dashes, bool& has_plus) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  has_plus = text.starts_with('+');
  if (has_plus) text.remove_prefix(1);
  std::string digits;
  for (const char c : text) {
    if (is_digit(c)) digits += c;
    else if (c != ' ' && c != '\t' && !(c == '-' && may_have_dashes)) return {};
  }
  return digits;
}

std::optional<Range> range_of(std::string_view text) {
  for (const std::string_view sign : {"——", "—", "–", "~", "～", "至", "到", " to ", "-"}) {
    const std::size_t at = text.find(sign);
    if (at == std::string_view::npos || at == 0) continue;
    bool has_plus = false, again = false;
    const bool has_own_sign = sign != "-";
    Range range;
    range.first = digits_of(text.substr(0, at), has_own_sign, has_plus);
    range.last = digits_of(text.substr(at + sign.size()), has_own_sign, again);
    const std::size_t size = range.first.size();
    if (size < kShortest || size > 15 || range.last.size() != size || range.first > range.last) return std::nullopt;
    if (again && !has_plus) return std::nullopt;
    if (std::stoull(range.last) - std::stoull(range.first) >= kMostNumbers) return std::nullopt;
    if (has_plus) range.begin = "+";
    return range;
  }
  return std::nullopt;
}

// Prefixes cover longer numbers, too. There are none behind whole ones, but 1300000-1300999 would be 1300*, the mobile numbers of a whole
// segment, and 10690000-10699999 all that send by 1069. Whatever stands before them: +, 00, 86, or the 0 before an area code.
bool are_whole(std::string_view digits, bool has_plus) {
  constexpr std::size_t kMobile = 11, kLandline = 10;
  bool is_bare = true;
  if (digits.starts_with("00")) {
    digits.remove_prefix(2);
    has_plus = true;
  }
  if (digits.starts_with("86") && (has_plus || digits.size() > kMobile)) {
    digits.remove_prefix(2);
    is_bare = false;
  }
  if (digits.starts_with('0')) {
    digits.remove_prefix(1);
    is_bare = false;
  }
  const bool is_mobile = digits.starts_with('1') && (is_bare || !digits.starts_with("10"));
  return digits.size() >= (is_mobile ? kMobile : kLandline);
}

// The parts of first..last under the digits that both share.
void split(const std::string& begin, std::string_view first, std::string_view last, std::vector<std::string>& out) {
  std::size_t same = 0;
  while (same < first.size() && first[same] == last[same]) ++same;
  const std::string common = begin + std::string(first.substr(0, same));
  first.remove_prefix(same);
  last.remove_prefix(same);
  if (first.find_first_not_of('0') == std::string_view::npos && last.find_first_not_of('9') == std::string_view::npos) {
    out.push_back(first.empty() ? common : common + '*');
    return;
  }
  for (char digit = first[0]; digit <= last[0]; ++digit) {
    const std::string low = digit == first[0] ? std::string(first.substr(1)) : std::string(first.size() - 1, '0');
    const std::string high = digit == last[0] ? std::string(last.substr(1)) : std::string(first.size() - 1, '9');
    split(common + digit, low, high, out);
  }
}

}  // namespace

bool is_number_range(std::string_view text) {
  const std::optional<Range> range = range_of(text);
  if (!range || !are_whole(range->first, !range->begin.empty()) || !are_whole(range->last, !range->begin.empty())) return false;
  std::vector<std::string> parts;
  split("", range->first, range->last, parts);
  return std::none_of(parts.begin(), parts.end(), [](const std::string& part) { return part.ends_with('*') && part.size() <= kFewestDigits; });
}

std::vector<std::string> parts_of_range(std::string_view text) {
  const std::optional<Range> range = range_of(text);
  CHECK(range.has_value());
  std::vector<std::string> parts;
  split(range->begin, range->first, range->last, parts);
  return parts;
}

}  // namespace telefence
