// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is different between two lists, entry by entry, whatever their formats and order. Control thread.

#include <cstdint>
#include <functional>

#include "base/result.h"
#include "lists/intake.h"

namespace telefence {

enum class Difference : std::uint8_t { kAdded, kRemoved, kChanged };  // kChanged: another category, level, action, expiry, reach, or allowed

struct DiffCounts {
  std::uint64_t added = 0, removed = 0, changed = 0, same = 0;
  bool is_empty() const { return added + removed + changed == 0; }
};

// Requires: both were finished, keep covered entries and share their meanings. Tells what is added and changed as it is after, what
// is removed as it was before, with its place.
Result<DiffCounts> diff_lists(Intake& before, Intake& after,
                              const std::function<void(Difference, const Signature&, const std::string& where)>& tell);

}  // namespace telefence
