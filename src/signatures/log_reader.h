// SPDX-License-Identifier: Apache-2.0
#pragma once

// Follows the change log: connects, reads entries behind the position, reconnects with growing pauses. Notices a log that
// ends before the position (deleted, flushed, restored from a backup): XREAD alone would wait there for ever and pass over
// what is pushed in the meantime. Knows nothing of what the entries say. One thread.

#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "redis/connection.h"
#include "signatures/options.h"

namespace telefence {

class LogReader {
 public:
  using Clock = std::chrono::steady_clock;
  struct LogEntry {
    std::string id;
    RedisReply fields;  // name, value, name, value ...
  };
  struct Read {
    std::vector<LogEntry> entries;  // empty: nothing new yet
    bool has_answered = false;      // Redis said something
    bool is_caught_up = false;      // there was no more than this
    bool was_reset = false;         // the log ends before the position: reading begins anew
  };
  static constexpr std::size_t kEntriesAtOnce = 64;

  LogReader(RedisOptions options, const Interrupt& interrupt);

  bool is_connected() const { return connection_.is_open(); }
  // When the next connect() is to be tried.
  Clock::time_point next_try() const { return next_try_; }
  // Returns true when the log ends before the position: reading begins anew. After a failure next_try() is later.
  Result<bool> connect();
  // Waits at most so long for entries behind the position, less when interrupted. An error has closed the connection.
  Result<Read> read(std::uint32_t timeout_ms);
  // The fields of one entry; a null reply when there is none. Requires: no read() is under way. An error has closed the
  // connection.
  Result<RedisReply> entry(const std::string& id);
  // The next read() gives what is behind this id. Requires: no read() is under way.
  void go_to(std::string id) { position_ = std::move(id); }

 private:
  // What was sent to Redis and has no reply yet.
  enum class Question { kNone, kEntries, kLength, kInfo };

  Error failed(Error error);
  Error refused(const RedisReply& reply);
  std::string what_to_do(const std::string& error) const;
  Result<void> ask(Question question);
  Result<Read> take(Question question, const RedisReply& reply);
  Read take_entries(const RedisReply& reply);
  void take_length(const RedisReply& reply);
  bool take_info(const RedisReply& reply);

  RedisOptions options_;
  const Interrupt& interrupt_;
  RedisConnection connection_;
  std::string position_ = "0-0";
  std::int64_t length_ = 0;  // of the log, as far as is known
  Question asked_ = Question::kNone;
  Question next_ = Question::kEntries;
  Clock::time_point asked_at_;
  Clock::time_point looked_at_;  // last kLength or kInfo
  Clock::time_point informed_at_;  // last kInfo
  std::uint32_t pause_ms_ = 0;
  Clock::time_point next_try_ = Clock::now();
  std::minstd_rand random_;
};

}  // namespace telefence
