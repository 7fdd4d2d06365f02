// SPDX-License-Identifier: Apache-2.0
#include "decide/policy.h"

#include <algorithm>
#include <tuple>

#include "decide/never_block.h"

namespace telefence {
namespace {

constexpr std::size_t kMaxRecipients = 32;  // as many as Verdict::recipients has bits

// Hits that compete: of one key.
bool same_key(const Hit& a, const Hit& b) { return a.part == b.part && a.key == b.key; }

// A block that survived on its key.
struct Candidate {
  const Hit* hit = nullptr;
  const Rule* rule = nullptr;
};

// The gravest first, then a stable order.
bool is_worse(const Candidate& a, const Candidate& b) {
  return std::tie(a.rule->tier, a.hit->part, b.hit->depth, a.rule->id) <
         std::tie(b.rule->tier, b.hit->part, a.hit->depth, b.rule->id);
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

KeyOutcome judge_key(std::span<const Hit> hits, const MatchSet& set, std::int64_t now_s) {
  KeyOutcome out;
  const auto deeper = [](const Candidate& best, const Hit& hit, const Rule& rule) {
    if (best.hit == nullptr || hit.depth != best.hit->depth) return best.hit == nullptr || hit.depth > best.hit->depth;
    return std::tie(rule.tier, rule.id) < std::tie(best.rule->tier, best.rule->id);
  };
  for (const Hit& hit : hits) {
    const Rule& rule = set.rule(hit.rule);
    if (is_expired(rule, now_s)) continue;
    if (rule.allow && rule.shadow) continue;  // an allow entry in shadow must change nothing
    Candidate& best = rule.allow ? out.allow : rule.shadow ? out.shadow : out.block;
    if (deeper(best, hit, rule)) best = {&hit, &rule};
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

// Collects the outcomes of all keys of one event.
class EventJudge {
 public:
  EventJudge(const Event& event, const MatchSet& set, std::int64_t now_s) : event_(event), set_(set), now_s_(now_s) {}

  // A number of the event that must never be blocked: the whole passes.
  void never_block(const NumberKey& key) {
    if (never_blocked(key.digits) == nullptr) return;
    never_block_ = true;
    passes(key.side == Side::kCalling ? HitPart::kCalling : HitPart::kCalled, key.recipient);
  }

  void judge(std::span<const Hit> hits) {
    for (std::size_t i = 0; i < hits.size();) {
      std::size_t end = i + 1;
      while (end < hits.size() && same_key(hits[i], hits[end])) ++end;
      add(judge_key(hits.subspan(i, end - i), set_, now_s_));
      i = end;
    }
  }

  Verdict verdict(const Policy& policy) const {
    if (whole_passes()) {
      if (never_block_ && blocked_by_anything()) return {.reason = Reason::kNeverBlock};
      return allow_.hit == nullptr ? Verdict{} : from(allow_, Reason::kAllowed);
    }
    const bool only_shadow = block_.hit == nullptr;
    const Candidate& worst = only_shadow ? shadow_ : block_;
    if (worst.hit == nullptr) return allow_.hit == nullptr ? Verdict{} : from(allow_, Reason::kAllowed);
    const bool monitor = policy.options().mode == Mode::kMonitor;
    Verdict out = from(worst, only_shadow ? Reason::kShadow : monitor ? Reason::kMonitor : Reason::kBlocked);
    out.action = policy.action_for(*worst.rule, event_.protocol);
    out.recipients = only_shadow ? shadow_recipients_ : recipients_;
    return out;
  }

 private:
  static std::uint32_t bit(std::uint16_t recipient) { return recipient < kMaxRecipients ? 1U << recipient : 0; }

  bool blocked_by_anything() const { return block_.hit != nullptr || shadow_.hit != nullptr; }

  // With several recipients an allowed one lets pass only when all are: else one added recipient would open the gate.
  bool whole_passes() const { return calling_passes_ || (called_pass_ && (every_recipient() & ~passing_recipients_) == 0); }

  std::uint64_t every_recipient() const {
    const std::size_t count = recipient_count(event_);
    return count >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
  }

  void passes(HitPart part, std::uint16_t recipient) {
    if (part == HitPart::kCalling) calling_passes_ = true;
    if (part != HitPart::kCalled) return;
    called_pass_ = true;
    if (recipient < 64) passing_recipients_ |= std::uint64_t{1} << recipient;
  }

  void add(const KeyOutcome& outcome) {
    if (outcome.allow.hit != nullptr) {
      keep_worst(allow_, outcome.allow);
      passes(outcome.allow.hit->part, outcome.allow.hit->recipient);
    }
    keep_worst(block_, outcome.block);
    keep_worst(shadow_, outcome.shadow);
    const bool sms = std::holds_alternative<Sms>(event_.what);
    if (sms && outcome.block.hit != nullptr && outcome.block.hit->part == HitPart::kCalled)
      recipients_ |= bit(outcome.block.hit->recipient);
    if (sms && outcome.shadow.hit != nullptr && outcome.shadow.hit->part == HitPart::kCalled)
      shadow_recipients_ |= bit(outcome.shadow.hit->recipient);
  }

  static Verdict from(const Candidate& winner, Reason reason) {
    const HitPart part = winner.hit->part;
    const Cause cause = part == HitPart::kCalling  ? Cause::kCalling
                        : part == HitPart::kCalled ? Cause::kCalled
                                                   : Cause::kContent;
    return {.reason = reason, .cause = cause, .category = winner.rule->category, .tier = winner.rule->tier,
            .rule = winner.hit->rule};
  }

  const Event& event_;
  const MatchSet& set_;
  std::int64_t now_s_;
  Candidate allow_, block_, shadow_;
  bool never_block_ = false;
  bool calling_passes_ = false;
  bool called_pass_ = false;
  std::uint64_t passing_recipients_ = 0;
  std::uint32_t recipients_ = 0;
  std::uint32_t shadow_recipients_ = 0;
};

}  // namespace

PolicyOptions::PolicyOptions() {
  protocol_action.fill(kNoAction);
  for (auto& tiers : category_action) tiers.fill(kNoAction);
  for (auto& actions : possible) actions.fill(false);
}

bool is_expired(const Rule& rule, std::int64_t now_s) { return rule.expires_s != 0 && now_s >= rule.expires_s; }

ActionId Policy::action_for(const Rule& rule, std::uint8_t protocol) const {
  if (protocol >= kMaxProtocols) return kNoAction;
  const auto can = [&](ActionId action) { return action < kMaxActions && options_.possible[protocol][action]; };
  if (can(rule.action)) return rule.action;
  const std::size_t tier = std::min<std::size_t>(rule.tier, 3);
  const ActionId by_category = options_.category_action[static_cast<std::size_t>(rule.category)][tier];
  return can(by_category) ? by_category : options_.protocol_action[protocol];
}

void Policy::decide(std::span<const Event> events, const KeyList& keys, std::span<const Hit> hits, const MatchSet& set,
                    std::int64_t now_s, std::span<Verdict> verdicts) const {
  std::fill_n(verdicts.begin(), events.size(), Verdict{});
  const std::span<const NumberKey> numbers = keys.numbers();
  std::size_t number = 0;
  for (std::size_t i = 0; i < hits.size();) {
    const std::uint16_t event = hits[i].event;
    std::size_t end = i + 1;
    while (end < hits.size() && hits[end].event == event) ++end;
    EventJudge judge(events[event], set, now_s);
    for (; number < numbers.size() && numbers[number].event <= event; ++number)
      if (numbers[number].event == event) judge.never_block(numbers[number]);
    judge.judge(hits.subspan(i, end - i));
    verdicts[event] = judge.verdict(*this);
    i = end;
  }
}

}  // namespace telefence
