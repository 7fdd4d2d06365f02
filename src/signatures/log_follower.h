// SPDX-License-Identifier: Apache-2.0
#pragma once

// From the change log to the store: reads batches, checks that they follow one another, were not seen before and are signed by who
// may, applies them, and keeps them on disk. Redis away, bad batches and a full disk are told to FeedNews, never to the caller: there
// is nothing it could do. Thread of the feed.

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "signatures/approvals.h"
#include "signatures/batch.h"
#include "signatures/edge_state.h"
#include "signatures/feed_news.h"
#include "signatures/freeze_watch.h"
#include "signatures/log_order.h"
#include "signatures/log_reader.h"
#include "signatures/log_trail.h"
#include "signatures/options.h"
#include "signatures/patient_clock.h"
#include "signatures/seen_batches.h"
#include "signatures/signature_store.h"
#include "signatures/signers.h"
#include "signatures/snapshot_fetch.h"
#include "signatures/unenforced_entries.h"
#include "signatures/waiting_changes.h"

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

  LogFollower(const SignatureOptions& options, const Interrupt& wake, SignatureStore& store, FeedNews& news);

  // Takes what was kept on disk. Before the first step().
  Progress begin();
  // Connects when that is due, or waits at most so long for batches and applies them; also what waited for its time.
  Progress step(std::uint32_t timeout_ms);
  // No step() for now: nothing goes on in the background that the end of the process would disturb.
  void pause() { state_.stop_compiling(); }
  std::uint64_t sequence() const { return sequence_; }  // of the newest batch applied
  const std::string& hash() const { return hash_; }     // of the same

  // Who may sign from now on. An error leaves those of before.
  Result<void> set_trust(const TrustOptions& trust);
  void audit(AuditEntry entry) { state_.audit(std::move(entry)); }

 private:
  // What became of an entry. kKnown: it was applied before. kReadAgain: it and what was read with it.
  enum class Taken { kApplied, kKnown, kRefused, kReadAgain };

  void try_connect();
  void check_end();
  std::optional<bool> goes_back_before_snapshot();
  void go_back(const std::string& id, const std::string& hash);
  void check_other_log();
  Progress take_entries(const LogReader::Read& read);
  Taken take_entry(const LogReader::LogEntry& entry, bool is_first, Progress& progress);
  Taken take_batch(Batch& batch, bool is_new, Progress& progress);
  Taken refuse(const std::string& id, const std::string& hash, const Batch* batch, const RefusedBatch& refused);
  void take_stored(const StoredBatch& stored, Progress& progress);
  void apply(Batch& batch, Progress& progress);
  void audit_applied(const Batch& batch, std::size_t left_out);
  void apply_due(Progress& progress);
  bool is_in_order(const std::string& id, const Batch& batch, bool is_first);
  std::optional<std::string> hash_at(const std::string& id);
  bool is_other_log();
  void watch_freeze();
  void break_log(LogBreak reason, const std::string& what, std::uint64_t missing);
  void read_anew(const std::string& why);

  // log_follower_snapshot.cc
  void plan_snapshot(std::chrono::milliseconds within, std::uint64_t least);
  void follow_snapshots(Progress& progress);
  bool begin_with_snapshot(Progress& progress);
  bool take_newest_snapshot(Progress& progress);
  bool take_snapshot(const ManifestThere& there, Progress& progress);
  EdgeState::Base take_stored_snapshot(Result<SnapshotFile> read, Progress& progress);
  void lack_base();
  bool has_all_of_disk(const SnapshotManifest& snapshot);
  void adopt(const SnapshotManifest& manifest, SnapshotLoad& load, Progress& progress);
  void keep_compiled(const SnapshotManifest& manifest, const SnapshotLoad& load);
  void compile_beside(SnapshotManifest manifest, std::vector<std::string> chunks);
  bool refuse_snapshot(std::uint64_t sequence, const std::string& why);
  bool is_of_other_log(const SnapshotManifest& manifest);
  bool waits_for_signers(const SnapshotManifest& manifest);
  bool is_before_snapshot(const Batch& batch) const;
  void hold_against_snapshot(const Batch& batch);
  void compact();
  std::int64_t now_s();

  RedisOptions options_;
  const Interrupt& wake_;
  SignatureStore& store_;
  FeedNews& news_;
  LogReader reader_;
  LogOrder order_;  // of what was read, also when it was refused
  Signers signers_;
  SeenBatches seen_;
  Approvals approvals_;
  WaitingChanges waiting_;
  UnenforcedEntries unenforced_{false};
  EdgeState state_;
  PatientClock clock_;
  FreezeWatch freeze_;
  std::uint64_t sequence_ = 0;
  std::string hash_;
  std::uint64_t behind_until_ = 0;  // a server that was behind has caught up with this batch
  std::uint64_t newest_ = 0;  // the highest sequence applied since reading began anew
  // Of the snapshot that was loaded last; nothing when there was none.
  struct Basis {
    std::string digest;
    std::uint64_t sequence = 0;
    std::int64_t created_ms = 0;
    LogTrail trail;  // to its batch
    bool is_doubted = false;  // the log has others than it was made of
  };
  Basis basis_;
  // The batches on disk, when the snapshot that they lie on can't be used. Empty also when the log that they are of is lost.
  std::vector<LogTrail::Place> unfounded_;
  std::optional<LogReader::Clock::time_point> snapshot_due_;  // something is wrong with the log: a newer snapshot is to be looked for
  bool lacks_batches_ = false;       // some of this log were never seen here, or what was seen is of another
  std::uint64_t snapshot_need_ = 0;  // the batches up to this one are missing
  std::int64_t newest_ms_ = 0;       // date of the newest batch or snapshot that was applied
  std::int64_t snapshot_after_ms_ = 0;  // of what another log has taken the place of; an older snapshot would take it back
  LogReader::Clock::time_point compact_at_;
  std::minstd_rand random_{std::random_device{}()};
  bool is_live_ = false;  // the log has been read to its end once since connecting
};

}  // namespace telefence
