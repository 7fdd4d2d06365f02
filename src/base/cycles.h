// SPDX-License-Identifier: Apache-2.0
#pragma once

// The processor's time stamp counter, for cycles by stage. No order is forced: good for whole stages, not for instructions.

#include <cstdint>

#if defined(__x86_64__)
#include <x86intrin.h>
#else
#include <chrono>
#endif

namespace telefence {

inline std::uint64_t cycles() {
#if defined(__x86_64__)
  return __rdtsc();
#else
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
#endif
}

}  // namespace telefence
