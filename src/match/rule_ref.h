// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a RuleRef says where an entry stands: the layer in the upper four bits, then which of its tables, then a place of that table.

#include <cstddef>
#include <cstdint>

#include "verdict/verdict.h"

namespace telefence {

enum class RuleTable : std::uint8_t { kDomains, kNumbers, kPatterns };

inline constexpr unsigned kRuleLayerShift = 60;
inline constexpr unsigned kRuleTableShift = 58;
inline constexpr RuleRef kRulePlaceMask = (RuleRef{1} << kRuleTableShift) - 1;

constexpr RuleRef rule_ref(std::size_t layer, RuleTable table, std::uint64_t place = 0) {
  return static_cast<RuleRef>(layer) << kRuleLayerShift | static_cast<RuleRef>(table) << kRuleTableShift | place;
}
constexpr std::size_t layer_of(RuleRef ref) { return static_cast<std::size_t>(ref >> kRuleLayerShift); }
constexpr RuleTable table_of(RuleRef ref) { return static_cast<RuleTable>(ref >> kRuleTableShift & 3); }

}  // namespace telefence
