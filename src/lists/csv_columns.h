// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the columns of a table hold, by the names that people give them in English and Chinese, and what its words mean.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "verdict/verdict.h"

namespace telefence {

enum class Column : std::uint8_t {
  kOther, kValue, kDomain, kUrl, kNumber, kSegment, kCalling, kCalled, kPattern, kKind, kMatch, kCategory, kTier, kAction, kExpires, kSource, kName,
  kId, kShadow, kSide, kOp, kForDetection,
  kNote,  // says nothing that counts
};

Column column_from(std::string_view heading);

// One row of CSV (RFC 4180): fields in quotes may hold separators and doubled quotes. `rest_is_open`: a quote is not closed, so the row
// goes on in the next line.
std::vector<std::string> csv_row(std::string_view line, char separator, bool& rest_is_open);

// The separator that a heading is divided by: comma, semicolon or tab.
char separator_of(std::string_view heading);

// Words as the centre's own, other systems' and people's tables have them.
std::optional<Category> category_of(std::string_view word);
std::optional<Tier> tier_of(std::string_view word);
// ISO 8601; without a zone, or only a day, it is China's time. Unix seconds.
std::optional<std::int64_t> instant_of(std::string_view word);

}  // namespace telefence
