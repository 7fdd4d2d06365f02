// SPDX-License-Identifier: Apache-2.0
#include "publish/readers.h"

#include <chrono>
#include <thread>

namespace telefence {

std::size_t Readers::passed(std::uint64_t mark) const {
  std::size_t count = 0;
  for (const Seen& seen : seen_) {
    const std::uint64_t epoch = seen.epoch.load(std::memory_order_acquire);
    if (epoch != kOffline && epoch >= mark) ++count;
  }
  return count;
}

bool Readers::wait(std::uint64_t mark, std::uint32_t timeout_ms) const {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::milliseconds(timeout_ms);
  while (!is_over(mark)) {
    if (Clock::now() >= end) return false;
    // Short, since a busy worker passes within microseconds; an idle one within its next poll.
    std::this_thread::sleep_for(std::chrono::microseconds(20));
  }
  return true;
}

}  // namespace telefence
