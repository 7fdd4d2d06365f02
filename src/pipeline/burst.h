// SPDX-License-Identifier: Apache-2.0
#pragma once

// Everything about the packets of one burst, as fixed arrays side by side, so that each stage runs one loop over all of them.
// Lives in its worker; cleared at the start of each burst.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/frame.h"
#include "decode/layers.h"
#include "event/event_list.h"
#include "event/keys.h"
#include "match/hit.h"
#include "protocols/protocol.h"
#include "track/message_streams.h"
#include "track/session_table.h"
#include "verdict/evasion.h"
#include "verdict/verdict.h"

namespace telefence {

struct LateSegment {
  std::uint16_t frame = 0;
  // What its sender is told in place of the end that is not reached any more.
  enum class Answer : std::uint8_t { kNone, kAcknowledge, kReset } answer = Answer::kNone;
};

struct Burst {
  static constexpr std::size_t kFrames = kBurstFrames;
  // An answer over TCP takes two frames, the longest page seven.
  static constexpr std::size_t kReplies = 8 * kFrames;
  // Behind the places of frames: one for each frame that gave bytes to a stream, and some for streams that have waited too long.
  // What is read of a stream is an event of such a place, which has a copy of the frame's headers.
  static constexpr std::size_t kExpired = 16;
  static constexpr std::size_t kPlaces = 2 * kFrames + kExpired;
  static bool is_stream(std::size_t place) { return place >= kFrames; }

  std::size_t count = 0;
  bool has_tcp = false;      // some frame has a segment
  bool has_udp = false;      // or a datagram
  bool is_copy = false;      // came in on a mirror port: the packets themselves have gone on
  std::uint16_t way = 0;     // which link it came by, where that tells the side that its frames are from (Arrival); else 0
  bool may_answer = false;   // in line, or there is a port to answer copies by
  bool may_change = false;   // in line, and the policy enforces
  std::array<Frame, kPlaces> frames;
  std::array<Layers, kPlaces> layers;
  std::array<Fate, kPlaces> fates;
  std::array<std::uint8_t, kPlaces> protocol;
  // What the events of a place were read from: the frame's own payload, or that of the message which it completed.
  std::array<Payload, kPlaces> payloads;
  std::array<std::uint32_t, kPlaces> sequences;  // TCP: of the first byte of that

  // Of the places of streams.
  struct Reading {
    Stream* stream = nullptr;
    std::uint64_t position = 0;   // of the first byte read
    MutableBytes completed;       // a message that is not whole, filled up with zeros; else empty
    std::uint32_t generation = 0;  // of the stream, then: a connection that gives way within the burst leaves its stream to others
    bool is_current() const { return stream->generation == generation; }
    std::uint32_t kept = 0;       // so many bytes of `completed` are the stream's, when its length is not; 0: all that are there
    std::uint32_t condemned = 0;  // so many bytes from `position` are a message that was refused before it was whole
  };
  std::array<Reading, kPlaces - kFrames> readings;
  Reading& reading(std::size_t place) { return readings[place - kFrames]; }
  std::array<bool, kFrames> held{};  // the frame waits in its stream: it leaves, and gets its fate, later
  bool any_held = false;
  bool has_condemned = false;  // some Reading::condemned is set
  // Frames that came before an earlier one of their stream.
  std::array<std::uint16_t, kFrames> early;
  std::size_t early_count = 0;

  // A datagram with an innocent message, done by NameSieve: nothing else is read of it.
  std::array<bool, kFrames> is_turned_away{};
  bool any_turned_away = false;

  // The datagram came in fragments: only its last part is in the frame, and `payloads` holds what all of them said.
  std::array<bool, kFrames> is_joined{};
  std::array<Bytes, kFrames> joined;  // of these: header and payload of its transport, in one piece
  std::array<bool, kFrames> is_contradictory;  // of these and those that are rebuilt: its parts said two things of the same octets
  bool any_joined = false;
  // A segment or a tunnel's packet that came in fragments stands in one piece in `frames`, its innermost packet in `layers`, until put_back():
  // what came, its last part, is here. What is changed in the piece reaches nobody.
  std::array<bool, kFrames> is_rebuilt{};
  std::array<Frame, kFrames> as_came;  // of these
  bool any_rebuilt = false;
  void stand_in(std::size_t index, const Frame& whole, const Layers& whole_layers) {
    if (!is_rebuilt[index]) as_came[index] = frames[index];
    is_rebuilt[index] = any_rebuilt = true;
    frames[index] = whole;
    layers[index] = whole_layers;
  }
  void put_back() {
    for (std::size_t i = 0; i < count; ++i)
      if (is_rebuilt[i]) frames[i] = as_came[i];
  }

  // Segments that leave in the place of the last part of one that came in fragments: the next burst. Not cleared with this one.
  std::array<Frame, kFrames> made;
  std::array<std::uint64_t, kFrames> made_flows;  // FlowKey::both of each
  std::size_t made_count = 0;
  bool is_made = false;  // the frames of this burst are such segments

  EventList events;
  KeyList keys;
  HitList hits;
  std::unique_ptr<Verdict[]> verdicts = std::make_unique<Verdict[]>(EventList::kMaxEvents);
  std::unique_ptr<bool[]> first_sight = std::make_unique<bool[]>(EventList::kMaxEvents);
  // What was done for each event that is enforced: the fate that its action gave.
  std::unique_ptr<Fate[]> event_fates = std::make_unique<Fate[]>(EventList::kMaxEvents);
  std::unique_ptr<std::uint32_t[]> refusal_codes = std::make_unique<std::uint32_t[]>(EventList::kMaxEvents);

  // Events whose records are begun, in order of their slots in the ring.
  std::unique_ptr<std::uint16_t[]> record_events = std::make_unique<std::uint16_t[]>(EventList::kMaxEvents);
  std::size_t record_count = 0;

  // Frames that show signs of evasion.
  struct Evasion {
    std::uint16_t frame = 0;
    EvasionKind kind = EvasionKind::kInconsistentCopy;
  };
  static constexpr std::size_t kMostEvasions = 2 * kFrames;
  std::array<Evasion, kMostEvasions> evasions;
  std::size_t evasion_count = 0;

  // The frame itself is among the replies: it stays nowhere.
  std::array<bool, kFrames> is_turned{};
  bool any_turned = false;

  std::array<Frame, kReplies> replies;
  std::array<bool, kReplies> reply_goes_back;
  std::size_t reply_count = 0;

  // Segments on connections that we closed, to which an end of ours answers.
  std::array<LateSegment, kFrames> late;
  std::size_t late_count = 0;
  std::array<bool, kFrames> repeats_refused{};  // the frame repeats bytes that were refused before
  std::array<Ending, kFrames> refused_by{};     // and how that ended the connection
  bool has_repeats = false;
  std::array<std::uint64_t, kFrames> ending_flows;  // FlowKey::both of connections that a message of this burst ends
  std::size_t ending_count = 0;
  // The frame has no event, and its protocol knows acknowledgements of our refusals.
  std::array<bool, kFrames> may_acknowledge{};
  bool any_may_acknowledge = false;
  // Connections that were closed by what was done in this burst, in the order of their frames.
  struct Closing {
    std::uint64_t flow;  // FlowKey::both
    std::uint16_t frame;
  };
  std::array<Closing, kFrames> closings;
  std::size_t closing_count = 0;

  std::uint64_t started_ns = 0;  // steady clock
  std::uint64_t now_ns = 0;      // session time

  // Made when it is first asked for; not every frame needs one. The place for what a frame gave to a stream has the frame's.
  const FlowKey& flow_of(std::size_t place, const SessionTable& sessions) {
    const std::size_t owner = place >= kFrames && place < 2 * kFrames ? place - kFrames : place;
    if (!has_flow_[owner]) {
      sessions.key_of(frames[owner], layers[owner], flows_[owner]);
      has_flow_[owner] = true;
    }
    return flows_[owner];
  }

  void clear() {
    has_flow_.fill(false);
    if (any_held) held.fill(false);
    any_held = false;
    has_condemned = false;
    early_count = 0;
    if (has_repeats) repeats_refused.fill(false);
    has_repeats = false;
    if (any_turned_away) is_turned_away.fill(false);
    any_turned_away = false;
    if (any_joined) is_joined.fill(false);
    if (any_rebuilt) is_rebuilt.fill(false);
    any_joined = any_rebuilt = false;
    if (any_turned) is_turned.fill(false);
    any_turned = false;
    events.clear();
    keys.clear();
    hits.clear();
    reply_count = 0;
    record_count = 0;
    evasion_count = 0;
    late_count = 0;
    ending_count = 0;
    if (any_may_acknowledge) may_acknowledge.fill(false);
    any_may_acknowledge = false;
    closing_count = 0;
  }
  std::span<Frame> received() { return {frames.data(), count}; }

 private:
  std::array<FlowKey, kPlaces> flows_;
  std::array<bool, kPlaces> has_flow_{};
};

}  // namespace telefence
