// SPDX-License-Identifier: Apache-2.0
#pragma once

// What must never be blocked, whatever a signature says: emergency and anti-fraud numbers, banks' and carriers' service
// numbers. Checked at decision time and when signatures are loaded. Public suffixes are refused at load (normalise/domain).

#include <span>
#include <string>
#include <string_view>

#include "event/keys.h"

namespace telefence {

struct NeverBlockNumber {
  std::string_view digits;
  std::string_view what_en;
  std::string_view what_zh;
  // Its messages warn of fraud and quote it, so they pass whatever they say. All others only can not be blocked themselves:
  // a sender's number is easily forged, and these are the numbers that fraud forges.
  bool warns_of_fraud = false;
};

// The built-in list, for `telefence test` and the manual.
std::span<const NeverBlockNumber> never_block_numbers();

// nullptr when the number may be blocked. Also where it is dialled with an area code (0755110, +86 10 96110, 12110755), which is a number
// of more digits than the entry's. Fast: a few comparisons, for workers.
const NeverBlockNumber* never_blocked(const PhoneDigits& digits);

// Why a domain entry is refused ("com.cn is a public suffix: every site under it would be blocked"); empty when fine.
// `name` canonical. Control thread.
std::string refuse_domain(std::string_view name, bool subdomains);

}  // namespace telefence
