// SPDX-License-Identifier: Apache-2.0
#include "pipeline/worker.h"

#include <algorithm>
#include <chrono>

#include "base/cycles.h"
#include "base/fetch_ahead.h"
#include "base/octet_search.h"
#include "base/uncleared.h"
#include "decode/decode.h"
#include "pipeline/fill_record.h"

namespace telefence {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::size_t kCacheLine = 64;
constexpr std::size_t kLeftByDrivers = 3;  // of what is asked for: some give whole fours only

std::uint64_t steady_ns() {
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

// The fate of a frame that no protocol has to look at, by where decoding ended.
constexpr std::array kFates = {Fate::kForwardedNotRecognised, Fate::kForwardedNoPayload,        Fate::kForwardedFragment,
                               Fate::kForwardedUnknownLink,   Fate::kForwardedUnknownTransport, Fate::kForwardedBadHeader};
static_assert(static_cast<std::size_t>(DecodeEnd::kBadHeader) == kFates.size() - 1);
constexpr Fate fate_of(DecodeEnd end) { return kFates[static_cast<std::size_t>(end)]; }
static_assert(fate_of(DecodeEnd::kPayload) == Fate::kForwardedNotRecognised && fate_of(DecodeEnd::kNoPayload) == Fate::kForwardedNoPayload &&
              fate_of(DecodeEnd::kFragment) == Fate::kForwardedFragment && fate_of(DecodeEnd::kUnknownLink) == Fate::kForwardedUnknownLink &&
              fate_of(DecodeEnd::kUnknownTransport) == Fate::kForwardedUnknownTransport);

}  // namespace

Worker::Worker(std::uint16_t id, const WorkerShared& shared, std::vector<Link> links, FramePool& pool,
               RecordRing* records, EventObserver* observer)
    : id_(id),
      shared_(shared),
      links_(std::move(links)),
      pool_(pool),
      records_(records),
      observer_(observer),
      sessions_(shared.secret, shared.track.sessions),
      returns_(shared.secret, shared.track.returns),
      copies_(shared.secret, std::any_of(links_.begin(), links_.end(), [](const Link& link) { return link.respond != nullptr; })),
      shedder_(stats_),
      datagrams_(burst_, sessions_, stats_, shedder_, shared.secret, shared.track.datagrams),
      lane_(burst_, sessions_, stats_, pool, shared.track.streams),
      sieve_(burst_, stats_),
      extractor_(burst_, sessions_, datagrams_, stats_, lane_, shedder_, pool, shared.track.parts, shared.track.fragments),
      enforcer_(burst_, {sessions_, returns_, datagrams_, copies_}, stats_, lane_, pool),
      evasions_(burst_, sessions_, stats_, shared.evasion_records) {
  for (std::size_t i = 0; i < links_.size(); ++i) {
    links_[i].index = static_cast<std::uint16_t>(i);
    links_[i].can_overrun = links_[i].in->can_overrun();
    const auto other_way = std::find_if(links_.begin(), links_.end(), [&](const Link& other) {
      return other.in == links_[i].in || (other.in == links_[i].out && other.out == links_[i].in);
    });
    links_[i].wire = static_cast<std::uint16_t>(other_way - links_.begin());
  }
  shared_.readers->online(id_);
}

Worker::~Worker() { shared_.readers->offline(id_); }

bool Worker::finished() const {
  return std::all_of(links_.begin(), links_.end(), [](const Link& link) {
    return link.in->finished() && (link.spread == nullptr || link.spread->is_empty(link.seat));
  });
}

std::size_t Worker::run_once() {
  std::size_t received = 0;
  const Passage how = passage();  // the same for all links: they begin together, and so in order
  for (Link& link : links_) received += run_burst(link, how);
  if (links_.empty()) shared_.readers->quiesce(id_);
  return received;
}

// The way of a packet.
std::size_t Worker::run_burst(Link& link, Passage how) {
  if (how == Passage::kNotReady && !link.can_overrun) {
    shared_.readers->quiesce(id_);
    return 0;  // what can wait for the signatures waits
  }
  receive(link);
  const std::size_t received = burst_.count + waiting_count_;
  if (how != Passage::kInspect) [[unlikely]] {
    pass_by(link, how);
  } else if (weigh_load(link, received); received != 0 || has_work(link)) {
    passes_by_ = false;
    do run_part(link);
    while (next_part());
  }
  shared_.readers->quiesce(id_);
  return received;
}

void Worker::run_part(Link& link) {
  begin_part();
  burst_.is_copy = link.out == nullptr;
  burst_.may_answer = !burst_.is_copy || link.respond != nullptr;
  const MatchSet& set = shared_.sets->read();
  const LivePolicy& live = shared_.policy->read();
  decode_frames(link);
  const bool is_inline = link.out != nullptr;
  const bool tells_side = is_inline && link.out != link.in;
  burst_.way = static_cast<std::uint16_t>(tells_side ? link.index + 1 : 0);
  burst_.may_change = is_inline && live.policy.options().mode == Mode::kEnforce;
  lane_.begin({burst_.now_ns, link.index, tells_side}, live.classifier);
  turn_innocents_away(set, live);
  extractor_.run(live.classifier);
  end_stage(Stage::kExtract);
  const bool with_texts = !shedder_.sheds(ShedCause::kTexts);
  if (!with_texts) [[unlikely]] shedder_.shed_texts(burst_.events.events());
  shared_.normaliser->normalise(burst_.events.events(), burst_.keys, with_texts);
  sampler_.run(burst_.events.events(), burst_.keys);
  end_stage(Stage::kNormalise);
  set.match(burst_.keys, scratch_, burst_.hits, static_cast<std::int64_t>(time_ns_ / kSecond));
  end_stage(Stage::kMatch);
  enforcer_.foresee();
  live.policy.decide(burst_.events.events(), burst_.keys, burst_.hits.hits(), set,
                     static_cast<std::int64_t>(time_ns_ / kSecond), {burst_.verdicts.get(), EventList::kMaxEvents});
  end_stage(Stage::kDecide);
  enforcer_.prepare(observer_ != nullptr, live);
  begin_records(set);
  enforcer_.run(live);
  end_stage(Stage::kEnforce);
  observe();
  if (burst_.evasion_count != 0 && records_ != nullptr) evasions_.begin_records(*records_);
  extractor_.settle();
  transmit_released(live);
  transmit(link);
  record(live);
  extractor_.end_of_burst();
  datagrams_.end_of_burst();
  lane_.end_of_burst();
}

// Most look-ups are of names of which nothing is listed, and need not even become events, unless somebody wants to see those. A sample is
// taken of messages in their order, and a segment may have many.
void Worker::turn_innocents_away(const MatchSet& set, const LivePolicy& live) {
  const bool may_be_sampled = !sampler_.passes(burst_.has_tcp ? EventList::kMaxEvents : burst_.count);
  if (!burst_.has_udp || observer_ != nullptr || shedder_.sheds(ShedCause::kNames) || may_be_sampled) return;
  sampler_.pass(sieve_.run(set, live.classifier));
}

// Nothing is looked at: frames leave as they came, behind those that were held. Mirrored ones are let go.
void Worker::pass_by(Link& link, Passage how) {
  if (burst_.count == 0 && (passes_by_ || lane_.is_idle())) return;
  if (!passes_by_) {
    lane_.forget_all();
    gauge_.reset();
    shed(0);
    passes_by_ = true;
  }
  do {
    begin_part();
    count_received();
    std::fill_n(burst_.fates.begin(), burst_.count, fate_of(how));
    transmit_released(shared_.policy->read());
    transmit(link);
    lane_.end_of_burst();
  } while (next_part());
}

// Decides what is shed of the frames that were received.
void Worker::weigh_load(const Link& link, std::size_t received) {
  if (!link.can_overrun) return;
  // What others hand over is full at half a burst: it never gives more.
  const bool is_full = received + kLeftByDrivers >= wanted_ || passed_ == wanted_ / 2;
  gauge_.note_poll(link.index, static_cast<std::uint32_t>(received), is_full, is_full ? link.in->fullness().value_or(0) : 0);
  if (!gauge_.is_due()) [[likely]] return;
  const std::size_t before = gauge_.level();
  gauge_.weigh(steady_ns(), shared_.policy->read().overload.levels());
  if (gauge_.level() > before) stats_.overload_rises.add(1);
  stats_.overload_beyond.set(gauge_.beyond());
  shed(gauge_.level());
}

void Worker::shed(std::size_t level) {
  shedder_.set(shared_.policy->read().overload, level);
  stats_.overload_level.set(level);
}

// True when a message has waited long enough, though nothing comes.
bool Worker::has_work(const Link& link) {
  if (lane_.is_idle() || link.out == nullptr) [[likely]] return false;
  time_ns_ = std::max(time_ns_, link.in->now_ns());
  return lane_.has_work(clock_.advance(time_ns_));
}

void Worker::flush() {
  for (Link& link : links_) {
    if (link.spread == nullptr) continue;
    link.spread->close(link.seat);
    while ((burst_.count = take_passed(link, Burst::kFrames)) != 0) {
      stage_start_ = cycles();
      accept(link);
      if (const Passage how = passage(); how != Passage::kInspect) {
        pass_by(link, how);
        continue;
      }
      do run_part(link);
      while (next_part());
    }
  }
  lane_.release_all();
  transmit_released(shared_.policy->read());
  lane_.end_of_burst();
  shared_.readers->quiesce(id_);
}

void Worker::end_stage(Stage stage) {
  const std::uint64_t now = cycles();
  stats_.cycles[static_cast<std::size_t>(stage)].add(now - stage_start_);
  stage_start_ = now;
}

// What others have for this worker, and then what the port has. Half a burst at most is theirs, so that the port never waits for
// them; and drivers give nothing to who has room for a few frames only.
void Worker::receive(Link& link) {
  stage_start_ = cycles();
  part_bytes_ = 0;
  wanted_ = link.has_large_frames ? Burst::kFrames / 2 : Burst::kFrames;
  passed_ = link.spread == nullptr ? 0 : take_passed(link, wanted_ / 2);
  burst_.count = passed_ + link.in->receive(std::span(burst_.frames).first(wanted_).subspan(passed_));
  if (burst_.count == 0) return;  // an idle poll is nobody's cost
  if (burst_.count == passed_) [[unlikely]] {
    // They came a moment ago, at another worker. Time must not go back: what was received since is newer.
    const std::uint64_t now_ns = link.in->now_ns();
    for (Frame& frame : burst_.received()) frame.time_ns = std::max(frame.time_ns, now_ns);
  }
  accept(link);
}

std::size_t Worker::take_passed(Link& link, std::size_t most) {
  return link.spread->take(link.seat, std::span(burst_.frames).first(most));
}

void Worker::accept(Link& link) {
  part_bytes_ = 0;
  for (Frame& frame : burst_.received()) {
    frame.wire = link.wire;
    part_bytes_ += frame.length;
  }
  link.has_large_frames = part_bytes_ * Burst::kFrames > EventList::kBurstBytes * burst_.count;
  // What is more than a burst may hold is judged in parts: see EventList::kBurstBytes.
  if (part_bytes_ <= EventList::kBurstBytes) [[likely]] return;
  waiting_count_ = burst_.count;
  std::copy_n(burst_.frames.begin(), burst_.count, waiting_.begin());
  next_part();
}

// Takes what was made of the part before, or as many of the waiting frames as one burst may hold. False when there are none.
bool Worker::next_part() {
  burst_.count = burst_.made_count;
  burst_.is_made = burst_.made_count != 0;
  burst_.made_count = 0;
  if (burst_.is_made) [[unlikely]] {
    std::copy_n(burst_.made.begin(), burst_.count, burst_.frames.begin());
    return true;
  }
  if (waiting_count_ == 0) [[likely]] return false;
  part_bytes_ = 0;
  std::size_t taken = 0;
  for (; taken < waiting_count_; ++taken) {
    if (taken != 0 && part_bytes_ + waiting_[taken].length > EventList::kBurstBytes) break;
    part_bytes_ += waiting_[taken].length;
    burst_.frames[burst_.count++] = waiting_[taken];
  }
  waiting_count_ -= taken;
  std::copy_n(waiting_.begin() + static_cast<std::ptrdiff_t>(taken), waiting_count_, waiting_.begin());
  return true;
}

void Worker::begin_part() {
  burst_.clear();
  burst_.started_ns = steady_ns();
  if (burst_.count != 0 && !burst_.is_made) time_ns_ = burst_.frames[burst_.count - 1].time_ns;
  burst_.now_ns = clock_.advance(time_ns_);
  stats_.bursts.add(1);
  end_stage(Stage::kReceive);
}

void Worker::decode_frames(const Link& link) {
  unsigned tunnels = 0;     // of all
  unsigned transports = 0;  // as bits
  const std::size_t count = burst_.count;
  std::fill_n(burst_.protocol.begin(), count, kNoProtocol);
  for (std::size_t i = 0; i < count; ++i) {
    // What is read next of a small packet; of a large one the processor sees by itself that it is read in order.
    fetch_ahead(burst_.frames[i].data + kCacheLine);
    const Layers& layers = burst_.layers[i];
    decode(burst_.frames[i], burst_.layers[i]);
    burst_.fates[i] = fate_of(layers.end);
    tunnels |= layers.tunnels;
    transports |= 1u << static_cast<unsigned>(layers.transport);
  }
  const auto has = [&](Transport transport) { return (transports >> static_cast<unsigned>(transport) & 1) != 0; };
  burst_.has_tcp = has(Transport::kTcp);
  burst_.has_udp = has(Transport::kUdp);
  const bool has_tunnels = tunnels != 0;
  if (!burst_.is_made) [[likely]] {
    if (has_tunnels && link.spread != nullptr) pass_on(link);
    count_received();
    if (has_tunnels || returns_.sees_labels(burst_.now_ns)) note_tunnels();
  }
  end_stage(Stage::kDecode);
}

// By the worker that decides what becomes of them.
void Worker::count_received() {
  stats_.received.add(burst_.count);
  stats_.received_bytes.add(part_bytes_);
}

// Packets that other workers judge are received by them.
void Worker::pass_on(const Link& link) {
  const TunnelSpread::Passed passed = link.spread->pass_on(link.seat, burst_);
  part_bytes_ -= passed.bytes;
  stats_.tunnels_passed_on.add(passed.frames);
  stats_.tunnels_no_room.add(passed.no_room);
}

// Counts packets in tunnels, and learns how to reach who sends them.
void Worker::note_tunnels() {
  Uncleared<TunnelReturns::Lesson, Burst::kFrames> lessons;
  std::array<std::uint16_t, Burst::kFrames> frame_of;
  std::size_t teaching = 0;
  for (std::size_t i = 0; i < burst_.count; ++i) {
    const Layers& layers = burst_.layers[i];
    for (std::size_t kind = 1; layers.tunnels != 0 && kind < kTunnelKindCount; ++kind)
      if (layers.is_in(static_cast<TunnelKind>(kind))) stats_.tunnels[kind].add(1);
    if (layers.transport == Transport::kNone || !returns_.takes_part(layers, burst_.now_ns)) continue;
    returns_.look(burst_.frames[i], layers, burst_.now_ns, lessons[teaching]);
    frame_of[teaching++] = static_cast<std::uint16_t>(i);
  }
  std::size_t news = 0;
  for (std::size_t n = 0; n < teaching; ++n) {
    const std::size_t i = frame_of[n];
    if (!returns_.is_news(lessons[n], burst_.now_ns)) continue;
    returns_.begin(lessons[n], burst_.frames[i], burst_.layers[i], burst_.flow_of(i, sessions_), burst_.now_ns);
    if (news != n) lessons[news] = lessons[n];
    frame_of[news++] = frame_of[n];
  }
  for (std::size_t n = 0; n < news; ++n)
    returns_.learn(lessons[n], burst_.frames[frame_of[n]], burst_.layers[frame_of[n]], burst_.now_ns);
  stats_.returns_learned.set(returns_.learned());
  stats_.returns_evicted.set(returns_.evicted());
}

// Before the actions: what neutralise voids is still as it was sent.
void Worker::begin_records(const MatchSet& set) {
  if (records_ == nullptr) return;
  const auto events = burst_.events.events();
  for (const std::uint16_t i : enforcer_.hit_events()) {
    if (!burst_.verdicts[i].recorded() || !burst_.first_sight[i]) continue;
    Record* slot = records_->claim(burst_.record_count);
    if (slot == nullptr) continue;
    records_->prefetch(burst_.record_count + 2);
    const std::size_t frame = events[i].frame;
    RuleText rule;
    set.tell(burst_.verdicts[i].rule, rule);
    fill_record(burst_, i, rule,
                burst_.flow_of(frame, sessions_).both, set.version(), *slot);
    burst_.record_events[burst_.record_count++] = i;
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
  std::size_t count = burst_.record_count;
  if (count != 0) finish_records(live);
  if (burst_.evasion_count != 0 && records_ != nullptr) count += evasions_.finish_records(*records_);
  if (count != 0) records_->commit(count);
  end_stage(Stage::kRecord);
}

void Worker::finish_records(const LivePolicy& live) {
  const auto events = burst_.events.events();
  const std::uint64_t now_ns = steady_ns();
  for (std::size_t slot = 0; slot < burst_.record_count; ++slot) {
    const std::size_t i = burst_.record_events[slot];
    Record& record = records_->claimed(slot);
    finish_record(burst_, i, now_ns, record);
    const ActionId action = burst_.verdicts[i].action;
    const bool answers = action < registered_actions().size() && registered_actions()[action]->name == "answer";
    record.answer = answers ? live.enforce.terms[events[i].protocol].answer : Record::kNoAnswer;
  }
}

void Worker::transmit(Link& link) {
  std::array<std::uint16_t, Burst::kFrames> index, staying;
  std::size_t leaving_count = 0;
  std::size_t staying_count = 0;
  const bool is_copy = link.out == nullptr;
  const std::size_t count = burst_.count;
  if (is_copy) [[unlikely]] let_go_of_copies();
  for (std::size_t i = 0; i < count; ++i) {
    if (burst_.held[i]) [[unlikely]] continue;
    // Which of them stay can't be foretold: each is written to where the next one of both kinds goes.
    const bool is_leaving = leaves(burst_.fates[i]);
    index[leaving_count] = static_cast<std::uint16_t>(i);
    leaving_[leaving_count] = burst_.frames[i];
    leaving_count += is_leaving ? 1 : 0;
    staying[staying_count] = static_cast<std::uint16_t>(i);
    staying_count += is_leaving || burst_.is_turned[i] ? 0u : 1u;
  }
  for (std::size_t i = 0; i < staying_count; ++i) staying_[i] = burst_.frames[staying[i]];
  const std::size_t sent = leaving_count == 0 ? 0 : link.out->transmit({leaving_.data(), leaving_count});
  for (std::size_t i = sent; i < leaving_count; ++i) burst_.fates[index[i]] = Fate::kDroppedTransmitFull;
  if (sent < leaving_count) pool_.release({leaving_.data() + sent, leaving_count - sent});
  if (staying_count != 0) pool_.release({staying_.data(), staying_count});
  count_fates();
  if (burst_.reply_count != 0) send_replies(link);
  end_stage(Stage::kTransmit);
}

void Worker::let_go_of_copies() {
  for (std::size_t i = 0; i < burst_.count; ++i) {
    if (burst_.held[i]) continue;
    const bool is_answered = burst_.fates[i] == Fate::kAnswered || burst_.fates[i] == Fate::kReset;
    burst_.fates[i] = is_answered ? Fate::kMirrorAnswered : Fate::kMirrorReleased;
  }
}

// Counters are in memory, and a second addition to one waits for the first: neighbours mostly share their fate, and nearly all that of innocents.
void Worker::count_fates() {
  Fate last = Fate::kForwardedInspected;
  std::uint64_t alike = 0;
  const auto count_one = [&](Fate fate) {
    if (fate != last) {
      stats_.fates[static_cast<std::size_t>(last)].add(alike);
      last = fate;
      alike = 0;
    }
    ++alike;
  };
  if (!burst_.any_held && !burst_.is_made) [[likely]] {
    std::size_t others = 0;
    visit_unlike(burst_.fates.data(), burst_.count, Fate::kForwardedInspected, [&](std::size_t i) {
      ++others;
      count_one(burst_.fates[i]);
    });
    stats_.fates[static_cast<std::size_t>(Fate::kForwardedInspected)].add(burst_.count - others);
  } else {
    for (std::size_t i = 0; i < burst_.count; ++i) {
      if (burst_.held[i]) continue;
      if (burst_.frames[i].is_made)
        count_made(burst_.fates[i]);
      else
        count_one(burst_.fates[i]);
    }
  }
  if (alike != 0) stats_.fates[static_cast<std::size_t>(last)].add(alike);
}

// A frame that was made in place of fragments.
void Worker::count_made(Fate fate) {
  if (leaves(fate)) stats_.replies_sent.add(1);
  if (fate == Fate::kDroppedTransmitFull) stats_.replies_lost.add(1);
  // No room for it in its stream: its sender repeats it.
  if (fate == Fate::kDroppedStreamFull) stats_.fragments_given_up.add(1);
}

// Frames of streams that came in earlier bursts and may leave now, each by the link that it came for.
void Worker::transmit_released(const LivePolicy& live) {
  const auto released = lane_.released();
  if (released.empty()) return;
  std::array<Frame, Burst::kFrames> batch;
  std::array<Fate, Burst::kFrames> fates;
  std::array<bool, Burst::kFrames> is_made;
  std::size_t count = 0;
  std::uint16_t link = 0;
  const auto send = [&] {
    if (count == 0) return;
    const std::size_t sent = links_[link].out->transmit({batch.data(), count});
    if (sent < count) pool_.release({batch.data() + sent, count - sent});
    for (std::size_t i = 0; i < count; ++i) {
      if (is_made[i])
        (i < sent ? stats_.replies_sent : stats_.replies_lost).add(1);
      else
        stats_.fates[static_cast<std::size_t>(i < sent ? fates[i] : Fate::kDroppedTransmitFull)].add(1);
    }
    count = 0;
  };
  for (MessageStreams::Released& one : released) {
    if (one.place != MessageStreams::Released::kNoPlace) continue;
    if (one.is_refused) {
      pool_.release({&one.frame, 1});
      if (!one.frame.is_made) stats_.fates[static_cast<std::size_t>(Fate::kDroppedStreamFull)].add(1);
      continue;
    }
    if (one.link != link || count == batch.size()) send();
    link = one.link;
    fates[count] = StreamLane::prepare(one, live);
    is_made[count] = one.is_made || one.frame.is_made;
    batch[count++] = one.frame;
  }
  send();
  lane_.clear_released();
}

void Worker::send_replies(Link& link) {
  for (const bool back : {true, false}) {
    Uncleared<Frame, Burst::kReplies> batch;
    std::size_t count = 0;
    for (std::size_t i = 0; i < burst_.reply_count; ++i)
      if (burst_.reply_goes_back[i] == back) batch[count++] = burst_.replies[i];
    if (count == 0) continue;
    Queue* queue = link.out == nullptr ? link.respond : back ? link.in : link.out;
    const std::size_t sent = queue->transmit(batch.first(count));
    stats_.replies_sent.add(sent);
    stats_.replies_lost.add(count - sent);
    if (sent < count) pool_.release(batch.first(count).subspan(sent));
  }
}

}  // namespace telefence
