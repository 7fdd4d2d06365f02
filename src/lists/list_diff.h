// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is different between two lists, entry by entry, whatever their formats and order. Control thread.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lists/intake.h"

namespace telefence {

enum class Difference : std::uint8_t { kAdded, kRemoved, kChanged };  // kChanged: another category, level, action, expiry, reach, or allowed

struct DiffCounts {
  std::uint64_t added = 0, removed = 0, changed = 0, same = 0;
  bool is_empty() const { return added + removed + changed == 0; }
};

// What of an entry is another, as text.
struct FieldChange {
  std::string_view field;  // op (block or allow), match, category, level, action, expires, shadow, valid_from, shadow_until, canary
  std::string before, after;  // "" = nothing is said
};

struct EntryDifference {
  Difference difference;
  const Signature& signature;  // what is added and changed as it is after, what is removed as it was before
  std::string where;           // of that
  std::vector<FieldChange> changes;  // kChanged: none where the lists have so many meanings that nothing is known of these
};

// Requires: both were finished, keep covered entries and share their meanings.
Result<DiffCounts> diff_lists(Intake& before, Intake& after, const std::function<void(const EntryDifference&)>& tell);

}  // namespace telefence
