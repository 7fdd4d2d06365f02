// SPDX-License-Identifier: Apache-2.0
#include "pipeline/extractor.h"

#include "base/octet_search.h"
#include "base/uncleared.h"
#include "enforce/checksum.h"
#include "enforce/segment.h"

namespace telefence {
namespace {

// Whether events may come of it.
bool is_told(std::uint8_t protocol, const Classifier& classifier) { return protocol != kNoProtocol && classifier.is_enabled(protocol); }

}  // namespace

Extractor::Extractor(Burst& burst, SessionTable& sessions, DatagramFlows& datagrams, WorkerStats& stats, StreamLane& lane,
                     Shedder& shedder, FramePool& pool, const PartOptions& options, const FragmentOptions& fragments)
    : burst_(burst), sessions_(sessions), lane_(lane), shedder_(shedder), reader_(burst, datagrams, stats, shedder),
      names_(burst, sessions, stats, lane, shedder, reader_, options), fragments_(burst, sessions, stats, lane, pool, fragments) {}

// Returns the flags.
[[gnu::always_inline]] inline std::uint8_t Extractor::note_header(std::size_t index) {
  const TcpHeader header = tcp_header(burst_.frames[index], burst_.layers[index]);
  if ((header.flags & kTcpSyn) != 0) names_.opening(index);
  if ((header.flags & kTcpRst) != 0) names_.note_reset(index);
  burst_.sequences[index] = header.sequence + ((header.flags & kTcpSyn) != 0 ? 1u : 0u);  // a SYN takes a number itself
  return header.flags;
}

void Extractor::run(const Classifier& classifier) {
  if (!burst_.is_copy) lane_.read_expired();  // nothing in line is judged as copies are
  if (burst_.has_tcp) prefetch();
  if (burst_.any_turned_away)
    visit_unlike(burst_.is_turned_away.data(), burst_.count, true, [&](std::size_t i) { frame(i, classifier); });
  else
    for (std::size_t i = 0; i < burst_.count; ++i) frame(i, classifier);
}

[[gnu::always_inline]] inline void Extractor::frame(std::size_t index, const Classifier& classifier) {
  const DecodeEnd end = burst_.layers[index].end;
  if (end == DecodeEnd::kPayload && burst_.layers[index].transport == Transport::kUdp) return reader_.datagram(index, classifier);
  if (end == DecodeEnd::kFragment) fragment(index, classifier);
  if (end != DecodeEnd::kPayload && end != DecodeEnd::kNoPayload) return;
  if (burst_.layers[index].transport != Transport::kTcp) return;
  if (may_be_late_[index] && note_if_late(burst_, index, sessions_)) return;
  segment(index, classifier);
}

// What is known of the connections of this burst: each look-up is a miss by itself, and several together are hardly more than one.
void Extractor::prefetch() {
  const bool any_closed = !burst_.is_copy && sessions_.any_closed(burst_.now_ns);
  may_be_late_.fill(false);
  for (std::size_t i = 0; any_closed && i < burst_.count; ++i)
    if (burst_.layers[i].transport == Transport::kTcp) sessions_.prefetch_closed(burst_.flow_of(i, sessions_));
  lane_.prefetch();
  names_.prefetch();
  if (any_closed) prefetch_closed();
}

// Of the few segments whose connection may be over.
void Extractor::prefetch_closed() {
  Uncleared<std::uint16_t, Burst::kFrames> late;
  std::size_t count = 0;
  for (std::size_t i = 0; i < burst_.count; ++i) {
    if (burst_.layers[i].transport != Transport::kTcp) continue;
    may_be_late_[i] = sessions_.may_be_closed(burst_.flow_of(i, sessions_), burst_.now_ns);
    if (may_be_late_[i]) late[count++] = static_cast<std::uint16_t>(i);
  }
  for (const std::uint16_t i : late.first(count)) sessions_.prefetch_closed_rest(burst_.flow_of(i, sessions_));
}

void Extractor::fragment(std::size_t index, const Classifier& classifier) {
  if (!fragments_.is_read(index)) return;
  if (shedder_.sheds(ShedCause::kFragments)) [[unlikely]]
    burst_.fates[index] = shedder_.shed(ShedCause::kFragments);
  else if (fragments_.join(index, classifier))
    joined(index, classifier);
}

void Extractor::joined(std::size_t index, const Classifier& classifier) {
  const Fragments::Told before = fragments_.told_before();
  whole(index, classifier);
  fragments_.note_told(before);
}

void Extractor::segment(std::size_t index, const Classifier& classifier) {
  const Frame& frame = burst_.frames[index];
  const Layers& layers = burst_.layers[index];
  const std::uint8_t flags = note_header(index);
  burst_.payloads[index] = {payload_of(frame, layers), layers.transport, layers.source_port, layers.destination_port,
                            Payload::Begins::kPacket};
  const StreamLane::Belongs belongs = lane_.takes(index);
  if (belongs == StreamLane::Belongs::kHere || layers.end == DecodeEnd::kNoPayload) return;
  if (belongs == StreamLane::Belongs::kAlone) return alone(index, classifier);
  names_.take(index, classifier);
  // What is read of its bytes is what its receiver is to read: no octet of them goes another way (RFC 9293, 3.8.5).
  const bool is_urgent = (flags & kTcpUrg) != 0 && burst_.protocol[index] != kNoProtocol && burst_.may_change && !layers.is_sealed();
  if (is_urgent && checksums_hold(frame, layers)) [[unlikely]] clear_urgent(burst_.frames[index], layers);
}

// A packet that was put together from its fragments.
void Extractor::whole(std::size_t index, const Classifier& classifier) {
  if (burst_.layers[index].transport != Transport::kTcp) {
    const std::uint8_t protocol = classifier.classify(burst_.payloads[index]);
    if (!is_told(protocol, classifier) || fragments_.is_admitted(index)) (void)reader_.read(index, classifier, protocol);
    return;
  }
  // Of a segment whose parts go nowhere all goes on, whatever it is.
  const bool is_absorbed = burst_.fates[index] == Fate::kDroppedCopy;
  if (is_absorbed && fragments_.replace(index)) return;
  if (note_if_late(burst_, index, sessions_)) return;
  const std::uint8_t flags = note_header(index);
  if (burst_.payloads[index].bytes.empty()) return;
  const bool has_bytes = (flags & (kTcpSyn | kTcpRst)) == 0 && (flags & kTcpAck) != 0;
  if (has_bytes && goes_on_uncut(index, classifier)) return;
  const std::uint8_t protocol = classifier.classify(burst_.payloads[index]);
  if (is_told(protocol, classifier) && !fragments_.is_admitted(index)) return;
  const bool may_be_shared = protocol != kNoProtocol && registered_protocols()[protocol]->shares_connections;
  burst_.fates[index] = PayloadReader::kUnread;
  if (may_be_shared)
    (void)reader_.read(index, classifier, protocol);
  else
    names_.take(index, classifier);
  lane_.pass_beside(index);
}

// A segment of a connection that many share can only wait, and be changed, when it leaves as one of its own. Only where the rest of the
// connection is seen, too: what another worker has would be waited for in vain.
bool Extractor::goes_on_uncut(std::size_t index, const Classifier& classifier) {
  if (!burst_.may_change || burst_.layers[index].is_sealed()) return false;
  if (!lane_.knows(burst_.flow_of(index, sessions_), burst_.layers[index]) && !names_.begins_shared(index, classifier)) return false;
  return fragments_.replace(index);
}

// A segment of a connection that the stream lane follows, but not of what it knows of its stream.
void Extractor::alone(std::size_t index, const Classifier& classifier) {
  (void)reader_.read(index, classifier, burst_.protocol[index]);
}

void Extractor::end_of_burst() {
  names_.end_of_burst();
  fragments_.end_of_burst();
}

}  // namespace telefence
