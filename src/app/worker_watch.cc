// SPDX-License-Identifier: Apache-2.0
#include "app/worker_watch.h"

namespace telefence {

WorkerWatch::WorkerWatch(std::size_t workers, Clock::time_point now)
    : seats_(std::make_unique<Seat[]>(workers)), seen_(workers, {0, now}) {}

std::vector<WorkerWatch::Still> WorkerWatch::look(Clock::time_point now) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<Still> still;
  for (std::size_t worker = 0; worker < seen_.size(); ++worker) {
    Seen& seen = seen_[worker];
    const std::uint64_t turns = seats_[worker].turns.load(std::memory_order_relaxed);
    if (turns != seen.turns) seen = {turns, now};
    const auto age = now - seen.at;
    if (age > kPatience) still.push_back({worker, std::chrono::duration_cast<std::chrono::seconds>(age).count()});
  }
  return still;
}

}  // namespace telefence
