// SPDX-License-Identifier: Apache-2.0
#include "pipeline/enforcer.h"

#include <algorithm>
#include <charconv>

#include "decode/decode.h"
#include "enforce/checksum.h"
#include "enforce/connection.h"
#include "enforce/outer.h"
#include "pipeline/evasions.h"

namespace telefence {
namespace {

// Of one sender in one burst.
constexpr std::int32_t kMostUnderWay = 1 << 20;

// Takes a copied frame out of the tunnel that a switch sent it in. True when there was none, too.
bool unwrap(Frame& frame, Layers& layers) {
  const std::uint32_t before = bytes_before_copy(frame, layers);
  if (before == 0) return true;
  frame.data += before;
  frame.length -= before;
  frame.headroom = static_cast<std::uint16_t>(frame.headroom + before);
  decode(frame, layers);
  return layers.end == DecodeEnd::kPayload;
}

}  // namespace

void Enforcer::foresee() {
  hit_event_count_ = 0;
  for (const Hit& hit : burst_.hits.hits())
    if (hit_event_count_ == 0 || hit_events_[hit_event_count_ - 1] != hit.event) hit_events_[hit_event_count_++] = hit.event;
  foreseen_ = std::min(hit_event_count_, sight_keys_.size());
  for (std::size_t i = 0; i < foreseen_; ++i) {
    sight_keys_[i] = sight_key(hit_events_[i]);
    sessions_.prefetch_sight(sight_keys_[i]);
  }
}

void Enforcer::prepare(bool sees_all, const LivePolicy& live) {
  std::fill_n(burst_.first_sight.get(), burst_.events.events().size(), true);
  sees_all_ = sees_all;
  only_hits_matter_ = !needs_all_events(sees_all);
  if (only_hits_matter_) [[likely]]
    prepare_hits();
  else
    prepare_all(sees_all, live);
}

// False when nothing can be remarkable about an event but what hit it: nearly always, and 19 of 20 messages cost nothing here.
bool Enforcer::needs_all_events(bool sees_all) const {
  return sees_all || burst_.events.has_ambiguous() || burst_.has_condemned || (!burst_.is_copy && sessions_.any_pending(burst_.now_ns));
}

// Only interceptions are remembered: one cache line for each of them, none for the innocent rest.
void Enforcer::prepare_hits() {
  for (std::size_t i = 0; i < hit_event_count_; ++i) {
    const std::uint16_t index = hit_events_[i];
    if (burst_.verdicts[index].recorded())
      burst_.first_sight[index] = sessions_.first_sight(i < foreseen_ ? sight_keys_[i] : sight_key(index), burst_.now_ns);
    prepare_event(index);
  }
}

// While something is pending, each request and each response is looked for.
void Enforcer::prefetch_pending() {
  if (burst_.is_copy || !sessions_.any_pending(burst_.now_ns)) return;
  for (const Event& event : burst_.events.events()) {
    if (registered_protocols()[event.protocol]->restate == nullptr) continue;
    const FlowKey& flow = burst_.flow_of(event.frame, sessions_);
    sessions_.prefetch_response(flow.reverse, flow.both, event.session_number, burst_.now_ns);
  }
  for (const Response& response : burst_.events.responses()) {
    const FlowKey& flow = burst_.flow_of(response.frame, sessions_);
    sessions_.prefetch_response(flow.forward, flow.both, response.session_number, burst_.now_ns);
  }
}

void Enforcer::prepare_all(bool sees_all, const LivePolicy& live) {
  prefetch_pending();
  const auto events = burst_.events.events();
  for (std::size_t i = 0; i < events.size(); ++i) {
    const Event& event = events[i];
    const std::size_t frame = event.frame;
    Verdict& verdict = burst_.verdicts[i];
    if (const auto* const visit = std::get_if<UrlVisit>(&event.what); visit != nullptr && visit->is_ambiguous)
      note_evasion(burst_, stats_, frame, EvasionKind::kAmbiguousHost);
    if (verdict.recorded() || sees_all) burst_.first_sight[i] = sessions_.first_sight(sight_key(i), burst_.now_ns);
    const bool was_condemned = Burst::is_stream(frame) && event.message.offset < burst_.reading(frame).condemned;
    if (was_condemned) {
      // It was judged and refused before it was whole; by what number its response is known may have come only now.
      burst_.first_sight[i] = false;
      if (verdict.enforced())
        sessions_.expect_response(burst_.flow_of(frame, sessions_), event.session_number, refusal_code(i, live), true, burst_.now_ns);
      verdict.reason = Reason::kNoHit;
    }
    prepare_event(i);
    // This one's response is its own, whatever was refused under its number before.
    if (!burst_.is_copy && !verdict.enforced() && !was_condemned && sessions_.any_pending(burst_.now_ns) &&
        registered_protocols()[event.protocol]->restate != nullptr)
      sessions_.forget_response(burst_.flow_of(frame, sessions_), event.session_number, burst_.now_ns);
  }
}

// What is to be known of an event with a verdict.
void Enforcer::prepare_event(std::size_t index) {
  Verdict& verdict = burst_.verdicts[index];
  burst_.refusal_codes[index] = 0;
  if (!verdict.enforced()) return;
  if (repeats_refusal(index)) burst_.first_sight[index] = false;
  // Of a copy: nothing can be taken off a wire that it is not in.
  if (burst_.is_copy && !may_be_answered(index)) verdict.reason = Reason::kMonitor;
}

[[gnu::always_inline]] inline MessageIdentity Enforcer::identity_of(std::size_t index) const {
  const auto events = burst_.events.events();
  const Event& event = events[index];
  std::size_t first = index;  // of the events of this message
  while (first != 0 && events[first - 1].frame == event.frame && events[first - 1].message.offset == event.message.offset) --first;
  const auto ordinal = static_cast<std::uint16_t>(index - first);
  const auto* const visit = std::get_if<UrlVisit>(&event.what);
  // Each copy is sealed anew, so its bytes differ: it is known by the name on the same flow.
  if (visit != nullptr && !visit->connection.empty())
    return {{0, static_cast<std::uint32_t>(visit->host.size())}, ordinal, as_bytes(visit->host), 0};
  return {event.message, ordinal, burst_.payloads[event.frame].bytes, burst_.sequences[event.frame]};
}

std::uint64_t Enforcer::sight_key(std::size_t index) {
  const std::size_t frame = burst_.events.events()[index].frame;
  return sessions_.sight_key(burst_.flow_of(frame, sessions_), burst_.layers[frame].transport, identity_of(index));
}

// True for a message on a connection that ends, or has ended, with a refusal: the same bytes cut otherwise, or what stands behind
// them. Its sender is told the same, but it is no further interception.
bool Enforcer::repeats_refusal(std::size_t index) {
  const Event& event = burst_.events.events()[index];
  if (Burst::is_stream(event.frame)) return false;
  if (burst_.layers[event.frame].transport != Transport::kTcp) return datagrams_.was_refused(event);
  if (burst_.repeats_refused[event.frame]) return true;
  const Action& action = *registered_actions()[burst_.verdicts[index].action];
  if (!action.takes_frame || registered_protocols()[event.protocol]->shares_connections) return false;
  const std::uint64_t flow = burst_.flow_of(event.frame, sessions_).both;
  const auto refused = std::span(burst_.ending_flows).first(burst_.ending_count);
  if (std::find(refused.begin(), refused.end(), flow) != refused.end()) return true;
  if (burst_.ending_count < burst_.ending_flows.size()) burst_.ending_flows[burst_.ending_count++] = flow;
  return false;
}

void Enforcer::run(const LivePolicy& live) {
  Replies replies(burst_.replies, burst_.reply_goes_back, supply_, &ways_);
  if (burst_.is_copy)
    act_on_copies(live, replies);
  else
    act(live, replies);
  burst_.reply_count = replies.used();
  supply_.give_rest_back();
  if (!burst_.is_copy) absorb_acknowledgements(live);
  count_verdicts();
}

void Enforcer::act_on_copies(const LivePolicy& live, Replies& replies) {
  if (burst_.may_answer) answer_copies(live, replies);
  lane_.settle(replies, live);
}

// This and what follows up to act() is one loop over what is blocked.
[[gnu::always_inline]] inline Fate Enforcer::carry_out(std::size_t index, const LivePolicy& live, Replies& replies) {
  const Event& event = burst_.events.events()[index];
  Frame& frame = burst_.frames[event.frame];
  const Layers& layers = burst_.layers[event.frame];
  const Action& action = *registered_actions()[burst_.verdicts[index].action];
  if (Burst::is_stream(event.frame)) return lane_.apply(event, action, burst_.verdicts[index]);
  if (frame.truncated) return Fate::kForwardedTruncated;
  // Where packets are signed, none that was changed arrives, nor what its connection sends after it.
  if (layers.is_sealed() && !action.takes_frame) return Fate::kForwardedActionFailed;
  // Parts of two packets under one identification, the first of which never became whole: no receiver takes what is made of both, and its
  // sender is told nothing. Where parts contradict each other the receiver may have made a sound one of others, and gets none.
  if (burst_.is_joined[event.frame] && !segment_checksum_holds(frame, layers, burst_.joined[event.frame])) {
    note_evasion(burst_, stats_, event.frame, EvasionKind::kBadChecksum);
    return action.takes_frame && burst_.is_contradictory[event.frame] ? Fate::kDroppedByVerdict : Fate::kForwardedBadChecksum;
  }
  if (burst_.any_rebuilt && burst_.is_rebuilt[event.frame]) [[unlikely]] return apply_in_parts(index, live, replies);
  return apply(index, frame, layers, live, replies, may_turn());
}

// Whether a frame that is answered may be changed: it is in line, is all that came of its packet, and nobody is told of it afterwards.
bool Enforcer::may_turn() const {
  return !burst_.is_copy && !burst_.is_made && !burst_.any_joined && !burst_.any_rebuilt && burst_.evasion_count == 0 && !sees_all_;
}

[[gnu::always_inline]] inline void Enforcer::remember(std::size_t index, const LivePolicy& live) {
  const Event& event = burst_.events.events()[index];
  const Frame& frame = burst_.frames[event.frame];
  const Layers& layers = burst_.layers[event.frame];
  const Fate done = burst_.event_fates[index];
  const bool ends = done == Fate::kAnswered || done == Fate::kReset || done == Fate::kDroppedByVerdict;
  const bool is_odd = burst_.any_rebuilt && !Burst::is_stream(event.frame) && burst_.is_rebuilt[event.frame] && burst_.is_contradictory[event.frame];
  if (layers.transport == Transport::kTcp && ends && !is_odd) {
    const Ending ending = done == Fate::kAnswered ? Ending::kAnswered : done == Fate::kReset ? Ending::kReset : Ending::kDropped;
    const auto count = static_cast<std::uint32_t>(burst_.payloads[event.frame].bytes.size());
    sessions_.close(burst_.flow_of(event.frame, sessions_),
                    {burst_.sequences[event.frame], count, tcp_header(frame, layers).acknowledgement, ending}, burst_.now_ns);
    if (burst_.closing_count < burst_.closings.size())
      burst_.closings[burst_.closing_count++] = {burst_.flow_of(event.frame, sessions_).both, event.frame};
  }
  if (layers.transport == Transport::kUdp && ends) datagrams_.refuse(event);
  // Where others of its recipients get it, the response is theirs.
  if (done != Fate::kNeutralised || burst_.verdicts[index].only_recipients) return;
  const std::uint32_t code = refusal_code(index, live);
  burst_.refusal_codes[index] = code;
  sessions_.expect_response(burst_.flow_of(event.frame, sessions_), event.session_number, code, !burst_.first_sight[index],
                            burst_.now_ns);
}

[[gnu::always_inline]] inline void Enforcer::event(std::size_t index, const LivePolicy& live, Replies& replies) {
  const Event& event = burst_.events.events()[index];
  Fate& fate = burst_.fates[event.frame];
  if (!leaves(fate)) {  // an earlier message of the same packet has already taken it off the wire
    burst_.event_fates[index] = fate;
    return;
  }
  const ActionId action = burst_.verdicts[index].action;
  const Fate done = carry_out(index, live, replies);
  burst_.event_fates[index] = done;
  if (is_forwarded(done)) {
    stats_.failed[event.protocol][action].add(1);
    // What was done for another message of this packet still holds.
    if (is_forwarded(fate)) fate = done;
    return;
  }
  if (burst_.first_sight[index]) stats_.actions[event.protocol][action].add(1);
  if (fate != Fate::kNeutralised || registered_actions()[action]->takes_frame) fate = done;
  remember(index, live);
}

void Enforcer::act(const LivePolicy& live, Replies& replies) {
  for (const std::uint16_t i : hit_events())
    if (burst_.verdicts[i].enforced()) event(i, live, replies);
  if (burst_.closing_count != 0 || burst_.late_count != 0 || burst_.has_repeats) drop_late_segments(replies);
  datagrams_.drop_refused();
  restate_responses();
  supply_.give_rest_back();  // the lane takes from the pool itself, too
  lane_.settle(replies, live);
}

const TunnelHeaders* Enforcer::Ways::find(const Frame& judged, const Layers& layers) {
  if (is_unwrapped_ || !returns_.takes_part(layers, burst_.now_ns)) return nullptr;
  const TunnelHeaders* const headers = returns_.find(judged, layers, burst_.now_ns);
  if (headers == nullptr && layers.tunnels != 0) stats_.returns_missing.add(1);
  return headers;
}

// False for a segment that came before the one for which its connection ends in this burst.
bool Enforcer::may_be_late(std::size_t index) {
  bool ends_later = false;
  for (const Burst::Closing& one : std::span(burst_.closings).first(burst_.closing_count)) {
    if (one.flow != burst_.flow_of(index, sessions_).both) continue;
    if (one.frame <= index) return true;
    ends_later = true;
  }
  return !ends_later;
}

// Segments behind a refused message, of this burst or a later one.
void Enforcer::drop_late_segments(Replies& replies) {
  std::size_t first = burst_.count;
  for (const Burst::Closing& one : std::span(burst_.closings).first(burst_.closing_count)) first = std::min<std::size_t>(first, one.frame);
  for (std::size_t i = first; i < burst_.count; ++i) {
    if (!leaves(burst_.fates[i]) || burst_.held[i] || burst_.repeats_refused[i] || burst_.layers[i].transport != Transport::kTcp) continue;
    if (!may_be_late(i) || note_if_late(burst_, i, sessions_)) continue;
    // A copy in the same burst: what its sender is told is on the way.
    if (burst_.repeats_refused[i]) burst_.fates[i] = Fate::kDroppedDeadConnection;
  }
  drop_unread_repeats(burst_);
  for (const LateSegment& late : std::span(burst_.late).first(burst_.late_count))
    if (late.answer != LateSegment::Answer::kNone)
      answer_late_segment(burst_.frames[late.frame], burst_.layers[late.frame],
                          late.answer == LateSegment::Answer::kAcknowledge, replies);
}

// For a segment, or a message in a tunnel, whose packet came in fragments: the whole of it can be kept back and answered; what is changed where it
// stands has to be in the part that is here.
Fate Enforcer::apply_in_parts(std::size_t index, const LivePolicy& live, Replies& replies) {
  const std::size_t place = burst_.events.events()[index].frame;
  const Action& action = *registered_actions()[burst_.verdicts[index].action];
  if (!action.takes_frame) return apply(index, burst_.as_came[place], decode(burst_.as_came[place]), live, replies);
  // As in carry_out(): nobody is told of what no receiver takes, but the one that contradictory parts make elsewhere must not arrive.
  if (!burst_.is_joined[place] && !checksums_hold(burst_.frames[place], burst_.layers[place])) {
    note_evasion(burst_, stats_, place, EvasionKind::kBadChecksum);
    return burst_.is_contradictory[place] ? Fate::kDroppedByVerdict : Fate::kForwardedBadChecksum;
  }
  const bool stalls_others = burst_.layers[place].transport == Transport::kTcp &&
                             registered_protocols()[burst_.events.events()[index].protocol]->shares_connections;
  if (stalls_others) return Fate::kForwardedActionFailed;
  return apply(index, burst_.frames[place], burst_.layers[place], live, replies);
}

// frame, layers: of the event's frame, or of that without the tunnel that its copy came in.
Fate Enforcer::apply(std::size_t index, Frame& frame, const Layers& layers, const LivePolicy& live, Replies& replies, bool may_turn) {
  const auto events = burst_.events.events();
  const Event& event = events[index];
  const Action& action = *registered_actions()[burst_.verdicts[index].action];
  const bool closes = action.takes_frame && layers.transport == Transport::kTcp;
  if (closes && !checksums_hold(frame, layers)) {
    note_evasion(burst_, stats_, event.frame, EvasionKind::kBadChecksum);
    return Fate::kForwardedBadChecksum;
  }
  std::size_t first = index;  // of its frame; several events may be of one message
  while (first != 0 && events[first - 1].frame == event.frame) --first;
  const bool is_first = events[first].message.offset == event.message.offset;
  ActionInput input{frame, layers, burst_.payloads[event.frame], *registered_protocols()[event.protocol], event,
                    burst_.verdicts[index], live.enforce, live.enforce.terms[event.protocol], replies, is_first, may_turn, false,
                    datagrams_.reader(event.protocol, layers.transport)};
  const Fate done = action.apply(input);
  if (input.is_turned) burst_.is_turned[event.frame] = burst_.any_turned = true;
  return done;
}

// A copy whose message a quick answer can refuse.
bool Enforcer::may_be_answered(std::size_t index) const {
  const Event& event = burst_.events.events()[index];
  if (!burst_.may_answer || Burst::is_stream(event.frame)) return false;
  return registered_protocols()[event.protocol]->first_answer_counts &&
         registered_actions()[burst_.verdicts[index].action]->works_on_copies;
}

void Enforcer::answer_copies(const LivePolicy& live, Replies& replies) {
  const auto events = burst_.events.events();
  for (const std::uint16_t i : hit_events()) {
    if (!burst_.verdicts[i].enforced()) continue;
    Fate& fate = burst_.fates[events[i].frame];
    if (leaves(fate)) fate = answer_copy(i, live, replies);
    burst_.event_fates[i] = fate;
  }
  replies.set_receiver_expects(std::nullopt);
  if (copies_.any_reset(burst_.now_ns)) reset_further(replies);
}

// kAnswered or kReset: done. What is sent belongs where the packet itself is, so not into the tunnel that its copy came in.
Fate Enforcer::answer_copy(std::size_t index, const LivePolicy& live, Replies& replies) {
  const Event& event = burst_.events.events()[index];
  const FlowKey& flow = burst_.flow_of(event.frame, sessions_);
  Frame frame = burst_.frames[event.frame];
  Layers layers = burst_.layers[event.frame];
  const bool is_tcp = layers.transport == Transport::kTcp;
  const std::uint64_t identity = is_tcp ? burst_.sequences[event.frame] : copies_.identity(burst_.payloads[event.frame].bytes);
  if (copies_.is_second_copy(flow, identity, burst_.now_ns)) return burst_.fates[event.frame];
  const ActionId action = burst_.verdicts[index].action;
  const std::size_t made = replies.used();
  Fate done = Fate::kForwardedActionFailed;
  if (unwrap(frame, layers) && !frame.truncated) {
    ways_.set_unwrapped(frame.data != burst_.frames[event.frame].data);
    if (is_tcp) replies.set_receiver_expects(receiver_expects(event.frame));
    done = apply(index, frame, layers, live, replies);
    ways_.set_unwrapped(false);
  }
  // Where the sender can't be told, nothing was kept from anybody; but the receiver's end of the connection may be gone.
  if (!is_forwarded(done) && replies.used() == made) done = Fate::kForwardedActionFailed;
  if (is_forwarded(done)) {
    stats_.failed[event.protocol][action].add(1);
    return done;
  }
  if (burst_.first_sight[index]) stats_.actions[event.protocol][action].add(1);
  copies_.note(flow, identity, burst_.now_ns);
  if (is_tcp)
    copies_.note_reset(flow, {*replies.receiver_expects(), tcp_header(frame, layers).acknowledgement, done != Fate::kAnswered}, burst_.now_ns);
  return done == Fate::kAnswered ? Fate::kAnswered : Fate::kReset;
}

// What was under way when the first resets left: without these it would make them stale.
void Enforcer::reset_further(Replies& replies) {
  for (std::size_t i = 0; i < burst_.count; ++i) {
    const bool is_judged = !leaves(burst_.fates[i]);
    if (is_judged || burst_.layers[i].transport != Transport::kTcp || burst_.frames[i].truncated) continue;
    Frame frame = burst_.frames[i];
    Layers layers = burst_.layers[i];
    const TcpHeader header = tcp_header(frame, layers);
    if ((header.flags & kTcpSyn) == 0 && layers.payload_length == 0) continue;
    const FlowKey& flow = burst_.flow_of(i, sessions_);
    // What nobody takes must not use up the resets.
    if (!copies_.may_be_reset(flow, burst_.now_ns) || !checksums_hold(frame, layers)) continue;
    const auto expects = copies_.further_reset(flow, header, layers, burst_.now_ns);
    if (!expects || !unwrap(frame, layers)) continue;
    replies.set_receiver_expects(expects);
    reset_receiver(frame, layers, replies);
  }
}

// What the receiver of a copied segment will expect once it has all that is known to have gone to it.
std::uint32_t Enforcer::receiver_expects(std::size_t judged) {
  const auto ahead = [](std::uint32_t from, std::uint32_t to) { return static_cast<std::int32_t>(to - from); };
  const std::uint64_t flow = burst_.flow_of(judged, sessions_).forward;
  const TcpHeader header = tcp_header(burst_.frames[judged], burst_.layers[judged]);
  std::uint32_t next = sequence_after(header, burst_.layers[judged]);
  const std::uint32_t message_end = burst_.sequences[judged] + static_cast<std::uint32_t>(burst_.payloads[judged].bytes.size());
  if (ahead(next, message_end) > 0) next = message_end;
  for (std::size_t i = judged + 1; i < burst_.count; ++i) {
    const Layers& layers = burst_.layers[i];
    if (layers.transport != Transport::kTcp || burst_.flow_of(i, sessions_).forward != flow) continue;
    const TcpHeader later = tcp_header(burst_.frames[i], layers);
    if ((later.flags & kTcpSyn) != 0) break;  // the ports are used for a new connection
    if (!checksums_hold(burst_.frames[i], layers)) continue;
    const std::uint32_t after = sequence_after(later, layers);
    if (ahead(next, after) > 0 && ahead(next, after) < kMostUnderWay) next = after;
  }
  return next;
}

// What the sender of a neutralised message is told in the response: the protocol's code for the reason, or, where it has answers of
// its own, the one that is configured.
std::uint32_t Enforcer::refusal_code(std::size_t index, const LivePolicy& live) const {
  const std::uint8_t protocol = burst_.events.events()[index].protocol;
  const auto answers = registered_protocols()[protocol]->answers;
  if (!answers.empty()) {
    const std::string_view word = answers[live.enforce.terms[protocol].answer];
    std::uint32_t code = 0;
    (void)std::from_chars(word.data(), word.data() + word.size(), code);
    return code;
  }
  const EnforceOptions::Codes& codes = live.enforce.codes[protocol];
  switch (burst_.verdicts[index].cause) {
    case Cause::kContent: return codes.content;
    case Cause::kCalling: return codes.calling;
    case Cause::kCalled: return codes.called;
  }
  return codes.content;
}

bool Enforcer::restate(const Response& response, std::uint32_t code) {
  if (Burst::is_stream(response.frame)) return lane_.restate(response, code);
  Frame& frame = burst_.frames[response.frame];
  const Layers& layers = burst_.layers[response.frame];
  if (std::uint64_t{response.message.offset} + response.message.length > layers.payload_length) return false;
  const ChecksumKeeper keeper(frame, layers, response.message);
  const MutableBytes message = payload_of(frame, layers).subspan(response.message.offset, response.message.length);
  if (!registered_protocols()[response.protocol]->restate(code, message)) return false;
  keeper.correct(frame);
  return true;
}

void Enforcer::restate_responses() {
  if (burst_.events.responses().empty() || !sessions_.any_pending(burst_.now_ns)) return;
  for (const Response& response : burst_.events.responses()) {
    const Frame& frame = burst_.frames[response.frame];
    const Layers& layers = burst_.layers[response.frame];
    const Protocol& protocol = *registered_protocols()[response.protocol];
    if (response.is_request) {
      sessions_.forget_response(burst_.flow_of(response.frame, sessions_), response.session_number, burst_.now_ns);
      continue;
    }
    const bool is_in_parts = !Burst::is_stream(response.frame) && burst_.is_rebuilt[response.frame];
    if (protocol.restate == nullptr || frame.truncated || layers.transport != Transport::kTcp || is_in_parts) continue;
    const std::uint32_t sequence = burst_.sequences[response.frame] + response.message.offset;
    const std::uint32_t* code = sessions_.refusal_for(burst_.flow_of(response.frame, sessions_), response.session_number,
                                                      sequence, burst_.now_ns);
    if (code == nullptr || !restate(response, *code)) continue;
    Fate& fate = burst_.fates[response.frame];
    if (is_forwarded(fate)) fate = Fate::kRestated;
  }
}

void Enforcer::absorb_acknowledgements(const LivePolicy& live) {
  for (std::size_t i = 0; burst_.any_may_acknowledge && i < burst_.count; ++i) {
    if (!burst_.may_acknowledge[i] || burst_.fates[i] != Fate::kForwardedInspected || burst_.layers[i].transport != Transport::kUdp) continue;
    const std::uint8_t protocol = burst_.protocol[i];
    const auto acknowledges = registered_protocols()[protocol]->acknowledges;
    if (acknowledges != nullptr && acknowledges(burst_.payloads[i], live.enforce.terms[protocol]))
      burst_.fates[i] = Fate::kAbsorbed;
  }
}

// Counters are in memory, and a second addition to one waits for the first: what is alike is counted beforehand.
void Enforcer::count_verdicts() {
  const auto events = burst_.events.events();
  std::array<std::uint32_t, kMaxProtocols> innocent{};  // by protocol
  if (only_hits_matter_) {
    for (const Event& event : events) ++innocent[event.protocol];
    for (const std::uint16_t index : hit_events()) {
      --innocent[events[index].protocol];
      count_event(index, innocent);
    }
  } else {
    for (std::size_t i = 0; i < events.size(); ++i) count_event(i, innocent);
  }
  for (std::size_t protocol = 0; protocol < registered_protocols().size(); ++protocol) {
    if (innocent[protocol] == 0) continue;
    stats_.messages[protocol].add(innocent[protocol]);
    stats_.verdicts[protocol][static_cast<std::size_t>(Reason::kNoHit)].add(innocent[protocol]);
  }
  for (std::size_t i = 0; burst_.events.has_encrypted() && i < events.size(); ++i) {
    const auto* const visit = std::get_if<UrlVisit>(&events[i].what);
    if (visit != nullptr && visit->encrypted_hello && burst_.first_sight[i]) stats_.encrypted_hellos.add(1);
  }
  stats_.limits_reached.set(burst_.keys.dropped() + burst_.hits.dropped());
  stats_.sessions_evicted.set(sessions_.evicted());
}

void Enforcer::count_event(std::size_t index, std::span<std::uint32_t> innocent) {
  const Event& event = burst_.events.events()[index];
  const Verdict& verdict = burst_.verdicts[index];
  if (!burst_.first_sight[index]) {
    stats_.repeats[event.protocol].add(1);
    return;
  }
  if (verdict.reason == Reason::kNoHit) {
    ++innocent[event.protocol];
    return;
  }
  stats_.messages[event.protocol].add(1);
  stats_.verdicts[event.protocol][static_cast<std::size_t>(verdict.reason)].add(1);
  if (verdict.recorded()) stats_.categories[static_cast<std::size_t>(verdict.category)].add(1);
}

}  // namespace telefence
