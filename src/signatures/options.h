// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "match/rule.h"
#include "redis/connection.h"
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

// One key that may sign batches.
struct SignerOptions {
  std::string key;                      // file of the public key
  std::vector<std::string> sources;     // it may speak for; empty = any
  std::vector<std::string> kinds;       // domain, url, number ...; empty = any
  std::vector<std::string> operations;  // add, remove, allow, replace-list; empty = any
  bool may_be_wide = false;             // may be one of the two that a wide entry needs
  bool may_snapshot = false;            // may say what all of the log comes to
};

// How many entries of the change log a source may have in force.
struct SourceQuota {
  std::string source;
  std::uint64_t most = 0;
};

// What is wide, so that two have to sign it (wide_entries.h).
struct WideTerms {
  std::uint32_t number_digits = 7;    // a number prefix with fewer, country code included
  std::uint32_t pattern_percent = 1;  // a pattern that hits more of the everyday messages or URLs
  std::string home_country = "86";
};

struct TrustOptions {
  std::vector<SignerOptions> signers;
  std::vector<SourceQuota> quotas;
  std::uint32_t snapshot_signers = 1;   // so many who may_snapshot have to have signed a snapshot
  bool accept_unsigned = false;         // take batches without a signature
  WideTerms wide;
  std::string cache_directory;          // where compiled expressions are kept; "" = nowhere
};

// Where this edge tells the centre what it has in force.
struct ReceiptOptions {
  std::string server;  // the primary: a replica takes no writes; "" = no receipts
  std::string user;
  std::string password_file;
  std::string key;  // file of this node's own secret key, which signs them; "" = they are not signed
};

struct RedisOptions {
  std::string server;               // the nearest: unix:/path, host:port or rediss://host:port; "" = no feed
  std::vector<std::string> others;  // asked in this order when it fails
  RedisTls tls;                     // of rediss:// servers
  std::uint32_t snapshot_spread_ms = 10'000;  // after a break of the log: by chance so long, so that not all nodes load one at once
  std::uint64_t compact_above = 64u << 20;  // octets of batches on disk that are worth a newer snapshot in their place
  std::uint32_t look_nearer_ms = 60'000;  // how often a nearer server than the one in use is looked for, by chance half or more
  std::string user;
  std::string password_file;
  std::string log = "tf:1:log";
  std::string node;                 // the name of this node
  TrustOptions trust;
  ReceiptOptions receipts;
  std::uint32_t stale_after_s = 600;
  std::uint32_t silent_after_s = 0;  // how old the centre's newest signed word may be; 0 = any age
};

struct SignatureOptions {
  // Where what was made of lists, applied batches and the audit file are kept, for the next start; "" = nowhere.
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
