// SPDX-License-Identifier: Apache-2.0
#pragma once

// Follows the change log: connects to the nearest server that answers, reads entries behind the position, goes over to the next
// server when one fails and back when a nearer one is there again (a thread of its own, telefence:look, tries them: what is
// slow there holds up nothing here), reconnects with growing pauses. Notices a log that ends before
// the position (deleted, flushed, restored from a backup, or of a replica that is behind): XREAD alone would wait there for ever
// and pass over what is pushed in the meantime. Knows nothing of what the entries say. One thread.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <random>
#include <string>
#include <thread>
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
    bool ends_before = false;       // the log ends before the position
  };
  static constexpr std::size_t kEntriesAtOnce = 64;

  LogReader(RedisOptions options, const Interrupt& interrupt);
  ~LogReader();
  LogReader(const LogReader&) = delete;
  LogReader& operator=(const LogReader&) = delete;

  bool is_connected() const { return connection_.is_open(); }
  // When the next connect() is to be tried.
  Clock::time_point next_try() const { return next_try_; }
  // To the next server in turn. Returns true when its log ends before the position. After a failure next_try() is later, much
  // later when all have failed.
  Result<bool> connect();
  // Gives this server up as one whose log ends too early, when there is another that was not tried since the last success.
  // Returns whether it was given up.
  bool pass_over();
  // The server of the connection, or of the last try.
  const std::string& server() const { return servers_[current_]; }
  // The id that the log ends with, as the server last told; "0-0": it is empty.
  const std::string& last_id() const { return last_id_; }
  // Looks for a better server when it is time, by a thread of its own, and goes over to it when one was found: a nearer one whose log
  // does not end before the position, or, while this server lacks something, any that has it. Requires: no read() is under way.
  // Returns whether it went.
  bool go_over();
  // The log of this server ends before what was read: another that has this entry is looked for, soon, then more and more seldom.
  // For until that is read. Requires: go_to() was called.
  void lacks(const std::string& id);
  // Waits at most so long for entries behind the position, less when interrupted. An error has closed the connection.
  Result<Read> read(std::uint32_t timeout_ms);
  // No question that is asked from now on keeps Redis waiting for news beyond this moment: something else is to be asked then.
  void be_free_at(std::optional<Clock::time_point> moment) { free_at_ = moment; }
  // The fields of one entry; a null reply when there is none. Requires: no read() is under way. An error has closed the
  // connection.
  Result<RedisReply> entry(const std::string& id);
  // Any command and its reply. Requires: no read() is under way. An error has closed the connection.
  Result<RedisReply> command(std::initializer_list<std::string_view> words);
  // No question waits for its reply: entry() and command() may be called.
  bool is_free() const { return is_connected() && asked_ == Question::kNone; }
  // The next read() gives what is behind this id. Requires: no read() is under way.
  void go_to(std::string id);

 private:
  // What was sent to Redis and has no reply yet.
  enum class Question { kNone, kEntries, kLength, kInfo };

  Error failed(Error error);
  Result<RedisLogin> login_to(const std::string& server) const;
  Result<RedisReply> open(RedisConnection& connection, const std::string& server, std::uint32_t timeout_ms,
                          const Interrupt& interrupt) const;
  void plan_look();
  std::uint32_t block_ms() const;
  void look();
  bool reaches(const RedisReply& info) const;
  std::string needed() const;
  void begin(const RedisReply& info);
  Error refused(const RedisReply& reply);
  std::string what_to_do(const std::string& error) const;
  Result<void> ask(Question question);
  Result<Read> take(Question question, const RedisReply& reply);
  Read take_entries(const RedisReply& reply);
  void take_length(const RedisReply& reply);
  bool take_info(const RedisReply& reply);
  std::uint32_t spread(std::uint32_t least, std::uint32_t most);

  RedisOptions options_;
  const Interrupt& interrupt_;
  std::vector<std::string> servers_;  // nearest first
  std::size_t current_ = 0;
  std::size_t failures_ = 0;  // since an entry or an empty answer came
  std::string last_id_ = "0-0";
  std::string lacking_;       // what this server lacks, up to this id; "" = nothing
  std::string last_lacking_;
  std::uint32_t look_pause_ms_ = 0;  // while it does
  Clock::time_point look_at_;
  // Another server that answered, found by the thread that looks for one.
  struct Found {
    std::size_t server = 0;
    RedisConnection connection;
  };
  std::thread looking_;
  std::atomic<bool> has_looked_{false};  // it is done, and found_ may be read
  Interrupt stop_looking_;
  std::optional<Found> found_;
  std::uint32_t tries_left_ = 0;  // for found_ to reach what was read meanwhile
  RedisConnection connection_;
  std::string position_ = "0-0";
  std::int64_t length_ = 0;  // of the log, as far as is known
  Question asked_ = Question::kNone;
  Question next_ = Question::kEntries;
  Clock::time_point asked_at_;
  std::optional<Clock::time_point> free_at_;
  Clock::time_point ask_news_at_;  // not before, while Redis has news again and again
  Clock::time_point looked_at_;  // last kLength or kInfo
  Clock::time_point informed_at_;  // last kInfo
  std::uint32_t pause_ms_ = 0;
  Clock::time_point next_try_ = Clock::now();
  std::minstd_rand random_;
};

}  // namespace telefence
