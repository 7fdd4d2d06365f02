// SPDX-License-Identifier: Apache-2.0
#pragma once

// Ranges of telephone numbers as the fewest prefixes and numbers that are the same. Only whole numbers make a range: 170-179 may as
// well be one number, or prefixes.

#include <string>
#include <string_view>
#include <vector>

namespace telefence {

// 13800000000-13800000999, also with ~, 至, "to" or a long dash, beside which ends may have dashes of their own (010-65521000): two whole
// numbers of as many digits (10 to 15; 11 of a mobile number), the second not smaller, and not more than 100 million of them: the prefixes of
// others would cover more than what is named.
bool is_number_range(std::string_view text);

// At most 18 for each digit. Requires: is_number_range(text).
std::vector<std::string> parts_of_range(std::string_view text);

}  // namespace telefence
