// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a signature says is to happen, as reached from a hit. Owned by the MatchSet; lives as long as it.

#include <cstdint>
#include <string>

#include "verdict/verdict.h"

namespace telefence {

enum class SignatureKind : std::uint8_t { kDomain, kUrl, kNumber, kPattern };

struct Rule {
  std::uint64_t id = 0;          // the centre's, or made from source and value; stable over reloads
  SignatureKind kind = SignatureKind::kDomain;
  bool allow = false;
  bool shadow = false;           // recorded as would-be, never carried out
  ActionId action = kNoAction;   // kNoAction: by category and tier, else by default
  Category category = Category::kOther;
  Tier tier = 2;
  std::int64_t expires_s = 0;    // Unix time; 0 = never
  std::string value;             // canonical: the domain, number or pattern, for people
  std::string source;            // file:line, or the publisher
};

}  // namespace telefence
