// SPDX-License-Identifier: Apache-2.0
#pragma once

// CPU cores as the operator writes them, and those this process may use.

#include <string_view>
#include <vector>

#include "base/result.h"

namespace telefence {

// "2-9,12" in order, each core once. Errors say what would be right.
Result<std::vector<unsigned>> cores_from(std::string_view text);

// The cores this process may run on, in order; never empty. Asked once (sched_getaffinity(2)), by the first caller: later each thread
// may be bound to a core of its own, and a reload must not take the others for missing.
const std::vector<unsigned>& usable_cores();

// "0-3,8" for messages.
std::string describe_cores(const std::vector<unsigned>& cores);

}  // namespace telefence
