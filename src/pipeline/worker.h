// SPDX-License-Identifier: Apache-2.0
#pragma once

// The life of a packet, in order, for one worker. The only place that knows the order of the stages. One instance per worker
// lcore, used by that thread alone; everything it needs is allocated in the constructor and nothing after it.

#include <cstdint>
#include <vector>

#include "match/match_set.h"
#include "nic/queue.h"
#include "normalise/normalise.h"
#include "pipeline/burst.h"
#include "pipeline/datagram_flows.h"
#include "pipeline/enforcer.h"
#include "pipeline/evasions.h"
#include "pipeline/extractor.h"
#include "pipeline/live_policy.h"
#include "pipeline/load_gauge.h"
#include "pipeline/name_sieve.h"
#include "pipeline/passage.h"
#include "pipeline/sampler.h"
#include "pipeline/shedder.h"
#include "pipeline/tunnel_spread.h"
#include "pipeline/worker_stats.h"
#include "publish/published.h"
#include "record/ring.h"
#include "track/session_clock.h"
#include "track/session_table.h"
#include "track/track_options.h"
#include "track/tunnel_returns.h"

namespace telefence {

// One direction of a wire: frames come in on `in` and leave by `out`.
struct Link {
  Queue* in = nullptr;
  Queue* out = nullptr;  // nullptr: a mirror port; frames are looked at and let go
  Queue* respond = nullptr;  // of a mirror port: answers to both ends leave by it; nullptr: there are none
  std::uint16_t wire = 0;  // given by the worker: the same for both directions
  std::uint16_t index = 0; // among the worker's links
  bool can_overrun = false;  // as `in`
  bool has_large_frames = false;  // those that came last: a whole burst of them would be judged in parts
  TunnelSpread* spread = nullptr;  // of all workers that receive from the port of `in`; nullptr: packets stay where they came in
  std::size_t seat = 0;            // of this worker among them
};

// What all workers share. Outlives them.
struct WorkerShared {
  Published<MatchSet>* sets = nullptr;
  Published<LivePolicy>* policy = nullptr;
  Readers* readers = nullptr;
  const Normaliser* normaliser = nullptr;
  HashSecret secret;
  TrackOptions track;
  // Records of evasion that each worker may write in a second; the others are only counted.
  std::uint32_t evasion_records = 10;
  const Gate* gate = nullptr;  // nullptr: everything is inspected
};

// Told of every event after its verdict, matched or not: `telefenced inspect`. None in the daemon.
class EventObserver {
 public:
  virtual ~EventObserver() = default;
  virtual void on_event(const Frame& frame, const Layers& layers, const Event& event, const Verdict& verdict,
                        bool first_sight) = 0;
};

class Worker {
 public:
  // id: below Readers::kMaxReaders, one per worker. records and observer may be nullptr.
  Worker(std::uint16_t id, const WorkerShared& shared, std::vector<Link> links, FramePool& pool, RecordRing* records,
         EventObserver* observer);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // One burst from each link. Returns the frames received; 0 when all links were idle.
  std::size_t run_once();
  // True when nothing will come any more (captures).
  bool finished() const;
  // Lets everything go that still waits for something: nothing will come any more. What other workers hand over until they, too,
  // have ended is let go by another flush() behind that.
  void flush();

  const WorkerStats& stats() const { return stats_; }
  MatchScratch& scratch() { return scratch_; }
  // To be started before the worker runs, if at all.
  Sampler& sampler() { return sampler_; }

 private:
  std::size_t run_burst(Link& link, Passage how);
  void receive(Link& link);
  Passage passage() const { return shared_.gate == nullptr ? Passage::kInspect : shared_.gate->load(std::memory_order_relaxed); }
  void pass_by(Link& link, Passage passage);
  void weigh_load(const Link& link, std::size_t received);
  void shed(std::size_t level);
  void accept(Link& link);
  void pass_on(const Link& link);
  void count_received();
  std::size_t take_passed(Link& link, std::size_t most);
  void begin_part();
  bool next_part();
  void decode_frames(const Link& link);
  void note_tunnels();
  void run_part(Link& link);
  void turn_innocents_away(const MatchSet& set, const LivePolicy& live);
  void transmit(Link& link);
  void let_go_of_copies();
  void count_fates();
  void count_made(Fate fate);
  void transmit_released(const LivePolicy& live);
  bool has_work(const Link& link);
  void send_replies(Link& link);
  void observe();
  void begin_records(const MatchSet& set);
  void record(const LivePolicy& live);
  void finish_records(const LivePolicy& live);
  void end_stage(Stage stage);

  const std::uint16_t id_;
  const WorkerShared shared_;
  std::vector<Link> links_;
  FramePool& pool_;
  RecordRing* records_;
  EventObserver* observer_;
  Burst burst_;
  std::array<Frame, Burst::kFrames> waiting_;  // received, but beyond what one burst holds
  std::size_t waiting_count_ = 0;
  std::array<Frame, Burst::kFrames> leaving_, staying_;  // of transmit() alone; here, so that they are not cleared for each burst
  std::uint64_t part_bytes_ = 0;  // of what the burst holds
  std::size_t wanted_ = Burst::kFrames;  // so many frames were asked for last
  SessionTable sessions_;
  TunnelReturns returns_;
  SessionClock clock_;
  MatchScratch scratch_;
  WorkerStats stats_;
  AnsweredCopies copies_;
  LoadGauge gauge_;
  Shedder shedder_;
  DatagramFlows datagrams_;
  StreamLane lane_;
  NameSieve sieve_;
  Extractor extractor_;
  Enforcer enforcer_;
  Evasions evasions_;
  Sampler sampler_;
  std::uint64_t stage_start_ = 0;
  std::size_t passed_ = 0;     // of the frames received: by other workers
  bool passes_by_ = false;     // streams are forgotten already
  std::uint64_t time_ns_ = 0;  // of the newest frame, or later when none comes
};

}  // namespace telefence
