// SPDX-License-Identifier: Apache-2.0
#pragma once

// The thread that follows the change log in Redis and publishes a new MatchSet for every batch. Redis away: filtering
// goes on with what is there; the feed says so (feed_news.h), and reconnects with backoff. Callers on other threads read the
// state through state().

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "match/match_set.h"
#include "publish/published.h"
#include "signatures/feed_news.h"
#include "signatures/options.h"
#include "signatures/signature_store.h"
#include "signatures/version_history.h"
#include "stats/catalog.h"

namespace telefence {

class Feed {
 public:
  // `prepare` is called with every set before it is published (MatchScratch::prepare of every worker). `write` takes lines
  // for the daemon's log; none: standard error.
  Feed(SignatureOptions options, std::unique_ptr<SignatureStore> store, Published<MatchSet>& published,
       Readers& readers, std::function<Result<void>(const MatchSet&)> prepare, Journal::Write write = {});
  ~Feed();  // stops

  void start();
  void stop();
  // Reads the files again and publishes; the log's changes stay on top. Any thread; waits for the result.
  Result<void> reload(const SignatureOptions& options, std::vector<Complaint>& complaints);
  // The versions that can be gone back to, the newest first. Any thread.
  std::vector<VersionInfo> versions() const;
  // Puts an earlier version in force, in milliseconds. It stays so, whatever the log or a reload says, until this is called with 0,
  // for the newest. kUsage: there is no such version. Any thread; waits for the result. who, why: for the audit file.
  Result<void> roll_back(std::uint64_t number, const std::string& who = "operator", const std::string& why = {});
  // A version that is kept, to be asked what it would have done; nullptr: it is not kept. Any thread.
  std::unique_ptr<const MatchSet> set_of(std::uint64_t number) const;
  FeedState state() const;
  void add_families(Catalog& catalog) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace telefence
