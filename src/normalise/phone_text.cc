// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "normalise/phone.h"

namespace telefence {
namespace {

Error invalid(std::string message) { return {ErrorCode::kInvalid, std::move(message)}; }

std::string only_digits(std::string_view text) {
  std::string digits;
  std::copy_if(text.begin(), text.end(), std::back_inserter(digits), [](char c) { return c >= '0' && c <= '9'; });
  return digits;
}

PhoneDigits packed(const std::string& digits, bool international) {
  PhoneDigits out;
  for (const char c : digits) out.value = out.value * 10 + static_cast<std::uint64_t>(c - '0');
  out.length = static_cast<std::uint8_t>(digits.size());
  out.international = international;
  return out;
}

bool is_all(std::string_view text, char digit) { return text.find_first_not_of(digit) == std::string_view::npos; }

// The prefixes that cover first to last, as text; empty: there are many.
std::string prefixes_between(const std::string& plus, const std::string& first, const std::string& last) {
  std::size_t same = 0;
  while (same < first.size() && first[same] == last[same]) ++same;
  const std::string_view first_rest = std::string_view(first).substr(same), last_rest = std::string_view(last).substr(same);
  const std::string common = plus + first.substr(0, same);
  if (is_all(first_rest, '0') && is_all(last_rest, '9')) return "here " + common + "*";
  if (first_rest.size() != 1) return {};
  std::string out;
  for (char digit = first_rest[0]; digit <= last_rest[0]; ++digit) (out += out.empty() ? "here " : ", ") += common + digit + "*";
  return out;
}

// Landlines and senders of messages (106) may have an extension behind them; a mobile number has none.
bool is_whole_mobile(std::string_view digits, bool has_plus) {
  constexpr std::size_t kMobile = 11;
  const bool has_zeros = digits.starts_with("00");
  if (has_zeros) digits.remove_prefix(2);
  if (digits.starts_with("86") && (has_plus || has_zeros || digits.size() > kMobile)) digits.remove_prefix(2);
  return digits.size() == kMobile && digits[0] == '1' && digits[1] >= '3';
}

// "170-179": a dash between two groups of as many digits, the second the greater. Numbers are written with dashes too, but not
// so: their groups are more than two (138-1234-5678) or of different lengths (010-65521234). Empty when it is no range. Of two groups that
// together are longer than a number may be the greater may also come first: a list was meant to have a range there.
std::string refuse_range(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos || text.find('-', dash + 1) != std::string_view::npos) return {};
  const std::string_view left = text.substr(0, dash), right = text.substr(dash + 1);
  if (text.find_first_not_of("+0123456789 -*") != std::string_view::npos) return {};
  const std::string first = only_digits(left), last = only_digits(right);
  const std::string plus = left.find('+') != std::string_view::npos ? "+" : "";
  constexpr std::size_t kHalfOfLongest = 10;
  if (first.size() > kHalfOfLongest && first.size() == last.size() && first > last)
    return "a range begins with its lower end: " + plus + last + "-" + plus + first;
  if (is_whole_mobile(first, !plus.empty()) && !last.empty() && last.size() < first.size())
    return "a range needs both ends whole: " + plus + first + "-" + plus + first.substr(0, first.size() - last.size()) + last;
  if (first.size() < 3 || first.size() != last.size() || first >= last) return {};
  const bool is_surely_one = left.find_first_of('*') != std::string_view::npos || right.find('+') != std::string_view::npos;
  // Of longer ones the prefixes may cover far more than what is named.
  constexpr std::size_t kLongestSegment = 6;
  const std::string prefixes = first.size() > kLongestSegment ? std::string() : prefixes_between(plus, first, last);
  if (prefixes.empty()) return "ranges are taken in list files only, of two whole numbers and at most 100 million of them: else write prefixes";
  return "ranges are not taken: write prefixes, " + prefixes +
         (is_surely_one ? "" : "; one number: write it without the dash");
}

// A prefix is no whole number, so its length tells nothing: +, 00, 86 before a mobile's 1x, 0 before an area code and a
// mobile's own 1x say that it is international; everything else (95, 106, 400) is the start of a service number.
PhoneDigits canonical_prefix(std::string_view text, std::string_view home) {
  const bool plus = text.starts_with('+');
  std::string digits = only_digits(text);
  const bool has_zeros = digits.starts_with("00");
  while (digits.starts_with("00")) digits.erase(0, 2);
  if (has_zeros || plus) return packed(digits, true);
  if (digits == home) return packed(digits, true);  // 86*: as good as +86*
  if (digits.starts_with('0') && digits.size() > 1) return packed(std::string(home) + digits.substr(1), true);
  const auto is_mobile_start = [](std::string_view start) { return start.size() >= 2 && start[0] == '1' && start[1] >= '3'; };
  if (home == "86" && digits.starts_with("86") && is_mobile_start(std::string_view(digits).substr(2)))
    return packed(digits, true);
  if (home == "86" && is_mobile_start(digits)) return packed("86" + digits, true);
  return packed(digits, false);
}

}  // namespace

Result<NumberPattern> number_from_text(std::string_view text, std::string_view home_country) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return invalid("there is no number");
  text = text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
  if (std::string range = refuse_range(text); !range.empty()) return invalid(std::move(range));
  NumberPattern out;
  if (text.back() == '*') {
    out.prefix = true;
    text.remove_suffix(1);
  }
  if (text.find_first_not_of("+0123456789 -.()/") != std::string_view::npos || text.find('+', 1) != std::string_view::npos)
    return invalid("a number has only digits, a leading + and separators; a star only at its end");
  const std::size_t count = only_digits(text).size();
  if (count == 0) return invalid("there is no digit");
  if (count > 20) return invalid("no number has more than 20 digits");
  if (!out.prefix) {
    out.digits = canonical_number(text, home_country);
    if (out.digits.length == 0) return invalid("numbers have 3 to 15 digits (those that start with 106 up to 20)");
    return out;
  }
  if (count < 2 && !text.starts_with('+')) return invalid("this prefix covers every tenth number; give at least two digits");
  out.digits = canonical_prefix(text, home_country);
  if (out.digits.length == 0 || out.digits.length > 19) return invalid("a prefix has 1 to 19 digits");
  return out;
}

std::string number_for_people(const PhoneDigits& digits) {
  if (digits.length == 0) return {};
  const std::string value = std::to_string(digits.value);
  std::string text = digits.international ? "+" : "";
  if (value.size() < digits.length) text.append(digits.length - value.size(), '0');
  return text + value;
}

std::string masked_number(std::string_view number) {
  const bool plus = number.starts_with('+');
  std::string text(plus ? number.substr(1) : number);
  if (std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; })) return "****";
  const std::size_t size = text.size();
  if (size >= 8) {
    std::fill_n(text.begin() + static_cast<std::ptrdiff_t>(size) - 8, 4, '*');
  } else if (size > 2) {
    std::fill(text.begin() + 1, text.end() - 1, '*');
  }
  return (plus ? "+" : "") + text;
}

}  // namespace telefence
