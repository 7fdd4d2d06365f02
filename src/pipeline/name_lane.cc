// SPDX-License-Identifier: Apache-2.0
#include "pipeline/name_lane.h"

#include <algorithm>

#include "base/uncleared.h"
#include "enforce/checksum.h"
#include "enforce/segment.h"
#include "pipeline/evasions.h"

namespace telefence {
namespace {

// A SYN may bring bytes, and its answer confirm them (RFC 7413).
constexpr std::uint32_t kMostInSyn = 1500;

}  // namespace

NameLane::NameLane(Burst& burst, SessionTable& sessions, WorkerStats& stats, StreamLane& streams, Shedder& shedder, PayloadReader& reader,
                   const PartOptions& options)
    : burst_(burst), sessions_(sessions), stats_(stats), streams_(streams), shedder_(shedder), reader_(reader), parts_(options) {}

void NameLane::prefetch() {
  const bool may_go_on = parts_.is_busy();
  const bool any_next = parts_.any_next(burst_.now_ns);
  Uncleared<std::uint64_t, Burst::kFrames> keys;
  std::size_t count = 0;
  for (std::size_t i = 0; i < burst_.count; ++i) {
    if (burst_.layers[i].transport != Transport::kTcp) continue;
    const FlowKey& flow = burst_.flow_of(i, sessions_);
    parts_.prefetch_opening(flow.forward);
    if (any_next) parts_.prefetch_next(flow.forward);
    if (may_go_on && burst_.layers[i].end == DecodeEnd::kPayload) keys[count++] = flow.forward;
  }
  parts_.prefetch(keys.first(count));
}

void NameLane::end_of_burst() {
  for (const auto& [known, index] : completed_.first(completed_count_)) {
    // The answer may be lost on its way: whoever repeats a part of the message then is answered again.
    PartialMessage* const message = parts_.find_again(*known, burst_.flow_of(index, sessions_).forward);
    if (message == nullptr || !message->is_read) continue;
    message->is_kept = burst_.fates[index] == Fate::kAnswered;
    const Fate fate = burst_.fates[index];
    const bool has_passed = is_forwarded(fate) || fate == Fate::kTagged || fate == Fate::kMirrorReleased;
    if (has_passed)
      parts_.keep_passed(*message);
    else if (!message->is_kept)
      parts_.finish(*message);
  }
  completed_count_ = 0;
  parts_.end_of_burst();
  stats_.spread_evicted.set(parts_.evicted());
  stats_.beginnings_evicted.set(parts_.beginnings_evicted());
}

// Where the connection begins that is answered: the answer tells which of several SYNs reached its end, and there may be more than are
// known of. Octets that came with it are confirmed as well.
std::uint32_t NameLane::confirmed_beginning(const Opening& asked, std::uint32_t acknowledgement) {
  for (const Opening::Asked& one : {asked.asked, asked.asked_before})
    if (acknowledgement - one.first <= one.bytes) return one.first;
  return acknowledgement;
}

// A connection is opened. Where its first bytes will be is remembered, so that a segment that overtakes them is known for what it is.
// Only what both ends agree on ends the connection before: anybody can send a SYN.
void NameLane::opening(std::size_t index) {
  if (!checksums_hold(burst_.frames[index], burst_.layers[index])) return;
  const TcpHeader header = tcp_header(burst_.frames[index], burst_.layers[index]);
  const FlowKey& flow = burst_.flow_of(index, sessions_);
  const std::uint32_t first = header.sequence + 1;
  const auto in_syn = static_cast<std::uint16_t>(std::min(burst_.layers[index].payload_length, kMostInSyn));
  if ((header.flags & kTcpAck) == 0) return parts_.note_asked(flow.forward, {first, in_syn, burst_.way}, burst_.now_ns);
  const Opening* const asked = parts_.opening(flow.reverse, burst_.now_ns);
  if (asked && burst_.way != 0 && asked->asked.way == burst_.way) return;  // whoever asks does not answer
  const std::uint32_t confirmed = asked ? confirmed_beginning(*asked, header.acknowledgement) : 0;
  if (asked && asked->is_agreed && (asked->first == confirmed || (asked->has_begun && asked->asked.first != confirmed))) return;
  parts_.note_opening(flow.forward, {.first = first}, burst_.now_ns);
  if (!asked) return;
  parts_.note_agreed(flow.reverse, confirmed, burst_.now_ns);
  parts_.forget_next(flow.reverse, burst_.now_ns);
  if (PartialMessage* const older = parts_.find(flow.reverse, burst_.now_ns)) parts_.finish(*older);
  if (sessions_.any_pending(burst_.now_ns)) sessions_.forget_responses(flow, burst_.now_ns);
  streams_.reopen(index);
}

// Whether its receiver takes it shows when the connection goes on: nothing ends here for it.
void NameLane::note_reset(std::size_t index) {
  if (parts_.size() == 0) return;
  const FlowKey& flow = burst_.flow_of(index, sessions_);
  for (const std::uint64_t direction : {flow.forward, flow.reverse})
    if (PartialMessage* const message = parts_.find(direction, burst_.now_ns)) message->was_reset = true;
}

// A payload of TCP that is not in the stream lane: part of a message that is put together, the beginning of one, or one by itself.
void NameLane::take(std::size_t index, const Classifier& classifier) {
  if (goes_on(index, classifier)) return;
  const FlowKey& flow = burst_.flow_of(index, sessions_);
  const Opening* const opened = parts_.opening(flow.forward, burst_.now_ns);
  const std::uint8_t protocol = protocol_of(index, classifier, opened);
  if (is_shared(index, classifier, protocol, opened)) {
    if (burst_.is_rebuilt[index] || burst_.layers[index].is_sealed())
      (void)reader_.read(index, classifier, protocol);
    else if (streams_.follow(index, protocol, opened, parts_.opening(flow.reverse, burst_.now_ns)) == StreamLane::Belongs::kAlone)
      (void)reader_.read(index, classifier, burst_.protocol[index]);
    return;
  }
  if (shedder_.is_shedding() && reader_.is_shed(index, classifier, protocol)) [[unlikely]] {
    if (opened && burst_.sequences[index] == opened->first) parts_.note_begun(flow.forward, burst_.now_ns);
    return;
  }
  const NextMessage* const next = parts_.next(flow.forward, burst_.now_ns);
  Standing standing = Standing::kUnknown;
  if (next != nullptr) {
    if (is_next(index, classifier, protocol, *next)) return;
    const NextMessage* const still = parts_.next(flow.forward, burst_.now_ns);
    // The message before once more, maybe as other bytes, is put together again.
    if (still != nullptr && !PartTable::is_stale(*still, burst_.now_ns))
      standing = still->after == burst_.sequences[index] ? Standing::kFirst : Standing::kElsewhere;
  } else {
    standing = stands(index, classifier, opened);
  }
  if (burst_.fates[index] != PayloadReader::kUnread) return;  // it overtook the beginning
  const std::size_t before = burst_.events.events().size();
  const Progress progress = reader_.read(index, classifier, protocol);
  if (burst_.events.events().size() != before && is_reply(index, classifier)) [[unlikely]] {
    burst_.events.undo_frame();
    burst_.fates[index] = Fate::kForwardedNotRecognised;
    return;
  }
  if (standing == Standing::kElsewhere) return;
  if (progress == Progress::kDone && reader_.step().then != Then::kUnknown)
    await_next(index, classifier);
  else if (progress == Progress::kNeedMore)
    keep(index, reader_.step().consumed);
  else if (standing == Standing::kFirst && burst_.fates[index] == Fate::kForwardedNotRecognised &&
           burst_.payloads[index].bytes.size() < kTooFewToKnow)
    keep(index, 0);
}

// Whoever opens a connection chooses the port it comes from: that says nothing.
std::uint8_t NameLane::protocol_of(std::size_t index, const Classifier& classifier, const Opening* opened) const {
  const Payload& payload = burst_.payloads[index];
  const std::uint8_t by_port = classifier.by_destination(payload);
  // The first bytes of a connection are no middle of a message: what they show to be counts.
  const bool may_be_other = opened && !opened->has_begun && burst_.sequences[index] == opened->first && by_port != kNoProtocol;
  if (may_be_other && registered_protocols()[by_port]->keeps_its_ports) [[unlikely]] {
    const std::uint8_t by_content = classifier.next_by_content(payload, by_port);
    if (by_content != kNoProtocol) return by_content;
  }
  return classifier.classify(payload, opened && opened->is_opener);
}

// True when the segment carries messages of a protocol whose connections are shared. By its port alone only when the protocol has
// the port for itself, or when the bytes may be anybody's: because they are so few, or because what they begin in is still to come.
bool NameLane::is_shared(std::size_t index, const Classifier& classifier, std::uint8_t protocol, const Opening* opened) const {
  if (protocol == kNoProtocol || !classifier.is_enabled(protocol)) return false;
  const Protocol& one = *registered_protocols()[protocol];
  if (!one.shares_connections) return false;
  const Payload& payload = burst_.payloads[index];
  if (one.keeps_its_ports || (one.recognise != nullptr && one.recognise(payload))) return true;
  const bool is_early = opened && !opened->has_begun && burst_.sequences[index] - opened->first - 1 < Opening::kMostAhead;
  return (is_early || payload.bytes.size() < kTooFewToKnow) && classifier.next_by_content(payload, protocol) == kNoProtocol;
}

bool NameLane::begins_shared(std::size_t index, const Classifier& classifier) {
  const Opening* const opened = parts_.opening(burst_.flow_of(index, sessions_).forward, burst_.now_ns);
  return opened != nullptr && is_shared(index, classifier, protocol_of(index, classifier, opened), opened);
}

// True when the segment belongs to a message that began in an earlier one.
bool NameLane::goes_on(std::size_t index, const Classifier& classifier) {
  if (parts_.size() == 0) return false;
  const std::uint64_t key = burst_.flow_of(index, sessions_).forward;
  PartialMessage* const message = parts_.find(key, burst_.now_ns);
  if (message == nullptr) return false;
  // What comes behind a message that was read is not for the copy of it that is put together once more.
  const NextMessage* const next = message->is_read ? nullptr : parts_.next(key, burst_.now_ns);
  const std::size_t size = burst_.payloads[index].bytes.size();
  if (next != nullptr && !PartialMessage::comes_before(burst_.sequences[index], size, next->sequence)) {
    // A copy that reaches so far and is no message yet is another one than that which was read.
    const bool begins_behind = static_cast<std::int32_t>(burst_.sequences[index] - next->sequence) >= 0;
    const auto end = message->sequence() + static_cast<std::uint32_t>(message->bytes().size());
    if (begins_behind && burst_.sequences[index] != end) return false;
    return goes_beyond(*message, index, classifier);
  }
  if (!message->is_read || burst_.repeats_refused[index]) return add_to(*message, index, classifier);
  if (message->is_passed) return follows_passed(*message, index, classifier);
  if (message->is_kept) {
    parts_.finish(*message);  // the connection was opened anew
    return false;
  }
  // Its verdict is not known yet.
  const Bytes bytes = burst_.payloads[index].bytes;
  const bool is_copy = message->holds(burst_.sequences[index], bytes.size());
  if (PartTable::differs(*message, burst_.sequences[index], bytes)) return contradicts(*message, index, classifier);
  if (is_copy) burst_.fates[index] = Fate::kForwardedNeedMore;
  return is_copy;
}

// A segment of the copy of a message that was read, and of what comes behind that: the copy may be another message, which is longer.
bool NameLane::goes_beyond(PartialMessage& message, std::size_t index, const Classifier& classifier) {
  const std::size_t before = burst_.events.events().size();
  if (!add_to(message, index, classifier)) return false;
  if (burst_.events.events().size() == before) return true;
  parts_.forget_next(burst_.flow_of(index, sessions_).forward, burst_.now_ns);
  if (reader_.step().then != Then::kUnknown) await_next(index, classifier);
  return true;
}

// A segment after a message that was let pass.
bool NameLane::follows_passed(PartialMessage& message, std::size_t index, const Classifier& classifier) {
  const Bytes bytes = burst_.payloads[index].bytes;
  const std::uint32_t sequence = burst_.sequences[index];
  if (PartTable::is_behind(message, sequence)) {  // its sender goes on
    parts_.finish(message);
    return false;
  }
  if (PartTable::differs(message, sequence, bytes)) return contradicts(message, index, classifier);
  const bool is_copy = message.holds(sequence, bytes.size());
  if (is_copy) burst_.fates[index] = Fate::kForwardedInspected;
  return is_copy;
}

// A segment that repeats a part of a message that is read as other bytes: its receiver may have got only these.
bool NameLane::contradicts(PartialMessage& message, std::size_t index, const Classifier& classifier) {
  burst_.fates[index] = Fate::kForwardedNeedMore;
  if (!may_feed(index, &message)) return true;
  note_inconsistent(index);
  const bool is_put = parts_.put_other(message, burst_.sequences[index], burst_.payloads[index].bytes);
  if (!reads_whole(index, classifier) && is_put) (void)reads_otherwise(message, index, classifier);
  return true;
}

// The message as the later copies say it. True when that is one that says something: it is judged, too.
bool NameLane::reads_otherwise(PartialMessage& message, std::size_t index, const Classifier& classifier) {
  const Bytes other = parts_.other(message);
  if (other.empty()) return false;
  const bool is_behind = message.told != 0 && static_cast<std::int32_t>(burst_.sequences[index] - message.sequence() - message.told) >= 0;
  if (is_behind) return false;  // it was told before these bytes came
  const Said own = said(index);
  const std::size_t before = burst_.events.events().size();
  burst_.payloads[index].bytes = other;
  const std::uint8_t protocol = classifier.classify(burst_.payloads[index]);
  if (protocol == kNoProtocol || !classifier.is_enabled(protocol)) {
    put_back(index, own);
    return false;
  }
  const Progress progress = reader_.read(index, classifier, protocol);
  const bool is_told = progress == Progress::kDone && burst_.events.events().size() > before &&
                       registered_protocols()[burst_.protocol[index]]->spreads;
  if (is_told) {
    message.told = static_cast<std::uint32_t>(other.size());
    burst_.sequences[index] = message.sequence();
    return true;
  }
  burst_.events.undo_frame();
  put_back(index, own);
  burst_.fates[index] = Fate::kForwardedNeedMore;
  return false;
}

void NameLane::note_inconsistent(std::size_t index) {
  stats_.inconsistent_copies.add(1);
  note_evasion(burst_, stats_, index, EvasionKind::kInconsistentCopy);
}

// Reads a segment by itself though others of its connection wait: a message that is whole in it is judged, whatever they are.
bool NameLane::reads_whole(std::size_t index, const Classifier& classifier, bool may_go_on) {
  const std::uint8_t by_content = classifier.next_by_content(burst_.payloads[index], kNoProtocol);
  const std::uint8_t by_port = classifier.by_destination(burst_.payloads[index]);
  for (const std::uint8_t protocol : {by_content, by_port}) {
    if (protocol == kNoProtocol || !classifier.is_enabled(protocol)) continue;
    const std::size_t before = burst_.events.events().size();
    // The middle of a message may look like a whole one that says nothing.
    const Progress progress = reader_.read(index, classifier, protocol);
    const bool is_whole = progress == Progress::kDone || (may_go_on && progress == Progress::kNeedMore && reader_.step().consumed != 0);
    if (is_whole && burst_.events.events().size() > before) return true;
    burst_.events.undo_frame();
    if (by_port == by_content) break;
  }
  burst_.fates[index] = Fate::kForwardedNeedMore;
  return false;
}

// False when the segment has to be read by itself, and the message is forgotten.
bool NameLane::add_to(PartialMessage& message, std::size_t index, const Classifier& classifier) {
  if (message.is_behind(burst_.sequences[index], burst_.payloads[index].bytes.size())) {
    if (!reads_whole(index, classifier) && !message.bytes().empty()) read_again(message, index, classifier);  // it is of what was before
    return true;
  }
  burst_.fates[index] = Fate::kForwardedNeedMore;
  if (!may_feed(index, &message)) return true;
  if (message.was_reset) {
    note_evasion(burst_, stats_, index, EvasionKind::kDataAfterReset);
    message.was_reset = false;
  }
  const Said own = said(index);
  const bool is_known = !message.is_read && message.holds(own.sequence, own.payload.bytes.size());
  const PartTable::Put put = parts_.put(message, own.sequence, own.payload.bytes, burst_.now_ns);
  // What goes on from a message may begin another one, and what came before it be there to hide that: it is judged, and judged again.
  const bool is_first = own.sequence == message.sequence();
  const auto begins = [&] { return !is_first && classifier.begins_spread(own.payload); };
  if (is_known && put == PartTable::Put::kTaken) {  // nothing that it says is news
    if (begins()) (void)reads_whole(index, classifier, true);
    return true;
  }
  if (put == PartTable::Put::kTooManyHoles) [[unlikely]] {
    stats_.spread_given_up.add(1);
    if (!burst_.may_change) return forget(message, index);
    // Nobody's hello has so many, and who makes them shall not get past by that: its sender repeats it when others have come.
    burst_.fates[index] = Fate::kDroppedStreamFull;
    return true;
  }
  if (put == PartTable::Put::kTooFar) {  // its receiver will hardly take it: it ends nothing
    (void)reads_whole(index, classifier);
    return true;
  }
  const bool conflicts = put == PartTable::Put::kConflict;
  if (conflicts) note_inconsistent(index);
  const bool is_news = (conflicts || message.has_other) && parts_.put_other(message, own.sequence, own.payload.bytes);
  if (put == PartTable::Put::kNoRoom) stats_.spread_given_up.add(1);
  const bool is_decoy = conflicts && hops_left(burst_.frames[index], burst_.layers[index]) >= message.hops + kFewerHops;
  if (put == PartTable::Put::kNoRoom || is_decoy) return forget(message, index);
  const std::uint32_t known_to = message.sequence() + static_cast<std::uint32_t>(message.bytes().size());
  const bool is_early = static_cast<std::int32_t>(own.sequence - known_to) > 0;  // something before it is still on its way
  if ((conflicts || is_early) && reads_whole(index, classifier)) {
    if (own.sequence == message.sequence()) message.told = static_cast<std::uint32_t>(own.payload.bytes.size());
    return true;
  }
  const bool is_told_otherwise = is_news && parts_.keeps_first() && reads_otherwise(message, index, classifier);
  if (is_early) return true;
  const std::size_t events = burst_.events.events().size();
  const bool is_together = reads_together(message, index, classifier);
  // What it goes on from may be there to hide it: where they say nothing together, it is read by itself.
  if (burst_.events.events().size() == events && begins()) {
    const Said all = said(index);
    const Fate fate = burst_.fates[index];
    const std::uint8_t protocol = burst_.protocol[index];
    put_back(index, own);
    if (reads_whole(index, classifier, true)) return true;
    put_back(index, all);
    burst_.fates[index] = fate;
    burst_.protocol[index] = protocol;
  }
  if (is_together || is_told_otherwise) return true;
  put_back(index, own);
  // What begins before it is not what comes in its place.
  const bool begins_another = static_cast<std::int32_t>(own.sequence - message.sequence()) >= 0 &&
                        classifier.next_by_content(burst_.payloads[index], kNoProtocol) != kNoProtocol;
  if (begins_another) return forget(message, index);
  if (burst_.fates[index] == Fate::kForwardedNotRecognised && message.bytes().size() < kTooFewToKnow)
    burst_.fates[index] = Fate::kForwardedNeedMore;
  else
    parts_.finish(message);
  return true;
}

// Reads what came of the message so far, in place of what this segment says. False when it makes no sense together.
bool NameLane::reads_together(PartialMessage& message, std::size_t index, const Classifier& classifier) {
  burst_.payloads[index].bytes = message.bytes();
  burst_.sequences[index] = message.sequence();
  std::uint8_t protocol = classifier.by_destination(burst_.payloads[index]);
  if (protocol == kNoProtocol)
    protocol = protocol_of(index, classifier, parts_.opening(burst_.flow_of(index, sessions_).forward, burst_.now_ns));
  else if (!registered_protocols()[protocol]->spreads)
    protocol = classifier.next_by_content(burst_.payloads[index], protocol);
  if (message.awaited.begins != 0) {
    read_as_awaited(index, message.awaited);
    protocol = message.awaited.protocol;
  }
  const Progress progress = reader_.read(index, classifier, protocol);
  if (burst_.fates[index] == Fate::kForwardedNotRecognised || progress == Progress::kMalformed) return false;
  if (burst_.fates[index] == Fate::kForwardedNotInspected || burst_.fates[index] == Fate::kForwardedEventLimit) return false;
  if (!registered_protocols()[burst_.protocol[index]]->spreads) {
    // What it says lies in bytes that have left: nothing of them can be changed any more.
    burst_.events.undo_frame();
    return false;
  }
  if (progress == Progress::kNeedMore) {
    parts_.skip(message, reader_.step().consumed);
    message.awaited = {};
    return true;
  }
  if (!message.is_read) stats_.spread_read.add(1);
  if (waits_on(message, index)) return true;
  message.is_read = true;
  completed_[completed_count_++] = {&message, static_cast<std::uint16_t>(index)};
  if (reader_.step().then != Then::kUnknown) await_next(index, classifier);
  return true;
}

bool NameLane::forget(PartialMessage& message, std::size_t index) {
  parts_.finish(message);
  burst_.fates[index] = PayloadReader::kUnread;
  return false;
}

// What of this segment waits for more: from `consumed` on.
void NameLane::keep(std::size_t index, std::uint32_t consumed) {
  const std::uint8_t protocol = burst_.protocol[index];
  if ((protocol != kNoProtocol && !registered_protocols()[protocol]->spreads) || !may_feed(index, nullptr)) return;
  begin(index, burst_.sequences[index] + consumed, consumed);
}

// A message that begins at `sequence`, of which this segment holds the bytes from `skipped` on.
void NameLane::begin(std::size_t index, std::uint32_t sequence, std::uint32_t skipped, const Awaited& awaited) {
  if (shedder_.sheds(ShedCause::kSpread)) [[unlikely]] {
    burst_.fates[index] = shedder_.shed(ShedCause::kSpread);
    return;
  }
  PartialMessage& message = parts_.begin(burst_.flow_of(index, sessions_).forward, sequence, burst_.now_ns);
  message.hops = hops_left(burst_.frames[index], burst_.layers[index]);
  message.awaited = awaited;
  stats_.spread_begun.add(1);
  burst_.fates[index] = Fate::kForwardedNeedMore;
  const Bytes bytes = burst_.payloads[index].bytes.subspan(skipped);
  if (parts_.put(message, burst_.sequences[index] + skipped, bytes, burst_.now_ns) == PartTable::Put::kTaken) return;
  stats_.spread_given_up.add(1);
  parts_.finish(message);
}

// Where a segment stands to the beginning of a connection that was opened a moment ago. Bytes behind that which came before it are
// kept until it comes: they get their fate here.
NameLane::Standing NameLane::stands(std::size_t index, const Classifier& classifier, const Opening* opened) {
  if (!opened) return Standing::kUnknown;
  const std::uint32_t ahead = burst_.sequences[index] - opened->first;
  if (opened->has_begun) return ahead == 0 ? Standing::kFirst : Standing::kUnknown;  // the first bytes once more, maybe others than before
  const std::uint64_t key = burst_.flow_of(index, sessions_).forward;
  if (ahead != 0 && ahead <= Opening::kMostAhead) {
    // What begins a message waits for nothing before it, whatever a SYN said.
    if (!opened->is_agreed && classifier.next_by_content(burst_.payloads[index], kNoProtocol) != kNoProtocol) return Standing::kUnknown;
    if (may_feed(index, nullptr)) begin_ahead(index, classifier, opened->first, {});
    return Standing::kUnknown;
  }
  const std::uint32_t behind = opened->first - burst_.sequences[index];
  if (ahead != 0 && opened->is_agreed) {
    // Its receiver takes nothing that comes before the beginning, and what is so far behind it is nobody's first bytes.
    if (behind >= burst_.payloads[index].bytes.size()) return Standing::kElsewhere;
    burst_.payloads[index].bytes = burst_.payloads[index].bytes.subspan(behind);
    burst_.sequences[index] = opened->first;
  }
  const bool is_first = burst_.sequences[index] == opened->first;
  parts_.note_begun(key, burst_.now_ns);
  return is_first ? Standing::kFirst : Standing::kUnknown;
}

// A receiver takes bytes with ACK only, and none of a reset (RFC 9293, 3.10.7.4); with a SYN when it opens the connection (RFC 7413).
[[gnu::always_inline]] inline bool NameLane::carries_bytes(std::size_t index, bool goes_on) {
  const std::uint8_t flags = tcp_header(burst_.frames[index], burst_.layers[index]).flags;
  const bool is_plain = (flags & (kTcpRst | kTcpSyn)) == 0;
  return is_plain ? (flags & kTcpAck) != 0 : (flags & kTcpRst) == 0 && !goes_on && opens_with_bytes(index);
}

[[gnu::noinline]] bool NameLane::opens_with_bytes(std::size_t index) {
  const Opening* const opening = parts_.opening(burst_.flow_of(index, sessions_).forward, burst_.now_ns);
  return opening && opening->first == burst_.sequences[index];
}

// A segment that its receiver will surely not take must not be put together with others: it was sent to mislead. It is forwarded.
bool NameLane::may_feed(std::size_t index, const PartialMessage* message) {
  const Frame& frame = burst_.frames[index];
  const Layers& layers = burst_.layers[index];
  if (frame.truncated) return false;
  if (!checksums_hold(frame, layers)) {
    burst_.fates[index] = Fate::kForwardedBadChecksum;
    note_evasion(burst_, stats_, index, EvasionKind::kBadChecksum);
    return false;
  }
  if (!carries_bytes(index, message != nullptr)) {
    note_evasion(burst_, stats_, index, EvasionKind::kOddFlags);
    return false;
  }
  // It may reach whom the beginning reached, or not: what contradicts it is read beside it.
  if (message != nullptr && hops_left(frame, layers) + kFewerHops <= message->hops)
    note_evasion(burst_, stats_, index, EvasionKind::kFewHops);
  return true;
}

}  // namespace telefence
