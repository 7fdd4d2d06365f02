// SPDX-License-Identifier: Apache-2.0
#include "pipeline/extractor.h"

#include <algorithm>

#include "base/uncleared.h"
#include "enforce/checksum.h"
#include "enforce/segment.h"
#include "pipeline/evasions.h"

namespace telefence {
namespace {

Fate fate_of(Progress progress) {
  switch (progress) {
    case Progress::kDone: return Fate::kForwardedInspected;
    case Progress::kNeedMore: return Fate::kForwardedNeedMore;
    case Progress::kNotMine: return Fate::kForwardedNotRecognised;
    case Progress::kMalformed: return Fate::kForwardedMalformed;
  }
  return Fate::kForwardedMalformed;
}

// A SYN may bring bytes, and its answer confirm them (RFC 7413).
constexpr std::uint32_t kMostInSyn = 1500;

}  // namespace

Extractor::Extractor(Burst& burst, SessionTable& sessions, DatagramFlows& datagrams, WorkerStats& stats, StreamLane& lane,
                     Shedder& shedder, const PartOptions& options, const FragmentOptions& fragments)
    : burst_(burst), sessions_(sessions), datagrams_(datagrams), stats_(stats), lane_(lane), shedder_(shedder), parts_(options),
      fragments_(burst, sessions, stats, fragments) {}

void Extractor::run(const Classifier& classifier) {
  if (!burst_.is_copy) lane_.read_expired();  // nothing in line is judged as copies are
  if (burst_.has_tcp) {
    lane_.prefetch();
    prefetch();
  }
  for (std::size_t i = 0; i < burst_.count; ++i) {
    const DecodeEnd end = burst_.layers[i].end;
    if (end == DecodeEnd::kPayload && burst_.layers[i].transport == Transport::kUdp) {
      payload(i, classifier);
      continue;
    }
    if (end == DecodeEnd::kFragment) fragment(i, classifier);
    if (end != DecodeEnd::kPayload && end != DecodeEnd::kNoPayload) continue;
    if (note_if_late(burst_, i, sessions_)) continue;
    if (burst_.layers[i].transport == Transport::kTcp) segment(i, classifier);
  }
}

// Of segments, whose connection may be over, and which may go on with a message: each look-up is a miss by itself, and several together
// are hardly more than one.
void Extractor::prefetch() {
  const bool may_be_late = !burst_.is_copy && sessions_.any_closed(burst_.now_ns);
  const bool may_go_on = parts_.is_busy();
  const bool any_next = parts_.any_next(burst_.now_ns);
  Uncleared<std::uint64_t, Burst::kFrames> keys;
  std::size_t count = 0;
  for (std::size_t i = 0; i < burst_.count; ++i) {
    if (burst_.layers[i].transport != Transport::kTcp) continue;
    const FlowKey& flow = burst_.flow_of(i, sessions_);
    parts_.prefetch_opening(flow.forward);
    if (any_next) parts_.prefetch_next(flow.forward);
    if (may_be_late) sessions_.prefetch_closed(flow);
    if (may_go_on && burst_.layers[i].end == DecodeEnd::kPayload) keys[count++] = flow.forward;
  }
  parts_.prefetch(keys.first(count));
  for (std::size_t i = 0; may_be_late && i < burst_.count; ++i)
    if (burst_.layers[i].transport == Transport::kTcp) sessions_.prefetch_closed_rest(burst_.flow_of(i, sessions_), burst_.now_ns);
}

void Extractor::end_of_burst() {
  for (const std::uint16_t index : std::span(completed_).first(completed_count_)) {
    // The answer may be lost on its way: whoever repeats a part of the message then is answered again.
    PartialMessage* const message = parts_.find(burst_.flow_of(index, sessions_).forward, burst_.now_ns);
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
  fragments_.end_of_burst();
  stats_.spread_evicted.set(parts_.evicted());
}

// Where the connection begins that is answered: the answer tells which of several SYNs reached its end, and there may be more than are
// known of. Octets that came with it are confirmed as well.
std::uint32_t Extractor::confirmed_beginning(const Opening& asked, std::uint32_t acknowledgement) {
  for (const Opening::Asked& one : {asked.asked, asked.asked_before})
    if (acknowledgement - one.first <= one.bytes) return one.first;
  return acknowledgement;
}

// A connection is opened. Where its first bytes will be is remembered, so that a segment that overtakes them is known for what it is.
// Only what both ends agree on ends the connection before: anybody can send a SYN.
void Extractor::opening(std::size_t index) {
  const TcpHeader header = tcp_header(burst_.frames[index], burst_.layers[index]);
  if ((header.flags & kTcpSyn) == 0 || !checksums_hold(burst_.frames[index], burst_.layers[index])) return;
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
  lane_.reopen(index);
}

// Whether its receiver takes it shows when the connection goes on: nothing ends here for it.
void Extractor::note_reset(std::size_t index) {
  if (parts_.size() == 0) return;
  const FlowKey& flow = burst_.flow_of(index, sessions_);
  for (const std::uint64_t direction : {flow.forward, flow.reverse})
    if (PartialMessage* const message = parts_.find(direction, burst_.now_ns)) message->was_reset = true;
}

void Extractor::fragment(std::size_t index, const Classifier& classifier) {
  if (!fragments_.is_read(index)) return;
  if (shedder_.sheds(ShedCause::kFragments)) [[unlikely]]
    burst_.fates[index] = shedder_.shed(ShedCause::kFragments);
  else if (fragments_.join(index))
    whole(index, classifier);
}

// True when the worker has fallen too far behind to read this payload of `protocol`.
bool Extractor::is_shed(std::size_t index, const Classifier& classifier, std::uint8_t protocol) {
  if (protocol == kNoProtocol || !classifier.is_enabled(protocol)) return false;
  const Protocol& one = *registered_protocols()[protocol];
  const Transport transport = burst_.layers[index].transport;
  if (one.shares_connections && transport == Transport::kTcp) return false;
  const bool is_quic = datagrams_.reader(protocol, transport) != nullptr;
  const ShedCause cause = is_quic ? ShedCause::kQuic : ShedCause::kNames;
  if (!shedder_.sheds(cause)) return false;
  // A port alone says little: connections that stand, with data of any kind, must not be dropped, nor be counted as hellos.
  const bool must_be_sure = is_quic || shedder_.drops(cause);
  if (must_be_sure && one.recognise != nullptr && !one.recognise(burst_.payloads[index])) return false;
  burst_.fates[index] = shedder_.shed(cause);
  return true;
}

[[gnu::always_inline]] inline Progress Extractor::read_as(std::uint8_t protocol, std::size_t index) {
  EventList& events = burst_.events;
  events.begin_frame(static_cast<std::uint16_t>(index), protocol);
  DatagramReader* const reader = datagrams_.reader(protocol, burst_.layers[index].transport);
  // A Step comes in two registers; kept as a whole it goes through memory, and whoever takes it from there waits.
  const auto note = [&](const Step& step) {
    step_.consumed = step.consumed;
    step_.need = step.need;
    step_.then = step.then;
    return step.progress;
  };
  const Progress progress = reader == nullptr ? note(registered_protocols()[protocol]->extract(burst_.payloads[index], events))
                                              : note(datagrams_.read(index, *reader));
  stats_.parsed[protocol][static_cast<std::size_t>(progress)].add(1);
  if (progress == Progress::kNotMine || progress == Progress::kMalformed) events.undo_frame();
  return progress;
}

// The port suggested `tried`, and it is not that; the content may still be another's. Returns which.
[[gnu::noinline]] std::uint8_t Extractor::read_as_other(std::uint8_t tried, std::size_t index, const Classifier& classifier, Progress& progress) {
  const std::uint8_t other = classifier.next_by_content(burst_.payloads[index], tried);
  if (other == kNoProtocol || !classifier.is_enabled(other)) return tried;
  progress = read_as(other, index);
  return other;
}

// Reads burst.payloads[index] as `protocol`, or as the one that it is in truth. Inlined where whole datagrams are read.
[[gnu::always_inline]] inline Progress Extractor::read_here(std::size_t index, const Classifier& classifier, std::uint8_t protocol) {
  if (protocol == kNoProtocol) {
    burst_.fates[index] = Fate::kForwardedNotRecognised;
    return Progress::kNotMine;
  }
  if (!classifier.is_enabled(protocol)) {
    burst_.fates[index] = Fate::kForwardedNotInspected;
    return Progress::kNotMine;
  }
  Progress progress = read_as(protocol, index);
  if (progress == Progress::kNotMine && !registered_protocols()[protocol]->keeps_its_ports) [[unlikely]]
    protocol = read_as_other(protocol, index, classifier, progress);
  burst_.protocol[index] = protocol;
  burst_.may_acknowledge |= registered_protocols()[protocol]->acknowledges != nullptr;
  burst_.fates[index] = fate_of(progress);
  if (burst_.events.overflowed()) [[unlikely]] {
    burst_.events.undo_frame();
    burst_.fates[index] = Fate::kForwardedEventLimit;
  }
  return progress;
}

Progress Extractor::read(std::size_t index, const Classifier& classifier, std::uint8_t protocol) {
  return read_here(index, classifier, protocol);
}

void Extractor::payload(std::size_t index, const Classifier& classifier) {
  const Layers& layers = burst_.layers[index];
  burst_.payloads[index] = {payload_of(burst_.frames[index], layers), layers.transport, layers.source_port, layers.destination_port,
                            Payload::Begins::kPacket};
  const std::uint8_t protocol = classifier.classify(burst_.payloads[index]);
  if (shedder_.is_shedding() && is_shed(index, classifier, protocol)) [[unlikely]] return;
  if (read_here(index, classifier, protocol) != Progress::kNeedMore) return;
  if (datagrams_.reader(burst_.protocol[index], layers.transport) != nullptr) burst_.fates[index] = datagrams_.fate_of_waiting();
}

void Extractor::segment(std::size_t index, const Classifier& classifier) {
  const Frame& frame = burst_.frames[index];
  const Layers& layers = burst_.layers[index];
  opening(index);
  const TcpHeader header = tcp_header(frame, layers);
  if ((header.flags & kTcpRst) != 0) note_reset(index);
  burst_.sequences[index] = header.sequence + ((header.flags & kTcpSyn) != 0 ? 1u : 0u);  // a SYN takes a number itself
  burst_.payloads[index] = {payload_of(frame, layers), layers.transport, layers.source_port, layers.destination_port,
                            Payload::Begins::kPacket};
  const StreamLane::Belongs belongs = lane_.takes(index);
  if (belongs == StreamLane::Belongs::kHere || layers.end == DecodeEnd::kNoPayload) return;
  if (belongs == StreamLane::Belongs::kAlone) return alone(index, classifier);
  names(index, classifier);
  // What is read of its bytes is what its receiver is to read: no octet of them goes another way (RFC 9293, 3.8.5).
  const bool is_urgent = (header.flags & kTcpUrg) != 0 && burst_.protocol[index] != kNoProtocol && lane_.may_change();
  if (is_urgent && checksums_hold(frame, layers)) [[unlikely]] clear_urgent(burst_.frames[index], layers);
}

// A payload of TCP that is not in the stream lane: part of a message that is put together, the beginning of one, or one by itself.
void Extractor::names(std::size_t index, const Classifier& classifier) {
  if (goes_on(index, classifier)) return;
  const FlowKey& flow = burst_.flow_of(index, sessions_);
  const Opening* const opened = parts_.opening(flow.forward, burst_.now_ns);
  const std::uint8_t protocol = protocol_of(index, classifier, opened);
  if (is_shared(index, classifier, protocol, opened)) {
    if (burst_.is_joined[index])
      (void)read(index, classifier, protocol);
    else if (lane_.follow(index, protocol, opened, parts_.opening(flow.reverse, burst_.now_ns)) == StreamLane::Belongs::kAlone)
      alone(index, classifier);
    return;
  }
  if (shedder_.is_shedding() && is_shed(index, classifier, protocol)) [[unlikely]] {
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
  if (burst_.fates[index] != kUnread) return;  // it overtook the beginning
  const std::size_t before = burst_.events.events().size();
  const Progress progress = read(index, classifier, protocol);
  if (burst_.events.events().size() != before && is_reply(index, classifier)) [[unlikely]] {
    burst_.events.undo_frame();
    burst_.fates[index] = Fate::kForwardedNotRecognised;
    return;
  }
  if (standing == Standing::kElsewhere) return;
  if (progress == Progress::kDone && step_.then != Then::kUnknown)
    await_next(index, classifier);
  else if (progress == Progress::kNeedMore)
    keep(index, step_.consumed);
  else if (standing == Standing::kFirst && burst_.fates[index] == Fate::kForwardedNotRecognised &&
           burst_.payloads[index].bytes.size() < kTooFewToKnow)
    keep(index, 0);
}

// A packet that was put together from its fragments.
void Extractor::whole(std::size_t index, const Classifier& classifier) {
  if (burst_.layers[index].transport != Transport::kTcp) {
    (void)read(index, classifier, classifier.classify(burst_.payloads[index]));
    return;
  }
  const std::uint8_t protocol = classifier.classify(burst_.payloads[index]);
  const bool may_be_shared = protocol != kNoProtocol && registered_protocols()[protocol]->shares_connections;
  burst_.fates[index] = kUnread;
  if (may_be_shared)
    (void)read(index, classifier, protocol);
  else
    names(index, classifier);
  lane_.pass_beside(index);
}

// A segment of a connection that the stream lane follows, but not of what it knows of its stream.
void Extractor::alone(std::size_t index, const Classifier& classifier) {
  (void)read(index, classifier, burst_.protocol[index]);
}

// Whoever opens a connection chooses the port it comes from: that says nothing.
std::uint8_t Extractor::protocol_of(std::size_t index, const Classifier& classifier, const Opening* opened) const {
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
bool Extractor::is_shared(std::size_t index, const Classifier& classifier, std::uint8_t protocol, const Opening* opened) const {
  if (protocol == kNoProtocol || !classifier.is_enabled(protocol)) return false;
  const Protocol& one = *registered_protocols()[protocol];
  if (!one.shares_connections) return false;
  const Payload& payload = burst_.payloads[index];
  if (one.keeps_its_ports || (one.recognise != nullptr && one.recognise(payload))) return true;
  const bool is_early = opened && !opened->has_begun && burst_.sequences[index] - opened->first - 1 < Opening::kMostAhead;
  return (is_early || payload.bytes.size() < kTooFewToKnow) && classifier.next_by_content(payload, protocol) == kNoProtocol;
}

// True when the segment belongs to a message that began in an earlier one.
bool Extractor::goes_on(std::size_t index, const Classifier& classifier) {
  if (parts_.size() == 0) return false;
  const std::uint64_t key = burst_.flow_of(index, sessions_).forward;
  PartialMessage* const message = parts_.find(key, burst_.now_ns);
  if (message == nullptr) return false;
  // What comes behind a message that was read is not for the copy of it that is put together once more.
  const NextMessage* const next = message->is_read ? nullptr : parts_.next(key, burst_.now_ns);
  const std::size_t size = burst_.payloads[index].bytes.size();
  if (next != nullptr && !PartialMessage::comes_before(burst_.sequences[index], size, next->sequence)) return false;
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

// A segment after a message that was let pass.
bool Extractor::follows_passed(PartialMessage& message, std::size_t index, const Classifier& classifier) {
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
bool Extractor::contradicts(PartialMessage& message, std::size_t index, const Classifier& classifier) {
  burst_.fates[index] = Fate::kForwardedNeedMore;
  if (!may_feed(index, &message)) return true;
  note_inconsistent(index);
  const bool is_put = parts_.put_other(message, burst_.sequences[index], burst_.payloads[index].bytes);
  if (!reads_whole(index, classifier) && is_put) (void)reads_otherwise(message, index, classifier);
  return true;
}

// The message as the later copies say it. True when that is one that says something: it is judged, too.
bool Extractor::reads_otherwise(const PartialMessage& message, std::size_t index, const Classifier& classifier) {
  const Payload own = burst_.payloads[index];
  const Bytes other = parts_.other(message);
  if (other.empty()) return false;
  const std::size_t before = burst_.events.events().size();
  burst_.payloads[index].bytes = other;
  const std::uint8_t protocol = classifier.classify(burst_.payloads[index]);
  if (protocol == kNoProtocol || !classifier.is_enabled(protocol)) {
    burst_.payloads[index] = own;
    return false;
  }
  const Progress progress = read(index, classifier, protocol);
  const bool is_told = progress == Progress::kDone && burst_.events.events().size() > before &&
                       registered_protocols()[burst_.protocol[index]]->spreads;
  if (is_told) {
    burst_.sequences[index] = message.sequence();
    return true;
  }
  burst_.events.undo_frame();
  burst_.payloads[index] = own;
  burst_.fates[index] = Fate::kForwardedNeedMore;
  return false;
}

void Extractor::note_inconsistent(std::size_t index) {
  stats_.inconsistent_copies.add(1);
  note_evasion(burst_, stats_, index, EvasionKind::kInconsistentCopy);
}

// Reads a segment by itself though others of its connection wait: a message that is whole in it is judged, whatever they are.
bool Extractor::reads_whole(std::size_t index, const Classifier& classifier) {
  const std::uint8_t by_content = classifier.next_by_content(burst_.payloads[index], kNoProtocol);
  const std::uint8_t by_port = classifier.by_destination(burst_.payloads[index]);
  for (const std::uint8_t protocol : {by_content, by_port}) {
    if (protocol == kNoProtocol || !classifier.is_enabled(protocol)) continue;
    const std::size_t before = burst_.events.events().size();
    // The middle of a message may look like a whole one that says nothing.
    if (read(index, classifier, protocol) == Progress::kDone && burst_.events.events().size() > before) return true;
    burst_.events.undo_frame();
    if (by_port == by_content) break;
  }
  burst_.fates[index] = Fate::kForwardedNeedMore;
  return false;
}

// False when the segment has to be read by itself, and the message is forgotten.
bool Extractor::add_to(PartialMessage& message, std::size_t index, const Classifier& classifier) {
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
  const Bytes own = burst_.payloads[index].bytes;
  const std::uint32_t own_sequence = burst_.sequences[index];
  const PartTable::Put put = parts_.put(message, own_sequence, own, burst_.now_ns);
  if (put == PartTable::Put::kTooFar) {  // its receiver will hardly take it: it ends nothing
    (void)reads_whole(index, classifier);
    return true;
  }
  const bool conflicts = put == PartTable::Put::kConflict;
  if (conflicts) note_inconsistent(index);
  const bool is_news = (conflicts || message.has_other) && parts_.put_other(message, own_sequence, own);
  if (put == PartTable::Put::kNoRoom) stats_.spread_given_up.add(1);
  const bool is_decoy = conflicts && hops_left(burst_.frames[index], burst_.layers[index]) >= message.hops + kFewerHops;
  if (put == PartTable::Put::kNoRoom || is_decoy) return forget(message, index);
  const std::uint32_t known_to = message.sequence() + static_cast<std::uint32_t>(message.bytes().size());
  const bool is_early = static_cast<std::int32_t>(own_sequence - known_to) > 0;  // something before it is still on its way
  if ((conflicts || is_early) && reads_whole(index, classifier)) return true;
  const bool is_told_otherwise = is_news && parts_.keeps_first() && reads_otherwise(message, index, classifier);
  if (is_early) return true;
  burst_.payloads[index].bytes = message.bytes();
  burst_.sequences[index] = message.sequence();
  if (reads_on(message, index, classifier) || is_told_otherwise) return true;
  burst_.payloads[index].bytes = own;
  burst_.sequences[index] = own_sequence;
  // What begins before it is not what comes in its place.
  const bool is_known = static_cast<std::int32_t>(own_sequence - message.sequence()) >= 0 &&
                        classifier.next_by_content(burst_.payloads[index], kNoProtocol) != kNoProtocol;
  if (is_known) return forget(message, index);
  if (burst_.fates[index] == Fate::kForwardedNotRecognised && message.bytes().size() < kTooFewToKnow)
    burst_.fates[index] = Fate::kForwardedNeedMore;
  else
    parts_.finish(message);
  return true;
}

// Reads what came of the message so far. False when it makes no sense together.
bool Extractor::reads_on(PartialMessage& message, std::size_t index, const Classifier& classifier) {
  std::uint8_t protocol = classifier.by_destination(burst_.payloads[index]);
  if (protocol == kNoProtocol)
    protocol = protocol_of(index, classifier, parts_.opening(burst_.flow_of(index, sessions_).forward, burst_.now_ns));
  else if (!registered_protocols()[protocol]->spreads)
    protocol = classifier.next_by_content(burst_.payloads[index], protocol);
  if (message.awaited.begins != 0) {
    read_as_awaited(index, message.awaited);
    protocol = message.awaited.protocol;
  }
  const Progress progress = read(index, classifier, protocol);
  if (burst_.fates[index] == Fate::kForwardedNotRecognised || progress == Progress::kMalformed) return false;
  if (burst_.fates[index] == Fate::kForwardedNotInspected || burst_.fates[index] == Fate::kForwardedEventLimit) return false;
  if (!registered_protocols()[burst_.protocol[index]]->spreads) {
    // What it says lies in bytes that have left: nothing of them can be changed any more.
    burst_.events.undo_frame();
    return false;
  }
  if (progress == Progress::kNeedMore) {
    parts_.skip(message, step_.consumed);
    message.awaited = {};
    return true;
  }
  if (!message.is_read) stats_.spread_read.add(1);
  if (waits_on(message, index)) return true;
  message.is_read = true;
  completed_[completed_count_++] = static_cast<std::uint16_t>(index);
  if (step_.then != Then::kUnknown) await_next(index, classifier);
  return true;
}

bool Extractor::forget(PartialMessage& message, std::size_t index) {
  parts_.finish(message);
  burst_.fates[index] = kUnread;
  return false;
}

// What of this segment waits for more: from `consumed` on.
void Extractor::keep(std::size_t index, std::uint32_t consumed) {
  const std::uint8_t protocol = burst_.protocol[index];
  if ((protocol != kNoProtocol && !registered_protocols()[protocol]->spreads) || !may_feed(index, nullptr)) return;
  begin(index, burst_.sequences[index] + consumed, consumed);
}

// A message that begins at `sequence`, of which this segment holds the bytes from `skipped` on.
void Extractor::begin(std::size_t index, std::uint32_t sequence, std::uint32_t skipped, const Awaited& awaited) {
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
Extractor::Standing Extractor::stands(std::size_t index, const Classifier& classifier, const Opening* opened) {
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
bool Extractor::carries_bytes(std::size_t index, bool goes_on) {
  const std::uint8_t flags = tcp_header(burst_.frames[index], burst_.layers[index]).flags;
  if ((flags & kTcpRst) != 0) return false;
  if ((flags & kTcpSyn) == 0) return (flags & kTcpAck) != 0;
  const Opening* const opening = parts_.opening(burst_.flow_of(index, sessions_).forward, burst_.now_ns);
  return !goes_on && opening && opening->first == burst_.sequences[index];
}

// A segment that its receiver will surely not take must not be put together with others: it was sent to mislead. It is forwarded.
bool Extractor::may_feed(std::size_t index, const PartialMessage* message) {
  const Frame& frame = burst_.frames[index];
  const Layers& layers = burst_.layers[index];
  if (frame.truncated) return false;
  if (burst_.is_joined[index]) return true;  // it has neither of its own
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
