// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which core of the machine each worker and the control thread run on. DPDK answers a wrong core with a page of usage, so we
// look first. Pure but for cores_near().

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "nic/options.h"

namespace telefence {

struct CorePlan {
  unsigned control = 0;
  std::vector<unsigned> workers;  // one each; the same core may be there more than once
  std::vector<std::string> notes;
};

// Of these, those that have their memory where this one has it (a NUMA node); all of them where that is not known.
std::vector<unsigned> cores_near(unsigned core, std::span<const unsigned> cores);

// Without worker_cores: one worker, beside the control thread where there is room. Fails with kEnvironment.
Result<CorePlan> plan_cores(const NicOptions& options, std::span<const unsigned> allowed);

}  // namespace telefence
