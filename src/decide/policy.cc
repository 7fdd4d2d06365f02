// SPDX-License-Identifier: Apache-2.0
#include "decide/policy.h"

#include <algorithm>
#include <array>
#include <compare>
#include <cstring>
#include <tuple>

#include "decide/never_block.h"

namespace telefence {
namespace {

// Hits that compete: of one key.
bool same_key(const Hit& a, const Hit& b) { return a.part == b.part && a.key == b.key; }

// A block that survived on its key.
struct Candidate {
  const Hit* hit = nullptr;
  const Terms* terms = nullptr;
  const MatchSet* set = nullptr;

  std::uint64_t id() const { return set->id(hit->rule); }
};

// The gravest first, then an order that is the same on every node.
bool is_worse(const Candidate& a, const Candidate& b) {
  const auto by_weight = std::tie(a.terms->tier, a.hit->part, b.hit->depth) <=> std::tie(b.terms->tier, b.hit->part, a.hit->depth);
  return by_weight != 0 ? by_weight < 0 : a.id() < b.id();
}

void keep_worst(Candidate& worst, const Candidate& next) {
  if (next.hit != nullptr && (worst.hit == nullptr || is_worse(next, worst))) worst = next;
}

// What the hits of one key come to.
struct KeyOutcome {
  Candidate allow;   // covers the key
  Candidate block;   // to be carried out
  Candidate shadow;  // only recorded
};

// is_cut: of a text that goes on.
KeyOutcome judge_key(std::span<const Hit> hits, const MatchSet& set, std::int64_t now_s, bool is_cut) {
  KeyOutcome out;
  const auto is_deeper = [](const Candidate& one, const Candidate& best) {
    if (best.hit == nullptr || one.hit->depth != best.hit->depth) return best.hit == nullptr || one.hit->depth > best.hit->depth;
    return one.terms->tier != best.terms->tier ? one.terms->tier < best.terms->tier : one.id() < best.id();
  };
  for (const Hit& hit : hits) {
    if (is_over(hit, set, now_s)) continue;
    if (is_cut && hit.part == HitPart::kText && set.may_be_lifted(hit.rule)) continue;
    const Candidate one{&hit, hit.terms, &set};
    if (one.terms->allow && one.terms->shadow) continue;  // an allow entry in shadow must change nothing
    Candidate& best = one.terms->allow ? out.allow : one.terms->shadow ? out.shadow : out.block;
    if (is_deeper(one, best)) best = one;
  }
  if (out.allow.hit == nullptr) return out;
  const std::uint16_t allowed_depth = out.allow.hit->depth;
  if (out.shadow.hit != nullptr && out.shadow.hit->depth <= allowed_depth) out.shadow = {};
  if (out.block.hit != nullptr && out.block.hit->depth <= allowed_depth) out.block = {};
  if (out.block.hit != nullptr) out.allow = {};
  return out;
}

std::size_t recipient_count(const Event& event) {
  const auto* sms = std::get_if<Sms>(&event.what);
  return sms == nullptr ? 1 : std::max<std::size_t>(sms->called.size(), 1);
}

// One side of a message: its numbers, and what acquits or condemns it.
struct Party {
  Candidate allow;       // the deepest allow entry on a number that counts
  Candidate block;       // the worst on one of its numbers
  Candidate deepest;     // and the most specific, which stands where what acquits is more specific than that
  Candidate shadow;
  bool never_block = false;  // a built-in number: called, the message passes; calling, it may say what it likes
};

// Collects the outcomes of all keys of one event.
class EventJudge {
 public:
  // numbers: of the burst.
  EventJudge(const Event& event, const MatchSet& set, std::span<const NumberKey> numbers, std::int64_t now_s)
      : event_(event), set_(set), numbers_(numbers), now_s_(now_s) {
    const auto* const sms = std::get_if<Sms>(&event.what);
    is_text_cut_ = sms != nullptr && sms->is_text_cut;
  }

  // A number of the event, which may be a built-in one.
  void take(const NumberKey& key) {
    has_caller_ = has_caller_ || (key.side == Side::kCalling && !key.alias);
    const NeverBlockNumber* number = never_blocked(key.digits);
    if (number == nullptr || key.alias) return;
    if (key.side == Side::kCalling) {
      calling_.never_block = calling_.never_block || (number->warns_of_fraud && number->digits.size() == key.digits.length);
    } else {
      called_.never_block = true;
      note(passing_recipients_, key.recipient);
    }
  }

  void judge(std::span<const Hit> hits) {
    for (std::size_t i = 0; i < hits.size();) {
      std::size_t end = i + 1;
      while (end < hits.size() && same_key(hits[i], hits[end])) ++end;
      add(judge_key(hits.subspan(i, end - i), set_, now_s_, is_text_cut_), hits[i]);
      i = end;
    }
  }

  // The verdict of one hit, when there is no other and no number that is never blocked: nearly all events that have a hit. The same as
  // judge() and verdict() come to, without what several hits and two sides need. False: it does need that, and nothing was filled.
  static bool of_one(const Hit& hit, const Event& event, const MatchSet& set, std::int64_t now_s, const Policy& policy, Verdict& out) {
    const Candidate one{&hit, hit.terms, &set};
    const bool is_of_number = hit.part == HitPart::kCalling || hit.part == HitPart::kCalled;
    const bool is_of_recipient = hit.part == HitPart::kCalled && std::holds_alternative<Sms>(event.what);
    // A number that is allowed acquits more than itself, and of several recipients one may be refused alone.
    if ((is_of_number && one.terms->allow) || (is_of_recipient && recipient_count(event) != 1)) return false;
    if (is_over(hit, set, now_s)) return true;
    if (one.terms->allow) {
      if (!one.terms->shadow) tell(one, Reason::kAllowed, out);
      return true;
    }
    refuse(one, one.terms->shadow, event, policy, out);
    if (is_of_recipient && !hit.alias) note(out.recipients, hit.recipient);
    return true;
  }

  // None of these numbers, of an event, can acquit it, or be spared, for what it is.
  static bool none_is_built_in(std::span<const NumberKey> numbers) {
    return std::all_of(numbers.begin(), numbers.end(), [](const NumberKey& key) { return never_blocked(key.digits) == nullptr; });
  }

  // Of a message that goes on, a number of it that is still to come may acquit it. In a short message the caller stands before the
  // recipients: one of these that is listed is so whatever comes. In SIP the caller may stand last.
  void leave_open() {
    content_shadow_ = calling_.shadow = called_.shadow = {};
    const auto* const sms = std::get_if<Sms>(&event_.what);
    const auto* const call = std::get_if<Call>(&event_.what);
    if (sms != nullptr ? sms->has_all_parties : call == nullptr || call->has_all_parties) return;
    const bool is_in_order = sms != nullptr && !sms->over_sip;
    if (!is_in_order && has_caller_) return;
    content_block_ = calling_.block = calling_.deepest = {};
    if (!is_in_order) called_.block = called_.deepest = {};
  }

  Verdict verdict(const Policy& policy) const {
    const bool called_acquits = has_acquitted_before_ || every_recipient_passes();
    if (called_.never_block && called_acquits) return is_hit() ? Verdict{.reason = Reason::kNeverBlock} : Verdict{};
    const Candidate allow = acquitting(called_acquits);
    const bool may_say_it = allow.hit != nullptr || calling_.never_block;
    Candidate block = may_say_it ? Candidate{} : content_block_;
    Candidate shadow = may_say_it ? Candidate{} : content_shadow_;
    const Candidate content = block;
    const std::uint16_t depth = allow.hit == nullptr ? 0 : allow.hit->depth;
    for (const Party* party : {&calling_, &called_}) {
      // An entry about the other number stands when it is more specific than what acquits.
      for (const Candidate* one : {&party->block, &party->deepest})
        if (one->hit != nullptr && one->hit->depth > depth) keep_worst(block, *one);
      if (party->shadow.hit != nullptr && party->shadow.hit->depth > depth) keep_worst(shadow, party->shadow);
    }
    const bool only_shadow = block.hit == nullptr;
    const Candidate& worst = only_shadow ? shadow : block;
    if (worst.hit == nullptr) return outcome_without_block(allow);
    Verdict out;
    refuse(worst, only_shadow, event_, policy, out);
    out.recipients = refused_recipients(only_shadow ? shadow_recipients_ : recipients_, depth);
    out.only_recipients = !only_shadow && refuses_only_some(content, out.recipients, depth);
    return out;
  }

  // What the called numbers acquit the whole message by; no hit: nothing.
  Candidate called_acquittal() const { return has_acquitted_before_ || every_recipient_passes() ? called_.allow : Candidate{}; }
  // The event is of a message whose first one named the recipients, and `allow` acquitted it.
  void is_acquitted_by(const Candidate& allow) {
    called_.allow = allow;
    has_acquitted_before_ = true;
  }

 private:
  // Verdicts are filled where they stay: one that is put together elsewhere and copied whole has to wait for its pieces.
  static void refuse(const Candidate& worst, bool only_shadow, const Event& event, const Policy& policy, Verdict& out) {
    const bool monitor = policy.options().mode == Mode::kMonitor;
    tell(worst, only_shadow ? Reason::kShadow : monitor ? Reason::kMonitor : Reason::kBlocked, out);
    out.action = policy.action_for(*worst.terms, event.protocol);
    out.only_this_name = worst.hit->part == HitPart::kDomain && worst.hit->depth % 2 != 0;
  }

  // True when all that is refused are some of several recipients, each of them known by its own number.
  bool refuses_only_some(const Candidate& content, const RecipientSet& refused, std::uint16_t allowed_depth) const {
    const bool calling = calling_.deepest.hit != nullptr && calling_.deepest.hit->depth > allowed_depth;
    return content.hit == nullptr && !calling && refused.any() && refused.count() < recipient_count(event_);
  }

  // Of those that were hit, those that nothing more specific acquits.
  RecipientSet refused_recipients(RecipientSet hit, std::uint16_t allowed_depth) const {
    if (allowed_depth == 0) return hit;  // nothing acquits
    for (std::size_t recipient = 0; recipient < hit.size(); ++recipient)
      if (hit[recipient] && recipient_depths_[recipient] <= allowed_depth) hit.reset(recipient);
    return hit;
  }

  bool is_hit() const {
    for (const Candidate* one : {&calling_.block, &called_.block, &content_block_, &calling_.shadow, &called_.shadow, &content_shadow_})
      if (one->hit != nullptr) return true;
    return spared_hit_;
  }

  static void note(RecipientSet& recipients, std::uint16_t recipient) {
    if (recipient < recipients.size()) recipients[recipient] = true;
  }
  // With several recipients an allowed one lets pass only when all are: else one added recipient would open the gate.
  bool every_recipient_passes() const { return passing_recipients_.any() && passing_recipients_.count() == recipient_count(event_); }

  // The allow entry that acquits the whole message.
  Candidate acquitting(bool called_acquits) const {
    if (calling_.allow.hit != nullptr && (!called_acquits || called_.allow.hit == nullptr ||
                                          calling_.allow.hit->depth >= called_.allow.hit->depth))
      return calling_.allow;
    return called_acquits ? called_.allow : Candidate{};
  }

  Verdict outcome_without_block(const Candidate& allow) const {
    if (allow.hit != nullptr) return acquitted_by(allow);
    if (content_allow_.hit != nullptr) return acquitted_by(content_allow_);
    const bool spared = spared_hit_ || content_block_.hit != nullptr || content_shadow_.hit != nullptr;
    return spared ? Verdict{.reason = Reason::kNeverBlock} : Verdict{};
  }

  static void keep_deepest(Candidate& deepest, const Candidate& next) {
    if (next.hit != nullptr && (deepest.hit == nullptr || next.hit->depth > deepest.hit->depth)) deepest = next;
  }

  void add(const KeyOutcome& outcome, const Hit& first) {
    const HitPart part = first.part;
    if (part != HitPart::kCalling && part != HitPart::kCalled) {
      keep_worst(content_block_, outcome.block);
      keep_worst(content_shadow_, outcome.shadow);
      keep_deepest(content_allow_, outcome.allow);
      return;
    }
    Party& party = part == HitPart::kCalling ? calling_ : called_;
    // Entries that cover a built-in number (a prefix) count for nothing; what else there is still counts.
    const PhoneDigits& digits = numbers_[first.key].digits;
    const NeverBlockNumber* const built_in = never_blocked(digits);
    // With an area code before it nobody calls from one: that is what a forged number looks like.
    const bool is_spared = built_in != nullptr && (part == HitPart::kCalled || built_in->digits.size() == digits.length);
    if (is_spared) {
      spared_hit_ = spared_hit_ || outcome.block.hit != nullptr || outcome.shadow.hit != nullptr;
      if (part == HitPart::kCalling) return;
    } else {
      keep_worst(party.block, outcome.block);
      keep_deepest(party.deepest, outcome.block);
      keep_worst(party.shadow, outcome.shadow);
    }
    if (outcome.allow.hit != nullptr && !first.alias) {
      keep_deepest(party.allow, outcome.allow);
      if (part == HitPart::kCalled) note(passing_recipients_, first.recipient);
    }
    const bool sms = std::holds_alternative<Sms>(event_.what);
    if (!sms || part != HitPart::kCalled || first.alias || is_spared || first.recipient >= recipient_depths_.size()) return;
    const Candidate& hit = outcome.block.hit != nullptr ? outcome.block : outcome.shadow;
    if (hit.hit == nullptr) return;
    recipient_depths_[first.recipient] = hit.hit->depth;
    if (outcome.block.hit != nullptr) note(recipients_, first.recipient);
    if (outcome.shadow.hit != nullptr) note(shadow_recipients_, first.recipient);
  }

  static void tell(const Candidate& winner, Reason reason, Verdict& out) {
    const HitPart part = winner.hit->part;
    out.reason = reason;
    out.cause = part == HitPart::kCalling ? Cause::kCalling : part == HitPart::kCalled ? Cause::kCalled : Cause::kContent;
    out.category = winner.terms->category;
    out.tier = winner.terms->tier;
    out.rule = winner.hit->rule;
  }
  static Verdict acquitted_by(const Candidate& allow) {
    Verdict out;
    tell(allow, Reason::kAllowed, out);
    return out;
  }

  const Event& event_;
  const MatchSet& set_;
  std::span<const NumberKey> numbers_;
  std::int64_t now_s_;
  Party calling_, called_;
  Candidate content_block_, content_shadow_, content_allow_;
  bool spared_hit_ = false;  // an entry covered a built-in number
  bool has_acquitted_before_ = false;
  bool has_caller_ = false;  // a number that routes or charges
  bool is_text_cut_ = false;
  RecipientSet passing_recipients_, recipients_, shadow_recipients_;
  std::array<std::uint16_t, RecipientSet().size()> recipient_depths_;  // of those in one of the last two
};

// Of a message with several texts the first one alone may name the recipients.
bool is_further_text_of(const Event& event, const Event& first) {
  const auto* const sms = std::get_if<Sms>(&event.what);
  return sms != nullptr && sms->called.empty() && event.frame == first.frame && event.message.offset == first.message.offset;
}

}  // namespace

PolicyOptions::PolicyOptions() {
  protocol_action.fill(kNoAction);
  for (auto& tiers : category_action) tiers.fill(kNoAction);
  for (auto& actions : possible) actions.fill(false);
}

bool is_over(const Hit& hit, const MatchSet& set, std::int64_t now_s) { return hit.ends && is_expired(set.expires_s(hit.rule), now_s); }

bool is_expired(std::int64_t expires_s, std::int64_t now_s) { return expires_s != 0 && now_s >= expires_s; }

ActionId Policy::action_for(const Terms& terms, std::uint8_t protocol) const {
  if (protocol >= kMaxProtocols) return kNoAction;
  const auto can = [&](ActionId action) { return action < kMaxActions && options_.possible[protocol][action]; };
  if (can(terms.action)) return terms.action;
  const std::size_t tier = std::min<std::size_t>(terms.tier, 3);
  const ActionId by_category = options_.category_action[static_cast<std::size_t>(terms.category)][tier];
  return can(by_category) ? by_category : options_.protocol_action[protocol];
}

void Policy::decide(std::span<const Event> events, const KeyList& keys, std::span<const Hit> hits, const MatchSet& set,
                    std::int64_t now_s, std::span<Verdict> verdicts) const {
  static constexpr Verdict kNothing;  // one that lies in memory is copied whole
  for (Verdict& verdict : verdicts.first(events.size())) std::memcpy(&verdict, &kNothing, sizeof verdict);
  const std::span<const NumberKey> numbers = keys.numbers();
  std::size_t number = 0;
  struct {
    std::uint16_t event = 0;
    Candidate allow;
  } acquitted;  // the last event whose called numbers acquit it
  for (std::size_t i = 0; i < hits.size();) {
    const std::uint16_t event = hits[i].event;
    std::size_t end = i + 1;
    while (end < hits.size() && hits[end].event == event) ++end;
    while (number < numbers.size() && numbers[number].event < event) ++number;
    const std::size_t first_number = number;
    while (number < numbers.size() && numbers[number].event == event) ++number;
    const std::span<const NumberKey> own = numbers.subspan(first_number, number - first_number);
    const bool is_acquitted = acquitted.allow.hit != nullptr && is_further_text_of(events[event], events[acquitted.event]);
    const bool is_plain = end == i + 1 && !is_acquitted && !events[event].is_cut && EventJudge::none_is_built_in(own);
    if (!is_plain || !EventJudge::of_one(hits[i], events[event], set, now_s, *this, verdicts[event])) {
      EventJudge judge(events[event], set, numbers, now_s);
      if (is_acquitted) [[unlikely]] judge.is_acquitted_by(acquitted.allow);
      for (const NumberKey& key : own) judge.take(key);
      judge.judge(hits.subspan(i, end - i));
      if (events[event].is_cut) [[unlikely]] judge.leave_open();
      verdicts[event] = judge.verdict(*this);
      if (!is_acquitted) acquitted = {event, judge.called_acquittal()};
    }
    if (verdicts[event].enforced() && hits[i].part == HitPart::kDomain && !verdicts[event].only_this_name)
      verdicts[event].only_this_name = set.has_allowed_below(keys.domains()[hits[i].key].name);
    i = end;
  }
}

}  // namespace telefence
