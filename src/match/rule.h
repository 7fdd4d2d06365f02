// SPDX-License-Identifier: Apache-2.0
#pragma once

// One entry as a whole, for people and for building: what it is about, what is to happen, where it comes from. The tables keep entries
// in far less room (terms.h); MatchSet::rule puts one together again.

#include <cstdint>
#include <string>

#include "verdict/verdict.h"

namespace telefence {

enum class SignatureKind : std::uint8_t { kDomain, kUrl, kNumber, kPattern };

struct Rule {
  std::uint64_t id = 0;          // the centre's; 0 = made from value and source, and then the same on every node
  SignatureKind kind = SignatureKind::kDomain;
  bool allow = false;
  bool shadow = false;           // recorded as would-be, never carried out
  ActionId action = kNoAction;   // kNoAction: by category and tier, else by default
  Category category = Category::kOther;
  Tier tier = 2;
  std::uint8_t sides = 3;        // numbers: 1 calling, 2 called
  std::int64_t expires_s = 0;    // Unix time; 0 = never
  std::string value;             // canonical: the domain, number or pattern, for people
  std::string source;            // the list or pattern file, or the publisher
};

}  // namespace telefence
