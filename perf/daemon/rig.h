// SPDX-License-Identifier: Apache-2.0
#pragma once

// What each benchmark of the whole way needs around a worker.

#include <memory>
#include <string>

#include "nic/nic.h"
#include "pipeline/live_policy.h"

namespace telefence::perf {

// The last core that this process may use.
unsigned default_core();
// Two net_null ports in line, one worker on this core, the control threads on another one where there is one.
Result<std::unique_ptr<Nic>> start_nic(unsigned core, const std::string& hugepages);

// Enforces, each protocol with its own default action.
std::unique_ptr<const LivePolicy> live_policy();

}  // namespace telefence::perf
