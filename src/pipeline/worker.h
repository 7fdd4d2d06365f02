// SPDX-License-Identifier: Apache-2.0
#pragma once

// The life of a packet, in order, for one worker. The only place that knows the order of the stages. One instance per worker
// lcore, used by that thread alone; everything it needs is allocated in the constructor and nothing after it.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "decide/policy.h"
#include "enforce/action.h"
#include "event/event_list.h"
#include "match/match_set.h"
#include "nic/queue.h"
#include "normalise/normalise.h"
#include "pipeline/burst.h"
#include "pipeline/worker_stats.h"
#include "protocols/classify.h"
#include "publish/published.h"
#include "record/ring.h"
#include "track/session_table.h"

namespace telefence {

// The live part of the configuration that workers read.
struct LivePolicy {
  Policy policy{PolicyOptions{}};
  EnforceOptions enforce;
};

// One direction of a wire: frames come in on `in` and leave by `out`; a mirror has no `out`.
struct Link {
  Queue* in = nullptr;
  Queue* out = nullptr;   // nullptr: mirror port
};

// What every worker shares. All of it outlives the workers.
struct WorkerShared {
  Published<MatchSet>* sets = nullptr;
  Published<LivePolicy>* policy = nullptr;
  Readers* readers = nullptr;
  const Classifier* classifier = nullptr;
  const Normaliser* normaliser = nullptr;
};

// Called for every event, matched or not, after the verdict: `telefenced inspect`. nullptr in the daemon.
class EventObserver {
 public:
  virtual ~EventObserver() = default;
  virtual void on_event(const Frame& frame, const Layers& layers, const Event& event, const Verdict& verdict,
                        Fate fate) = 0;
};

class Worker {
 public:
  Worker(std::uint16_t id, const WorkerShared& shared, std::vector<Link> links, FramePool& pool, RecordRing* records,
         EventObserver* observer = nullptr);
  ~Worker();

  // One burst from each link. Returns the frames received, 0 when all links were idle.
  std::size_t run_once();
  // True when every link is at its end (captures).
  bool finished() const;

  const WorkerStats& stats() const { return stats_; }
  MatchScratch& scratch() { return scratch_; }

 private:
  void run_burst(Link& link);
  void extract();
  void enforce(const LivePolicy& live, const MatchSet& set);
  void transmit(Link& link);
  void record(const MatchSet& set);

  const std::uint16_t id_;
  WorkerShared shared_;
  std::vector<Link> links_;
  FramePool& pool_;
  RecordRing* records_;
  EventObserver* observer_;
  Burst burst_;
  SessionTable sessions_;
  MatchScratch scratch_;
  WorkerStats stats_;
  std::uint64_t frames_seen_ = 0;
};

}  // namespace telefence
