// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether the workers turn. A worker that hangs (in a driver, in a lock of the kernel) takes no packets, loses none that anybody
// counts, and looks idle in every other figure.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace telefence {

class WorkerWatch {
 public:
  using Clock = std::chrono::steady_clock;
  // A worker turns many thousand times in this; one that the kernel lets wait for so long is as bad as one that hangs.
  static constexpr std::chrono::seconds kPatience{3};

  explicit WorkerWatch(std::size_t workers, Clock::time_point now = Clock::now());

  // Worker's thread, each turn: one store.
  void turn(std::size_t worker) {
    std::atomic<std::uint64_t>& turns = seats_[worker].turns;
    turns.store(turns.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  std::size_t count() const { return seen_.size(); }
  // How often this one has turned. Any thread.
  std::uint64_t turns(std::size_t worker) const { return seats_[worker].turns.load(std::memory_order_relaxed); }

  struct Still {
    std::size_t worker = 0;
    std::int64_t seconds = 0;
  };
  // Those that stand still for longer than kPatience. Any thread; somebody has to look at least every second, since a worker is
  // only known to have turned between two looks.
  std::vector<Still> look(Clock::time_point now);

 private:
  struct alignas(64) Seat {
    std::atomic<std::uint64_t> turns{0};
  };
  struct Seen {
    std::uint64_t turns = 0;
    Clock::time_point at;
  };
  std::unique_ptr<Seat[]> seats_;
  std::mutex mutex_;
  std::vector<Seen> seen_;  // guarded by mutex_
};

}  // namespace telefence
