// SPDX-License-Identifier: Apache-2.0
#pragma once

// How the feed stands, and the one place where its changes of state are told: in FeedState (status, /readyz, metrics) and as
// lines of the daemon's log (journal.h). Changed by the feed's thread only; state() from any thread.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "publish/guarded.h"
#include "signatures/journal.h"
#include "signatures/signature_store.h"
#include "signatures/signers.h"
#include "signatures/unmended.h"
#include "signatures/version_history.h"

namespace telefence {

// Why changes of the log may be missing.
enum class LogBreak : std::uint8_t {
  kGap,    // batches in between were never seen
  kFork,   // a batch names another predecessor than the one that was read
  kReset,  // the log lost what was read, or is another one
};
inline constexpr std::size_t kLogBreaks = 3;
inline constexpr std::size_t kRefusedKept = 32;  // a receipt names them all
std::string_view log_break_name(LogBreak reason);

// A batch that this edge refused, as the centre is told of it.
struct RefusedHere {
  std::uint64_t sequence = 0;
  std::string hash;
  BatchRefusal reason = BatchRefusal::kMalformed;
  std::string why;
};

// A batch that is in force without some of its changes.
struct LeftOutHere {
  std::uint64_t sequence = 0;
  std::string hash;
  std::size_t count = 0;  // of its changes left out
  std::string why;        // the first of them
};

struct FeedState {
  bool configured = false;  // a Redis server is named
  bool connected = false;
  std::string server;          // the one that is read, or was read last
  std::string problem;         // why not connected, why the last batch was refused, or the log's problem
  std::string log_problem;     // changes may be missing; stays until a snapshot mends it
  std::string state_problem;   // why the disk does not keep what it should
  std::int64_t signed_at_ms = 0;  // the newest moment of which the centre signed something; 0 = not known, or not watched
  std::string note;            // what an operator may want to know of the log and is no problem
  std::uint64_t sequence = 0;  // of the newest batch in force
  std::uint64_t newest_sequence = 0;  // of the newest batch that was taken; another one while an earlier version is held by hand
  std::string hash;            // of the same
  std::int64_t last_contact_s = 0;
  std::int64_t last_applied_s = 0;
  std::int64_t last_applied_ms = 0;        // the same, for receipts
  bool all_use_it = false;                 // all workers use the newest batch
  std::uint64_t propagated_sequence = 0;   // the batch that last_propagation_us is of
  std::uint64_t snapshot = 0;  // sequence of the one that was loaded last; 0 = none
  std::uint64_t snapshots_loaded = 0;
  std::uint64_t snapshots_refused = 0;
  std::uint64_t batches_applied = 0;
  std::uint64_t batches_refused = 0;
  std::array<std::uint64_t, kBatchRefusals> refusals{};  // batches, by BatchRefusal
  std::string last_refusal;              // which batch and why; stays
  std::vector<RefusedHere> refused_here; // the last ones, newest last, at most kRefusedKept; none that a snapshot has
  std::vector<LeftOutHere> left_out_here;  // the same of batches that are in force in part
  std::uint64_t tells_from = 0;          // of the batches before this one it is not known here which were refused
  std::array<std::uint64_t, kUnenforcedKinds> not_enforced{};  // entries of kinds that are only in the model
  std::uint64_t waiting = 0;             // changes whose time has not come
  std::uint64_t stored_bytes = 0;        // of batches on disk
  std::uint64_t operations_refused = 0;  // changes of batches that are in force else
  std::array<std::uint64_t, kLogBreaks> log_breaks{};  // by LogBreak
  std::uint64_t last_apply_us = 0;        // from batch read to all workers on the new set
  std::uint64_t last_propagation_us = 0;  // from the publisher's timestamp to all workers on the new set
  std::uint64_t version = 0;         // in force; counts from 1 since the start
  std::uint64_t newest_version = 0;  // not the same: an earlier version was put in force by hand
  std::optional<VersionInfo> held;   // that version
  SignatureStore::Counts counts;     // of what is in force
  std::vector<Complaint> recent_complaints;  // newest last, at most 50
};

class FeedNews {
 public:
  FeedNews(bool is_configured, const SignatureStore::Counts& counts, Journal::Write write);

  FeedState state() const;

  void tick() { journal_.write_due(Journal::Clock::now()); }
  void close() { journal_.close(); }

  void connected(const std::string& server);
  void not_connected(const Error& why);
  void heard_of_redis();
  void log_broken(LogBreak reason, const std::string& what);
  void log_begins_later(std::uint64_t sequence);
  // In place of what the log said before; what was wrong with the log is mended.
  void snapshot_loaded(std::uint64_t sequence, std::uint64_t in_force, std::uint64_t milliseconds);
  void snapshot_read(std::uint64_t sequence, std::uint64_t in_force);  // from disk
  void snapshot_refused(const std::string& what);
  void no_snapshots(const std::string& why);
  // What is on disk is not the whole. Told until a snapshot is loaded.
  void base_lost(const std::string& what);
  void batch_refused(const std::string& id, const std::string& hash, const RefusedBatch& refused);
  // What became of the batches before this one was not seen.
  void tells_from(std::uint64_t sequence);
  // Only of what is behind this one, which is read (again).
  void tells_only_from(std::uint64_t sequence);
  // What is behind this one is read again: when that has come so far, it is known of all of it.
  void reads_again_from(std::uint64_t sequence);
  void has_read(std::uint64_t sequence);
  void has_read_all();  // the log is read to its end
  // Another log begins, of which all will be seen.
  void tells_of_another_log();
  // A batch that is sound; some of its lines may have been left out.
  void batch_taken(std::uint64_t sequence, const std::string& hash, const std::vector<Complaint>& left_out);
  // From before a restart.
  void was_unmended(const Unmended& unmended);
  const Unmended& unmended() const { return unmended_; }
  void not_published(const Error& why);
  void not_kept(const Error& why);  // on disk
  // `held`: the earlier version that is in force by hand, nullptr: the newest is.
  void in_force(const VersionInfo* held, std::uint64_t newest);
  // The keys of redis.signers.
  void keys_unread(const Error& why);
  void keys_read();
  // How old the centre's newest word is, and what is wrong with it; "": nothing.
  void signed_at(std::int64_t moment_ms, const std::string& problem);
  // "": it has caught up.
  void server_behind(const std::string& what);
  void not_enforced(const std::array<std::uint64_t, kUnenforcedKinds>& entries);
  void waiting(std::uint64_t changes);
  void state_loaded(std::uint64_t batches, const std::string& last_id, std::uint64_t bytes_cut);
  void state(const std::string& problem, std::uint64_t bytes);

  struct Publication {
    std::uint64_t sequence = 0;
    std::string hash;
    std::uint64_t apply_us = 0;  // 0 = not all workers use it yet
    std::uint64_t propagation_us = 0;
    bool is_measured = false;  // propagation_us tells something
  };
  void published(const Publication& publication);
  void keep(const std::vector<Complaint>& complaints, const SignatureStore::Counts& counts);

 private:
  void tell(Journal::Subject subject, const std::string& line);
  void show_problem();

  Guarded<FeedState> state_;
  Journal journal_;
  // Thread of the feed only.
  bool is_connected_ = false;
  bool was_told_away_ = false;
  Journal::Clock::time_point away_since_ = Journal::Clock::now();
  std::string connection_problem_;
  Unmended unmended_;
  std::string batch_problem_;  // of the newest batch
  std::string keys_problem_, behind_, state_problem_, snapshot_problem_, freeze_, base_problem_;
  std::optional<std::uint64_t> again_from_;
  std::int64_t told_signed_at_ms_ = 0;
  std::uint64_t told_bytes_ = 0;
};

}  // namespace telefence
