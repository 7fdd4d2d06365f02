// SPDX-License-Identifier: Apache-2.0
#include "track/message_streams.h"

#include <algorithm>

#include "base/check.h"
#include "base/fetch_ahead.h"
#include "base/reader.h"
#include "base/uncleared.h"

namespace telefence {
namespace {

std::int32_t distance(std::uint32_t from, std::uint32_t to) { return static_cast<std::int32_t>(to - from); }

bool is_confirmed(const StreamEnd& end, std::uint32_t sequence) {
  return end.is_confirmed && distance(end.confirmed, sequence) <= 0;
}

// TSval of the timestamps option (RFC 7323, 3.2). False when there is none.
bool read_timestamp(const Frame& frame, const Layers& layers, const TcpHeader& header, std::uint32_t& value) {
  if (header.header_bytes < 32) return false;
  Reader options(frame.bytes().subspan(layers.transport_at + std::size_t{20}, header.header_bytes - std::size_t{20}));
  while (options.ok() && options.remaining() != 0) {
    const std::uint8_t kind = options.u8();
    if (kind == 0) return false;
    if (kind == 1) continue;
    const std::uint8_t length = options.u8();
    if (length < 2) return false;
    if (kind == 8 && length == 10) {
      value = options.u32();
      return options.ok();
    }
    options.skip(length - std::size_t{2});
  }
  return false;
}

}  // namespace

MessageStreams::MessageStreams(const StreamOptions& options)
    : options_(options),
      pool_(options.bytes),
      newcomers_(std::max(options.connections / 4, 1u)),
      established_(std::max(options.connections - options.connections / 4, 1u)),
      streams_(make_large<Stream>(options.directions)),
      held_(options.held_frames + static_cast<std::uint32_t>(kMostInBurst)),
      timers_(options.directions),
      split_timers_(options.directions) {
  free_streams_.reserve(options.directions);
  for (std::uint32_t i = options.directions; i-- > 0;) free_streams_.push_back(i);
  // Twice: one that gave way in a burst may be used again in it.
  touched_.reserve(options.directions + std::max<std::size_t>(options.directions, kMostInBurst));
  due_.reserve(2 * std::size_t{options.directions});
  splits_.reserve(2 * std::size_t{options.directions});
  // What was held before and what comes in a burst may all leave in it, and each in two parts.
  released_.resize(2 * (std::size_t{options.held_frames} + kMostInBurst));
}

std::uint64_t MessageStreams::memory_for(const StreamOptions& options) {
  const std::uint64_t directions = in_large(options.directions * sizeof(Stream)) + options.directions * (6 * sizeof(Stream*) + 3 * sizeof(std::uint32_t) + 2);
  const std::uint64_t frames = (options.held_frames + kMostInBurst) * (sizeof(HeldFrame) + 2 * sizeof(Released));
  const std::uint32_t newcomers = std::max(options.connections / 4, 1u);
  return options.bytes + directions + frames + LruTable<MessageConnection>::memory_for(newcomers) +
         LruTable<MessageConnection>::memory_for(std::max(options.connections - options.connections / 4, 1u));
}

MessageConnection* MessageStreams::find(const FlowKey& flow) {
  LruTable<MessageConnection>* table = &established_;
  MessageConnection* connection = established_.find(flow.both);
  if (connection == nullptr) {
    table = &newcomers_;
    connection = newcomers_.find(flow.both);
  }
  if (connection == nullptr) return nullptr;
  // A few bursts sooner or later do not make it an old one among so many, and moving it touches its neighbours.
  constexpr std::size_t kMany = 16384;
  constexpr std::uint32_t kOften = 64;
  if (burst_ - connection->used_in > (table->capacity() < kMany ? 0 : kOften)) {
    table->touch(*connection);
    connection->used_in = burst_;
  }
  return renewed(connection);
}

void MessageStreams::prefetch(std::span<const FlowKey* const> flows) {
  for (const FlowKey* const flow : flows) {
    established_.prefetch_place(flow->both);
    newcomers_.prefetch_place(flow->both);
  }
  for (const FlowKey* const flow : flows) {
    established_.prefetch_entry(flow->both);
    newcomers_.prefetch_entry(flow->both);
  }
  Uncleared<const Stream*, kMostInBurst> going_on;
  std::size_t count = 0;
  for (const FlowKey* const flow : flows) {
    const MessageConnection* connection = established_.find(flow->both);
    if (connection == nullptr) connection = newcomers_.find(flow->both);
    if (connection == nullptr) continue;
    const std::uint32_t own = connection->ends[side_of(*connection, *flow)].stream;
    if (own != StreamEnd::kNone) going_on[count++] = &streams_[own];
    for (const StreamEnd& end : connection->ends) {
      if (end.stream == StreamEnd::kNone) continue;
      const char* const stream = reinterpret_cast<const char*>(&streams_[end.stream]);
      for (std::size_t line = 0; line < Stream::kBusyBytes; line += 64) fetch_ahead(stream + line);
    }
  }
  for (const Stream* const stream : going_on.first(count)) stream->buffer.prefetch_end();
}

// What was known of it before the last forget_all() is known no more.
MessageConnection* MessageStreams::renewed(MessageConnection* connection) const {
  if (connection == nullptr || connection->epoch == epoch_) return connection;
  connection->epoch = epoch_;
  for (StreamEnd& end : connection->ends) end.is_known = end.is_synced = end.is_confirmed = end.is_agreed = false;
  return connection;
}

MessageConnection& MessageStreams::follow(const FlowKey& flow, std::uint8_t protocol) {
  MessageConnection& connection = newcomers_.insert(flow.both, [&](MessageConnection& gone) { leave(gone); });
  connection = MessageConnection{};
  connection.first_side = flow.forward;
  connection.protocol = protocol;
  connection.epoch = epoch_;
  return connection;
}

// Both ends were heard: from now on only other such connections can push it out.
MessageConnection& MessageStreams::promoted(MessageConnection& connection) {
  const std::uint64_t key = newcomers_.key_of(connection);
  const MessageConnection copy = connection;
  newcomers_.erase(connection);
  MessageConnection& moved = established_.insert(key, [&](MessageConnection& gone) { leave(gone); });
  moved = copy;
  moved.is_established = true;
  for (const StreamEnd& end : moved.ends)
    if (end.stream != StreamEnd::kNone) streams_[end.stream].connection = &moved;
  return moved;
}

// What is held of it goes on as it is.
void MessageStreams::leave(MessageConnection& connection) {
  for (const StreamEnd& end : connection.ends) {
    if (end.stream == StreamEnd::kNone) continue;
    Stream& stream = streams_[end.stream];
    release_ready(stream, Which::kAll);
    deactivate(stream);
  }
}

void MessageStreams::open(MessageConnection& connection, std::uint8_t side, std::uint32_t first_sequence) {
  StreamEnd& end = connection.ends[side];
  if (end.stream != StreamEnd::kNone) {
    release_ready(streams_[end.stream], Which::kAll);
    deactivate(streams_[end.stream]);
  }
  end.next = first_sequence;
  end.is_known = end.is_synced = true;
  end.is_confirmed = end.is_agreed = false;
  end.hops = 0;
  connection.was_reset = false;
}

MessageConnection& MessageStreams::note_header(MessageConnection& connection, std::uint8_t side, const Frame& frame,
                                               const Layers& layers, const Arrival& arrival) {
  if (!is_from(connection, side, arrival)) return connection;
  const TcpHeader header = tcp_header(frame, layers);
  StreamEnd& end = connection.ends[side];
  end.window = header.window;
  end.link = arrival.link;
  note_heard(end, arrival);
  end.has_timestamps = read_timestamp(frame, layers, header, end.timestamp);
  if ((header.flags & kTcpAck) != 0) confirm(connection, static_cast<std::uint8_t>(1 - side), header.acknowledgement);
  const bool both_heard = connection.ends[1 - side].is_known;
  return both_heard && !connection.is_established ? promoted(connection) : connection;
}

// The receiver of direction `side` has everything before `acknowledgement`: at most what has left, since what is held can't have come
// there. If it took more than was ever seen here, that went another way, and its sender goes on behind it; one that goes on where it
// was lied, or somebody in its name. So the position is kept until the next segment shows, unless something waits for what is missing.
void MessageStreams::confirm(MessageConnection& connection, std::uint8_t side, std::uint32_t acknowledgement) {
  StreamEnd& end = connection.ends[side];
  if (end.stream != StreamEnd::kNone) {
    Stream& stream = streams_[end.stream];
    const std::uint64_t offset = stream.offset_of(acknowledgement);
    if (offset > stream.end() + 1) {  // a FIN counts for one
      if (stream.released < stream.end()) return;
      if (!stream.held.is_empty()) jump(stream, offset);
    }
    const std::uint64_t acked = std::min(offset, stream.released);
    if (acked > stream.acked) {
      stream.acked = acked;
      touch(stream);
    }
  }
  if (!end.is_confirmed || distance(end.confirmed, acknowledgement) > 0) end.confirmed = acknowledgement;
  end.is_confirmed = true;
}

bool MessageStreams::pass_beside(MessageConnection& connection, std::uint8_t side, std::uint32_t sequence, std::uint32_t count,
                                 bool is_judged) {
  if (is_heard(connection, side)) return true;
  StreamEnd& end = connection.ends[side];
  if (end.stream != StreamEnd::kNone) {
    Stream& stream = streams_[end.stream];
    if (stream.is_touched && !is_judged) return false;
    const std::uint64_t start = stream.offset_of(sequence);
    if (start <= stream.end() && stream.end() < start + count) jump(stream, start + count);
  } else if (end.is_known && distance(end.next, sequence) <= 0 && distance(end.next, sequence + count) > 0) {
    end.next = sequence + count;
    if (end.is_synced) ++counts_.lost;
    end.is_synced = false;
  }
  return true;
}

void MessageStreams::jump(Stream& stream, std::uint64_t offset) {
  release_ready(stream, Which::kBegun);  // as its bytes were changed, while they are here
  StreamEnd& end = end_of(stream);
  if (end.is_synced) ++counts_.lost;
  end.is_synced = false;
  stream.buffer.jump(offset, pool_);
  stream.parsed = stream.decided = offset;
  stream.passed_to = stream.wanted = 0;
  stream.is_paused = false;
  stream.released = std::max(stream.released, offset);
  stream.condemned = 0;
  touch(stream);
}

Stream* MessageStreams::spare_stream() {
  if (free_streams_.empty()) {
    // The one of these used longest ago that holds nothing: its sender or its receiver is silent.
    constexpr std::uint32_t kTried = 32;
    Stream* oldest = nullptr;
    for (std::uint32_t i = 0; i < std::min(kTried, options_.directions); ++i) {
      hand_ = hand_ + 1 == options_.directions ? 0 : hand_ + 1;
      Stream& one = streams_[hand_];
      if (!one.held.is_empty() || one.is_touched) continue;
      if (oldest == nullptr || one.used_ns < oldest->used_ns) oldest = &one;
    }
    if (oldest == nullptr) return nullptr;
    deactivate(*oldest);
  }
  const std::uint32_t index = free_streams_.back();
  free_streams_.pop_back();
  return &streams_[index];
}

Stream* MessageStreams::activate(MessageConnection& connection, std::uint8_t side, std::uint64_t now_ns) {
  Stream* const stream = spare_stream();
  if (stream == nullptr) return nullptr;
  StreamEnd& end = connection.ends[side];
  stream->buffer.start(Stream::kOrigin, pool_);
  stream->held = {};
  stream->acked = stream->released = stream->parsed = stream->decided = Stream::kOrigin;
  stream->condemned = 0;
  stream->used_ns = now_ns;
  stream->change_count = 0;
  stream->reads = 0;
  stream->passed_to = stream->wanted = 0;
  stream->is_paused = false;
  stream->side = side;
  stream->is_used = true;
  stream->is_touched = stream->is_due = stream->is_deferred = false;
  stream->far_since_ns = stream->expired_ns = 0;
  stream->origin = end.next;
  stream->connection = &connection;
  end.stream = index_of(*stream);
  return stream;
}

void MessageStreams::deactivate(Stream& stream) {
  StreamEnd& end = end_of(stream);
  end.next = stream.sequence_of(stream.end());
  if (stream.parsed != stream.end() || stream.passed_to != 0 || stream.buffer.has_holes()) end.is_synced = false;
  end.stream = StreamEnd::kNone;
  stream.buffer.release(pool_);
  stream.is_used = stream.is_touched = stream.is_due = false;
  ++stream.generation;
  free_streams_.push_back(index_of(stream));
}

MessageStreams::Taken MessageStreams::take(const Segment& segment) {
  using What = Taken::What;
  StreamEnd& end = segment.connection->ends[segment.side];
  const std::uint32_t sequence = tcp_header(*segment.frame, *segment.layers).sequence;
  const Bytes payload = payload_of(*segment.frame, *segment.layers);
  const std::uint32_t after = sequence + static_cast<std::uint32_t>(payload.size());
  if (!end.is_known) {
    // What the other end has confirmed is a better beginning than what happens to come first, which may be a repetition.
    end.next = end.is_confirmed ? end.confirmed : sequence;
    end.is_known = true;
    end.is_synced = false;
  }
  if (end.stream == StreamEnd::kNone) {
    if (distance(end.next, after) <= 0) return {is_confirmed(end, after) ? What::kConfirmed : What::kBefore, nullptr, {}, false};
    if (activate(*segment.connection, segment.side, segment.now_ns) == nullptr) {
      ++counts_.no_room;
      end.next = after;
      end.is_synced = false;
      return {What::kBefore, nullptr, {}, false};
    }
  }
  Stream& stream = streams_[end.stream];
  const std::uint64_t start = stream.offset_of(sequence);
  const std::uint64_t stop = start + payload.size();
  if (stop <= stream.acked) return {end.is_confirmed ? What::kConfirmed : What::kBefore, &stream, {}, false};
  const bool has_unjudged = stream.is_touched;  // it may: what came of it in this burst
  touch(stream);
  stream.used_ns = segment.now_ns;
  bool is_far = stop > stream.buffer.base() + options_.window_bytes;
  if (is_far && start <= stream.end()) {
    // More is on the way than is kept: the oldest of it can no longer be compared with later copies.
    const std::uint64_t kept_from = stop - options_.window_bytes;
    stream.buffer.trim(std::min({kept_from, stream.parsed, stream.released, stream.end()}), pool_);
    is_far = stop > stream.buffer.base() + options_.window_bytes;
  }
  const std::uint64_t base = stream.buffer.base();
  if (start < base && stream.acked < base && stop <= stream.released) return {What::kBefore, &stream, {}, false};
  if (!is_far) stream.far_since_ns = 0;
  const auto went_another_way = [&] { return end.is_confirmed && stream.offset_of(end.confirmed) > stream.end() + 1; };
  if (start > stream.end() && (!end.is_synced || went_another_way() || (is_far && !waits_for_nearer(stream, segment)))) {
    if (has_unjudged) return {What::kBefore, &stream, {}, false};  // the next one will do: nothing can be refused behind a jump
    jump(stream, start);
  }
  return put(segment, stream, start, stop);
}

MessageStreams::Taken MessageStreams::put(const Segment& segment, Stream& stream, std::uint64_t start, std::uint64_t stop) {
  using What = Taken::What;
  const std::uint64_t known_end = stream.end();
  const bool is_early = start > known_end;
  if (segment.holds && is_early && !has_room_for_early(stream, stop)) return no_room(segment, stream, start, stop);
  // What was jumped over, or was sent before what was seen first, is not here and has not left.
  const std::uint64_t base = stream.buffer.base();
  const StreamEnd& end = end_of(stream);
  const bool is_unseen = start < base && (stream.acked < base || !end.is_confirmed || stream.offset_of(end.confirmed) < base);
  if (segment.holds && has_its_share(stream) && (stop > known_end || is_unseen) && held_[stream.held.first].burst != burst_) {
    // No connection takes the room of others. What is there of it is judged at once, and goes on.
    ++counts_.no_room;
    make_due(stream);
    return {What::kNoRoom, &stream, {}, false, false};
  }
  const bool is_copy = stop > stream.released && !is_unseen && stream.buffer.has(start, stop);
  const StreamBuffer::Put put = stream.buffer.put(start, payload_of(*segment.frame, *segment.layers), options_.window_bytes, pool_);
  if (!put.stored) return no_room(segment, stream, start, stop);
  if (stream.end() > known_end && (stream.expired_ns != 0 || !stream.held.is_empty())) note_wait(stream, segment.now_ns);
  Rewrite rewrite;
  if (put.conflicts || stop <= stream.released) [[unlikely]] rewrite = rewrite_of(stream, start, stop, put.conflicts && segment.holds);
  // What was changed here comes again as it was sent.
  const bool conflicts = put.conflicts && rewrite.change < StreamChange::kRestated;
  if (conflicts) ++counts_.inconsistent;
  if (stop <= stream.released) return {What::kRepeat, &stream, rewrite, false, conflicts};
  if (!segment.holds) {
    stream.released = std::max(stream.released, stream.end());
    return {What::kWatched, &stream, {}, false, conflicts};
  }
  // Of one burst both may be decided in a moment; of a longer wait copies must not take the room of others.
  if (is_copy && !stream.held.is_empty() && held_[stream.held.first].burst != burst_) {
    // When the sender has waited for an acknowledgement until its timer ended, the wait must end. Sooner it proves nothing: when
    // the receiver, or this filter for it, tells of a missing segment, what is held before it is repeated as well.
    if (segment.now_ns - held_[stream.held.first].since_ns >= options_.rest_ns) make_due(stream);
    return {What::kCopy, &stream, {}, is_early, conflicts};
  }
  if (held_.is_full()) {
    // So many wait that nobody else can: this one goes on as it is, and what was held before it.
    ++counts_.no_room;
    let_go(stream);
    stream.released = std::max(stream.released, stream.end());
    return {What::kWatched, &stream, {}, false, conflicts};
  }
  HeldFrame& held = held_.insert(stream.held, *segment.frame, *segment.layers, start, stop);
  held.since_ns = segment.now_ns;
  held.differs = put.conflicts;
  held.place = segment.place;
  held.link = segment.link;
  held.burst = stream.held.newest_burst = burst_;
  return {What::kHeld, &stream, {}, is_early, conflicts};
}

// A segment so far ahead is a forged one, or what lies between went another way. The other end would say so, if it is heard; so
// would the sender, by going on there.
bool MessageStreams::waits_for_nearer(Stream& stream, const Segment& segment) {
  if (!segment.holds) return false;
  if (stream.far_since_ns == 0) stream.far_since_ns = segment.now_ns;
  return segment.now_ns - stream.far_since_ns < longest_hole(stream) || is_lacking(stream, segment.now_ns);
}

// The receiver is there, and has not got what is missing here: whatever lies behind it is of no use to it yet.
bool MessageStreams::is_lacking(const Stream& stream, std::uint64_t now_ns) const {
  constexpr std::uint32_t kIsThere = 60'000'000'000 >> kHeardShift;  // sessions ask after one another once a minute
  const StreamEnd& end = stream.connection->ends[stream.side];
  const StreamEnd& receiver = stream.connection->ends[1 - stream.side];
  if (static_cast<std::uint32_t>(now_ns >> kHeardShift) - receiver.heard > kIsThere) return false;
  return end.is_confirmed ? stream.offset_of(end.confirmed) <= stream.end() + 1 : end.is_agreed;
}

// Segments behind a missing one are held only within bounds: of one direction, and of all, so that those without holes find room.
bool MessageStreams::has_room_for_early(const Stream& stream, std::uint64_t stop) const {
  if (held_.held() >= options_.held_frames / 2) return false;
  return stream.held.count < std::min(options_.hold_frames, std::max(options_.held_frames / 8, 1u)) && (stream.held.count == 0 || stop - stream.released <= options_.hold_bytes);
}

// What lies behind a missing segment its sender repeats. For what comes in order nobody is to wait until there is memory: it goes on,
// with what is held before it, and the position is lost.
MessageStreams::Taken MessageStreams::no_room(const Segment& segment, Stream& stream, std::uint64_t start, std::uint64_t stop) {
  ++counts_.no_room;
  // What came before it in this burst has no verdict yet, and behind a jump nothing could be refused: its sender repeats this one.
  const bool has_unjudged = stream.held.count != 0 && stream.held.newest_burst == burst_;
  if (segment.holds && (start > stream.end() || has_unjudged)) return {Taken::What::kNoRoom, &stream, {}, false};
  jump(stream, std::max(stop, stream.end()));
  return {Taken::What::kBefore, &stream, {}, false};
}

void MessageStreams::advance(Stream& stream, std::size_t count) {
  stream.parsed += count;
  DCHECK(stream.parsed <= stream.end());
  if (stream.parsed > stream.condemned) stream.condemned = 0;
}

void MessageStreams::pass_over(Stream& stream, std::uint64_t length) {
  ++counts_.late;
  stream.passed_to = stream.parsed + length;
  stream.condemned = stream.wanted = 0;
  stream.is_paused = false;
  (void)is_passed_over(stream);
}

bool MessageStreams::is_passed_over(Stream& stream) {
  if (stream.passed_to == 0) return false;
  stream.parsed = std::min(stream.passed_to, stream.end());
  stream.decided = std::max(stream.decided, stream.parsed);
  if (stream.parsed < stream.passed_to) return true;
  stream.passed_to = 0;
  return stream.parsed == stream.end();
}

void MessageStreams::lose(Stream& stream) {
  if (end_of(stream).is_synced) ++counts_.lost;
  end_of(stream).is_synced = false;
  stream.parsed = stream.end();
  stream.passed_to = stream.wanted = 0;
  stream.is_paused = false;
  stream.condemned = 0;
}

MessageStreams::Counts MessageStreams::counts() const {
  Counts counts = counts_;
  counts.evicted = newcomers_.evicted() + established_.evicted();
  return counts;
}

}  // namespace telefence
