// SPDX-License-Identifier: Apache-2.0
#include "normalise/phone.h"

#include <array>
#include <tuple>

#include "base/chunk.h"
#include "base/decimal.h"

namespace telefence {
namespace {

constexpr std::size_t kMaxE164 = 15;  // ITU-T E.164, 6.1
// Chinese access numbers of short-message services, 106 and what follows: the longest numbers there are. The value still
// fits 64 bits, since they start with 1.
constexpr std::size_t kMaxService = 20;
constexpr std::string_view kChina = "86";

// Behind country code 1 area and exchange begin with 2 to 9 (ATIS-0300051): of a mobile number without its country code, one in five
// is told by it.
bool is_north_american(std::string_view digits) { return digits.size() != 11 || (digits[1] >= '2' && digits[4] >= '2'); }

// Eight to sixteen octets, looked at as two times eight, which overlap.
class TwoEights {
 public:
  static constexpr std::size_t kFewest = 8, kMost = 16;
  // Requires: so many.
  explicit TwoEights(std::string_view text)
      : front_(eight_octets(text.data())), back_(eight_octets(text.data() + text.size() - 8)), size_(text.size()) {}
  bool are_digits() const { return are_eight_digits(front_) && are_eight_digits(back_); }
  // Requires: are_digits().
  std::uint64_t value() const {
    constexpr std::uint64_t kEightDigits = 100'000'000;
    const std::size_t half = 4 * (kMost - size_);
    const std::uint64_t before = front_ << half << half;  // the last eight; of eight there is nothing
    return value_of_eight(before) * kEightDigits + value_of_eight(back_);
  }

 private:
  std::uint64_t front_, back_;
  std::size_t size_;
};

// A subscriber's mobile number as nearly all are written: behind 86 or +86, where it is the same whatever is said of it, or as eleven digits,
// which said to be international may be one of North America. No number: text is written otherwise.
PhoneDigits plain_mobile(std::string_view text, NumberForm form) {
  constexpr std::size_t kLength = 11, kWithCode = 13;
  constexpr std::uint64_t kCode = 86 * kPowersOfTen[kLength];
  const bool plus = text.starts_with('+');
  if (plus) text.remove_prefix(1);
  const bool has_code = text.size() == kWithCode;
  if (!has_code && text.size() != kLength) return {};
  const TwoEights digits(text);
  if (!digits.are_digits()) return {};
  const std::string_view national = has_code ? text.substr(2) : text;
  if (national[0] != '1' || national[1] < '3' || (has_code && (text[0] != '8' || text[1] != '6'))) return {};
  const bool is_whole = has_code || plus || (form == NumberForm::kInternational && is_north_american(text));
  return {.value = digits.value() + (is_whole ? 0 : kCode),
          .length = static_cast<std::uint8_t>(is_whole ? text.size() : kWithCode),
          .international = true};
}

// A service's number as most senders of short messages write theirs: 106 and more digits, which stay as they are whatever is said of
// them, since none with a country code begins so. No number: text is another one.
PhoneDigits plain_service(std::string_view text) {
  if (text.size() < TwoEights::kFewest || text.size() > TwoEights::kMost || !text.starts_with("106")) return {};
  const TwoEights digits(text);
  if (!digits.are_digits()) return {};
  return {.value = digits.value(), .length = static_cast<std::uint8_t>(text.size()), .international = false};
}

// The digits of a number, as they were written.
struct Dialled {
  std::array<char, kMaxService + 4> digits;
  std::size_t length = 0;
  bool plus = false;
  std::string_view view() const { return {digits.data(), length}; }
};

bool is_separator(char c) { return c == ' ' || c == '-' || c == '.' || c == '(' || c == ')' || c == '/'; }

// Digits and nothing else, as nearly all numbers are written, and few enough for one look. False: nothing was taken.
bool take_digits(std::string_view text, Dialled& out) {
  if (text.empty() || text.size() > Chunk::kSize) return false;
  const Chunk chunk = text.size() == Chunk::kSize ? Chunk::at(text.data()) : Chunk::of_few(text);
  if (chunk.within('0', '9') != (1u << text.size()) - 1) return false;
  static_assert(Chunk::kSize <= std::tuple_size_v<decltype(Dialled::digits)>);
  chunk.store(out.digits.data());
  out.length = text.size();
  return true;
}

// What may stand before the digits.
void take_prefix(std::string_view& text, Dialled& out) {
  if (text.starts_with("tel:")) text.remove_prefix(4);
  if (text.starts_with("%2B") || text.starts_with("%2b")) {  // a plus in a SIP user part, RFC 3261 19.1.2
    out.plus = true;
    text.remove_prefix(3);
  }
  if (text.starts_with('+') && !out.plus) {
    out.plus = true;
    text.remove_prefix(1);
  }
}

// False when it is no number.
bool read_dialled(std::string_view text, Dialled& out) {
  const bool starts_with_digit = !text.empty() && text.front() >= '0' && text.front() <= '9';
  if (!starts_with_digit) take_prefix(text, out);
  if (take_digits(text, out)) [[likely]] return true;
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      if (out.length == out.digits.size()) return false;
      out.digits[out.length++] = c;
    } else if (c == ';' || c == '@') {
      break;  // parameters, or where the number is at home
    } else if (c == '+' && out.length == 0 && !out.plus) {
      out.plus = true;
    } else if (!is_separator(c)) {
      return false;
    }
  }
  return true;
}

// What is put before digits to make a whole number of them: a country code, or nothing.
struct CountryCode {
  constexpr CountryCode() = default;
  explicit constexpr CountryCode(std::string_view digits) : length(digits.size()) {
    for (const char c : digits) value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  std::uint64_t value = 0;
  std::size_t length = 0;
};
constexpr CountryCode kNone;
constexpr CountryCode kChinaCode(kChina);

PhoneDigits pack(const CountryCode& code, std::string_view digits, bool international) {
  PhoneDigits out;
  const std::size_t length = code.length + digits.size();
  const bool service = !international && digits.starts_with("106");
  if (length < 3 || length > (service ? kMaxService : kMaxE164)) return {};
  out.value = decimal_value(digits);
  if (code.length != 0) out.value += code.value * kPowersOfTen[digits.size()];
  out.length = static_cast<std::uint8_t>(length);
  out.international = international;
  return out;
}

bool is_mobile(std::string_view national) { return national.size() == 11 && national[0] == '1' && national[1] >= '3'; }

// Area code without its 0, and 7 or 8 digits: 10 and 2x have two digits and long numbers, the others three.
bool is_landline(std::string_view national) {
  if (national.starts_with("10") || national.starts_with('2')) return national.size() == 10;
  return national[0] >= '3' && (national.size() == 10 || national.size() == 11);
}

bool is_tariff_number(std::string_view national) {  // 400 and 800 numbers
  return national.size() == 10 && (national.starts_with("400") || national.starts_with("800"));
}

// A 400 or 800 number with an extension behind it. As international ones: behind +40 no number begins with 0, and one behind +800 has
// eight digits (ITU-T E.169.1).
bool is_extended_tariff_number(std::string_view national) {
  return national.size() >= 12 && national.size() <= 14 && (national.starts_with("400") || national.starts_with("800"));
}

// What may stand behind +86 and yet is no subscriber: 106..., 400/800, 110, 10086, 95588 ...
bool is_service(std::string_view national) {
  if (is_tariff_number(national)) return true;
  if (is_landline(national)) return false;  // +86 10 6xxx xxxx is a Beijing number, not a 106 one
  return national.starts_with("106") || national.size() <= 6 || (national.starts_with("95") && national.size() <= 9);
}

PhoneDigits chinese_national(std::string_view national) {
  while (national.starts_with('0')) national.remove_prefix(1);  // +86 0138...: the trunk prefix left in
  if (national.size() < 3) return {};
  return is_service(national) ? pack(kNone, national, false) : pack(kChinaCode, national, true);
}

PhoneDigits chinese_dialled(std::string_view digits) {
  if (is_mobile(digits)) [[likely]] return pack(kChinaCode, digits, true);
  if (digits.size() < 3) return {};
  if (digits[0] == '0') {
    const std::string_view rest = digits.substr(1);
    const bool subscriber = is_mobile(rest) || (is_landline(rest) && !is_tariff_number(rest));
    return subscriber ? pack(kChinaCode, rest, true) : pack(kNone, digits, false);
  }
  // A bare 86 is the country code only before what is a whole number: 8610086 may be a local number of seven digits.
  if (digits.starts_with(kChina) && digits.size() >= 12) {
    const std::string_view rest = digits.substr(2);
    if (is_mobile(rest) || is_landline(rest) || is_tariff_number(rest) || rest.starts_with("106"))
      return chinese_national(rest);
  }
  if (is_extended_tariff_number(digits)) return pack(kNone, digits, false);
  // Longer than any number of the plan: SMPP gives international numbers (TON 1) without their plus.
  if (digits.size() >= 12 && digits[0] != '1' && !digits.starts_with("95") && !digits.starts_with("96"))
    return digits.starts_with(kChina) ? chinese_national(digits.substr(2)) : pack(kNone, digits, true);
  return pack(kNone, digits, false);
}

// Whether digits that are said to be international can be. Country code 1 (ITU-T E.164; North American plan) is followed by 2
// to 9, so what begins with 10 or 11 is a service number, as is what is too short for a subscriber.
bool has_country_code(std::string_view digits) {
  if (is_extended_tariff_number(digits) || (digits[0] == '1' && !is_north_american(digits))) return false;
  return digits[0] != '0' && !digits.starts_with("10") && !digits.starts_with("11") &&
         !is_tariff_number(digits) && !(digits.starts_with("95") && digits.size() <= 9);
}

// Countries without a plan here: short numbers stay, a leading 0 is the trunk prefix, the country code may be there or not.
PhoneDigits other_dialled(std::string_view digits, std::string_view home) {
  if (digits.size() <= 6) return pack(kNone, digits, false);
  if (digits[0] == '0') return pack(CountryCode(home), digits.substr(1), true);
  if (digits.starts_with(home) && digits.size() >= home.size() + 8) return pack(kNone, digits, true);
  return pack(CountryCode(home), digits, true);
}

// Not in place, so that what is common needs no room on the stack for it.
[[gnu::noinline]] PhoneDigits any_number(std::string_view text, std::string_view home_country, NumberForm form) {
  const bool chinese_home = home_country == kChina;
  Dialled dialled;
  if (!read_dialled(text, dialled)) return {};
  std::string_view digits = dialled.view();
  bool with_country = dialled.plus;
  while (digits.starts_with("00")) {  // more than once when the trunk's own prefix stands before it
    with_country = true;
    digits.remove_prefix(2);  // also in +0086..., as some gateways write it
  }
  if (form == NumberForm::kInternational && digits.size() > 6 && has_country_code(digits)) with_country = true;
  if (with_country && !digits.starts_with('0')) {
    if (chinese_home && digits.starts_with(kChina)) return chinese_national(digits.substr(2));
    return pack(kNone, digits, true);
  }
  return chinese_home ? chinese_dialled(digits) : other_dialled(digits, home_country);
}

}  // namespace

PhoneDigits canonical_number(std::string_view text, std::string_view home_country, NumberForm form) {
  if (home_country == kChina) [[likely]] {
    if (const PhoneDigits mobile = plain_mobile(text, form); mobile.length != 0) [[likely]] return mobile;
    if (const PhoneDigits service = plain_service(text); service.length != 0) return service;
  }
  return any_number(text, home_country, form);
}

}  // namespace telefence
