// SPDX-License-Identifier: Apache-2.0
#include "lists/list_diff.h"

#include <array>

namespace telefence {
namespace {

// The same value with another reach, or allowed instead of blocked: is there one in `other` that `own` has not?
bool is_there_otherwise(const Signature& signature, const Intake& own, const Intake& other) {
  for (const bool flips_allow : {false, true}) {
    for (const bool flips_reach : {false, true}) {
      if (!flips_allow && !flips_reach) continue;
      if (flips_reach && signature.kind != SignatureKind::kDomain) continue;
      Signature changed = signature;
      changed.allow = signature.allow != flips_allow;
      changed.subdomains = signature.subdomains != flips_reach;
      if (other.meaning_here(changed) != 0 && own.meaning_here(changed) == 0) return true;
    }
  }
  return false;
}

}  // namespace

Result<DiffCounts> diff_lists(Intake& before, Intake& after,
                              const std::function<void(Difference, const Signature&, const std::string& where)>& tell) {
  DiffCounts counts;
  const auto count = [&](Difference difference, const StoredEntry& entry, const Intake& intake) {
    ++(difference == Difference::kAdded ? counts.added : difference == Difference::kRemoved ? counts.removed : counts.changed);
    tell(difference, entry.signature, intake.where(entry));
  };
  // Lists of some formats name what a wider entry of theirs takes in anyway.
  const auto is_nothing_new = [&](const Signature& signature, std::uint16_t meaning) {
    return before.is_covered(signature, meaning) && after.is_covered(signature, meaning);
  };
  Result<void> gone = after.each([&](const StoredEntry& entry) -> Result<void> {
    const std::uint16_t then = before.meaning_here(entry.signature), now = after.meaning_here(entry.signature);
    if (then == 0 && is_nothing_new(entry.signature, now)) return {};
    if (then == 0)
      count(is_there_otherwise(entry.signature, after, before) ? Difference::kChanged : Difference::kAdded, entry, after);
    else if (then != now)
      count(Difference::kChanged, entry, after);
    else
      ++counts.same;
    return {};
  });
  if (!gone) return gone.error();
  gone = before.each([&](const StoredEntry& entry) -> Result<void> {
    const bool is_gone = after.meaning_here(entry.signature) == 0 && !is_nothing_new(entry.signature, before.meaning_here(entry.signature));
    if (is_gone && !is_there_otherwise(entry.signature, before, after))
      count(Difference::kRemoved, entry, before);
    return {};
  });
  if (!gone) return gone.error();
  return counts;
}

}  // namespace telefence
