// SPDX-License-Identifier: Apache-2.0
#include "match/terms.h"

#include "match/made_id.h"

namespace telefence {

Terms terms_of(const Rule& rule) {
  return {rule.kind, rule.allow, rule.shadow, rule.action, rule.category, rule.tier, rule.sides, rule.source};
}

std::uint16_t TermsList::intern(const Terms& terms) {
  if (last_ < terms_.size() && terms_[last_] == terms) return last_;
  if (const auto found = known_.find(terms); found != known_.end()) return last_ = found->second;
  // More than there can be without a source: 4 kinds, allow, shadow, 17 actions, 13 categories, 4 tiers, 3 sides.
  constexpr std::size_t kForUnknownSources = 4 * 2 * 2 * 17 * 13 * 4 * 3;
  if (terms_.size() >= kMost - kForUnknownSources && !terms.source.empty()) {
    Terms without = terms;
    without.source.clear();
    return intern(without);
  }
  const auto index = static_cast<std::uint16_t>(terms_.size());
  terms_.push_back(terms);
  id_starts_.push_back(made_id_start(terms.kind, terms.allow, terms.source));
  known_.emplace(terms, index);
  return index;
}

}  // namespace telefence
