// SPDX-License-Identifier: Apache-2.0
#pragma once

// The thread that follows the change log in Redis and publishes a new MatchSet for every batch. Redis away: filtering
// goes on with what is there; the feed says so, and reconnects with backoff. Callers on other threads read State
// through state().

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "match/match_set.h"
#include "publish/published.h"
#include "signatures/options.h"
#include "signatures/signature_store.h"
#include "stats/catalog.h"

namespace telefence {

struct FeedState {
  bool configured = false;  // a Redis server is named
  bool connected = false;
  std::string problem;         // why not connected, or why the last batch was refused
  std::uint64_t sequence = 0;  // of the newest batch in force
  std::int64_t last_contact_s = 0;
  std::int64_t last_applied_s = 0;
  std::uint64_t batches_applied = 0;
  std::uint64_t batches_refused = 0;
  std::uint64_t operations_refused = 0;
  std::uint64_t last_apply_us = 0;        // from batch read to all workers on the new set
  std::uint64_t last_propagation_us = 0;  // from the publisher's timestamp to all workers on the new set
  SignatureStore::Counts counts;
  std::vector<Complaint> recent_complaints;  // newest last, at most 50
};

class Feed {
 public:
  // `prepare` is called with every set before it is published (MatchScratch::prepare of every worker).
  Feed(SignatureOptions options, std::unique_ptr<SignatureStore> store, Published<MatchSet>& published,
       Readers& readers, std::function<Result<void>(const MatchSet&)> prepare);
  ~Feed();  // stops

  void start();
  void stop();
  // Reads the files again and publishes; the log's changes stay on top. Any thread; waits for the result.
  Result<void> reload(const SignatureOptions& options, std::vector<Complaint>& complaints);
  FeedState state() const;
  void add_families(Catalog& catalog) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace telefence
