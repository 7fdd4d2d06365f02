// SPDX-License-Identifier: Apache-2.0
#pragma once

// From frames to events: which protocol a payload is, what it says, and what has to wait for more bytes. A message that lies
// whole in its packet needs nothing but the packet; one that goes on elsewhere is put together in track/part_table; a connection
// that many users share goes to the stream lane. One per worker, used by that thread alone.

#include <array>
#include <cstddef>
#include <cstdint>

#include "pipeline/burst.h"
#include "pipeline/datagram_flows.h"
#include "pipeline/fragments.h"
#include "pipeline/late_segments.h"
#include "pipeline/shedder.h"
#include "pipeline/stream_lane.h"
#include "pipeline/worker_stats.h"
#include "protocols/classify.h"
#include "protocols/protocol.h"
#include "track/part_table.h"
#include "track/session_table.h"

namespace telefence {

class Extractor {
 public:
  Extractor(Burst& burst, SessionTable& sessions, DatagramFlows& datagrams, WorkerStats& stats, StreamLane& lane, Shedder& shedder,
            const PartOptions& options, const FragmentOptions& fragments);

  // Fills burst.events, and the fates of frames as far as they follow from what was read.
  void run(const Classifier& classifier);
  // Nobody looks at the events any more.
  void end_of_burst();

 private:
  // A segment sent with so many hops fewer than the first one of its message will not reach whom that one reached: evaders send
  // such for filters alone to see. Routes of one connection seldom differ by more than two.
  static constexpr int kFewerHops = 4;
  // The first bytes of a message may be so few that no protocol shows yet: a segment may hold a single one.
  static constexpr std::size_t kTooFewToKnow = 64;
  // What a frame has before anything was read of it.
  static constexpr Fate kUnread = Fate::kForwardedNotRecognised;

  void prefetch();
  void fragment(std::size_t index, const Classifier& classifier);
  void payload(std::size_t index, const Classifier& classifier);
  void segment(std::size_t index, const Classifier& classifier);
  // Where a segment stands to what is awaited of its connection.
  enum class Standing : std::uint8_t {
    kUnknown,
    kFirst,      // it begins with the first bytes
    kElsewhere,  // before what is awaited, or far from it: it is read, but what it begins is not put together
  };
  void names(std::size_t index, const Classifier& classifier);
  Standing stands(std::size_t index, const Classifier& classifier, const Opening* opened);
  void whole(std::size_t index, const Classifier& classifier);
  void alone(std::size_t index, const Classifier& classifier);
  std::uint8_t protocol_of(std::size_t index, const Classifier& classifier, const Opening* opened) const;
  bool is_shared(std::size_t index, const Classifier& classifier, std::uint8_t protocol, const Opening* opened) const;
  bool is_shed(std::size_t index, const Classifier& classifier, std::uint8_t protocol);
  Progress read(std::size_t index, const Classifier& classifier, std::uint8_t protocol);
  Progress read_here(std::size_t index, const Classifier& classifier, std::uint8_t protocol);
  Progress read_as(std::uint8_t protocol, std::size_t index);
  std::uint8_t read_as_other(std::uint8_t tried, std::size_t index, const Classifier& classifier, Progress& progress);
  static std::uint32_t confirmed_beginning(const Opening& asked, std::uint32_t acknowledgement);
  void opening(std::size_t index);
  void note_reset(std::size_t index);
  void note_inconsistent(std::size_t index);
  bool follows_passed(PartialMessage& message, std::size_t index, const Classifier& classifier);
  bool contradicts(PartialMessage& message, std::size_t index, const Classifier& classifier);
  bool reads_otherwise(const PartialMessage& message, std::size_t index, const Classifier& classifier);
  bool goes_on(std::size_t index, const Classifier& classifier);
  bool reads_whole(std::size_t index, const Classifier& classifier);
  bool add_to(PartialMessage& message, std::size_t index, const Classifier& classifier);
  bool reads_on(PartialMessage& message, std::size_t index, const Classifier& classifier);
  bool forget(PartialMessage& message, std::size_t index);
  void keep(std::size_t index, std::uint32_t consumed);
  void begin(std::size_t index, std::uint32_t sequence, std::uint32_t skipped, const Awaited& awaited = {});
  bool is_next(std::size_t index, const Classifier& classifier, std::uint8_t protocol, const NextMessage& known);
  void begin_ahead(std::size_t index, const Classifier& classifier, std::uint32_t sequence, const Awaited& awaited);
  bool is_body(std::size_t index, const NextMessage& next);
  bool is_reply(std::size_t index, const Classifier& classifier);
  std::uint32_t next_at() const;
  Awaited awaited_after(std::size_t index) const;
  bool waits_on(PartialMessage& message, std::size_t index);
  void read_again(PartialMessage& message, std::size_t index, const Classifier& classifier);
  void await_next(std::size_t index, const Classifier& classifier);
  bool is_judged(std::size_t index, const Classifier& classifier, std::uint32_t at);
  void read_as_awaited(std::size_t index, const Awaited& awaited);
  bool carries_bytes(std::size_t index, bool goes_on);
  bool may_feed(std::size_t index, const PartialMessage* message);

  Burst& burst_;
  SessionTable& sessions_;
  DatagramFlows& datagrams_;
  WorkerStats& stats_;
  StreamLane& lane_;
  Shedder& shedder_;
  PartTable parts_;
  Fragments fragments_;
  std::array<std::uint16_t, Burst::kFrames> completed_;  // frames that completed a spread message
  std::size_t completed_count_ = 0;
  Step step_;  // what was read last
};

}  // namespace telefence
