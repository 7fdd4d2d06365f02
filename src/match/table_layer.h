// SPDX-License-Identifier: Apache-2.0
#pragma once

// One table of several that are asked together about the keys of a burst.

#include <cstddef>
#include <span>

#include "match/terms.h"
#include "verdict/verdict.h"

namespace telefence {

inline constexpr std::size_t kMostLayers = 8;

template <typename Table>
struct TableLayer {
  const Table* table = nullptr;
  RuleRef first = 0;    // what the references of its hits begin with
  bool is_log = false;  // of the change log; else of files
  std::span<const Terms> terms;
};

}  // namespace telefence
