// SPDX-License-Identifier: Apache-2.0
#include "signatures/log_follower.h"

#include <algorithm>
#include <utility>

#include "signatures/source_quota.h"
#include "signatures/wall_clock.h"
#include "signatures/words.h"

namespace telefence {
namespace {

using Clock = LogReader::Clock;

// A date beyond is no date: snapshots would count as older than it for as long.
constexpr std::int64_t kSoonest_ms = 3'600'000;

std::string_view field_of(const RedisReply& fields, std::string_view name) {
  const RedisReply* value = fields.field(name);
  return value == nullptr ? std::string_view{} : std::string_view(value->text);
}

std::string json_list(const std::vector<BatchSignature>& signatures) {
  std::string list = "[";
  for (const BatchSignature& signature : signatures) {
    if (list.size() > 1) list += ",";
    list += "\"" + signature.key_id + "\"";  // hexadecimal digits
  }
  return list + "]";
}

// What a server left out or spoiled, which may be whole elsewhere.
bool may_be_spoiled(BatchRefusal reason) {
  return reason == BatchRefusal::kMalformed || reason == BatchRefusal::kUnsigned || reason == BatchRefusal::kWrongSignature || reason == BatchRefusal::kUnknownSigner;
}

}  // namespace

LogFollower::LogFollower(const SignatureOptions& options, const Interrupt& wake, SignatureStore& store, FeedNews& news)
    : options_(options.redis),
      wake_(wake),
      store_(store),
      news_(news),
      reader_(options.redis, wake),
      waiting_(options.redis.trust.wide.home_country, options.redis.node),
      state_(options.redis.server.empty() ? "" : options.state_dir, options.redis.compact_above),
      freeze_(options.redis.log, options.redis.silent_after_s) {
  if (const Result<void> set = set_trust(options_.trust); !set.ok()) news_.keys_unread(set.error());
}

Result<void> LogFollower::set_trust(const TrustOptions& trust) {
  Result<Signers> signers = Signers::load(trust);
  if (!signers.ok()) return signers.error();
  signers_ = std::move(signers.value());
  options_.trust = trust;
  news_.keys_read();
  return {};
}

std::int64_t LogFollower::now_s() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return clock_.now_s(std::chrono::duration_cast<std::chrono::seconds>(now).count(), Clock::now());
}

// `missing`: the batches up to this one, or some of them; 0 = another log begins.
void LogFollower::break_log(LogBreak reason, const std::string& what, std::uint64_t missing) {
  news_.log_broken(reason, what);
  lacks_batches_ = true;
  state_.audit(AuditEntry("log-broken", "feed").text("reason", log_break_name(reason)).text("why", what));
  // What was applied may be in no log any more.
  if (reason != LogBreak::kGap) snapshot_after_ms_ = std::max(snapshot_after_ms_, newest_ms_);
  if (reason == LogBreak::kReset) snapshot_need_ = 0;
  if (reason == LogBreak::kReset) unfounded_.clear();
  plan_snapshot(std::chrono::milliseconds(options_.snapshot_spread_ms), missing);
}

// Hash of the batch that the server has there; "": it has none, or one that is no batch. nullopt: it has gone away, which is told.
std::optional<std::string> LogFollower::hash_at(const std::string& id) {
  const Result<RedisReply> entry = reader_.entry(id);
  if (!entry.ok()) {
    news_.not_connected(entry.error());
    return std::nullopt;
  }
  const RedisReply* header = entry.value().field("h");
  const RedisReply* body = entry.value().field("b");
  return header == nullptr || body == nullptr ? std::string() : batch_hash(header->text, body->text);
}

// Whether another log has taken the place of the one that was read: then the entry that was read last is not the same any
// more. One that was trimmed away tells nothing.
bool LogFollower::is_other_log() {
  if (order_.last_hash().empty()) return false;
  const std::optional<std::string> hash = hash_at(order_.last_id());
  return hash && !hash->empty() && *hash != order_.last_hash();
}

void LogFollower::read_anew(const std::string& why) {
  break_log(LogBreak::kReset, why + ". What was in force stays, and the log is read anew", 0);
  order_.begin_anew();
  news_.tells_of_another_log();
  newest_ = behind_until_ = 0;
  reader_.go_to(order_.last_id());
}

void LogFollower::go_back(const std::string& id, const std::string& hash) {
  news_.server_behind("Redis at " + reader_.server() + " is behind: its log ends with batch " + reader_.last_id() + ", and this node has read batch " +
                      order_.last_id());
  behind_until_ = order_.last();
  const std::string lacking = order_.last_id();
  order_.go_back(id, hash);
  news_.reads_again_from(order_.last());
  reader_.go_to(id);
  reader_.lacks(lacking);
}

// Of the batches before its snapshot this node has read none, but the snapshot tells where some of them stood. When one that this log
// still has is the same, what is behind it is read: it should be known, and is taken when it is not. nullopt: the server has gone away.
std::optional<bool> LogFollower::goes_back_before_snapshot() {
  const LogTrail::Place* place = basis_.trail.at_or_before(first_part(reader_.last_id()));
  if (place == nullptr) return false;
  const std::string id = std::to_string(place->sequence) + "-0";
  const std::optional<std::string> hash = hash_at(id);
  if (!hash) return std::nullopt;
  if (*hash != place->hash) return false;
  go_back(id, place->hash);
  return true;
}

// The log of this server ends before what was read. When it ends with a batch that was read, the server is a replica that is
// behind, or a primary that lost the newest: what comes behind that batch is read, be it the same once more or something else in
// its place. An empty log of one of several servers: a replica that is not filled yet. Any other end: it lost what it had.
void LogFollower::check_end() {
  if (reader_.pass_over()) return;  // perhaps another server has it all
  if (reader_.last_id() == "0-0" && !options_.others.empty()) {
    news_.server_behind("Redis at " + reader_.server() + " is behind: its log is empty, and this node has read batch " +
                        order_.last_id());
    const std::string lacking = order_.last_id();
    behind_until_ = order_.last();
    order_.begin_anew();
    news_.reads_again_from(0);
    reader_.go_to(order_.last_id());
    return reader_.lacks(lacking);
  }
  if (reader_.last_id() != "0-0") {
    const std::optional<std::string> hash = hash_at(reader_.last_id());
    if (!hash) return;
    if (!hash->empty() && seen_.find(*hash) != SeenBatches::Seen::kNever) return go_back(reader_.last_id(), *hash);
    if (const std::optional<bool> done = goes_back_before_snapshot(); !done || *done) return;
  }
  read_anew("the log ends before batch " + order_.last_id() + ", which was read: Redis lost data");
}

void LogFollower::check_other_log() {
  if (is_other_log()) read_anew("the log is another one than before the connection was lost: Redis lost data or was restored");
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
    break_log(LogBreak::kGap, "gap in the log before batch " + here + " (the last one was " + std::to_string(order_.last()) +
                                  "): changes may be missing", batch.sequence - 1);
  else if (finding == Finding::kFork)
    break_log(LogBreak::kFork, "batch " + here + " does not follow the batch that was read before it: the log "
                               "was forked or changed, and changes may be missing", batch.sequence - 1);
  else if (finding == Finding::kBeginsLater) {
    news_.log_begins_later(batch.sequence);
    lacks_batches_ = true;
    plan_snapshot(std::chrono::milliseconds(options_.snapshot_spread_ms), batch.sequence - 1);
  }
  if (finding != Finding::kFollows) news_.tells_from(batch.sequence);
  order_.take(id, batch);
  news_.has_read(batch.sequence);
  return true;
}

LogFollower::Taken LogFollower::refuse(const std::string& id, const std::string& hash, const Batch* batch, const RefusedBatch& refused) {
  news_.batch_refused(id, hash, refused);
  AuditEntry entry("refused", batch == nullptr ? "" : batch->publisher);
  entry.text("id", id).text("reason", refusal_name(refused.reason)).text("why", refused.why);
  if (batch != nullptr) entry.text("hash", batch->hash).json("keys", json_list(batch->signatures));
  state_.audit(entry);
  return Taken::kRefused;
}

void LogFollower::audit_applied(const Batch& batch, std::size_t left_out) {
  state_.audit(AuditEntry("applied", batch.publisher)
                   .number("seq", batch.sequence)
                   .text("hash", batch.hash)
                   .json("keys", json_list(batch.signatures))
                   .number("changes", batch.changes.size() + batch.unenforced.size())
                   .number("left_out", left_out)
                   .text("published", batch.timestamp_ms == 0 ? "" : instant_text(batch.timestamp_ms)));
}

void LogFollower::apply(Batch& batch, Progress& progress) {
  std::vector<Complaint> left_out = std::move(batch.complaints);
  waiting_.sort_out(batch.changes, now_s());
  store_.apply(batch.changes, left_out);
  news_.batch_taken(batch.sequence, batch.hash, left_out);
  for (const Change& change : batch.unenforced) unenforced_.apply(change);
  if (!batch.unenforced.empty()) news_.not_enforced(unenforced_.counts());
  news_.waiting(waiting_.count());
  std::move(left_out.begin(), left_out.end(), std::back_inserter(progress.complaints));
  sequence_ = batch.sequence;
  newest_ms_ = std::max(newest_ms_, std::min(batch.timestamp_ms, now_ms() + kSoonest_ms));
  freeze_.note_signed(batch.timestamp_ms, now_ms(), Clock::now());
  hash_ = batch.hash;
  progress.timestamp_ms = batch.timestamp_ms;
}

// `is_new`: not from disk, where what is has been judged before, with other entries beside it.
LogFollower::Taken LogFollower::take_batch(Batch& batch, bool is_new, Progress& progress) {
  const std::string id = std::to_string(batch.sequence) + "-0";
  if (seen_.find(batch.hash) == SeenBatches::Seen::kApplied) return Taken::kKnown;
  if (is_before_snapshot(batch)) {
    hold_against_snapshot(batch);
    return Taken::kKnown;
  }
  seen_.note(batch.hash, false);
  if (!batch.newer.empty()) return refuse(id, batch.hash, &batch, {BatchRefusal::kNewer, batch.newer + ": this node needs a newer telefence"});
  approvals_.sort_out(batch);
  if (const auto refused = signers_.refuse(batch)) {
    // The hash does not cover the signatures: what a server left out or spoiled may be whole elsewhere, and come with a snapshot.
    if (is_new && may_be_spoiled(refused->reason)) plan_snapshot(std::chrono::milliseconds(options_.snapshot_spread_ms), batch.sequence);
    return refuse(id, batch.hash, &batch, *refused);
  }
  if (const auto refused = is_new ? refuse_over_quota(batch, options_.trust, store_, waiting_) : std::nullopt)
    return refuse(id, batch.hash, &batch, *refused);
  approvals_.note(batch, now_ms());
  apply(batch, progress);
  seen_.note(batch.hash, true);
  return Taken::kApplied;
}

LogFollower::Taken LogFollower::take_entry(const LogReader::LogEntry& entry, bool is_first, Progress& progress) {
  const BatchFields fields{field_of(entry.fields, "h"), field_of(entry.fields, "b"), field_of(entry.fields, "s")};
  Result<Batch> read = of_log(read_batch(entry.id, fields), options_.log);
  if (!read.ok()) {
    order_.take_unreadable(entry.id);
    plan_snapshot(std::chrono::milliseconds(options_.snapshot_spread_ms), first_part(entry.id));
    return refuse(entry.id, batch_hash(fields.header, fields.body), nullptr, {BatchRefusal::kMalformed, read.error().message});
  }
  Batch& batch = read.value();
  if (!is_in_order(entry.id, batch, is_first)) return Taken::kReadAgain;
  const std::size_t left_out_before = progress.complaints.size();
  const Taken taken = take_batch(batch, true, progress);
  if (taken != Taken::kApplied) return taken;
  const std::uint64_t newest = std::exchange(newest_, std::max(newest_, batch.sequence));
  if (batch.sequence <= newest) {
    newest_ = batch.sequence;  // told once for the whole of the new log
    news_.reads_again_from(batch.sequence);
    behind_until_ = 0;
    break_log(LogBreak::kReset, "batch " + entry.id + " is another one than was read before under this number: Redis lost data", 0);
  }
  audit_applied(batch, progress.complaints.size() - left_out_before);
  state_.keep({entry.id, std::string(fields.header), std::string(fields.body), std::string(fields.signature)});
  return taken;
}

LogFollower::Progress LogFollower::take_entries(const LogReader::Read& read) {
  Progress progress;
  progress.read_at = Clock::now();
  for (std::size_t i = 0; i < read.entries.size(); ++i) {
    const Taken taken = take_entry(read.entries[i], i == 0, progress);
    if (taken == Taken::kReadAgain) break;
    progress.has_changed |= taken == Taken::kApplied;
  }
  if (order_.last() >= behind_until_) news_.server_behind("");
  // Batches of the past that are read again after a start tell nothing of how fast a change travels.
  progress.is_measured = std::exchange(is_live_, is_live_ || read.is_caught_up);
  if (is_live_) news_.has_read_all();
  return progress;
}

// As from the log, its signatures too: a key that is trusted no more takes its entries along at the next start.
void LogFollower::take_stored(const StoredBatch& stored, Progress& progress) {
  Result<Batch> read = of_log(read_batch(stored.id, {stored.header, stored.body, stored.signature}), options_.log);
  if (!read.ok()) return;
  order_.take(stored.id, read.value());
  unfounded_.push_back({read.value().sequence, read.value().hash});
  progress.has_changed |= take_batch(read.value(), false, progress) == Taken::kApplied;
  newest_ = std::max(newest_, read.value().sequence);
}

LogFollower::Progress LogFollower::begin() {
  Progress progress;
  progress.read_at = Clock::now();
  state_.load([&](Result<SnapshotFile> read) { return take_stored_snapshot(std::move(read), progress); },
              [&](const StoredBatch& stored) { take_stored(stored, progress); });
  news_.was_unmended(state_.unmended());
  lacks_batches_ = !news_.unmended().log.empty() || !news_.unmended().note.empty();
  news_.tells_from(sequence_);  // which were refused is not kept on disk
  if (state_.lacks_base())
    lack_base();
  else
    unfounded_ = {};
  reader_.go_to(order_.last_id());
  if (state_.loaded_batches() > 0) news_.state_loaded(state_.loaded_batches(), order_.last_id(), state_.bytes_cut());
  news_.state(state_.problem(), state_.bytes());
  state_.audit(AuditEntry("started", "feed")
                   .number("batches", state_.loaded_batches())
                   .number("seq", sequence_)
                   .number("bytes_cut", state_.bytes_cut()));
  return progress;
}

void LogFollower::try_connect() {
  const Result<bool> ends_before = reader_.connect();
  if (!ends_before.ok()) return news_.not_connected(ends_before.error());
  news_.connected(reader_.server());
  is_live_ = false;
  if (ends_before.value())
    check_end();
  else
    check_other_log();
}

// Nothing was read yet and nothing was on disk: a snapshot is the quick way. `true`: there was one.
bool LogFollower::begin_with_snapshot(Progress& progress) {
  return reader_.is_free() && order_.last_id() == "0-0" && basis_.digest.empty() && take_newest_snapshot(progress);
}

void LogFollower::apply_due(Progress& progress) {
  if (waiting_.count() == 0) return;
  const std::int64_t now = now_s();
  std::vector<Change> due = waiting_.take_due(now);
  if (due.empty()) return;
  waiting_.sort_out(due, now);
  if (!progress.has_changed) progress.read_at = Clock::now();
  progress.has_changed = true;
  store_.apply(due, progress.complaints);
  news_.waiting(waiting_.count());
}

// The centre's newest word is asked for when no other question waits for its reply; that none comes is said whether Redis answers or not.
void LogFollower::watch_freeze() {
  if (!freeze_.is_wanted()) return;
  const FreezeWatch::Here here{order_.last(), order_.trail(), is_live_};
  if (const Clock::time_point now = Clock::now(); reader_.is_free() && freeze_.is_due(now)) {
    const std::string key = timestamp_key(options_.log);
    const Result<RedisReply> reply = reader_.command({"GET", key});
    if (!reply.ok())
      news_.not_connected(reply.error());
    else if (reply.value().is_error())
      freeze_.refused("Redis refuses to tell " + key + ": " + reply.value().text + "; the user needs +get on it", now);
    else
      freeze_.take(reply.value().text, signers_, here, now_ms(), now);
  }
  news_.signed_at(freeze_.signed_at_ms(), freeze_.problem(here, Clock::now()));
}

LogFollower::Progress LogFollower::step(std::uint32_t timeout_ms) {
  Progress progress;
  reader_.be_free_at(snapshot_due_);
  if (!reader_.is_connected()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(reader_.next_try() - Clock::now()).count();
    if (left > 0)
      wake_.wait(static_cast<std::uint32_t>(std::min<long long>(left, timeout_ms)));
    else {
      try_connect();
      begin_with_snapshot(progress);
    }
  } else if (const Result<LogReader::Read> read = reader_.read(timeout_ms); !read.ok()) {
    news_.not_connected(read.error());
  } else if (read.value().has_answered) {
    news_.heard_of_redis();
    if (read.value().ends_before)
      check_end();
    else if (!read.value().entries.empty())
      progress = take_entries(read.value());
    else {
      is_live_ = true;
      news_.has_read_all();
    }
    if (reader_.go_over()) {
      news_.connected(reader_.server());
      check_other_log();
    }
    follow_snapshots(progress);
  }
  watch_freeze();
  apply_due(progress);
  if (unenforced_.sweep(now_s())) news_.not_enforced(unenforced_.counts());
  state_.tick();
  news_.state(state_.problem(), state_.bytes());
  state_.keep_unmended(news_.unmended());
  return progress;
}

}  // namespace telefence
