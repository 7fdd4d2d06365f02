// SPDX-License-Identifier: Apache-2.0
#include "signatures/log_follower.h"

#include <algorithm>
#include <utility>

namespace telefence {

using Clock = LogReader::Clock;

LogFollower::LogFollower(const RedisOptions& options, const Interrupt& wake, SignatureStore& store, FeedNews& news)
    : options_(options), wake_(wake), store_(store), news_(news), reader_(options, wake) {}

// Whether another log has taken the place of the one that was read: then the entry that was read last is not the same any
// more. One that was trimmed away tells nothing.
bool LogFollower::is_other_log() {
  if (order_.last_hash().empty()) return false;
  const Result<RedisReply> entry = reader_.entry(order_.last_id());
  if (!entry.ok()) {
    news_.not_connected(entry.error());
    return false;
  }
  const RedisReply* header = entry.value().field("h");
  const RedisReply* body = entry.value().field("b");
  return header != nullptr && body != nullptr && batch_hash(header->text, body->text) != order_.last_hash();
}

void LogFollower::read_anew(const std::string& why) {
  news_.log_broken(LogBreak::kReset, why + ". What was in force stays, and the log is read anew; a restart of this "
                                           "node drops what the log does not have any more");
  order_.begin_anew();
  reader_.go_to(order_.last_id());
}

void LogFollower::note_reset() {
  read_anew("the log ends before batch " + order_.last_id() + ", which was read: Redis lost data");
}

// Returns false when this batch is not to be taken now, because it will be read again. `is_first`: of those that Redis gave
// at once. Of the others the one before was read in the same moment: no other log can have come in between.
bool LogFollower::is_in_order(const std::string& id, const Batch& batch, bool is_first) {
  using Finding = LogOrder::Finding;
  const Finding finding = order_.judge(batch);
  if ((finding == Finding::kGap || finding == Finding::kFork) && is_first) {
    if (is_other_log()) {
      read_anew("batch " + id + " and batch " + order_.last_id() + ", which was read, are of different logs: Redis "
                "lost data or was restored");
      return false;
    }
    if (!reader_.is_connected()) {
      reader_.go_to(order_.last_id());
      return false;
    }
  }
  const std::string here = std::to_string(batch.sequence);
  if (finding == Finding::kGap)
    news_.log_broken(LogBreak::kGap, "gap in the log before batch " + here + " (the last one was " +
                                         std::to_string(order_.last()) + "): changes may be missing");
  else if (finding == Finding::kFork)
    news_.log_broken(LogBreak::kFork, "batch " + here + " does not follow the batch that was read before it: the log "
                                      "was forked or changed, and changes may be missing");
  else if (finding == Finding::kBeginsLater)
    news_.log_begins_later(batch.sequence);
  order_.take(id, batch);
  return true;
}

// Applies one entry to the store.
LogFollower::Taken LogFollower::take_entry(const LogReader::LogEntry& entry, bool is_first, Progress& progress) {
  const auto field = [&](std::string_view name) -> std::string_view {
    const RedisReply* value = entry.fields.field(name);
    return value == nullptr ? std::string_view{} : std::string_view(value->text);
  };
  const auto refuse = [&](const std::string& why) {
    news_.batch_refused(entry.id, why);
    return Taken::kRefused;
  };
  Result<Batch> read = read_batch(entry.id, {field("h"), field("b"), field("s")});
  if (!read.ok()) {
    order_.take_unreadable(entry.id);
    return refuse(read.error().message);
  }
  Batch& batch = read.value();
  if (!is_in_order(entry.id, batch, is_first)) return Taken::kReadAgain;
  if (!options_.accept_unsigned) {
    return refuse(batch.has_signature ? "its signature can't be verified yet; accept_unsigned: true takes it as it is"
                                      : "it has no signature, and accept_unsigned is false");
  }
  std::vector<Complaint> left_out = std::move(batch.complaints);
  store_.apply(batch.changes, left_out);
  news_.batch_taken(batch.sequence, left_out);
  std::move(left_out.begin(), left_out.end(), std::back_inserter(progress.complaints));
  sequence_ = batch.sequence;
  progress.timestamp_ms = batch.timestamp_ms;
  return Taken::kApplied;
}

LogFollower::Progress LogFollower::take_entries(const LogReader::Read& read) {
  Progress progress;
  progress.read_at = Clock::now();
  for (std::size_t i = 0; i < read.entries.size(); ++i) {
    const Taken taken = take_entry(read.entries[i], i == 0, progress);
    if (taken == Taken::kReadAgain) break;
    progress.has_changed |= taken == Taken::kApplied;
  }
  // Batches of the past that are read again after a start tell nothing of how fast a change travels.
  progress.is_measured = std::exchange(is_live_, is_live_ || read.is_caught_up);
  return progress;
}

void LogFollower::try_connect() {
  const Result<bool> was_reset = reader_.connect();
  if (!was_reset.ok()) return news_.not_connected(was_reset.error());
  news_.connected(options_.server);
  is_live_ = false;
  if (was_reset.value())
    note_reset();
  else if (is_other_log())
    read_anew("the log is another one than before the connection was lost: Redis lost data or was restored");
}

LogFollower::Progress LogFollower::step(std::uint32_t timeout_ms) {
  if (!reader_.is_connected()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(reader_.next_try() - Clock::now()).count();
    if (left > 0)
      wake_.wait(static_cast<std::uint32_t>(std::min<long long>(left, timeout_ms)));
    else
      try_connect();
    return {};
  }
  const Result<LogReader::Read> read = reader_.read(timeout_ms);
  if (!read.ok()) {
    news_.not_connected(read.error());
    return {};
  }
  if (!read.value().has_answered) return {};
  news_.heard_of_redis();
  if (read.value().was_reset) {
    note_reset();
    return {};
  }
  if (!read.value().entries.empty()) return take_entries(read.value());
  is_live_ = true;
  return {};
}

}  // namespace telefence
