// SPDX-License-Identifier: Apache-2.0
// Connections that carry one request behind the other: where the next one begins is known, and so it is read however it is cut and in
// whatever order its segments come, as the first one is.
#include "enforce/checksum.h"
#include "pipeline/evasions.h"
#include "pipeline/name_lane.h"

namespace telefence {
namespace {

Payload::Begins begins_with(Then then) {
  switch (then) {
    case Then::kFields: return Payload::Begins::kFields;
    case Then::kChunk: return Payload::Begins::kChunk;
    default: return Payload::Begins::kPacket;
  }
}

}  // namespace

void NameLane::read_as_awaited(std::size_t index, const Awaited& awaited) {
  burst_.payloads[index].begins = static_cast<Payload::Begins>(awaited.begins);
  burst_.payloads[index].announced = awaited.announced;
}

// A segment of a connection whose next message is awaited at `known`. False: it is to be read by itself; what it begins is not the next
// one as long as that is still awaited.
bool NameLane::is_next(std::size_t index, const Classifier& classifier, std::uint8_t protocol, const NextMessage& known) {
  const NextMessage next = known;
  const std::uint64_t key = burst_.flow_of(index, sessions_).forward;
  const Said own = said(index);
  const std::uint32_t ahead = own.sequence - next.sequence;
  const std::uint32_t behind = next.sequence - own.sequence;
  const bool is_ahead = ahead != 0 && ahead <= Opening::kMostAhead && !PartTable::is_stale(next, burst_.now_ns);
  if (!is_ahead && behind >= own.payload.bytes.size()) return is_body(index, next);
  if (!may_feed(index, nullptr)) {
    burst_.fates[index] = PayloadReader::kUnread;
    return false;
  }
  if (hops_left(burst_.frames[index], burst_.layers[index]) + kFewerHops <= next.hops)
    note_evasion(burst_, stats_, index, EvasionKind::kFewHops);
  if (is_ahead) {  // something before it is still on its way
    parts_.forget_next(key, burst_.now_ns);
    begin_ahead(index, classifier, next.sequence, next.awaited);
    return true;
  }
  if (behind != 0 && own.sequence == next.after && replaces_before(index, classifier, protocol, next)) return true;
  burst_.payloads[index].bytes = own.payload.bytes.subspan(behind);
  burst_.sequences[index] = next.sequence;
  if (next.awaited.begins != 0) {
    read_as_awaited(index, next.awaited);
    protocol = next.awaited.protocol;
  } else if (behind != 0) {
    protocol = protocol_of(index, classifier, nullptr);
  }
  const Progress progress = reader_.read(index, classifier, protocol);
  if (progress == Progress::kDone) {
    await_next(index, classifier);
    return true;
  }
  parts_.forget_next(key, burst_.now_ns);
  if (progress == Progress::kNeedMore) {
    keep(index, reader_.step().consumed);
    return true;
  }
  if (burst_.fates[index] == Fate::kForwardedNotRecognised && burst_.payloads[index].bytes.size() < kTooFewToKnow) {
    keep(index, 0);
    return true;
  }
  put_back(index, own);
  burst_.fates[index] = PayloadReader::kUnread;
  return false;
}

// A segment that begins where the message before did, and goes on behind its end. It may be that one and the next; but it may as well be
// another one, which its receiver gets in place of one that only the filter was to see. True: it says something as a whole.
bool NameLane::replaces_before(std::size_t index, const Classifier& classifier, std::uint8_t protocol, const NextMessage& next) {
  const std::uint64_t key = burst_.flow_of(index, sessions_).forward;
  const bool is_inside = next.awaited.begins != 0;  // of a message: what begins there is none
  const Said own = said(index);
  const std::size_t before = burst_.events.events().size();
  const Progress progress = reader_.read(index, classifier, protocol);
  const bool is_whole = progress == Progress::kDone && burst_.events.events().size() > before;
  const bool goes_on = progress == Progress::kNeedMore && !is_inside;
  if (!is_whole && !goes_on) {
    burst_.events.undo_frame();
    put_back(index, own);
    return false;
  }
  parts_.forget_next(key, burst_.now_ns);
  if (is_whole)
    await_next(index, classifier);
  else
    keep(index, reader_.step().consumed);
  return true;
}

// Bytes of a body say nothing of their own: whatever somebody uploads, it is no visit.
bool NameLane::is_body(std::size_t index, const NextMessage& next) {
  const std::uint32_t length = next.sequence - next.body;
  if (length == 0 || burst_.sequences[index] - next.body >= length) return false;
  parts_.stays_open(burst_.flow_of(index, sessions_).forward, next, burst_.now_ns);
  burst_.protocol[index] = next.awaited.protocol;
  burst_.fates[index] = Fate::kForwardedInspected;
  return true;
}

// True for what a server says: its text may look like a request. Seldom asked: it goes to a port that is nobody's.
bool NameLane::is_reply(std::size_t index, const Classifier& classifier) {
  if (classifier.by_destination(burst_.payloads[index]) != kNoProtocol) return false;
  const FlowKey& flow = burst_.flow_of(index, sessions_);
  if (parts_.next(flow.reverse, burst_.now_ns) != nullptr) return true;
  const Opening* const opener = parts_.opening(flow.reverse, burst_.now_ns);
  return opener != nullptr && opener->is_opener && opener->is_agreed;
}

// Bytes that overtook the message which is to begin at `sequence`. They wait for it, and what is whole in them is judged now.
void NameLane::begin_ahead(std::size_t index, const Classifier& classifier, std::uint32_t sequence, const Awaited& awaited) {
  begin(index, sequence, 0, awaited);
  (void)reads_whole(index, classifier);
}

// Where, from the beginning of what was read last, that begins which follows it.
std::uint32_t NameLane::next_at() const { return reader_.step().consumed + (reader_.step().then == Then::kFields ? 0 : reader_.step().need); }

Awaited NameLane::awaited_after(std::size_t index) const {
  return {.announced = reader_.step().then == Then::kFields ? reader_.step().need : 0,
          .begins = static_cast<std::uint8_t>(begins_with(reader_.step().then)),
          .protocol = burst_.protocol[index]};
}

// The message was read, and more of its connection is there: true, and that waits in its place.
bool NameLane::waits_on(PartialMessage& message, std::size_t index) {
  if (reader_.step().then == Then::kUnknown) return false;
  const std::uint32_t at = next_at();
  if (at >= message.bytes().size() && !message.has_holes()) return false;
  if (!parts_.pass_over(message, at)) return false;
  message.is_read = false;
  message.awaited = awaited_after(index);
  return true;
}

// The last bytes before those that wait have come: some of these may say something now.
void NameLane::read_again(PartialMessage& message, std::size_t index, const Classifier& classifier) {
  const Said own = said(index);
  if (reads_together(message, index, classifier)) return;
  put_back(index, own);
  burst_.fates[index] = Fate::kForwardedNeedMore;
}

// What stands behind a message in the same bytes may be another protocol's, and whole: a hello behind a CONNECT.
bool NameLane::is_judged(std::size_t index, const Classifier& classifier, std::uint32_t at) {
  const Said all = said(index);
  burst_.payloads[index].bytes = all.payload.bytes.subspan(at);
  burst_.sequences[index] += at;
  const std::uint8_t protocol = burst_.protocol[index];
  if (reads_whole(index, classifier)) return true;
  put_back(index, all);
  burst_.protocol[index] = protocol;
  return false;
}

// A message was read whole: where the next one begins is kept in mind, and what there is of it.
void NameLane::await_next(std::size_t index, const Classifier& classifier) {
  const std::uint64_t key = burst_.flow_of(index, sessions_).forward;
  const std::uint32_t sequence = burst_.sequences[index];
  const NextMessage* const known = parts_.next(key, burst_.now_ns);
  // A body may hold what looks like a message: what is known to be the next one counts.
  if (known != nullptr && known->sequence != sequence && !PartTable::is_stale(*known, burst_.now_ns)) return;
  if (known != nullptr) parts_.forget_next(key, burst_.now_ns);
  if (reader_.step().then == Then::kUnknown) return;
  const Fate fate = burst_.fates[index];
  const bool is_taken = may_feed(index, nullptr);
  burst_.fates[index] = fate;
  if (!is_taken) return;
  const Awaited awaited = awaited_after(index);
  const std::uint32_t at = next_at();
  if (at < burst_.payloads[index].bytes.size()) {
    if (reader_.step().then == Then::kMessage && is_judged(index, classifier, at)) return;
    begin(index, sequence + at, at, awaited);
    burst_.fates[index] = fate;
    return;
  }
  const auto end = sequence + static_cast<std::uint32_t>(burst_.payloads[index].bytes.size());
  parts_.note_next(key, {.sequence = sequence + at, .after = sequence, .body = end, .awaited = awaited,
                         .hops = hops_left(burst_.frames[index], burst_.layers[index])}, burst_.now_ns);
}

}  // namespace telefence
