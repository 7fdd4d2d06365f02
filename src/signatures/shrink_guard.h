// SPDX-License-Identifier: Apache-2.0
#pragma once

// Lists that lost much of what they had. Control thread.

#include <cstdint>
#include <string>
#include <unordered_map>

#include "base/result.h"
#include "match/layer.h"

namespace telefence {

inline constexpr std::uint64_t kFewEntries = 100;  // lists with fewer may lose what they like

// By source, which is the file of a list.
std::unordered_map<std::string, std::uint64_t> entries_by_source(const Layer& layer);

// kInvalid: a list that is in both has lost more than `most`, a share from 0 to 1. All such lists are named.
Result<void> refuse_shrunk(const Layer& before, const Layer& after, double most);

}  // namespace telefence
