// SPDX-License-Identifier: Apache-2.0
#pragma once

// Follows the change log: connects, reads entries behind the position, reconnects with growing pauses. Knows nothing of
// what the entries say. One thread.

#include <chrono>
#include <cstdint>
#include <random>
#include <string>
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
  };
  static constexpr std::size_t kEntriesAtOnce = 64;

  LogReader(RedisOptions options, const Interrupt& interrupt);

  bool is_connected() const { return connection_.is_open(); }
  // When the next connect() is to be tried.
  Clock::time_point next_try() const { return next_try_; }
  // Connects, and finds out whether the log is still the one that was read so far. After a failure next_try() is later.
  Result<void> connect();
  // True once after connect() found a log that ends before the position: the server lost its data. Reading begins anew.
  bool take_was_reset();
  // Waits at most so long for entries behind the position, less when interrupted. An error has closed the connection.
  Result<Read> read(std::uint32_t timeout_ms);

 private:
  Error failed(Error error);
  Result<std::string> last_id();
  Result<Read> take(const RedisReply& reply);

  RedisOptions options_;
  const Interrupt& interrupt_;
  RedisConnection connection_;
  std::string position_ = "0-0";
  bool is_waiting_ = false;  // an XREAD has no reply yet
  Clock::time_point asked_at_;
  bool was_reset_ = false;
  std::uint32_t pause_ms_ = 0;
  Clock::time_point next_try_ = Clock::now();
  std::minstd_rand random_;
};

}  // namespace telefence
