// SPDX-License-Identifier: Apache-2.0
#pragma once

// The objects of one array in a JSON document of any size, one after the other: bundles and events have millions. Nothing else is
// kept in memory. Bounded: 64 levels, 1 MiB of text without a quote.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lists/text_source.h"

namespace telefence {

struct JsonRecord {
  std::uint64_t line = 1;  // where it begins
  std::vector<std::pair<std::string, std::string>> fields;  // texts, numbers and truth values: of lists, the first

  // "" = there is none.
  std::string_view text(std::string_view key) const;
};

// Calls `take` for every object that is a member of an array under the key `array`, also of one in another. "" = all was read; else
// what is wrong, and at `line`.
struct JsonEnd {
  std::uint64_t lines = 0;
  std::string mistake;
};
JsonEnd read_json_records(TextSource& source, std::string_view array, const std::function<void(const JsonRecord&)>& take);

}  // namespace telefence
