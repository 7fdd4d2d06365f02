// SPDX-License-Identifier: Apache-2.0
#include "pipeline/worker.h"

#include <algorithm>
#include <chrono>

#include "base/cycles.h"
#include "decode/decode.h"
#include "enforce/checksum.h"
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
      sessions_(shared.secret) {
  shared_.readers->online(id_);
}

Worker::~Worker() { shared_.readers->offline(id_); }

bool Worker::finished() const {
  return std::all_of(links_.begin(), links_.end(), [](const Link& link) { return link.in->finished(); });
}

std::size_t Worker::run_once() {
  std::size_t received = 0;
  for (Link& link : links_) {
    run_burst(link);
    received += burst_.count;
  }
  if (links_.empty()) shared_.readers->quiesce(id_);
  return received;
}

// The way of a packet.
void Worker::run_burst(Link& link) {
  receive(link);
  if (burst_.count != 0) {
    const MatchSet& set = shared_.sets->read();
    const LivePolicy& live = shared_.policy->read();
    decode_frames();
    extract();
    shared_.normaliser->normalise(burst_.events.events(), burst_.keys);
    end_stage(Stage::kNormalise);
    set.match(burst_.keys, scratch_, burst_.hits);
    end_stage(Stage::kMatch);
    live.policy.decide(burst_.events.events(), burst_.keys, burst_.hits.hits(), set,
                       static_cast<std::int64_t>(burst_.frames[0].time_ns / kSecond),
                       {burst_.verdicts.get(), EventList::kMaxEvents});
    end_stage(Stage::kDecide);
    enforce(link, live, set);
    record(live);
    transmit(link);
  }
  shared_.readers->quiesce(id_);
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
  burst_.clear();
  burst_.started_ns = steady_ns();
  std::uint64_t bytes = 0;
  for (const Frame& frame : burst_.received()) bytes += frame.length;
  stats_.received.add(burst_.count);
  stats_.received_bytes.add(bytes);
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

bool Worker::belongs_to_closed(std::size_t index) {
  const Frame& frame = burst_.frames[index];
  const Layers& layers = burst_.layers[index];
  if (layers.transport != Transport::kTcp || !sessions_.any_closed(frame.time_ns)) return false;
  const FlowKey flow = sessions_.key_of(frame, layers);
  if (!sessions_.is_closed(flow, frame.time_ns)) return false;
  if ((tcp_header(frame, layers).flags & (kTcpSyn | kTcpAck)) == kTcpSyn) {
    sessions_.reopen(flow, frame.time_ns);  // the ports are used for a new connection
    return false;
  }
  return true;
}

void Worker::extract() {
  for (std::size_t i = 0; i < burst_.count; ++i) {
    const DecodeEnd end = burst_.layers[i].end;
    if (end != DecodeEnd::kPayload && end != DecodeEnd::kNoPayload) continue;
    if (belongs_to_closed(i))
      burst_.fates[i] = Fate::kDroppedDeadConnection;
    else if (end == DecodeEnd::kPayload)
      extract_frame(i);
  }
  end_stage(Stage::kExtract);
}

void Worker::extract_frame(std::size_t index) {
  const Payload payload = payload_view(burst_.frames[index], burst_.layers[index]);
  EventList& events = burst_.events;
  std::uint8_t protocol = shared_.classifier->classify(payload);
  if (protocol == kNoProtocol) return;
  const auto run = [&](std::uint8_t which) {
    events.begin_frame(static_cast<std::uint16_t>(index), which);
    const Step step = registered_protocols()[which]->extract(payload, events);
    stats_.parsed[which][static_cast<std::size_t>(step.progress)].add(1);
    if (step.progress == Progress::kNotMine || step.progress == Progress::kMalformed) events.undo_frame();
    return step.progress;
  };
  Progress progress = run(protocol);
  if (progress == Progress::kNotMine) {
    // The port suggested one protocol; the content may still be another's.
    const std::uint8_t other = shared_.classifier->next_by_content(payload, protocol);
    if (other != kNoProtocol) {
      protocol = other;
      progress = run(protocol);
    }
  }
  burst_.protocol[index] = protocol;
  burst_.fates[index] = fate_of(progress);
  if (events.overflowed()) [[unlikely]] {
    events.undo_frame();
    burst_.fates[index] = Fate::kForwardedEventLimit;
  }
}

void Worker::enforce(const Link& link, const LivePolicy& live, const MatchSet& set) {
  const auto events = burst_.events.events();
  std::size_t blocked = 0;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const std::size_t frame = events[i].frame;
    Verdict& verdict = burst_.verdicts[i];
    // Only interceptions are remembered: one cache line for each of them, none for the innocent rest.
    burst_.first_sight[i] =
        !(verdict.recorded() || observer_ != nullptr) ||
        sessions_.first_sight(burst_.frames[frame], burst_.layers[frame], events[i].message);
    burst_.event_fates[i] = burst_.fates[frame];
    burst_.refusal_codes[i] = 0;
    // A mirror sees copies: nothing can be taken off a wire that it is not in.
    if (verdict.enforced() && link.out == nullptr) verdict.reason = Reason::kMonitor;
    if (verdict.enforced()) ++blocked;
  }
  if (records_ != nullptr) begin_records(set);
  if (blocked != 0) {
    lend_replies(4 * blocked);
    Replies replies({burst_.replies.data(), burst_.reply_count}, burst_.reply_goes_back);
    for (std::size_t i = 0; i < events.size(); ++i)
      if (burst_.verdicts[i].enforced()) enforce_event(i, live, replies);
    pool_.release({burst_.replies.data() + replies.used(), burst_.reply_count - replies.used()});
    burst_.reply_count = replies.used();
  }
  if (!burst_.events.responses().empty()) restate_responses();
  if (link.out != nullptr) absorb_acknowledgements(live);
  count_verdicts();
  end_stage(Stage::kEnforce);
}

// Takes spare frames from the pool; fewer when it runs low, and then some actions fail and say so.
void Worker::lend_replies(std::size_t wanted) {
  const std::size_t most = std::min(wanted, Burst::kReplies);
  while (burst_.reply_count < most && pool_.take(burst_.replies[burst_.reply_count])) ++burst_.reply_count;
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
  const Protocol& protocol = *registered_protocols()[event.protocol];
  const Action& action = *registered_actions()[verdict.action];
  ActionInput input{frame,  layers,       protocol,
                    event,  verdict,      live.enforce,
                    live.enforce.terms[event.protocol], replies};
  const Fate done = frame.truncated ? Fate::kForwardedActionFailed : action.apply(input);
  burst_.event_fates[index] = done;
  const bool failed = done == Fate::kForwardedActionFailed;
  if (failed) {
    stats_.failed[event.protocol][verdict.action].add(1);
    // What was done for another message of this packet still holds.
    if (fate <= Fate::kForwardedNotInspected) fate = frame.truncated ? Fate::kForwardedTruncated : done;
    return;
  }
  if (burst_.first_sight[index]) stats_.actions[event.protocol][verdict.action].add(1);
  if (fate != Fate::kNeutralised || action.takes_frame) fate = done;
  remember(event, action, live, index);
}

void Worker::remember(const Event& event, const Action& action, const LivePolicy& live, std::size_t index) {
  const Frame& frame = burst_.frames[event.frame];
  const Layers& layers = burst_.layers[event.frame];
  if (action.closes_connection && layers.transport == Transport::kTcp)
    sessions_.close(sessions_.key_of(frame, layers), frame.time_ns);
  if (!action.expects_response) return;
  const EnforceOptions::Codes& codes = live.enforce.codes[event.protocol];
  const Cause cause = burst_.verdicts[index].cause;
  const std::uint32_t code = cause == Cause::kContent   ? codes.content
                             : cause == Cause::kCalling ? codes.calling
                                                        : codes.called;
  burst_.refusal_codes[index] = code;
  sessions_.expect_response(sessions_.key_of(frame, layers), event.session_number, code, frame.time_ns);
}

void Worker::restate_responses() {
  for (const Response& response : burst_.events.responses()) {
    Frame& frame = burst_.frames[response.frame];
    const Layers& layers = burst_.layers[response.frame];
    const Protocol& protocol = *registered_protocols()[response.protocol];
    if (protocol.restate == nullptr || frame.truncated) continue;
    const std::uint32_t* code =
        sessions_.refusal_for(sessions_.key_of(frame, layers), response.session_number, frame.time_ns);
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
  }
  stats_.limits_reached.set(burst_.keys.dropped() + burst_.hits.dropped());
  stats_.sessions_evicted.set(sessions_.evicted());
}

// Before the actions: what neutralise voids is still as it was sent.
void Worker::begin_records(const MatchSet& set) {
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

void Worker::record(const LivePolicy& live) {
  const auto events = burst_.events.events();
  for (std::size_t i = 0; observer_ != nullptr && i < events.size(); ++i)
    observer_->on_event(burst_.frames[events[i].frame], burst_.layers[events[i].frame], events[i], burst_.verdicts[i],
                        burst_.first_sight[i]);
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
