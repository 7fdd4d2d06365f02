// SPDX-License-Identifier: Apache-2.0
#pragma once

// Telephone numbers to PhoneDigits. The Chinese plan is built in: +86, 0086, 86 and 0 prefixes fall together; service
// numbers (3-6 digits, 95xxx..., 96xxx, 100xx, 106..., 400/800) stay as they are dialled and distinct from subscribers'.

#include <string>
#include <string_view>

#include "base/result.h"
#include "event/keys.h"

namespace telefence {

// length 0 when there is no number in `text` (letters, more than 15 digits). Separators (space - . ( ) /) are skipped, what
// follows ; or @ is not part of it. home_country: digits. A number that is said to be international needs no plus; service
// numbers, which gateways mark so too, stay what they are.
PhoneDigits canonical_number(std::string_view text, std::string_view home_country,
                             NumberForm form = NumberForm::kAsDialled);

// For signatures: "+86138...", "+86170*" (prefix). Errors say what is wrong.
struct NumberPattern {
  PhoneDigits digits;
  bool prefix = false;
};
Result<NumberPattern> number_from_text(std::string_view text, std::string_view home_country);

// "+8613812345678", or "95588".
std::string number_for_people(const PhoneDigits& digits);

// The same with the middle replaced: +86138****5678; short numbers keep their first and last digit.
std::string masked_number(std::string_view number);

}  // namespace telefence
