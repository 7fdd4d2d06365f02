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
#include "verdict/verdict.h"

namespace telefence {

struct LateSegment {
  std::uint16_t frame = 0;
  bool from_sender = false;  // of the message that was refused
};

struct Burst {
  static constexpr std::size_t kFrames = 64;
  // An answer over TCP takes two frames, the longest page seven.
  static constexpr std::size_t kReplies = 8 * kFrames;

  std::size_t count = 0;
  std::array<Frame, kFrames> frames;
  std::array<Layers, kFrames> layers;
  std::array<Fate, kFrames> fates;
  std::array<std::uint8_t, kFrames> protocol;

  EventList events;
  KeyList keys;
  HitList hits;
  std::unique_ptr<Verdict[]> verdicts = std::make_unique<Verdict[]>(EventList::kMaxEvents);
  std::unique_ptr<bool[]> first_sight = std::make_unique<bool[]>(EventList::kMaxEvents);
  // What was done for each event: the fate that its action gave.
  std::unique_ptr<Fate[]> event_fates = std::make_unique<Fate[]>(EventList::kMaxEvents);
  std::unique_ptr<std::uint32_t[]> refusal_codes = std::make_unique<std::uint32_t[]>(EventList::kMaxEvents);

  // Events whose records are begun, in order of their slots in the ring.
  std::unique_ptr<std::uint16_t[]> record_events = std::make_unique<std::uint16_t[]>(EventList::kMaxEvents);
  std::size_t record_count = 0;

  std::array<Frame, kReplies> replies;
  std::array<bool, kReplies> reply_goes_back;
  std::size_t reply_count = 0;

  // Segments on connections that we closed, to which an end of ours answers.
  std::array<LateSegment, kFrames> late;
  std::size_t late_count = 0;
  std::size_t closed_from = kFrames;  // the first frame of this burst that closed a connection; kFrames: none

  std::uint64_t started_ns = 0;  // steady clock
  std::uint64_t now_ns = 0;      // session time

  void clear() {
    events.clear();
    keys.clear();
    hits.clear();
    reply_count = 0;
    record_count = 0;
    late_count = 0;
    closed_from = kFrames;
  }
  std::span<Frame> received() { return {frames.data(), count}; }
};

}  // namespace telefence
