// SPDX-License-Identifier: Apache-2.0
#pragma once

// From the change log to the store: reads batches, checks that none is missing or foreign, applies them. Redis away and bad
// batches are told to FeedNews, never to the caller: there is nothing it could do. Thread of the feed.

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "signatures/batch.h"
#include "signatures/feed_news.h"
#include "signatures/log_order.h"
#include "signatures/log_reader.h"
#include "signatures/options.h"
#include "signatures/signature_store.h"

namespace telefence {

class LogFollower {
 public:
  // What one step brought.
  struct Progress {
    bool has_changed = false;  // the store holds something new
    bool is_measured = false;  // timestamp_ms is of a change that was pushed just now
    std::int64_t timestamp_ms = 0;
    LogReader::Clock::time_point read_at;
    std::vector<Complaint> complaints;  // lines left out
  };

  LogFollower(const RedisOptions& options, const Interrupt& wake, SignatureStore& store, FeedNews& news);

  // Connects when that is due, or waits at most so long for batches and applies them.
  Progress step(std::uint32_t timeout_ms);
  std::uint64_t sequence() const { return sequence_; }  // of the newest batch applied

 private:
  // What became of an entry. kReadAgain: it and what was read with it.
  enum class Taken { kApplied, kRefused, kReadAgain };

  void try_connect();
  Progress take_entries(const LogReader::Read& read);
  Taken take_entry(const LogReader::LogEntry& entry, bool is_first, Progress& progress);
  bool is_in_order(const std::string& id, const Batch& batch, bool is_first);
  bool is_other_log();
  void read_anew(const std::string& why);
  void note_reset();

  RedisOptions options_;
  const Interrupt& wake_;
  SignatureStore& store_;
  FeedNews& news_;
  LogReader reader_;
  LogOrder order_;  // of what was read, also when it was refused
  std::uint64_t sequence_ = 0;
  bool is_live_ = false;  // the log has been read to its end once since connecting
};

}  // namespace telefence
