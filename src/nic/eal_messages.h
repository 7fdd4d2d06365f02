// SPDX-License-Identifier: Apache-2.0
#pragma once

// Turns DPDK's log into one sentence that says why something failed and what to do. A table of the messages that operators
// meet; for all others the last line that sounds like an error. Pure functions.

#include <string>
#include <string_view>

namespace telefence {

// Never empty; without a full stop at the end.
std::string explain_eal_log(std::string_view log);

}  // namespace telefence
