// SPDX-License-Identifier: Apache-2.0
#include "core_clock.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>

namespace telefence::perf {

std::optional<double> core_ghz() {
#if defined(__x86_64__)
  constexpr int kMultiplications = 20'000, kCyclesEach = 3;
  std::array<double, 200> windows;  // the host takes some of them away: the middle one counts
  std::uint64_t value = 1;
  for (double& ghz : windows) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kMultiplications; ++i) __asm__ volatile("imul %0, %0" : "+r"(value));
    const std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now() - start;
    ghz = kMultiplications * kCyclesEach / taken.count();
  }
  std::nth_element(windows.begin(), windows.begin() + windows.size() / 2, windows.end());
  return windows[windows.size() / 2];
#else
  return std::nullopt;
#endif
}

}  // namespace telefence::perf
