// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "match/rule.h"
#include "signatures/signature.h"
#include "verdict/verdict.h"

namespace telefence {

// One list file of domains, urls or numbers: one value per line, # comments.
struct ListOptions {
  std::string file;
  SignatureKind kind = SignatureKind::kDomain;
  bool allow = false;
  bool exact = false;  // domains: only the name itself, not what is below it
  Signature::Sides sides = Signature::Sides::kEither;  // numbers: who must have it
  std::string action;  // "" = by category and tier
  Category category = Category::kOther;
  Tier tier = 2;
  bool shadow = false;
};

struct RedisOptions {
  std::string server;  // unix:/path or host:port; "" = no feed
  std::string user;
  std::string password_file;
  std::string log = "tf:1:log";
  bool accept_unsigned = false;  // take batches without a signature
  std::uint32_t stale_after_s = 600;
};

struct SignatureOptions {
  // Where what was made of lists is kept, for the next start; "" = nowhere.
  std::string state_dir;
  bool keeps_compiled = false;  // write it; else only read what is there
  std::vector<ListOptions> lists;
  // A list that has lost more than this share of its entries since it was loaded is held back: more often than not it was cut off on
  // its way. 1: never.
  double most_shrink = 0.5;
  std::vector<std::string> patterns;  // YAML files
  PatternOptions pattern_options;
  RedisOptions redis;
};

}  // namespace telefence
