// SPDX-License-Identifier: Apache-2.0
#pragma once

// Many changes to the change log, as many batches: packed here, and several of them sent at once in one transaction that Redis carries out
// only when nobody else has published since the head of the log was read (WATCH). So the chain never forks: when somebody was faster,
// what was sent is chained and signed anew behind theirs. A user who may not use transactions publishes one batch at a time.
// The transaction also sets tf:1:head. The connection is this object's alone while it lives. Control thread.

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "centre/log_head.h"
#include "centre/publish_batch.h"
#include "redis/connection.h"

namespace telefence {

class BatchStream {
 public:
  static constexpr std::size_t kMostAtOnce = 32;  // batches in one transaction: at most 2 MiB
  static constexpr std::size_t kMostShown = 3;    // changes of a batch that are told with it

  struct Done {
    std::uint64_t sequence = 0;
    std::string hash;
    std::size_t changes = 0;
    std::string first;  // the first kMostShown lines, as a JSON array
  };
  struct Progress {
    std::uint64_t added = 0;      // changes given to add()
    std::uint64_t published = 0;  // of them, what Redis has
    std::uint64_t unknown = 0;    // Redis was sent them, and went away before it answered
    std::uint64_t batches = 0;    // published
    std::uint64_t first_sequence = 0, last_sequence = 0;
    std::string last_hash;
    std::uint64_t overtaken = 0;  // how often somebody else was faster
    std::string note;             // what a person should know of the log
  };

  // `done` is called for every batch that Redis has, in order.
  BatchStream(RedisConnection& connection, std::string log, BatchAuthor author, std::function<void(const Done&)> done);

  // Once, before add().
  Result<void> begin();
  // Requires: a valid op line, without a line end in it. kInvalid: even alone it does not fit into a batch. After an error there is
  // nothing more to do: progress() says how far it came.
  Result<void> add(std::string_view line);
  // Publishes what is left.
  Result<void> finish();
  // Waits for the answers to what was sent, so that progress() is right; for who ends before finish().
  Result<void> settle();
  const Progress& progress() const { return progress_; }

 private:
  struct Body {
    std::string packed;
    std::size_t changes = 0;
    std::string first;
    std::string hash;  // when it is on its way
    std::int64_t timestamp_ms = 0;
  };

  Result<void> close_batch();
  Result<void> pack(std::string_view plain, std::size_t lines);
  Result<void> pump(std::size_t least);
  Result<void> send_one();
  Result<void> send_many();
  Result<void> send_add(Body& body, std::uint64_t sequence, const std::string& previous);
  void confirm(Body& body);
  Result<RedisReply> take_outcome();
  void leave_head();
  std::size_t body_room() const;

  RedisConnection& connection_;
  const std::string log_;
  const BatchAuthor author_;
  const std::function<void(const Done&)> done_;
  Progress progress_;
  LogHead head_;
  bool has_transactions_ = true;
  bool tells_head_ = true;      // as far as is known, this user may set tf:1:head
  std::size_t at_once_ = 4;     // grows while nobody else publishes
  std::size_t under_way_ = 0;   // of the first of bodies_
  std::uint32_t overtaken_in_a_row_ = 0;
  std::string plain_;           // of the batch that is being filled
  std::size_t lines_ = 0;
  std::deque<Body> bodies_;
};

}  // namespace telefence
