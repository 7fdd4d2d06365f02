// SPDX-License-Identifier: Apache-2.0
#include "pipeline/worker.h"

#include <algorithm>
#include <chrono>

#include "base/cycles.h"
#include "decode/decode.h"
#include "enforce/checksum.h"
#include "enforce/connection.h"
#include "pipeline/fill_record.h"

namespace telefence {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

std::uint64_t steady_ns() {
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

// The fate of a frame that no protocol has to look at.
Fate fate_of(DecodeEnd end) {
  switch (end) {
    case DecodeEnd::kPayload: return Fate::kForwardedNotRecognised;
    case DecodeEnd::kNoPayload: return Fate::kForwardedNoPayload;
    case DecodeEnd::kFragment: return Fate::kForwardedFragment;
    case DecodeEnd::kUnknownLink: return Fate::kForwardedUnknownLink;
    case DecodeEnd::kUnknownTransport: return Fate::kForwardedUnknownTransport;
    case DecodeEnd::kBadHeader: return Fate::kForwardedBadHeader;
  }
  return Fate::kForwardedBadHeader;
}

Fate fate_of(Progress progress) {
  switch (progress) {
    case Progress::kDone: return Fate::kForwardedInspected;
    case Progress::kNeedMore: return Fate::kForwardedNeedMore;
    case Progress::kNotMine: return Fate::kForwardedNotRecognised;
    case Progress::kMalformed: return Fate::kForwardedMalformed;
  }
  return Fate::kForwardedMalformed;
}

bool leaves(Fate fate) {
  return fate <= Fate::kForwardedNotInspected || fate == Fate::kTagged || fate == Fate::kNeutralised ||
         fate == Fate::kRestated;
}

Payload payload_view(const Frame& frame, const Layers& layers) {
  return {payload_of(frame, layers), layers.transport, layers.source_port, layers.destination_port};
}

}  // namespace

Worker::Worker(std::uint16_t id, const WorkerShared& shared, std::vector<Link> links, FramePool& pool,
               RecordRing* records, EventObserver* observer)
    : id_(id),
      shared_(shared),
      links_(std::move(links)),
      pool_(pool),
      records_(records),
      observer_(observer),
      supply_(pool),
      sessions_(shared.secret) {
  for (std::size_t i = 0; i < links_.size(); ++i) {
    const auto other_way = std::find_if(links_.begin(), links_.end(), [&](const Link& other) {
      return other.in == links_[i].in || (other.in == links_[i].out && other.out == links_[i].in);
    });
    links_[i].wire = static_cast<std::uint16_t>(other_way - links_.begin());
  }
  shared_.readers->online(id_);
}

Worker::~Worker() { shared_.readers->offline(id_); }

bool Worker::finished() const {
  return std::all_of(links_.begin(), links_.end(), [](const Link& link) { return link.in->finished(); });
}

std::size_t Worker::run_once() {
  std::size_t received = 0;
  for (Link& link : links_) received += run_burst(link);
  if (links_.empty()) shared_.readers->quiesce(id_);
  return received;
}

// The way of a packet.
std::size_t Worker::run_burst(Link& link) {
  receive(link);
  const std::size_t received = burst_.count + waiting_count_;
  for (; burst_.count != 0; next_part()) {
    begin_part();
    const MatchSet& set = shared_.sets->read();
    const LivePolicy& live = shared_.policy->read();
    decode_frames();
    extract(live.classifier);
    shared_.normaliser->normalise(burst_.events.events(), burst_.keys);
    end_stage(Stage::kNormalise);
    set.match(burst_.keys, scratch_, burst_.hits);
    end_stage(Stage::kMatch);
    live.policy.decide(burst_.events.events(), burst_.keys, burst_.hits.hits(), set,
                       static_cast<std::int64_t>(burst_.frames[0].time_ns / kSecond),
                       {burst_.verdicts.get(), EventList::kMaxEvents});
    end_stage(Stage::kDecide);
    prepare(link);
    begin_records(set);
    enforce(live);
    observe();
    transmit(link);
    record(live);
  }
  shared_.readers->quiesce(id_);
  return received;
}

void Worker::end_stage(Stage stage) {
  const std::uint64_t now = cycles();
  stats_.cycles[static_cast<std::size_t>(stage)].add(now - stage_start_);
  stage_start_ = now;
}

void Worker::receive(Link& link) {
  stage_start_ = cycles();
  burst_.count = link.in->receive(burst_.frames);
  if (burst_.count == 0) return;  // an idle poll is nobody's cost
  std::uint64_t bytes = 0;
  for (Frame& frame : burst_.received()) {
    frame.wire = link.wire;
    bytes += frame.length;
  }
  stats_.received.add(burst_.count);
  stats_.received_bytes.add(bytes);
  // Jumbo frames are judged in parts: see EventList::kBurstBytes.
  if (bytes <= EventList::kBurstBytes) [[likely]] return;
  waiting_count_ = burst_.count;
  waiting_ = burst_.frames;
  next_part();
}

// Takes as many of the waiting frames as one burst may hold.
void Worker::next_part() {
  burst_.count = 0;
  if (waiting_count_ == 0) [[likely]] return;
  std::size_t bytes = 0;
  std::size_t taken = 0;
  for (; taken < waiting_count_; ++taken) {
    bytes += waiting_[taken].length;
    if (taken != 0 && bytes > EventList::kBurstBytes) break;
    burst_.frames[burst_.count++] = waiting_[taken];
  }
  waiting_count_ -= taken;
  std::copy_n(waiting_.begin() + static_cast<std::ptrdiff_t>(taken), waiting_count_, waiting_.begin());
}

void Worker::begin_part() {
  burst_.clear();
  burst_.started_ns = steady_ns();
  burst_.now_ns = clock_.advance(burst_.frames[burst_.count - 1].time_ns);
  stats_.bursts.add(1);
  end_stage(Stage::kReceive);
}

void Worker::decode_frames() {
  for (std::size_t i = 0; i < burst_.count; ++i) {
    burst_.layers[i] = decode(burst_.frames[i]);
    burst_.fates[i] = fate_of(burst_.layers[i].end);
    burst_.protocol[i] = kNoProtocol;
  }
  end_stage(Stage::kDecode);
}

// True for a segment on a connection that we closed. One that opens the connection anew, or repeats the refused message (its
// sender has not seen our answer, and gets it again), goes the ordinary way.
bool Worker::is_late(std::size_t index) {
  const Frame& frame = burst_.frames[index];
  const Layers& layers = burst_.layers[index];
  if (layers.transport != Transport::kTcp || !sessions_.any_closed(burst_.now_ns)) return false;
  const Closed closed = sessions_.closed(frame, layers, burst_.now_ns);
  if (closed == Closed::kNo || closed == Closed::kJudgedAgain) return false;
  burst_.fates[index] = Fate::kDroppedDeadConnection;
  burst_.late[burst_.late_count++] = {static_cast<std::uint16_t>(index), closed == Closed::kFromSender};
  return true;
}

// A new connection on the ends of one that awaits refusals starts its numbers again.
void Worker::forget_pending(std::size_t index) {
  const Layers& layers = burst_.layers[index];
  if (layers.transport != Transport::kTcp || !sessions_.any_pending(burst_.now_ns)) return;
  if ((tcp_header(burst_.frames[index], layers).flags & (kTcpSyn | kTcpAck)) == kTcpSyn)
    sessions_.forget_responses(sessions_.key_of(burst_.frames[index], layers), burst_.now_ns);
}

void Worker::extract(const Classifier& classifier) {
  for (std::size_t i = 0; i < burst_.count; ++i) {
    const DecodeEnd end = burst_.layers[i].end;
    if (end != DecodeEnd::kPayload && end != DecodeEnd::kNoPayload) continue;
    if (is_late(i)) continue;
    if (end == DecodeEnd::kPayload)
      extract_frame(i, classifier);
    else
      forget_pending(i);
  }
  end_stage(Stage::kExtract);
}

Progress Worker::extract_as(std::uint8_t protocol, const Payload& payload, std::size_t index) {
  EventList& events = burst_.events;
  events.begin_frame(static_cast<std::uint16_t>(index), protocol);
  const Step step = registered_protocols()[protocol]->extract(payload, events);
  stats_.parsed[protocol][static_cast<std::size_t>(step.progress)].add(1);
  if (step.progress == Progress::kNotMine || step.progress == Progress::kMalformed) events.undo_frame();
  return step.progress;
}

void Worker::extract_frame(std::size_t index, const Classifier& classifier) {
  const Payload payload = payload_view(burst_.frames[index], burst_.layers[index]);
  std::uint8_t protocol = classifier.classify(payload);
  if (protocol == kNoProtocol) return;
  if (!classifier.is_enabled(protocol)) {
    burst_.fates[index] = Fate::kForwardedNotInspected;
    return;
  }
  Progress progress = extract_as(protocol, payload, index);
  if (progress == Progress::kNotMine && !registered_protocols()[protocol]->keeps_its_ports) {
    // The port suggested one protocol; the content may still be another's.
    const std::uint8_t other = classifier.next_by_content(payload, protocol);
    if (other != kNoProtocol && classifier.is_enabled(other)) {
      protocol = other;
      progress = extract_as(protocol, payload, index);
    }
  }
  burst_.protocol[index] = protocol;
  burst_.fates[index] = fate_of(progress);
  if (burst_.events.overflowed()) [[unlikely]] {
    burst_.events.undo_frame();
    burst_.fates[index] = Fate::kForwardedEventLimit;
  }
}

// What actions and records need to know of each event beside its verdict.
void Worker::prepare(const Link& link) {
  const auto events = burst_.events.events();
  std::uint16_t ordinal = 0;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const Event& event = events[i];
    Verdict& verdict = burst_.verdicts[i];
    const bool same_message =
        i != 0 && events[i - 1].frame == event.frame && events[i - 1].message.offset == event.message.offset;
    ordinal = same_message ? static_cast<std::uint16_t>(ordinal + 1) : std::uint16_t{0};
    // Only interceptions are remembered: one cache line for each of them, none for the innocent rest.
    burst_.first_sight[i] = !(verdict.recorded() || observer_ != nullptr) ||
                            sessions_.first_sight(burst_.frames[event.frame], burst_.layers[event.frame],
                                                  {event.message, ordinal}, burst_.now_ns);
    burst_.event_fates[i] = burst_.fates[event.frame];
    burst_.refusal_codes[i] = 0;
    // A mirror sees copies: nothing can be taken off a wire that it is not in.
    if (verdict.enforced() && link.out == nullptr) verdict.reason = Reason::kMonitor;
    // This one's response is its own, whatever was refused under its number before.
    if (!verdict.enforced() && sessions_.any_pending(burst_.now_ns) && registered_protocols()[event.protocol]->restate != nullptr)
      sessions_.forget_response(sessions_.key_of(burst_.frames[event.frame], burst_.layers[event.frame]),
                                event.session_number, burst_.now_ns);
  }
}

void Worker::enforce(const LivePolicy& live) {
  const std::size_t count = burst_.events.events().size();
  Replies replies(burst_.replies, burst_.reply_goes_back, supply_);
  for (std::size_t i = 0; i < count; ++i)
    if (burst_.verdicts[i].enforced()) enforce_event(i, live, replies);
  if (burst_.closed_from < burst_.count || burst_.late_count != 0) drop_late_segments(replies);
  burst_.reply_count = replies.used();
  if (!burst_.events.responses().empty()) restate_responses();
  absorb_acknowledgements(live);
  count_verdicts();
  end_stage(Stage::kEnforce);
}

// Segments behind a refused message, of this burst or a later one.
void Worker::drop_late_segments(Replies& replies) {
  for (std::size_t i = burst_.closed_from; i < burst_.count; ++i)
    if (leaves(burst_.fates[i])) (void)is_late(i);
  for (const LateSegment& late : std::span(burst_.late).first(burst_.late_count))
    answer_late_segment(burst_.frames[late.frame], burst_.layers[late.frame], late.from_sender, replies);
}

void Worker::enforce_event(std::size_t index, const LivePolicy& live, Replies& replies) {
  const Event& event = burst_.events.events()[index];
  Frame& frame = burst_.frames[event.frame];
  const Layers& layers = burst_.layers[event.frame];
  const Verdict& verdict = burst_.verdicts[index];
  Fate& fate = burst_.fates[event.frame];
  if (!leaves(fate)) {  // an earlier message of the same packet has already taken it off the wire
    burst_.event_fates[index] = fate;
    return;
  }
  const Action& action = *registered_actions()[verdict.action];
  const bool is_first = index == 0 || burst_.events.events()[index - 1].frame != event.frame;
  ActionInput input{frame,        layers, *registered_protocols()[event.protocol],
                    event,        verdict, live.enforce,
                    live.enforce.terms[event.protocol], replies, is_first};
  Fate done = Fate::kForwardedTruncated;
  if (!frame.truncated) {
    const bool closes = action.closes_connection && layers.transport == Transport::kTcp;
    done = closes && !transport_checksum_holds(frame, layers) ? Fate::kForwardedBadChecksum : action.apply(input);
  }
  burst_.event_fates[index] = done;
  if (leaves(done) && done <= Fate::kForwardedNotInspected) {
    stats_.failed[event.protocol][verdict.action].add(1);
    // What was done for another message of this packet still holds.
    if (fate <= Fate::kForwardedNotInspected) fate = done;
    return;
  }
  if (burst_.first_sight[index]) stats_.actions[event.protocol][verdict.action].add(1);
  if (fate != Fate::kNeutralised || action.takes_frame) fate = done;
  remember(event, action, live, index);
}

void Worker::remember(const Event& event, const Action& action, const LivePolicy& live, std::size_t index) {
  const Frame& frame = burst_.frames[event.frame];
  const Layers& layers = burst_.layers[event.frame];
  const Fate done = burst_.event_fates[index];
  if (layers.transport == Transport::kTcp && (done == Fate::kAnswered || done == Fate::kReset)) {
    sessions_.close(frame, layers, burst_.now_ns);
    burst_.closed_from = std::min<std::size_t>(burst_.closed_from, event.frame);
  }
  if (!action.expects_response) return;
  const EnforceOptions::Codes& codes = live.enforce.codes[event.protocol];
  const Cause cause = burst_.verdicts[index].cause;
  const std::uint32_t code = cause == Cause::kContent   ? codes.content
                             : cause == Cause::kCalling ? codes.calling
                                                        : codes.called;
  burst_.refusal_codes[index] = code;
  sessions_.expect_response(sessions_.key_of(frame, layers), event.session_number, code, !burst_.first_sight[index],
                            burst_.now_ns);
}

void Worker::restate_responses() {
  if (!sessions_.any_pending(burst_.now_ns)) return;
  for (const Response& response : burst_.events.responses()) {
    Frame& frame = burst_.frames[response.frame];
    const Layers& layers = burst_.layers[response.frame];
    const Protocol& protocol = *registered_protocols()[response.protocol];
    if (protocol.restate == nullptr || frame.truncated || layers.transport != Transport::kTcp) continue;
    const std::uint32_t sequence = tcp_header(frame, layers).sequence + response.message.offset;
    const std::uint32_t* code =
        sessions_.refusal_for(sessions_.key_of(frame, layers), response.session_number, sequence, burst_.now_ns);
    if (code == nullptr) continue;
    const ChecksumKeeper keeper(frame, layers, response.message);
    if (!protocol.restate(*code, payload_of(frame, layers).subspan(response.message.offset, response.message.length)))
      continue;
    keeper.correct(frame);
    Fate& fate = burst_.fates[response.frame];
    if (fate <= Fate::kForwardedNotInspected) fate = Fate::kRestated;
  }
}

void Worker::absorb_acknowledgements(const LivePolicy& live) {
  for (std::size_t i = 0; i < burst_.count; ++i) {
    if (burst_.fates[i] != Fate::kForwardedInspected) continue;
    const std::uint8_t protocol = burst_.protocol[i];
    const auto acknowledges = registered_protocols()[protocol]->acknowledges;
    if (acknowledges == nullptr) continue;
    if (acknowledges(payload_view(burst_.frames[i], burst_.layers[i]), live.enforce.terms[protocol]))
      burst_.fates[i] = Fate::kAbsorbed;
  }
}

void Worker::count_verdicts() {
  const auto events = burst_.events.events();
  for (std::size_t i = 0; i < events.size(); ++i) {
    const std::uint8_t protocol = events[i].protocol;
    const Verdict& verdict = burst_.verdicts[i];
    if (!burst_.first_sight[i]) {
      stats_.repeats[protocol].add(1);
      continue;
    }
    stats_.messages[protocol].add(1);
    stats_.verdicts[protocol][static_cast<std::size_t>(verdict.reason)].add(1);
    if (verdict.recorded()) stats_.categories[static_cast<std::size_t>(verdict.category)].add(1);
    const auto* visit = std::get_if<UrlVisit>(&events[i].what);
    if (visit != nullptr && visit->encrypted_hello) stats_.encrypted_hellos.add(1);
  }
  stats_.limits_reached.set(burst_.keys.dropped() + burst_.hits.dropped());
  stats_.sessions_evicted.set(sessions_.evicted());
}

// Before the actions: what neutralise voids is still as it was sent.
void Worker::begin_records(const MatchSet& set) {
  if (records_ == nullptr) return;
  const auto events = burst_.events.events();
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (!burst_.verdicts[i].recorded() || !burst_.first_sight[i]) continue;
    Record* slot = records_->claim(burst_.record_count);
    if (slot == nullptr) continue;
    const std::size_t frame = events[i].frame;
    fill_record(burst_, i, set.rule(burst_.verdicts[i].rule),
                sessions_.key_of(burst_.frames[frame], burst_.layers[frame]).both, set.version(), *slot);
    burst_.record_events[burst_.record_count++] = static_cast<std::uint16_t>(i);
  }
}

void Worker::observe() {
  const auto events = burst_.events.events();
  for (std::size_t i = 0; observer_ != nullptr && i < events.size(); ++i)
    observer_->on_event(burst_.frames[events[i].frame], burst_.layers[events[i].frame], events[i], burst_.verdicts[i],
                        burst_.first_sight[i]);
}

// After transmit, when it is known what became of each packet.
void Worker::record(const LivePolicy& live) {
  const auto events = burst_.events.events();
  if (burst_.record_count != 0) {
    const std::uint64_t now_ns = steady_ns();
    for (std::size_t slot = 0; slot < burst_.record_count; ++slot) {
      const std::size_t i = burst_.record_events[slot];
      Record& record = records_->claimed(slot);
      finish_record(burst_, i, now_ns, record);
      const ActionId action = burst_.verdicts[i].action;
      const bool answers = action < registered_actions().size() && registered_actions()[action]->name == "answer";
      record.answer = answers ? live.enforce.terms[events[i].protocol].answer : Record::kNoAnswer;
    }
    records_->commit(burst_.record_count);
  }
  end_stage(Stage::kRecord);
}

void Worker::transmit(Link& link) {
  std::array<Frame, Burst::kFrames> leaving;
  std::array<std::uint16_t, Burst::kFrames> index;
  std::array<Frame, Burst::kFrames> staying;
  std::size_t leaving_count = 0;
  std::size_t staying_count = 0;
  for (std::size_t i = 0; i < burst_.count; ++i) {
    if (link.out == nullptr) burst_.fates[i] = Fate::kMirrorReleased;
    if (leaves(burst_.fates[i])) {
      index[leaving_count] = static_cast<std::uint16_t>(i);
      leaving[leaving_count++] = burst_.frames[i];
    } else {
      staying[staying_count++] = burst_.frames[i];
    }
  }
  const std::size_t sent = leaving_count == 0 ? 0 : link.out->transmit({leaving.data(), leaving_count});
  for (std::size_t i = sent; i < leaving_count; ++i) burst_.fates[index[i]] = Fate::kDroppedTransmitFull;
  if (sent < leaving_count) pool_.release({leaving.data() + sent, leaving_count - sent});
  if (staying_count != 0) pool_.release({staying.data(), staying_count});
  for (std::size_t i = 0; i < burst_.count; ++i) stats_.fates[static_cast<std::size_t>(burst_.fates[i])].add(1);
  if (burst_.reply_count != 0) send_replies(link);
  end_stage(Stage::kTransmit);
}

void Worker::send_replies(Link& link) {
  for (const bool back : {true, false}) {
    std::array<Frame, Burst::kReplies> batch;
    std::size_t count = 0;
    for (std::size_t i = 0; i < burst_.reply_count; ++i)
      if (burst_.reply_goes_back[i] == back) batch[count++] = burst_.replies[i];
    if (count == 0) continue;
    Queue* queue = back ? link.in : link.out;
    const std::size_t sent = queue->transmit({batch.data(), count});
    stats_.replies_sent.add(sent);
    stats_.replies_lost.add(count - sent);
    if (sent < count) pool_.release({batch.data() + sent, count - sent});
  }
}

}  // namespace telefence
