// SPDX-License-Identifier: Apache-2.0
// The leaving half of message_streams.h: what may go on, when the wait is over, and what later copies have to look like.
#include <algorithm>

#include "base/check.h"
#include "track/message_streams.h"

namespace telefence {
namespace {

// Of a direction whose other end is never heard; and when its bytes are about to move to another block, which then costs little.
constexpr std::uint32_t kKeptUnheard = 16 * 1024;
constexpr std::uint32_t kMovedUnheard = 4 * 1024;
constexpr std::uint32_t kAboutToMove = 2 * 1024;

}  // namespace

void MessageStreams::make_due(Stream& stream) {
  if (stream.is_due) return;
  stream.is_due = true;
  due_.push_back(&stream);
}

Stream* MessageStreams::next_due() {
  while (!due_.empty()) {
    Stream* const stream = due_.back();
    due_.pop_back();
    if (!stream->is_used || !stream->is_due) continue;  // its connection has given way since
    stream->is_due = false;
    if (!stream->held.is_empty()) return stream;  // else what it waited for has come
  }
  return nullptr;
}

void MessageStreams::let_go(Stream& stream) {
  stream.decided = stream.end();
  if (stream.decided > stream.parsed) ++counts_.late;
  touch(stream);
}

bool MessageStreams::note_change(Stream& stream, std::uint64_t from, std::uint64_t to, StreamChange change) {
  if (stream.change_count < Stream::kMostChanges) {
    stream.changes[stream.change_count++] = {from, to, change};
    return true;
  }
  if (change == StreamChange::kTagged) return false;  // together with others it would mark what lies between them
  // What lies between two that rewrite is written anew as it was. What is only marked gives way: it has left with its mark.
  Stream::Changed* last = &stream.changes[Stream::kMostChanges - 1];
  for (Stream::Changed& one : stream.changes)
    if (one.change != StreamChange::kTagged) last = &one;
  if (last->change == StreamChange::kTagged)
    *last = {from, to, change};
  else
    *last = {std::min(last->start, from), std::max(last->end, to), std::max(last->change, change), true};
  return true;
}

Rewrite MessageStreams::rewrite_of(const Stream& stream, std::uint64_t start, std::uint64_t end, bool differs) const {
  Rewrite rewrite;
  for (const Stream::Changed& one : std::span(stream.changes).first(stream.change_count)) {
    if (one.end <= start || end <= one.start) continue;
    if (one.change == StreamChange::kTagged) rewrite.is_tagged = true;
    if (one.change > rewrite.change) rewrite.is_merged = one.is_merged;
    rewrite.change = std::max(rewrite.change, one.change);
  }
  if (!differs && rewrite.change < StreamChange::kRestated) return rewrite;
  const std::uint64_t from = std::max(start, stream.buffer.base());
  const std::uint64_t to = std::min(end, stream.end());
  if (from >= to) return rewrite;
  rewrite.offset = static_cast<std::uint32_t>(from - start);
  rewrite.bytes = stream.buffer.view(from, to);
  return rewrite;
}

void MessageStreams::settle(std::uint64_t now_ns) {
  for (std::size_t i = 0; i < touched_.size(); ++i) {
    Stream& stream = *touched_[i];
    if (!stream.is_used) continue;
    const bool is_synced = end_of(stream).is_synced;
    stream.decided = std::max(stream.decided, is_synced ? stream.parsed : stream.end());
    if (stream.end() - stream.decided > options_.hold_bytes && !stream.is_deferred) let_go(stream);
    release_ready(stream, is_synced ? Which::kDecided : Which::kAll);
    watch(stream, now_ns);
  }
  if (held_.held() > options_.held_frames) [[unlikely]] release_excess(now_ns);
}

// There is room for a whole burst beside all that waits, so what is decided within its burst never lacks it. What came in this one and would
// wait as well goes on as it is, and what was held before it.
void MessageStreams::release_excess(std::uint64_t now_ns) {
  for (std::size_t i = touched_.size(); held_.held() > options_.held_frames && i-- > 0;) {
    Stream& stream = *touched_[i];
    if (!stream.is_used || stream.held.is_empty() || stream.held.newest_burst != burst_) continue;
    ++counts_.no_room;
    let_go(stream);
    release_ready(stream, Which::kAll);
    watch(stream, now_ns);
  }
}

// Which::kAll: also what is not decided, or lies beyond a hole. kBegun: also a frame of which only the beginning is decided.
void MessageStreams::release_ready(Stream& stream, Which which) {
  const StreamEnd& end = end_of(stream);
  const std::size_t begin = released_count_;
  bool fills_hole = false;  // a frame of this burst leaves before one that was held already
  while (!stream.held.is_empty()) {
    const HeldFrame& first = held_[stream.held.first];
    const bool may_leave = which == Which::kAll || (which == Which::kBegun ? first.start < stream.decided : first.end <= stream.decided);
    if (!may_leave) break;
    DCHECK(released_count_ < released_.size());
    Released& one = released_[released_count_++];
    one.frame = first.frame;
    one.layers = first.layers;
    one.rewrite = {};
    if (stream.change_count != 0 || first.differs) [[unlikely]] one.rewrite = rewrite_of(stream, first.start, first.end, first.differs);
    one.link = first.link;
    one.place = first.burst == burst_ ? first.place : Released::kNoPlace;
    fills_hole |= one.place == Released::kNoPlace && released_count_ - begin > 1 && (&one - 1)->place != Released::kNoPlace;
    one.is_made = one.is_refused = false;
    one.is_late = end.is_synced && first.end > stream.parsed;
    one.is_unread = !end.is_synced || stream.passed_to != 0;
    stream.released = std::max(stream.released, std::min(first.end, stream.end()));
    held_.take_first(stream.held);
  }
  // What has a place leaves with its burst, behind all that has none: here it must not.
  for (std::size_t i = begin; fills_hole && i < released_count_; ++i) released_[i].place = Released::kNoPlace;
}

// What lies behind the missing segment. Its sender has no proof that it arrived (RFC 2018, 8), and repeats it behind that one.
void MessageStreams::refuse_early(Stream& stream) {
  held_.take_from(stream.held, stream.end() + 1, [&](const HeldFrame& early) {
    Released& one = released_[released_count_++];
    one = {.frame = early.frame, .layers = early.layers, .rewrite = {}, .is_refused = true};
  });
  stream.buffer.forget_islands(pool_);
  touch(stream);
}

void MessageStreams::release_all() {
  for (std::uint32_t i = 0; i < options_.directions; ++i) {
    if (!streams_[i].is_used || streams_[i].held.is_empty()) continue;
    let_go(streams_[i]);
    release_ready(streams_[i], Which::kAll);
  }
}

void MessageStreams::forget_all() {
  for (std::uint32_t i = 0; i < options_.directions; ++i) {
    Stream& stream = streams_[i];
    if (!stream.is_used) continue;
    if (!stream.held.is_empty()) {
      let_go(stream);
      release_ready(stream, Which::kAll);
    }
    deactivate(stream);
  }
  ++epoch_;  // instead of touching every idle connection in one burst
}

HeldFrame* MessageStreams::splittable(Stream& stream) {
  if (!stream.is_used || stream.held.is_empty()) return nullptr;
  HeldFrame& first = held_[stream.held.first];
  return first.start < stream.decided && stream.decided < first.end ? &first : nullptr;
}

void MessageStreams::release_front(Stream& stream, const Frame& front, const Layers& layers) {
  HeldFrame& first = held_[stream.held.first];
  Released& one = released_[released_count_++];
  one = {.frame = front, .layers = layers, .rewrite = rewrite_of(stream, first.start, stream.decided, first.differs),
         .link = first.link, .is_made = true};
  first.start = stream.decided;
  stream.released = std::max(stream.released, stream.decided);
}

// Sees to it that what is held is looked at again in time.
void MessageStreams::watch(Stream& stream, std::uint64_t now_ns) {
  if (stream.held.is_empty()) return;
  const std::uint32_t index = index_of(stream);
  const std::uint64_t since_ns = held_[stream.held.first].since_ns;
  if (splittable(stream) != nullptr && !split_timers_.is_set(index)) split_timers_.set(index, std::max(since_ns + options_.split_ns, now_ns));
  // What came later waits for longer: a wait that is on does for it, too.
  if (!timers_.is_set(index)) timers_.set(index, std::max(since_ns + longest_wait(stream), now_ns + TimerWheel::kSlotNs));
}

// The rest of a message may be lost on its way here: its sender finds out within two round trips (RFC 8985, 7.2), and its receiver can
// do nothing with the beginning. But a sender may also keep the rest back until the beginning is confirmed (RFC 896): such a one
// would stand still with every message.
std::uint64_t MessageStreams::longest_wait(const Stream& stream) const {
  constexpr std::uint8_t kIsHabit = 2;
  const StreamEnd& end = stream.connection->ends[stream.side];
  return end.unblocked >= kIsHabit ? std::min(options_.hold_ns, options_.rest_ns) : options_.rest_ns;
}

// A sender that hears nothing repeats a lost segment after a second at most, if its way is not a long one (RFC 6298, 2.4). Where its
// receiver is not seen here, nobody says that it has long got it by another way, as fragments of a packet may go.
std::uint64_t MessageStreams::longest_hole(const Stream& stream) const {
  return is_heard(*stream.connection, stream.side) ? options_.hole_ns : std::min(options_.hole_ns, options_.unheard_ns);
}

// What was waited for is here: because the wait was given up, or though it was not.
void MessageStreams::note_wait(Stream& stream, std::uint64_t now_ns) {
  std::uint8_t& unblocked = end_of(stream).unblocked;
  if (stream.expired_ns == 0) {
    if (now_ns - held_[stream.held.first].since_ns >= options_.hold_ns) unblocked = 0;
    return;
  }
  unblocked = now_ns - stream.expired_ns < options_.rest_ns / 2 ? static_cast<std::uint8_t>(std::min(unblocked + 1, 255)) : std::uint8_t{0};
  stream.expired_ns = 0;
}

void MessageStreams::advance_time(std::uint64_t now_ns) {
  timers_.advance(now_ns, [&](std::uint32_t index) { wake(index, now_ns); });
  split_timers_.advance(now_ns, [&](std::uint32_t index) { wake_split(index, now_ns); });
}

void MessageStreams::wake_split(std::uint32_t index, std::uint64_t now_ns) {
  Stream& stream = streams_[index];
  const HeldFrame* const first = splittable(stream);
  if (first == nullptr) return;
  if (now_ns - first->since_ns >= options_.split_ns)
    splits_.push_back(&stream);
  else
    watch(stream, now_ns);
}

void MessageStreams::wake(std::uint32_t index, std::uint64_t now_ns) {
  Stream& stream = streams_[index];
  if (!stream.is_used || stream.held.is_empty()) return;
  const HeldFrame& first = held_[stream.held.first];
  const std::uint64_t age = now_ns - first.since_ns;
  if (!stream.buffer.has_holes()) {
    if (age >= longest_wait(stream)) {
      stream.expired_ns = now_ns;
      make_due(stream);
    }
  } else if (age >= longest_hole(stream)) {
    ++counts_.holes;
    if (is_lacking(stream, now_ns))
      refuse_early(stream);
    else
      jump(stream, stream.buffer.island(0).start);
  }
  watch(stream, now_ns);
}

void MessageStreams::trim(Stream& stream) {
  // Of a connection whose other end is never heard nothing is confirmed: only the newest is kept for repetitions.
  const std::uint32_t most = stream.buffer.room() < kAboutToMove ? kMovedUnheard : kKeptUnheard;
  const std::uint32_t kept = std::min(most, options_.window_bytes / 2);
  if (!end_of(stream).is_confirmed && stream.end() - stream.buffer.base() > kept)
    stream.acked = std::max(stream.acked, stream.end() - kept);
  stream.buffer.trim(std::min({stream.acked, stream.parsed, stream.end()}), pool_);
  std::size_t gone = 0;
  while (gone < stream.change_count && stream.changes[gone].end <= stream.acked) ++gone;
  if (gone == 0) return;
  std::move(stream.changes.begin() + static_cast<std::ptrdiff_t>(gone), stream.changes.begin() + stream.change_count,
            stream.changes.begin());
  stream.change_count = static_cast<std::uint8_t>(stream.change_count - gone);
}

void MessageStreams::end_of_burst() {
  for (Stream* const stream : touched_) {
    if (!stream->is_used) continue;
    stream->is_touched = false;
    trim(*stream);
    const bool is_over = stream->held.is_empty() && stream->parsed == stream->end() && stream->acked >= stream->end() &&
                         stream->passed_to == 0 && !stream->buffer.has_holes();
    if (is_over) deactivate(*stream);
  }
  ++burst_;
  touched_.clear();
  splits_.clear();
  pool_.reclaim();
}

}  // namespace telefence
