// SPDX-License-Identifier: Apache-2.0
#pragma once

// Connections over TCP that say in their first bytes, or in those of each request, whose site they are for: HTTP, TLS, DNS over TCP.
// Their segments are forwarded as they come; what goes on in others is put together beside that, whatever the order of arrival, and read
// when it is whole (track/part_table). Where a connection begins, and where its next message does, is kept in mind, so that a segment
// is known for what it is. What belongs to a connection that many users share goes to the stream lane. One per worker, used by that
// thread alone.

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/uncleared.h"
#include "pipeline/burst.h"
#include "pipeline/payload_reader.h"
#include "pipeline/shedder.h"
#include "pipeline/stream_lane.h"
#include "pipeline/worker_stats.h"
#include "protocols/classify.h"
#include "protocols/protocol.h"
#include "track/part_table.h"
#include "track/session_table.h"

namespace telefence {

class NameLane {
 public:
  NameLane(Burst& burst, SessionTable& sessions, WorkerStats& stats, StreamLane& streams, Shedder& shedder, PayloadReader& reader,
           const PartOptions& options);

  // Brings what is known of the connections of this burst into the cache, all at once.
  void prefetch();
  // A segment with SYN.
  void opening(std::size_t index);
  // A segment with RST.
  void note_reset(std::size_t index);
  // A payload over TCP that is not in the stream lane: part of a message that is put together, the beginning of one, or one by itself.
  // Also one that came in IP fragments. Fills burst.events and its fate.
  void take(std::size_t index, const Classifier& classifier);
  // True for a segment of a connection that was opened a moment ago, and is one that many users share.
  bool begins_shared(std::size_t index, const Classifier& classifier);
  // The fates are known, and nobody looks at the events any more.
  void end_of_burst();

 private:
  // The first bytes of a message may be so few that no protocol shows yet: a segment may hold a single one.
  static constexpr std::size_t kTooFewToKnow = 64;

  // Where a segment stands to what is awaited of its connection.
  enum class Standing : std::uint8_t {
    kUnknown,
    kFirst,      // it begins with the first bytes
    kElsewhere,  // before what is awaited, or far from it: it is read, but what it begins is not put together
  };
  // What a segment says, and from where on in its stream. Read is what stands in the burst: that may be other bytes for a while.
  struct Said {
    Payload payload;
    std::uint32_t sequence = 0;
  };
  Said said(std::size_t index) const { return {burst_.payloads[index], burst_.sequences[index]}; }
  void put_back(std::size_t index, const Said& said) {
    burst_.payloads[index] = said.payload;
    burst_.sequences[index] = said.sequence;
  }

  Standing stands(std::size_t index, const Classifier& classifier, const Opening* opened);
  std::uint8_t protocol_of(std::size_t index, const Classifier& classifier, const Opening* opened) const;
  bool is_shared(std::size_t index, const Classifier& classifier, std::uint8_t protocol, const Opening* opened) const;
  static std::uint32_t confirmed_beginning(const Opening& asked, std::uint32_t acknowledgement);
  void note_inconsistent(std::size_t index);
  bool goes_beyond(PartialMessage& message, std::size_t index, const Classifier& classifier);
  bool follows_passed(PartialMessage& message, std::size_t index, const Classifier& classifier);
  bool contradicts(PartialMessage& message, std::size_t index, const Classifier& classifier);
  bool reads_otherwise(PartialMessage& message, std::size_t index, const Classifier& classifier);
  bool goes_on(std::size_t index, const Classifier& classifier);
  // may_go_on: behind a whole message another one may begin, whose bytes are with those that wait already.
  bool reads_whole(std::size_t index, const Classifier& classifier, bool may_go_on = false);
  bool add_to(PartialMessage& message, std::size_t index, const Classifier& classifier);
  bool reads_together(PartialMessage& message, std::size_t index, const Classifier& classifier);
  bool forget(PartialMessage& message, std::size_t index);
  void keep(std::size_t index, std::uint32_t consumed);
  void begin(std::size_t index, std::uint32_t sequence, std::uint32_t skipped, const Awaited& awaited = {});
  bool is_next(std::size_t index, const Classifier& classifier, std::uint8_t protocol, const NextMessage& known);
  void begin_ahead(std::size_t index, const Classifier& classifier, std::uint32_t sequence, const Awaited& awaited);
  bool replaces_before(std::size_t index, const Classifier& classifier, std::uint8_t protocol, const NextMessage& next);
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
  bool opens_with_bytes(std::size_t index);
  bool may_feed(std::size_t index, const PartialMessage* message);

  Burst& burst_;
  SessionTable& sessions_;
  WorkerStats& stats_;
  StreamLane& streams_;
  Shedder& shedder_;
  PayloadReader& reader_;
  PartTable parts_;
  struct Completed {
    PartialMessage* message;
    std::uint16_t index;  // of the frame that completed it
  };
  Uncleared<Completed, Burst::kFrames> completed_;
  std::size_t completed_count_ = 0;
};

}  // namespace telefence
