// SPDX-License-Identifier: Apache-2.0
#pragma once

// Between frames and the streams of connections that many users share (track/message_streams): which segments belong to one, what
// its messages say, what of them is changed, and which frames may leave. One per worker, used by that thread alone.

#include <array>
#include <bitset>
#include <cstdint>
#include <memory>
#include <span>

#include "enforce/action.h"
#include "nic/queue.h"
#include "pipeline/burst.h"
#include "pipeline/live_policy.h"
#include "pipeline/worker_stats.h"
#include "track/message_streams.h"
#include "track/part_table.h"

namespace telefence {

class StreamLane {
 public:
  StreamLane(Burst& burst, SessionTable& sessions, WorkerStats& stats, FramePool& pool, const StreamOptions& options);

  // The next frames come in so. Only where burst.may_change something is held or changed.
  void begin(const Arrival& arrival, const Classifier& classifier);
  // True when the wait of something is over.
  bool has_work(std::uint64_t now_ns);
  bool is_idle() const { return streams_.is_idle(); }

  // Before the first of them is taken: brings what is known of the connections of this burst's segments into the cache.
  void prefetch();
  // Messages that have waited too long are read as far as they are there.
  void read_expired();

  enum class Belongs : std::uint8_t {
    kNowhere,  // to no connection that is followed
    kHere,     // to one; what becomes of the frame is settled
    kAlone,    // to one, but before what is known of it: to be judged by itself
  };
  Belongs takes(std::size_t index);
  // The connection of this segment carries messages of `protocol`: it is followed from here on. forward, reverse: where this
  // segment's direction and the other begin, as far as it was seen.
  Belongs follow(std::size_t index, std::uint8_t protocol, const Opening* forward, const Opening* reverse);
  // True when bytes of this direction were seen here before, or the other end's word of them.
  bool knows(const FlowKey& flow, const Layers& layers);
  // The packet came in IP fragments, and is whole: it goes on, beside what is known of its stream.
  void pass_beside(std::size_t index);
  // A SYN that answers another, on which both ends agree.
  void reopen(std::size_t index);

  // Carries an action out on a message of a stream. kForwardedActionFailed: it can't be.
  Fate apply(const Event& event, const Action& action, const Verdict& verdict);
  bool restate(const Response& response, std::uint32_t code);

  // After the verdicts: decides what may leave, and tells senders what is missing.
  void settle(Replies& replies, const LivePolicy& live);
  // Those of earlier bursts; each is to be made ready. What came in this burst and may leave is among its frames again.
  std::span<MessageStreams::Released> released() { return streams_.released(); }
  void clear_released() { streams_.clear_released(); }
  // Makes a released frame as its stream wants it. Returns its fate.
  static Fate prepare(MessageStreams::Released& released, const LivePolicy& live) {
    return released.rewrite.is_none() ? fate_as_it_came(released) : rewrite(released, live);
  }
  void release_all() { streams_.release_all(); }
  // Packets will pass unseen: what is held may leave, in its order, and no stream is known any more.
  void forget_all() { streams_.forget_all(); }
  void end_of_burst();

 private:
  static Fate fate_as_it_came(const MessageStreams::Released& released) {
    if (released.is_late) return Fate::kForwardedHoldExpired;
    return released.is_unread ? Fate::kForwardedNeedMore : Fate::kForwardedInspected;
  }
  static Fate rewrite(MessageStreams::Released& released, const LivePolicy& live);
  bool passes_beside(std::size_t index, bool is_judged);
  bool is_candidate(const Layers& layers) const { return ports_[layers.source_port] || ports_[layers.destination_port]; }
  Belongs segment(std::size_t index, MessageConnection& known);
  void open(MessageConnection& connection, std::uint8_t side, const Opening& opening);
  void note_hops(std::size_t index, StreamEnd& end);
  void settle_taken(std::size_t index, const MessageStreams::Taken& taken);
  void note_stream(std::size_t index, Stream& stream);
  void open_place(std::size_t place, const Frame& frame, const Layers& layers, Stream& stream);
  Step extract(std::size_t place);
  void read(Stream& stream, std::size_t index);
  void read_deferred();
  bool defer(Stream& stream);
  void read_at(std::size_t place, const Frame& frame, const Layers& layers, Stream& stream);
  void read_partial(Stream& stream);
  void finish_condemned(Stream& stream, std::size_t place);
  bool neutralise(const Event& event, const RecipientSet& recipients);
  bool split(Stream& stream);
  void tell_of_holes(Replies& replies);

  // What was voided last in this burst: of the message that begins at `offset` of what was read at `place`, these recipients (none: all of it).
  struct Voided {
    std::uint16_t place = 0;  // 0: nothing; that is a frame's
    std::uint32_t offset = 0;
    RecipientSet recipients;
  };
  // One that is to be read in a later burst.
  struct Deferred {
    Stream* stream = nullptr;
    std::uint32_t generation = 0;
  };
  static constexpr std::size_t kMostDeferred = 4 * Burst::kFrames;

  Burst& burst_;
  SessionTable& sessions_;
  WorkerStats& stats_;
  FramePool& pool_;
  MessageStreams streams_;
  std::bitset<65536> ports_;  // of connections that were followed
  std::unique_ptr<std::uint8_t[]> completed_;
  std::size_t expired_ = 0;
  std::array<std::uint16_t, Burst::kFrames> beside_;  // packets in fragments whose streams have messages without a verdict
  std::size_t beside_count_ = 0;
  const Classifier* classifier_ = nullptr;
  Arrival arrival_;
  Voided voided_;
  std::array<Deferred, kMostDeferred> deferred_;  // oldest first
  std::size_t deferred_count_ = 0;
  std::size_t waited_bytes_ = 0;  // of earlier bursts, read in this one
  bool holds_ = false;
};

}  // namespace telefence
