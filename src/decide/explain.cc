// SPDX-License-Identifier: Apache-2.0
#include "decide/explain.h"

#include <algorithm>
#include <array>

#include "decide/never_block.h"
#include "normalise/phone.h"
#include "normalise/sms_text.h"

namespace telefence {
namespace {

constexpr std::array<std::string_view, 6> kParts = {"domain",         "embedded domain", "url",
                                                    "calling number", "called number",   "text"};

std::string key_of(const Hit& hit, const KeyList& keys) {
  switch (hit.part) {
    case HitPart::kDomain:
    case HitPart::kEmbeddedDomain: return std::string(keys.domains()[hit.key].name);
    case HitPart::kUrl: return std::string(keys.urls()[hit.key].url);
    case HitPart::kCalling:
    case HitPart::kCalled: return number_for_people(keys.numbers()[hit.key].digits);
    case HitPart::kText: return to_utf8(keys.texts()[hit.key].text);
  }
  return {};
}

void explain_keys(const KeyList& keys, Explanation& out) {
  for (const DomainKey& key : keys.domains())
    out.keys.push_back({key.event, std::string(part_name(key.embedded ? HitPart::kEmbeddedDomain : HitPart::kDomain)),
                        std::string(key.name)});
  for (const UrlKey& key : keys.urls()) out.keys.push_back({key.event, std::string(part_name(HitPart::kUrl)), std::string(key.url)});
  for (const NumberKey& key : keys.numbers()) {
    const HitPart part = key.side == Side::kCalling ? HitPart::kCalling : HitPart::kCalled;
    out.keys.push_back({key.event, std::string(part_name(part)), number_for_people(key.digits)});
    const NeverBlockNumber* never = never_blocked(key.digits);
    if (never == nullptr) continue;
    out.never_block = std::string(never->digits) + ": " + std::string(never->what_en) + " (" + std::string(never->what_zh) + ")";
  }
  for (const TextKey& key : keys.texts()) out.keys.push_back({key.event, std::string(part_name(HitPart::kText)), to_utf8(key.text)});
}

bool is_same_key(const Hit& one, const Hit& other) { return one.event == other.event && one.part == other.part && one.key == other.key; }

// By an entry that allows, or by one that blocks.
bool is_in_force(const Hit& hit, bool allow, const MatchSet& set, std::int64_t now_s) {
  return hit.terms->allow == allow && !hit.terms->shadow && !is_over(hit, set, now_s);
}

// The deepest allow entry in force on the key of `hit`; nullptr when there is none.
const Hit* deepest_allow(const Hit& hit, std::span<const Hit> hits, const MatchSet& set, std::int64_t now_s) {
  const Hit* deepest = nullptr;
  for (const Hit& other : hits) {
    if (!is_same_key(hit, other) || !is_in_force(other, true, set, now_s)) continue;
    if (deepest == nullptr || other.depth > deepest->depth) deepest = &other;
  }
  return deepest;
}

constexpr std::string_view kAllowWins = "allow entry: at least as specific as every block entry";
constexpr std::string_view kInShadowOnly = "would be blocked, but the signature is in shadow";
constexpr std::string_view kMonitorOnly = "would be blocked, but the mode is monitor";
constexpr std::string_view kCertain = "blocked: certain and grave (tier 1)";
constexpr std::string_view kGravest = "blocked: the most specific and gravest entry";
constexpr std::string_view kExpired = "expired";
constexpr std::string_view kNeverBlocked = "the number is on the built-in never-block list";
constexpr std::string_view kAllowInShadow = "allow entry in shadow";
constexpr std::string_view kBlockWins = "a more specific block entry wins";
constexpr std::string_view kNothingToAllow = "allow entry: no entry in force blocks what it is about";
constexpr std::string_view kOtherAllows = "another allow entry comes first";
constexpr std::string_view kAllowedBy = "allowed by ";
constexpr std::string_view kNumberAllows = "an allowed number lets the whole message pass";
constexpr std::string_view kShadowIsLast = "in shadow; an entry in force comes first";
constexpr std::string_view kOtherWins = "a more specific or graver entry wins";
// Of patterns none is more specific than another.
constexpr std::string_view kAllowsText = "allow entry: no pattern blocks this text";
constexpr std::string_view kGravestPattern = "blocked: the gravest entry";
constexpr std::string_view kGraverWins = "a graver entry wins, and of equally grave ones the first in a fixed order";
constexpr std::array kWhy = {kAllowsText, kGravestPattern, kGraverWins,
                             kAllowWins, kInShadowOnly,  kMonitorOnly, kCertain,   kGravest,      kExpired,     kNeverBlocked,
                             kBlockWins, kNothingToAllow, kOtherAllows, kAllowInShadow, kAllowedBy,   kNumberAllows, kShadowIsLast, kOtherWins};

bool is_blocked_by_any(std::uint32_t event, std::span<const Hit> hits, const MatchSet& set, std::int64_t now_s) {
  return std::any_of(hits.begin(), hits.end(), [&](const Hit& hit) { return hit.event == event && is_in_force(hit, false, set, now_s); });
}

// By an entry that is more specific than the allow entry `hit`. Another name or number of the message is another matter.
bool is_key_blocked(const Hit& hit, std::span<const Hit> hits, const MatchSet& set, std::int64_t now_s) {
  return std::any_of(hits.begin(), hits.end(),
                     [&](const Hit& other) { return is_same_key(hit, other) && other.depth > hit.depth && is_in_force(other, false, set, now_s); });
}

std::string_view why_it_wins(const Hit& hit, const Rule& rule, Reason reason, bool is_blocked) {
  const bool is_text = hit.part == HitPart::kText;
  if (reason == Reason::kAllowed && !is_blocked) return kNothingToAllow;
  if (reason == Reason::kAllowed) return is_text ? kAllowsText : kAllowWins;
  if (reason == Reason::kShadow) return kInShadowOnly;
  if (reason == Reason::kMonitor) return kMonitorOnly;
  if (rule.tier == 1) return kCertain;
  return is_text ? kGravestPattern : kGravest;
}

std::string why_it_loses(const Hit& hit, const Rule& rule, const Verdict& verdict, std::span<const Hit> hits, const MatchSet& set,
                         std::int64_t now_s) {
  if (is_expired(rule.expires_s, now_s)) return std::string(kExpired);
  if (verdict.reason == Reason::kNeverBlock) return std::string(kNeverBlocked);
  if (rule.allow && rule.shadow) return std::string(kAllowInShadow);
  if (rule.allow) return std::string(is_key_blocked(hit, hits, set, now_s) ? kBlockWins : verdict.reason == Reason::kAllowed ? kOtherAllows : kNothingToAllow);
  const Hit* allow = deepest_allow(hit, hits, set, now_s);
  if (allow != nullptr && allow->depth >= hit.depth) return std::string(kAllowedBy) + set.rule(allow->rule).value;
  if (verdict.reason == Reason::kAllowed) return std::string(kNumberAllows);
  if (rule.shadow && verdict.reason != Reason::kShadow) return std::string(kShadowIsLast);
  return std::string(hit.part == HitPart::kText ? kGraverWins : kOtherWins);
}

}  // namespace

std::span<const std::string_view> why_sentences() { return kWhy; }

std::string_view part_name(HitPart part) { return kParts[static_cast<std::size_t>(part)]; }

Explanation explain(std::span<const Event> events, const Normaliser& normaliser, const MatchSet& set, const Policy& policy,
                    std::int64_t now_s) {
  KeyList keys;
  HitList hits;
  MatchScratch scratch;
  Explanation out;
  out.verdicts.resize(events.size());
  normaliser.normalise(events, keys);
  if (scratch.prepare(set)) set.match(keys, scratch, hits, now_s);
  policy.decide(events, keys, hits.hits(), set, now_s, out.verdicts);
  explain_keys(keys, out);
  for (const Hit& hit : hits.hits()) {
    const Rule rule = set.rule(hit.rule);
    const Verdict& verdict = out.verdicts[hit.event];
    const bool by_rule = verdict.reason != Reason::kNoHit && verdict.reason != Reason::kNeverBlock;
    const bool wins = by_rule && verdict.rule == hit.rule;
    const bool is_blocked = is_blocked_by_any(hit.event, hits.hits(), set, now_s);
    const std::string why = wins ? std::string(why_it_wins(hit, rule, verdict.reason, is_blocked)) : why_it_loses(hit, rule, verdict, hits.hits(), set, now_s);
    out.hits.push_back({rule, hit.event, std::string(part_name(hit.part)), key_of(hit, keys), hit.depth, wins, why});
  }
  return out;
}

}  // namespace telefence
