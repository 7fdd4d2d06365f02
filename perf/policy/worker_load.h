// SPDX-License-Identifier: Apache-2.0
#pragma once

// A worker under full load beside what a benchmark does to the signatures: DNS queries from memory, of which it is
// known which have to be stopped.

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "memory_source.h"
#include "pipeline/worker.h"
#include "rig.h"

namespace telefence::perf {

class WorkerLoad {
 public:
  static Result<std::unique_ptr<WorkerLoad>> make(const Sizes& sizes, unsigned core, const std::string& hugepages);

  Readers& readers() { return readers_; }
  Published<MatchSet>& sets() { return sets_; }
  // Prepares the worker for a set, publishes it, and returns when the worker uses it (or does not run).
  void publish(std::unique_ptr<const MatchSet> set);

  void start();
  struct Outcome {
    std::uint64_t received = 0, fates = 0;    // the same, or packets got lost in the worker
    std::uint64_t blocked = 0, to_block = 0;  // the same, or verdicts are wrong
    std::uint64_t without_fate() const { return received - fates; }
    std::uint64_t wrong() const { return blocked > to_block ? blocked - to_block : to_block - blocked; }
  };
  Outcome stop();

  // Packets since start().
  std::uint64_t packets() const { return packets_.load(std::memory_order_relaxed); }
  // Of the time between two bursts, since the call before: the longest, and what one in a thousand is above. In ns.
  struct Gaps {
    std::uint64_t longest = 0, p999 = 0;
  };
  Gaps take_gaps();

  // What became of packets that came by the clock, so many millions a second, into a ring as a NIC has (MemorySource::kRing): those that
  // were not taken in time are lost.
  struct Paced {
    std::uint64_t delivered = 0, lost = 0;
    std::uint64_t p999_ns = 0, longest_ns = 0;  // from their arrival to the port they leave by
  };
  // While `what` is done. Requires: start() was called.
  Paced paced(double mpps, const std::function<void()>& what);

 private:
  WorkerLoad(const Sizes& sizes, std::unique_ptr<Nic> nic);
  void run();
  void ask_for(double mpps);
  void follow_pace();
  std::uint64_t blocked() const;

  static constexpr std::uint64_t kStepNs = 1'000;
  std::unique_ptr<Nic> nic_;
  Traffic traffic_;
  Readers readers_;
  Published<MatchSet> sets_;
  Published<LivePolicy> policy_;
  const Normaliser normaliser_{NormaliseOptions{}};
  RecordRing ring_;
  MemorySource source_;
  DelaySink sink_;
  Worker worker_;
  std::atomic<bool> stops_ = false;
  std::atomic<std::uint64_t> packets_ = 0, longest_ = 0;
  std::array<std::atomic<std::uint64_t>, 10'000> gaps_{};
  // The control thread asks, the worker's tells when it has followed.
  double mpps_asked_ = 0;  // 0: as fast as they are taken
  std::atomic<unsigned> asked_ = 0, followed_ = 0;
  Paced paced_;
};

}  // namespace telefence::perf
