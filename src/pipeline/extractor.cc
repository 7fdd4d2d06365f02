// SPDX-License-Identifier: Apache-2.0
#include "pipeline/extractor.h"

#include "enforce/checksum.h"

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

// A segment sent with so many hops fewer than the first one of its message will not reach whom that one reached: evaders send
// such for filters alone to see. Routes of one connection seldom differ by more than two.
constexpr int kFewerHops = 4;

// The first bytes of a connection may be so few that no protocol shows yet: a segment may hold a single one.
constexpr std::size_t kTooFewToKnow = 64;

}  // namespace

Extractor::Extractor(Burst& burst, SessionTable& sessions, WorkerStats& stats, StreamLane& lane, const PartOptions& options)
    : burst_(burst), sessions_(sessions), stats_(stats), lane_(lane), parts_(options) {}

void Extractor::run(const Classifier& classifier) {
  lane_.read_expired();
  for (std::size_t i = 0; i < burst_.count; ++i) {
    const DecodeEnd end = burst_.layers[i].end;
    if (end != DecodeEnd::kPayload && end != DecodeEnd::kNoPayload) continue;
    if (note_if_late(burst_, i, sessions_)) continue;
    if (burst_.layers[i].transport == Transport::kTcp)
      segment(i, classifier);
    else if (end == DecodeEnd::kPayload)
      payload(i, classifier);
  }
}

void Extractor::end_of_burst() {
  parts_.end_of_burst();
  stats_.spread_evicted.set(parts_.evicted());
}

// A connection is opened: what is remembered of the one before on these ends is of no use any more.
void Extractor::opening(std::size_t index) {
  const TcpHeader header = tcp_header(burst_.frames[index], burst_.layers[index]);
  if ((header.flags & kTcpSyn) == 0 || !checksums_hold(burst_.frames[index], burst_.layers[index])) return;
  const FlowKey& flow = burst_.flow_of(index, sessions_);
  if ((header.flags & kTcpAck) != 0) {
    parts_.note_opening(flow.forward, header.sequence + 1, burst_.now_ns);
    return lane_.reopen(index, parts_.opening(flow.reverse, burst_.now_ns));
  }
  if (sessions_.any_pending(burst_.now_ns)) sessions_.forget_responses(flow, burst_.now_ns);
  if (PartialMessage* const stale = parts_.find(flow.forward, burst_.now_ns)) parts_.finish(*stale);
  parts_.note_opening(flow.forward, header.sequence + 1, burst_.now_ns);
}

void Extractor::payload(std::size_t index, const Classifier& classifier) {
  const Layers& layers = burst_.layers[index];
  burst_.payloads[index] = {payload_of(burst_.frames[index], layers), layers.transport, layers.source_port, layers.destination_port,
                            Payload::Begins::kPacket};
  Step step;
  (void)read(index, classifier, classifier.classify(burst_.payloads[index]), step);
}

void Extractor::segment(std::size_t index, const Classifier& classifier) {
  const Frame& frame = burst_.frames[index];
  const Layers& layers = burst_.layers[index];
  opening(index);
  burst_.sequences[index] = tcp_header(frame, layers).sequence;
  burst_.payloads[index] = {payload_of(frame, layers), layers.transport, layers.source_port, layers.destination_port,
                            Payload::Begins::kPacket};
  const StreamLane::Belongs belongs = lane_.takes(index);
  if (belongs == StreamLane::Belongs::kHere || layers.end == DecodeEnd::kNoPayload) return;
  if (belongs == StreamLane::Belongs::kAlone) return payload(index, classifier);
  if (goes_on(index, classifier)) return;
  const std::uint8_t protocol = classifier.classify(burst_.payloads[index]);
  if (is_shared(index, classifier, protocol)) {
    const FlowKey& flow = burst_.flow_of(index, sessions_);
    const StreamLane::Opening opening{parts_.opening(flow.forward, burst_.now_ns), parts_.opening(flow.reverse, burst_.now_ns)};
    if (lane_.follow(index, protocol, opening) == StreamLane::Belongs::kAlone) payload(index, classifier);
    return;
  }
  const bool begins = begins_connection(index);
  if (burst_.fates[index] == Fate::kForwardedNeedMore) return;  // it overtook the beginning
  Step step;
  const Progress progress = read(index, classifier, protocol, step);
  if (progress == Progress::kNeedMore)
    keep(index, step.consumed);
  else if (begins && burst_.fates[index] == Fate::kForwardedNotRecognised && burst_.payloads[index].bytes.size() < kTooFewToKnow)
    keep(index, 0);
}

// True when the segment carries messages of a protocol whose connections are shared. By its port alone only when the protocol has
// the port for itself, or when the bytes are so few that they may be anybody's.
bool Extractor::is_shared(std::size_t index, const Classifier& classifier, std::uint8_t protocol) const {
  if (protocol == kNoProtocol || !classifier.is_enabled(protocol)) return false;
  const Protocol& one = *registered_protocols()[protocol];
  if (!one.shares_connections) return false;
  const Payload& payload = burst_.payloads[index];
  if (one.keeps_its_ports || (one.recognise != nullptr && one.recognise(payload))) return true;
  return payload.bytes.size() < kTooFewToKnow && classifier.next_by_content(payload, protocol) == kNoProtocol;
}

// Reads burst.payloads[index] as `protocol`, or as the one that it is in truth.
Progress Extractor::read(std::size_t index, const Classifier& classifier, std::uint8_t protocol, Step& step) {
  const Payload& payload = burst_.payloads[index];
  if (protocol == kNoProtocol) {
    burst_.fates[index] = Fate::kForwardedNotRecognised;
    return Progress::kNotMine;
  }
  if (!classifier.is_enabled(protocol)) {
    burst_.fates[index] = Fate::kForwardedNotInspected;
    return Progress::kNotMine;
  }
  step = read_as(protocol, index);
  if (step.progress == Progress::kNotMine && !registered_protocols()[protocol]->keeps_its_ports) {
    // The port suggested one protocol; the content may still be another's.
    const std::uint8_t other = classifier.next_by_content(payload, protocol);
    if (other != kNoProtocol && classifier.is_enabled(other)) {
      protocol = other;
      step = read_as(protocol, index);
    }
  }
  burst_.protocol[index] = protocol;
  burst_.fates[index] = fate_of(step.progress);
  if (burst_.events.overflowed()) [[unlikely]] {
    burst_.events.undo_frame();
    burst_.fates[index] = Fate::kForwardedEventLimit;
  }
  return step.progress;
}

Step Extractor::read_as(std::uint8_t protocol, std::size_t index) {
  EventList& events = burst_.events;
  events.begin_frame(static_cast<std::uint16_t>(index), protocol);
  const Step step = registered_protocols()[protocol]->extract(burst_.payloads[index], events);
  stats_.parsed[protocol][static_cast<std::size_t>(step.progress)].add(1);
  if (step.progress == Progress::kNotMine || step.progress == Progress::kMalformed) events.undo_frame();
  return step;
}

// True when the segment belongs to a message that began in an earlier one.
bool Extractor::goes_on(std::size_t index, const Classifier& classifier) {
  if (parts_.size() == 0) return false;
  PartialMessage* const message = parts_.find(burst_.flow_of(index, sessions_).forward, burst_.now_ns);
  if (message == nullptr) return false;
  add_to(*message, index, classifier);
  return true;
}

void Extractor::add_to(PartialMessage& message, std::size_t index, const Classifier& classifier) {
  burst_.fates[index] = Fate::kForwardedNeedMore;
  if (!may_feed(index, &message)) return;
  const PartTable::Put put = parts_.put(message, burst_.sequences[index], burst_.payloads[index].bytes, burst_.now_ns);
  if (put == PartTable::Put::kConflict) stats_.inconsistent_copies.add(1);
  if (put == PartTable::Put::kNoRoom) {
    stats_.spread_given_up.add(1);
    return parts_.finish(message);
  }
  if (message.bytes().empty()) return;  // its beginning is still on its way
  burst_.payloads[index].bytes = message.bytes();
  burst_.sequences[index] = message.sequence();
  Step step;
  const Progress progress = read(index, classifier, classifier.classify(burst_.payloads[index]), step);
  const bool is_unknown = burst_.fates[index] == Fate::kForwardedNotRecognised && message.bytes().size() < kTooFewToKnow;
  if (is_unknown) burst_.fates[index] = Fate::kForwardedNeedMore;
  const bool waits = progress == Progress::kNeedMore && registered_protocols()[burst_.protocol[index]]->spreads;
  if (waits) return parts_.skip(message, step.consumed);
  if (is_unknown) return;
  if (progress == Progress::kDone) stats_.spread_read.add(1);
  parts_.finish(message);
}

// What of this segment waits for more: from `consumed` on.
void Extractor::keep(std::size_t index, std::uint32_t consumed) {
  const std::uint8_t protocol = burst_.protocol[index];
  if ((protocol != kNoProtocol && !registered_protocols()[protocol]->spreads) || !may_feed(index, nullptr)) return;
  begin(index, burst_.sequences[index] + consumed, consumed);
}

// A message that begins at `sequence`, of which this segment holds the bytes from `skipped` on.
void Extractor::begin(std::size_t index, std::uint32_t sequence, std::uint32_t skipped) {
  PartialMessage& message = parts_.begin(burst_.flow_of(index, sessions_).forward, sequence, burst_.now_ns);
  message.hops = hops_left(burst_.frames[index], burst_.layers[index]);
  stats_.spread_begun.add(1);
  burst_.fates[index] = Fate::kForwardedNeedMore;
  const Bytes bytes = burst_.payloads[index].bytes.subspan(skipped);
  if (parts_.put(message, burst_.sequences[index] + skipped, bytes, burst_.now_ns) == PartTable::Put::kTaken) return;
  stats_.spread_given_up.add(1);
  parts_.finish(message);
}

// True for the first bytes of a connection that was opened a moment ago. Bytes behind them that came before them are kept until
// those come: they get their fate here.
bool Extractor::begins_connection(std::size_t index) {
  const std::uint64_t key = burst_.flow_of(index, sessions_).forward;
  const std::optional<std::uint32_t> first = parts_.opening(key, burst_.now_ns);
  if (!first) return false;
  const std::uint32_t ahead = burst_.sequences[index] - *first;
  constexpr std::uint32_t kMostAhead = 16 * 1024;
  const bool is_early = ahead != 0 && ahead <= kMostAhead;
  if (is_early && may_feed(index, nullptr)) begin(index, *first, 0);
  if (!is_early) parts_.forget_opening(key, burst_.now_ns);
  return ahead == 0;
}

// A segment that its receiver will never take must not be put together with others: it was sent to mislead. It is forwarded.
bool Extractor::may_feed(std::size_t index, const PartialMessage* message) {
  const Frame& frame = burst_.frames[index];
  const Layers& layers = burst_.layers[index];
  if (frame.truncated) return false;
  if (!checksums_hold(frame, layers)) {
    burst_.fates[index] = Fate::kForwardedBadChecksum;
    return false;
  }
  if (message != nullptr && hops_left(frame, layers) + kFewerHops <= message->hops) {
    burst_.fates[index] = Fate::kForwardedFewHops;
    return false;
  }
  return true;
}

}  // namespace telefence
