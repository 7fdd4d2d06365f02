// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the columns of a table hold, by the names that people give them in English and Chinese, and what its words mean.

#include <cstdint>
#include <optional>
#include <string_view>

#include "verdict/verdict.h"

namespace telefence {

enum class Column : std::uint8_t {
  kOther, kValue, kDomain, kUrl, kNumber, kSegment, kCalling, kCalled, kPattern, kKind, kMatch, kCategory, kTier, kAction, kExpires, kSource, kName,
  kId, kShadow, kSide, kOp, kForDetection,
  kAllowed,  // whether it is on the list of those that are never blocked
  kListed,   // whether it is on the list of those that are
  kNote,  // says nothing that counts
};

Column column_from(std::string_view heading);

// The separator that a heading is divided by: comma, semicolon or tab.
char separator_of(std::string_view heading);

// Words as the centre's own, other systems' and people's tables have them.
std::optional<Category> category_of(std::string_view word);
std::optional<Tier> tier_of(std::string_view word);
// ISO 8601, and days as people and spreadsheets write them (2027/1/1, 2027年1月1日); without a zone, or only a day, it is China's time.
// Unix seconds.
std::optional<std::int64_t> instant_of(std::string_view word);
// Words for a time that never comes: 长期, 永久.
bool is_without_end(std::string_view word);

}  // namespace telefence
