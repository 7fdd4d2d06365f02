// SPDX-License-Identifier: Apache-2.0
#pragma once

// Who may still be reading an old version. Each worker reports, once per burst, that it holds no reference any more
// (quiesce); a writer that has unhooked a version waits until every worker has done so since. A worker that is not running
// (offline) holds nothing. Workers never wait; only the writer's thread does.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace telefence {

class Readers {
 public:
  static constexpr std::size_t kMaxReaders = 128;

  // Worker: from now on I may hold references.
  void online(std::size_t reader) {
    // seq_cst: a writer that does not see this yet must have its new pointer seen by us.
    seen_[reader].epoch.store(epoch_.load(std::memory_order_seq_cst), std::memory_order_seq_cst);
  }
  // Worker: I hold none now. Called between bursts.
  void quiesce(std::size_t reader) {
    const std::uint64_t now = epoch_.load(std::memory_order_acquire);
    if (seen_[reader].epoch.load(std::memory_order_relaxed) != now)
      seen_[reader].epoch.store(now, std::memory_order_release);
  }
  // Worker: I stop.
  void offline(std::size_t reader) { seen_[reader].epoch.store(kOffline, std::memory_order_release); }

  // Writer: begins a grace period and returns its mark.
  std::uint64_t begin_grace() { return epoch_.fetch_add(1, std::memory_order_seq_cst) + 1; }
  // Writer: true when nobody can hold what was unhooked before begin_grace().
  bool is_over(std::uint64_t mark) const {
    for (const Seen& seen : seen_) {
      const std::uint64_t epoch = seen.epoch.load(std::memory_order_seq_cst);
      if (epoch != kOffline && epoch < mark) return false;
    }
    return true;
  }
  // Writer: how many online readers have passed the mark, for receipts.
  std::size_t passed(std::uint64_t mark) const;
  // Writer: sleeps until is_over, at most the given time.
  bool wait(std::uint64_t mark, std::uint32_t timeout_ms) const;

 private:
  static constexpr std::uint64_t kOffline = 0;
  struct alignas(64) Seen {
    std::atomic<std::uint64_t> epoch{kOffline};
  };
  std::atomic<std::uint64_t> epoch_{1};
  std::array<Seen, kMaxReaders> seen_;
};

}  // namespace telefence
