// SPDX-License-Identifier: Apache-2.0
#pragma once

// From hits to one verdict per event. Per key, allow beats block at equal depth and the most specific entry wins. An allowed
// calling or called number acquits the whole message of what it says, and of an entry about the other number that is not more
// specific; of several recipients all must be allowed, and a further name of a party (`alias`) acquits of nothing. Built-in
// numbers (never_block.h) can't be blocked themselves; a message to one of them passes, and those that warn of fraud may quote it.
// Then the action: the signature's own, else by category and tier, else by protocol.
// Immutable; published like signatures (the live part of the configuration). Worker thread, no allocation.

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "event/event.h"
#include "event/keys.h"
#include "match/hit.h"
#include "match/match_set.h"
#include "verdict/verdict.h"

namespace telefence {

inline constexpr std::size_t kMaxProtocols = 32;
inline constexpr std::size_t kMaxActions = 16;

struct PolicyOptions {
  Mode mode = Mode::kMonitor;
  // [protocol]: what is done when neither signature nor category say otherwise.
  std::array<ActionId, kMaxProtocols> protocol_action;
  // [category][tier 1..3]: kNoAction = not set.
  std::array<std::array<ActionId, 4>, kCategoryCount> category_action;
  // [protocol][action]: whether the protocol can do it. An action that it can't falls back to protocol_action.
  std::array<std::array<bool, kMaxActions>, kMaxProtocols> possible;
  PolicyOptions();
};

// Entries past their time count as if they were not there.
bool is_expired(std::int64_t expires_s, std::int64_t now_s);
// The same of the entry of a hit in `set`.
bool is_over(const Hit& hit, const MatchSet& set, std::int64_t now_s);

class Policy {
 public:
  explicit Policy(const PolicyOptions& options) : options_(options) {}

  // verdicts[i] belongs to events[i]. now_s: Unix time, for expiry. Requires: verdicts.size() >= events.size(); hits in
  // the order in which MatchSet::match leaves them (by event, part and key).
  void decide(std::span<const Event> events, const KeyList& keys, std::span<const Hit> hits, const MatchSet& set,
              std::int64_t now_s, std::span<Verdict> verdicts) const;

  // What an entry leads to: its own action, else by category and tier, else the protocol's; the first that the protocol can do.
  ActionId action_for(const Terms& terms, std::uint8_t protocol) const;

  const PolicyOptions& options() const { return options_; }

 private:
  PolicyOptions options_;
};

}  // namespace telefence
