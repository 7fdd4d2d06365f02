// SPDX-License-Identifier: Apache-2.0
#include "pipeline/stream_lane.h"

#include <algorithm>
#include <cstring>

#include "base/uncleared.h"
#include "enforce/checksum.h"
#include "enforce/mark.h"
#include "enforce/segment.h"
#include "pipeline/evasions.h"

namespace telefence {
namespace {

// The longest message that is judged before it is whole.
constexpr std::size_t kLongestCompleted = 64 * 1024;
// A longer one is passed over as long as its length is believed; nobody's messages are that long.
constexpr std::size_t kLongestPassed = 16 * 1024 * 1024;

// A long message in ever so many tiny segments whose length is not known is not read anew with each of them.
constexpr std::uint8_t kReadsWithoutPause = 32;
constexpr std::uint64_t kReadWithoutPause = 2048;  // octets: their reading costs no more than the segments do

static_assert(MessageStreams::kMostInBurst == Burst::kFrames);

// Anybody can send a SYN with any number: where no other end has agreed on it, and bytes come from elsewhere, they are the first ones.
bool opens(const Opening& opening, std::uint32_t sequence) {
  return opening.is_agreed || sequence - opening.first <= Opening::kMostAhead;
}

bool holds(const Frame& frame, const Layers& layers, std::uint32_t offset, Bytes bytes) {
  return std::ranges::equal(payload_of(frame, layers).subspan(offset, bytes.size()), bytes);
}

// The first message that was not read whole is refused for what was there of it.
bool is_condemned(const Stream& stream) { return stream.condemned == stream.parsed && stream.condemned != 0; }

}  // namespace

StreamLane::StreamLane(Burst& burst, SessionTable& sessions, WorkerStats& stats, FramePool& pool, const StreamOptions& options)
    : burst_(burst),
      sessions_(sessions),
      stats_(stats),
      pool_(pool),
      streams_(options),
      completed_(std::make_unique<std::uint8_t[]>(Burst::kExpired * kLongestCompleted)) {}

void StreamLane::begin(const Arrival& arrival, const Classifier& classifier) {
  classifier_ = &classifier;
  arrival_ = arrival;
  holds_ = burst_.may_change;
  if (!streams_.is_idle()) streams_.advance_time(burst_.now_ns);
}

bool StreamLane::has_work(std::uint64_t now_ns) {
  streams_.advance_time(now_ns);
  return deferred_count_ != 0 || streams_.any_due();
}

void StreamLane::prefetch() {
  if (streams_.size() == 0) return;
  Uncleared<const FlowKey*, Burst::kFrames> flows;
  std::size_t count = 0;
  for (std::size_t i = 0; i < burst_.count; ++i)
    if (burst_.layers[i].transport == Transport::kTcp && is_candidate(burst_.layers[i])) flows[count++] = &burst_.flow_of(i, sessions_);
  streams_.prefetch(flows.first(count));
}

StreamLane::Belongs StreamLane::takes(std::size_t index) {
  const Layers& layers = burst_.layers[index];
  if (layers.transport != Transport::kTcp || !is_candidate(layers)) return Belongs::kNowhere;
  MessageConnection* connection = streams_.find(burst_.flow_of(index, sessions_));
  if (connection == nullptr) return Belongs::kNowhere;
  return segment(index, *connection);
}

StreamLane::Belongs StreamLane::follow(std::size_t index, std::uint8_t protocol, const Opening* forward,
                                       const Opening* reverse) {
  const FlowKey& flow = burst_.flow_of(index, sessions_);
  MessageConnection& connection = streams_.follow(flow, protocol);
  // The side that the protocol's own port is on, when it is on one of them.
  const Layers& layers = burst_.layers[index];
  const auto ports = registered_protocols()[protocol]->tcp_ports;
  const bool from_server = std::find(ports.begin(), ports.end(), layers.source_port) != ports.end();
  ports_[from_server ? layers.source_port : layers.destination_port] = true;
  if (forward) open(connection, 0, opens(*forward, burst_.sequences[index]) ? *forward : Opening{.first = burst_.sequences[index]});
  if (reverse) open(connection, 1, *reverse);
  return segment(index, connection);
}

void StreamLane::open(MessageConnection& connection, std::uint8_t side, const Opening& opening) {
  streams_.open(connection, side, opening.first);
  connection.ends[side].is_agreed = opening.is_agreed;
  if (opening.is_agreed) streams_.note_heard(connection.ends[1 - side], arrival_);  // a moment ago
}

void StreamLane::reopen(std::size_t index) {
  const Layers& layers = burst_.layers[index];
  if (!is_candidate(layers)) return;
  const FlowKey& flow = burst_.flow_of(index, sessions_);
  MessageConnection* const connection = streams_.find(flow);
  if (connection == nullptr) return;
  const TcpHeader header = tcp_header(burst_.frames[index], layers);
  const std::uint8_t side = MessageStreams::side_of(*connection, flow);
  if (!MessageStreams::is_from(*connection, side, arrival_)) return;
  streams_.open(*connection, side, header.sequence + 1);
  streams_.open(*connection, static_cast<std::uint8_t>(1 - side), header.acknowledgement);
  connection->ends[1 - side].is_agreed = true;
  streams_.note_heard(connection->ends[side], arrival_);
}

bool StreamLane::knows(const FlowKey& flow, const Layers& layers) {
  if (!is_candidate(layers)) return false;
  const MessageConnection* const connection = streams_.find(flow);
  if (connection == nullptr || !classifier_->is_enabled(connection->protocol)) return false;
  const StreamEnd& end = connection->ends[MessageStreams::side_of(*connection, flow)];
  return end.is_known || end.is_confirmed;
}

void StreamLane::pass_beside(std::size_t index) {
  if (is_candidate(burst_.layers[index]) && !passes_beside(index, false)) beside_[beside_count_++] = static_cast<std::uint16_t>(index);
}

bool StreamLane::passes_beside(std::size_t index, bool is_judged) {
  const FlowKey& flow = burst_.flow_of(index, sessions_);
  MessageConnection* const connection = streams_.find(flow);
  return connection == nullptr || streams_.pass_beside(*connection, MessageStreams::side_of(*connection, flow), burst_.sequences[index],
                                                       static_cast<std::uint32_t>(burst_.payloads[index].bytes.size()), is_judged);
}

StreamLane::Belongs StreamLane::segment(std::size_t index, MessageConnection& known) {
  const Frame& frame = burst_.frames[index];
  const Layers& layers = burst_.layers[index];
  const std::uint8_t flags = tcp_header(frame, layers).flags;
  if ((flags & (kTcpSyn | kTcpRst)) != 0 || (flags & kTcpAck) == 0) {
    // No bytes of the stream: a receiver takes none of these, or not under their numbers.
    burst_.protocol[index] = known.protocol;
    if ((flags & kTcpRst) != 0) known.was_reset = true;
    else if (layers.payload_length != 0) note_evasion(burst_, stats_, index, EvasionKind::kOddFlags);
    return Belongs::kAlone;
  }
  if (frame.truncated) {
    burst_.fates[index] = Fate::kForwardedTruncated;
    return Belongs::kHere;
  }
  if (!checksums_hold(frame, layers)) {
    burst_.fates[index] = Fate::kForwardedBadChecksum;
    note_evasion(burst_, stats_, index, EvasionKind::kBadChecksum);
    return Belongs::kHere;
  }
  if (!classifier_->is_enabled(known.protocol)) {
    if (layers.payload_length != 0) burst_.fates[index] = Fate::kForwardedNotInspected;
    return Belongs::kHere;
  }
  const std::uint8_t side = MessageStreams::side_of(known, burst_.flow_of(index, sessions_));
  MessageConnection& connection = streams_.note_header(known, side, frame, layers, arrival_);
  if (layers.payload_length == 0) return Belongs::kHere;
  burst_.protocol[index] = connection.protocol;
  if (connection.was_reset) note_evasion(burst_, stats_, index, EvasionKind::kDataAfterReset);
  connection.was_reset = false;
  note_hops(index, connection.ends[side]);
  if (holds_) clear_urgent(burst_.frames[index], layers);
  const auto taken = streams_.take({&connection, side, &frame, &layers, holds_, static_cast<std::uint16_t>(index), arrival_.link, burst_.now_ns});
  if (taken.conflicts) note_evasion(burst_, stats_, index, EvasionKind::kInconsistentCopy);
  if (taken.what == MessageStreams::Taken::What::kBefore) return Belongs::kAlone;
  settle_taken(index, taken);
  return Belongs::kHere;
}

// Its bytes count whether it arrives or not: what comes for them later leaves as they are.
void StreamLane::note_hops(std::size_t index, StreamEnd& end) {
  const std::uint8_t hops = hops_left(burst_.frames[index], burst_.layers[index]);
  if (hops + kFewerHops <= end.hops) note_evasion(burst_, stats_, index, EvasionKind::kFewHops);
  end.hops = hops;
}

void StreamLane::settle_taken(std::size_t index, const MessageStreams::Taken& taken) {
  using What = MessageStreams::Taken::What;
  Fate& fate = burst_.fates[index];
  fate = Fate::kForwardedInspected;
  switch (taken.what) {
    case What::kConfirmed:
    case What::kBefore: return;
    case What::kNoRoom: fate = Fate::kDroppedStreamFull; return;
    case What::kCopy:
      fate = Fate::kDroppedCopy;
      note_stream(index, *taken.stream);
      if (taken.is_early) burst_.early[burst_.early_count++] = static_cast<std::uint16_t>(index);
      return;
    case What::kRepeat:
      if (!taken.rewrite.bytes.empty())
        overwrite(burst_.frames[index], burst_.layers[index], taken.rewrite.offset, taken.rewrite.bytes);
      if (taken.rewrite.change == StreamChange::kNeutralised) fate = Fate::kNeutralised;
      if (taken.rewrite.change == StreamChange::kRestated) fate = Fate::kRestated;
      return;
    case What::kHeld:
      burst_.held[index] = burst_.any_held = true;
      note_stream(index, *taken.stream);
      if (taken.is_early) burst_.early[burst_.early_count++] = static_cast<std::uint16_t>(index);
      break;
    case What::kWatched: break;
  }
  read(*taken.stream, index);
  const bool is_unread = taken.stream->parsed < taken.stream->end() || taken.stream->passed_to != 0;
  if (!burst_.held[index] && is_unread) fate = Fate::kForwardedNeedMore;
}

void StreamLane::note_stream(std::size_t index, Stream& stream) {
  Burst::Reading& reading = burst_.reading(Burst::kFrames + index);
  reading.stream = &stream;
  reading.generation = stream.generation;
}

// A place for what this stream says from its first unread byte on, with the headers of a frame of it.
void StreamLane::open_place(std::size_t place, const Frame& frame, const Layers& layers, Stream& stream) {
  burst_.frames[place] = frame;
  burst_.layers[place] = layers;
  burst_.fates[place] = Fate::kForwardedInspected;
  burst_.sequences[place] = stream.sequence_of(stream.parsed);
  burst_.protocol[place] = stream.connection->protocol;
  // Field by field: one that is built elsewhere and copied waits for its parts.
  Burst::Reading& reading = burst_.reading(place);
  reading.stream = &stream;
  reading.position = stream.parsed;
  reading.completed = {};
  reading.generation = stream.generation;
  reading.kept = reading.condemned = 0;
  Payload& payload = burst_.payloads[place];
  payload.bytes = streams_.unread(stream);
  payload.transport = Transport::kTcp;
  payload.source_port = layers.source_port;
  payload.destination_port = layers.destination_port;
  payload.begins = streams_.end_of(stream).is_synced ? Payload::Begins::kMessage : Payload::Begins::kAnywhere;
  payload.is_refused = is_condemned(stream);
  payload.known = Payload::kAll;
}

Step StreamLane::extract(std::size_t place) {
  const std::uint8_t protocol = burst_.protocol[place];
  burst_.events.begin_frame(static_cast<std::uint16_t>(place), protocol);
  Step step = registered_protocols()[protocol]->extract(burst_.payloads[place], burst_.events);
  stats_.parsed[protocol][static_cast<std::size_t>(step.progress)].add(1);
  if (step.progress == Progress::kNotMine || step.progress == Progress::kMalformed) burst_.events.undo_frame();
  if (burst_.events.overflowed()) [[unlikely]] {
    burst_.events.undo_frame();
    stats_.stream_overflows.add(1);
  }
  return step;
}

// What came with this frame, if it completes anything.
void StreamLane::read(Stream& stream, std::size_t index) {
  if (streams_.is_passed_over(stream)) return;
  const std::uint64_t size = stream.end() - stream.parsed;
  if (size == 0 || size < stream.wanted) return;
  // What has waited came in other bursts: read in one, it could be more than there is room for, and others' messages would pass unjudged.
  const std::uint64_t waited = size - std::min<std::uint64_t>(size, burst_.layers[index].payload_length);
  if (waited_bytes_ != 0 && waited_bytes_ + waited > EventList::kWaitedBytes && defer(stream)) return;
  waited_bytes_ += waited;
  read_at(Burst::kFrames + index, burst_.frames[index], burst_.layers[index], stream);
}

// False where it can't be, and is read at once: nothing of it is held, or too many are deferred.
bool StreamLane::defer(Stream& stream) {
  if (stream.is_deferred) return true;
  if (!holds_ || stream.held.is_empty() || deferred_count_ == kMostDeferred) return false;
  stream.is_deferred = true;
  deferred_[deferred_count_++] = {&stream, stream.generation};
  return true;
}

void StreamLane::read_deferred() {
  waited_bytes_ = 0;
  if (deferred_count_ == 0) [[likely]] return;
  std::size_t done = 0;
  for (; done < deferred_count_ && expired_ < Burst::kExpired; ++done) {
    Stream& stream = *deferred_[done].stream;
    if (stream.generation != deferred_[done].generation) continue;  // its connection has given way since
    const std::uint64_t size = stream.held.is_empty() ? 0 : stream.end() - stream.parsed;
    if (size != 0 && waited_bytes_ != 0 && waited_bytes_ + size > EventList::kWaitedBytes) break;
    stream.is_deferred = false;
    if (size == 0 || size < stream.wanted || streams_.is_passed_over(stream)) continue;
    waited_bytes_ += size;
    const HeldFrame& first = streams_.first_held(stream);
    read_at(2 * Burst::kFrames + expired_++, first.frame, first.layers, stream);
    streams_.touch(stream);
  }
  std::copy(deferred_.begin() + static_cast<std::ptrdiff_t>(done), deferred_.begin() + static_cast<std::ptrdiff_t>(deferred_count_), deferred_.begin());
  deferred_count_ -= done;
}

void StreamLane::read_at(std::size_t place, const Frame& frame, const Layers& layers, Stream& stream) {
  const std::uint64_t size = stream.end() - stream.parsed;
  const bool was_synced = streams_.end_of(stream).is_synced;
  const bool was_condemned = is_condemned(stream);
  open_place(place, frame, layers, stream);
  const Step step = extract(place);
  if (was_condemned) finish_condemned(stream, place);
  const bool is_read = step.progress == Progress::kDone || (step.progress == Progress::kMalformed && step.consumed != 0);
  stream.wanted = 0;
  stream.is_paused = false;
  if (is_read) {
    streams_.advance(stream, size);
    streams_.set_synced(stream);
  } else if (step.progress != Progress::kNeedMore || step.then == Then::kLost) {
    streams_.lose(stream);
  } else {
    if (step.consumed != 0) stream.reads = 0;
    streams_.advance(stream, step.consumed);
    streams_.set_synced(stream);
    const std::uint64_t rest = size - step.consumed;
    const bool is_crumbled = ++stream.reads > kReadsWithoutPause;
    if (is_crumbled) stream.reads = kReadsWithoutPause;
    stream.is_paused = step.need <= rest && is_crumbled && rest > kReadWithoutPause;
    stream.wanted = step.need > rest ? step.need : stream.is_paused ? rest + rest / 8 + 1 : 0;
    // Nothing may wait for so long a one.
    const bool is_sure = was_synced || step.consumed != 0;
    if (step.need > (is_sure ? kLongestPassed : kLongestCompleted))
      streams_.lose(stream);
    else if (step.need > kLongestCompleted)
      streams_.pass_over(stream, step.need);
  }
}

void StreamLane::read_expired() {
  expired_ = 0;
  read_deferred();
  if (!streams_.any_due()) return;
  while (expired_ < Burst::kExpired) {
    Stream* const stream = streams_.next_due();
    if (stream == nullptr) break;
    if (stream->is_deferred) continue;  // its messages are there, and are read in their turn
    if (stream->parsed < stream->end() && stream->is_paused) {
      const HeldFrame& first = streams_.first_held(*stream);
      const std::uint64_t before = stream->parsed;
      read_at(2 * Burst::kFrames + expired_, first.frame, first.layers, *stream);
      // Its length is known now, and it is not whole: judged by what is there.
      if (stream->parsed == before && stream->parsed < stream->end() && !stream->is_paused) read_partial(*stream);
    } else if (stream->parsed < stream->end()) {
      read_partial(*stream);
    }
    streams_.let_go(*stream);
    ++expired_;
  }
}

// Judges a message by what is there of it: if that is enough to refuse it, whatever comes, the rest will be voided as it does.
void StreamLane::read_partial(Stream& stream) {
  const std::size_t size = stream.end() - stream.parsed;
  const bool has_length = stream.wanted >= size && stream.wanted <= kLongestCompleted;
  const auto complete = registered_protocols()[stream.connection->protocol]->complete;
  if (!holds_ || size > kLongestCompleted || !streams_.end_of(stream).is_synced || (!has_length && complete == nullptr)) return;
  const std::size_t place = 2 * Burst::kFrames + expired_;
  const MutableBytes room(completed_.get() + expired_ * kLongestCompleted, kLongestCompleted);
  const HeldFrame& first = streams_.first_held(stream);
  open_place(place, first.frame, first.layers, stream);
  std::memcpy(room.data(), burst_.payloads[place].bytes.data(), size);
  Protocol::Completed made{stream.wanted, size};
  if (has_length)
    std::memset(room.data() + size, 0, made.length - size);
  else
    made = complete(room, size);
  if (made.length == 0) return;
  const MutableBytes whole = room.first(made.length);
  burst_.payloads[place].bytes = whole;
  burst_.payloads[place].known = static_cast<std::uint32_t>(made.kept);
  burst_.reading(place).completed = whole;
  if (!has_length) burst_.reading(place).kept = static_cast<std::uint32_t>(made.kept);
  (void)extract(place);
  burst_.events.cut_frame(whole, made.kept);
  if (is_condemned(stream)) finish_condemned(stream, place);
}

// A message that was refused before it was whole: what came of it since is voided, too.
void StreamLane::finish_condemned(Stream& stream, std::size_t place) {
  const auto events = burst_.events.events();
  for (std::size_t i = events.size(); i-- > 0 && events[i].frame == place;) {
    if (events[i].message.offset != 0) continue;
    (void)neutralise(events[i], 0);
    burst_.reading(place).condemned = events[i].message.length;
    burst_.has_condemned = true;
  }
  stream.condemned = stream.parsed;
}

Fate StreamLane::apply(const Event& event, const Action& action, const Verdict& verdict) {
  const Burst::Reading& reading = burst_.reading(event.frame);
  if (!reading.is_current()) return Fate::kForwardedActionFailed;
  const std::uint64_t start = reading.position + event.message.offset;
  const Protocol& protocol = *registered_protocols()[event.protocol];
  if (!action.takes_frame && !action.expects_response) {
    const bool is_noted = streams_.note_change(*reading.stream, start, start + event.message.length, StreamChange::kTagged);
    return is_noted ? Fate::kTagged : Fate::kForwardedActionFailed;
  }
  // Whatever takes a whole frame away would take other messages with it. A message has many events when it has many texts, and is
  // voided once.
  const Voided asked{event.frame, event.message.offset, verdict.refused_recipients()};
  const bool is_done = voided_.place == asked.place && voided_.offset == asked.offset && (voided_.recipients.none() || voided_.recipients == asked.recipients);
  if (is_done) return Fate::kNeutralised;
  if (protocol.neutralise == nullptr || !neutralise(event, asked.recipients)) return Fate::kForwardedActionFailed;
  voided_ = asked;
  if (!reading.completed.empty() && asked.recipients.none()) reading.stream->condemned = reading.position;
  return Fate::kNeutralised;
}

bool StreamLane::neutralise(const Event& event, const RecipientSet& recipients) {
  const Burst::Reading& reading = burst_.reading(event.frame);
  Stream& stream = *reading.stream;
  const Protocol& protocol = *registered_protocols()[event.protocol];
  const std::uint64_t start = reading.position + event.message.offset;
  const std::uint64_t known = reading.kept == 0 ? stream.end() : std::min(reading.position + reading.kept, stream.end());
  const std::uint64_t end = std::min(start + event.message.length, known);
  if (start >= end) return false;
  const std::uint64_t from = std::clamp(stream.released, start, end);
  if (from == end) return false;
  if (reading.completed.empty()) {
    if (!protocol.neutralise(event, streams_.bytes(stream, start, end), {.mutable_from = from - start, .recipients = recipients})) return false;
  } else {
    const MutableBytes message = reading.completed.subspan(event.message.offset, event.message.length);
    if (!protocol.neutralise(event, message, {from - start, recipients, end - start})) return false;
    std::memcpy(streams_.bytes(stream, from, end).data(), message.data() + (from - start), end - from);
  }
  streams_.note_change(stream, from, end, StreamChange::kNeutralised);
  return true;
}

bool StreamLane::restate(const Response& response, std::uint32_t code) {
  const Burst::Reading& reading = burst_.reading(response.frame);
  Stream& stream = *reading.stream;
  const std::uint64_t start = reading.position + response.message.offset;
  const std::uint64_t end = std::min(start + response.message.length, stream.end());
  if (!reading.is_current() || !reading.completed.empty() || stream.released > start) return false;
  if (!registered_protocols()[response.protocol]->restate(code, streams_.bytes(stream, start, end))) return false;
  streams_.note_change(stream, start, end, StreamChange::kRestated);
  return true;
}

void StreamLane::settle(Replies& replies, const LivePolicy& live) {
  voided_ = {};
  streams_.settle(burst_.now_ns);
  if (beside_count_ != 0) [[unlikely]] {
    for (const std::uint16_t index : std::span(beside_).first(beside_count_)) (void)passes_beside(index, true);
    beside_count_ = 0;
    streams_.settle(burst_.now_ns);
  }
  if (burst_.early_count != 0 && !burst_.is_copy) tell_of_holes(replies);
  bool has_made = false;
  for (Stream* const stream : streams_.splits()) has_made |= split(*stream);
  for (MessageStreams::Released& one : streams_.released()) {
    // A frame that is made here has no place in the burst and leaves before it: so must what lies before it in its stream.
    if (has_made) one.place = MessageStreams::Released::kNoPlace;
    if (one.place == MessageStreams::Released::kNoPlace) continue;
    burst_.fates[one.place] = prepare(one, live);
    burst_.held[one.place] = false;
  }
}

// What is decided of a frame need not wait for the rest of it. False when it has no such part.
bool StreamLane::split(Stream& stream) {
  HeldFrame* const held = streams_.splittable(stream);
  Frame front;
  if (held == nullptr || !pool_.take(front)) return false;
  Layers layers;
  const auto count = static_cast<std::uint32_t>(stream.decided - held->start);
  if (!split_segment(held->frame, held->layers, count, front, layers)) {
    pool_.release({&front, 1});
    return false;
  }
  streams_.release_front(stream, front, layers);
  return true;
}

// While a segment is missing, those behind it wait here, and their receiver can't say that it is: its sender would only find out
// when its timer ends.
void StreamLane::tell_of_holes(Replies& replies) {
  for (const std::uint16_t index : std::span(burst_.early).first(burst_.early_count)) {
    const Burst::Reading& reading = burst_.reading(Burst::kFrames + index);
    const Stream& stream = *reading.stream;
    if (!reading.is_current() || !stream.is_used || !stream.buffer.has_holes()) continue;
    // Segments that were made of fragments come next, and may fill it.
    const auto made = std::span(burst_.made_flows).first(burst_.made_count);
    if (!made.empty() && std::ranges::find(made, burst_.flow_of(index, sessions_).both) != made.end()) continue;
    const StreamEnd& sender = streams_.end_of(stream);
    const StreamEnd& receiver = stream.connection->ends[1 - stream.side];
    if (!sender.is_confirmed) continue;
    std::array<SelectiveAcknowledgement::Block, 3> blocks;
    std::size_t count = 0;
    const auto add = [&](const StreamBuffer::Range& range) {
      if (count < blocks.size()) blocks[count++] = {stream.sequence_of(range.start), stream.sequence_of(range.end)};
    };
    // The one that this segment is in comes first (RFC 2018, 4).
    const std::uint64_t start = stream.offset_of(burst_.sequences[index]);
    std::size_t own = 0;
    while (own + 1 < stream.buffer.island_count() && stream.buffer.island(own).end < start + 1) ++own;
    add(stream.buffer.island(own));
    for (std::size_t i = 0; i < stream.buffer.island_count(); ++i)
      if (i != own) add(stream.buffer.island(i));
    const SelectiveAcknowledgement what{sender.confirmed, receiver.window, receiver.has_timestamps, receiver.timestamp,
                                        sender.timestamp, std::span(blocks).first(count)};
    if (acknowledge_selectively(burst_.frames[index], burst_.layers[index], what, replies)) stats_.stream_holes_told.add(1);
  }
}

Fate StreamLane::rewrite(MessageStreams::Released& released, const LivePolicy& live) {
  const Rewrite& rewrite = released.rewrite;
  const bool is_as_it_was = rewrite.is_merged && holds(released.frame, released.layers, rewrite.offset, rewrite.bytes);
  if (!rewrite.bytes.empty()) overwrite(released.frame, released.layers, rewrite.offset, rewrite.bytes);
  if (rewrite.is_tagged) mark(released.frame, released.layers, live.enforce.dscp);
  const StreamChange unchanged = rewrite.is_tagged ? StreamChange::kTagged : StreamChange::kNone;
  switch (is_as_it_was ? unchanged : rewrite.change) {
    case StreamChange::kNeutralised: return Fate::kNeutralised;
    case StreamChange::kRestated: return Fate::kRestated;
    case StreamChange::kTagged: return Fate::kTagged;
    case StreamChange::kNone: break;
  }
  return fate_as_it_came(released);
}

void StreamLane::end_of_burst() {
  streams_.end_of_burst();
  const MessageStreams::Counts counts = streams_.counts();
  stats_.stream_inconsistent.set(counts.inconsistent);
  stats_.stream_no_room.set(counts.no_room);
  stats_.stream_late.set(counts.late);
  stats_.stream_holes.set(counts.holes);
  stats_.stream_lost.set(counts.lost);
  stats_.streams_evicted.set(counts.evicted);
  stats_.streams.set(streams_.size());
  stats_.held_frames.set(streams_.held_received());
}

}  // namespace telefence
