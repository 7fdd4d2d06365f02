// SPDX-License-Identifier: Apache-2.0
#pragma once

// How fast this core runs now, so that figures of machines with other clocks can be compared: the time stamp counter does not tell.

#include <optional>

namespace telefence::perf {

// GHz, by the time that a chain of multiplications takes, each of which waits three cycles for the one before (Intel since 2008,
// AMD since Zen; older ones of AMD wait longer, and would seem slower). About 5 ms. Nothing: another kind of processor.
std::optional<double> core_ghz();

}  // namespace telefence::perf
