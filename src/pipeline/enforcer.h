// SPDX-License-Identifier: Apache-2.0
#pragma once

// From verdicts to what leaves: carries actions out, rewrites responses on their way back, deals with what still comes on
// connections that are over. Of copies (a mirror port) nothing is changed or taken out; where there is a port to respond by, what a
// quick answer can refuse is answered. One per worker, used by that thread alone.

#include <array>
#include <memory>
#include <span>

#include "enforce/action.h"
#include "nic/queue.h"
#include "pipeline/answered_copies.h"
#include "pipeline/burst.h"
#include "pipeline/datagram_flows.h"
#include "pipeline/late_segments.h"
#include "pipeline/live_policy.h"
#include "pipeline/stream_lane.h"
#include "pipeline/worker_stats.h"
#include "track/session_table.h"
#include "track/tunnel_returns.h"

namespace telefence {

class Enforcer {
 public:
  // What is remembered from one burst to the next.
  struct Memory {
    SessionTable& sessions;
    TunnelReturns& returns;
    DatagramFlows& datagrams;
    AnsweredCopies& copies;
  };
  Enforcer(Burst& burst, const Memory& memory, WorkerStats& stats, StreamLane& lane, FramePool& pool)
      : burst_(burst),
        sessions_(memory.sessions),
        datagrams_(memory.datagrams),
        copies_(memory.copies),
        stats_(stats),
        lane_(lane),
        supply_(pool),
        ways_(burst, memory.returns, stats) {}

  // Before the verdicts: asks for the lines that events which some entry covers are remembered in.
  void foresee();
  // What actions and records need to know of each event beside its verdict. sees_all: somebody wants to know of innocent messages,
  // too, whether they are repeated.
  void prepare(bool sees_all, const LivePolicy& live);
  // Events that some entry of the signatures covers, in order: no other has a verdict.
  std::span<const std::uint16_t> hit_events() const { return {hit_events_.get(), hit_event_count_}; }
  void run(const LivePolicy& live);

 private:
  // The pool as actions see it. Some frames at a time come from it: one costs nearly as much.
  class Supply final : public FrameSupply {
   public:
    explicit Supply(FramePool& pool) : pool_(pool) {}
    bool take(Frame& frame) override {
      if (left_ == 0 && (left_ = pool_.take_some(spare_)) == 0) return false;
      frame = spare_[--left_];
      return true;
    }
    void give_back(Frame& frame) override { pool_.release({&frame, 1}); }
    // At the end of what makes frames: those that were not needed.
    void give_rest_back() {
      if (left_ != 0) pool_.release(std::span(spare_).first(left_));
      left_ = 0;
    }

   private:
    static constexpr std::size_t kAtOnce = 8;
    FramePool& pool_;
    std::array<Frame, kAtOnce> spare_;
    std::size_t left_ = 0;
  };
  // What was learned of tunnels, as actions see it.
  class Ways final : public WaysBack {
   public:
    Ways(const Burst& burst, TunnelReturns& returns, WorkerStats& stats) : burst_(burst), returns_(returns), stats_(stats) {}
    const TunnelHeaders* find(const Frame& judged, const Layers& layers) override;
    // The judged frame was taken out of the tunnel that its copy came in, which what was learned has around it.
    void set_unwrapped(bool unwrapped) { is_unwrapped_ = unwrapped; }

   private:
    const Burst& burst_;
    TunnelReturns& returns_;
    WorkerStats& stats_;
    bool is_unwrapped_ = false;
  };

  bool needs_all_events(bool sees_all) const;
  void prepare_all(bool sees_all, const LivePolicy& live);
  void prefetch_pending();
  void prepare_hits();
  void prepare_event(std::size_t index);
  std::uint64_t sight_key(std::size_t index);
  MessageIdentity identity_of(std::size_t index) const;
  bool repeats_refusal(std::size_t index);
  void act(const LivePolicy& live, Replies& replies);
  void act_on_copies(const LivePolicy& live, Replies& replies);
  void event(std::size_t index, const LivePolicy& live, Replies& replies);
  Fate apply_in_parts(std::size_t index, const LivePolicy& live, Replies& replies);
  Fate carry_out(std::size_t index, const LivePolicy& live, Replies& replies);
  Fate apply(std::size_t index, Frame& frame, const Layers& layers, const LivePolicy& live, Replies& replies, bool may_turn = false);
  bool may_turn() const;
  bool may_be_answered(std::size_t index) const;
  void answer_copies(const LivePolicy& live, Replies& replies);
  Fate answer_copy(std::size_t index, const LivePolicy& live, Replies& replies);
  void reset_further(Replies& replies);
  std::uint32_t receiver_expects(std::size_t frame);
  void remember(std::size_t index, const LivePolicy& live);
  bool may_be_late(std::size_t index);
  void drop_late_segments(Replies& replies);
  std::uint32_t refusal_code(std::size_t index, const LivePolicy& live) const;
  void restate_responses();
  bool restate(const Response& response, std::uint32_t code);
  void absorb_acknowledgements(const LivePolicy& live);
  void count_verdicts();
  void count_event(std::size_t index, std::span<std::uint32_t> innocent);

  Burst& burst_;
  // Of the burst: no event but those of `hit_events_` is anything else than innocent and new.
  bool only_hits_matter_ = false;
  bool sees_all_ = false;  // somebody is told of all events, with their frames
  std::unique_ptr<std::uint16_t[]> hit_events_ = std::make_unique<std::uint16_t[]>(EventList::kMaxEvents);
  std::size_t hit_event_count_ = 0;
  std::array<std::uint64_t, Burst::kFrames> sight_keys_;  // of the first of them
  std::size_t foreseen_ = 0;
  SessionTable& sessions_;
  DatagramFlows& datagrams_;
  AnsweredCopies& copies_;
  WorkerStats& stats_;
  StreamLane& lane_;
  Supply supply_;
  Ways ways_;
};

}  // namespace telefence
