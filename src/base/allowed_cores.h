// SPDX-License-Identifier: Apache-2.0
#pragma once

// The cores of the machine that the calling thread may run on, in order (sched_getaffinity(2)). Empty: the kernel does not say. Any thread.

#include <sched.h>

#include <vector>

namespace telefence {

inline std::vector<unsigned> allowed_cores() {
  std::vector<unsigned> cores;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return cores;
  for (unsigned core = 0; core < CPU_SETSIZE; ++core)
    if (CPU_ISSET(core, &set)) cores.push_back(core);
  return cores;
}

}  // namespace telefence
