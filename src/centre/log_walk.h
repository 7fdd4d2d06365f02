// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the log at a server comes to: a snapshot and the batches behind it, read into a LogImage. Nothing may be missing between them. For
// tools that make snapshots, check them or weigh a change. Control thread.

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "base/result.h"
#include "centre/log_image.h"
#include "redis/connection.h"
#include "signatures/log_order.h"
#include "signatures/snapshot.h"
#include "signatures/snapshot_fetch.h"

namespace telefence {

class LogWalk {
 public:
  // `accepts_gaps`: goes on where batches are missing, or can't be judged, and says so in gap().
  LogWalk(RedisConnection& connection, LogImage image, std::string log, bool accepts_gaps);

  // With the newest snapshot before `before` that is sound and that `takes` takes; without one, with the beginning of the log.
  Result<void> begin(const std::function<bool(const SnapshotManifest&)>& takes, std::uint64_t before = std::numeric_limits<std::uint64_t>::max());
  // The batches behind it up to `last`. kFailed: some are missing, or can't be judged by these keys.
  Result<void> read(std::uint64_t last = std::numeric_limits<std::uint64_t>::max());

  LogImage& image() { return image_; }
  const AskRedis& ask() const { return ask_; }
  // What Redis says, unless it refuses.
  Result<RedisReply> command(std::initializer_list<std::string_view> words);
  const std::vector<std::uint64_t>& snapshots() const { return there_; }  // that were there at begin(), the newest first
  std::uint64_t begun_with() const { return begun_with_; }  // sequence of the snapshot; 0 = the beginning of the log
  std::uint64_t batches() const { return batches_; }        // read
  std::uint64_t refused() const { return refused_; }        // of them, as edges refuse them
  const std::string& first_refusal() const { return first_refusal_; }
  const std::string& gap() const { return gap_; }  // the first one; "" = the log is whole
  bool has_gaps() const { return has_gaps_ || !gap_.empty(); }  // also of the snapshot that it was begun with

 private:
  Result<void> check_order(const StoredBatch& stored, const Result<Batch>& batch);
  Result<void> take(const StoredBatch& stored);

  RedisConnection& connection_;
  LogImage image_;
  const std::string log_;
  const bool accepts_gaps_;
  AskRedis ask_;
  LogOrder order_;
  std::vector<std::uint64_t> there_;
  std::uint64_t begun_with_ = 0, batches_ = 0, refused_ = 0;
  std::string first_refusal_, gap_;
  bool has_gaps_ = false;
};

// One entry of the stream as it was stored. Requires: it has an id and fields.
StoredBatch stored_of(const RedisReply& entry);

}  // namespace telefence
