// SPDX-License-Identifier: Apache-2.0
#pragma once

// Why a value is, or is not, blocked: for `telefence test` and the control socket. Runs the same steps as the worker on events
// made for the occasion and says of each hit whether it wins and why. Control thread; allocates.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "decide/policy.h"
#include "event/event.h"
#include "match/match_set.h"
#include "normalise/normalise.h"

namespace telefence {

// "domain", "embedded domain", "url", "calling number", "called number", "text".
std::string_view part_name(HitPart part);

// Every sentence that ExplainedHit::why can be; one that ends in a blank goes on with the value of another entry. For those who
// translate them.
std::span<const std::string_view> why_sentences();

struct ExplainedHit {
  Rule rule;               // a copy
  std::uint16_t event = 0;
  std::string part;        // part_name
  std::string key;         // the canonical key that was hit, for people
  std::uint16_t depth = 0;
  bool wins = false;       // this rule is the verdict's
  std::string why;         // a sentence: why it wins or loses
};

struct ExplainedKey {
  std::uint16_t event = 0;
  std::string kind;        // as part_name; "number" with its side
  std::string value;       // the normalised form, for people
};

struct Explanation {
  std::vector<ExplainedKey> keys;
  std::vector<ExplainedHit> hits;
  std::vector<Verdict> verdicts;  // one per event
  std::string never_block;        // "95588: Industrial and Commercial Bank of China (中国工商银行)"; empty when none
};

Explanation explain(std::span<const Event> events, const Normaliser& normaliser, const MatchSet& set, const Policy& policy,
                    std::int64_t now_s);

}  // namespace telefence
