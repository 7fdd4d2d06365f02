// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the change log comes to at an edge, put together to be written down as a snapshot: batches are judged by the same signers,
// quotas and rules. Control thread of a tool.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "signatures/approvals.h"
#include "signatures/batch.h"
#include "signatures/log_trail.h"
#include "signatures/policy_file.h"
#include "signatures/signature_store.h"
#include "signatures/signers.h"
#include "signatures/snapshot.h"
#include "signatures/snapshot_load.h"
#include "signatures/unenforced_entries.h"
#include "signatures/waiting_changes.h"

namespace telefence {

class LogImage {
 public:
  static Result<LogImage> with(const CompileTerms& terms, const TrustOptions& trust);
  // By these signers, for who has no files of their keys.
  static LogImage with(const CompileTerms& terms, const TrustOptions& trust, Signers signers);

  // From an earlier snapshot on. Requires: nothing was taken yet.
  void begin_with(const SnapshotManifest& manifest, SnapshotLoad& load);
  // The next entry of the log, and what read_batch() made of it. Returns why it is not in force.
  std::optional<RefusedBatch> take(const StoredBatch& stored, Result<Batch> read);

  // Dates beyond this moment count as it, so that a batch that is dated ahead does not make all else old. Else: beyond now.
  void set_moment(std::int64_t moment_ms) { moment_ms_ = moment_ms; }

  std::uint64_t sequence() const { return sequence_; }  // of the last entry taken
  const std::string& hash() const { return hash_; }
  // The latest date of a batch in it. One more than an hour ahead is none: snapshots would be as young.
  std::int64_t newest_ms() const { return newest_ms_; }
  const Signers& signers() const { return signers_; }
  const CompileTerms& terms() const { return store_->terms(); }
  // A source that has more entries in force than redis.quotas allows, as edges count them.
  std::optional<RefusedBatch> refuse_over_quota() const;

  // What is in force at now_s, and what waits. Fills sequence and hash of the manifest, and what stood before.
  void write(std::int64_t now_s, SnapshotWriter& writer, SnapshotManifest& manifest);
  // Every entry in force at now_s with its value, and those that wait, in no order. What it says last about a value counts.
  void for_each(std::int64_t now_s, const std::function<void(const Change&)>& visit);

 private:
  using Key = std::pair<std::uint64_t, std::string>;  // canonical value, source

  LogImage(const CompileTerms& terms, const TrustOptions& trust);
  void keep(const Change& change);
  void take_due(std::int64_t now_s);
  void keep_proofs(const std::vector<Change>& changes, const StoredBatch& from);
  void write_approved(std::int64_t now_s, SnapshotWriter& writer);
  void write_proof(const Change& change, SnapshotWriter& writer);
  void write_tables(std::int64_t now_s, SnapshotWriter& writer);

  TrustOptions trust_;
  Signers signers_;
  Approvals approvals_;
  std::unique_ptr<SignatureStore> store_;
  WaitingChanges waiting_;
  std::map<Key, Change> texts_;                     // patterns and urls in force
  std::map<std::uint64_t, Change> removed_texts_;
  UnenforcedEntries unenforced_{true};
  std::map<Key, StoredBatch> proofs_;               // of wide entries
  std::vector<StoredBatch> approved_;               // whose approvals could be used again, be their entries still there or not
  std::set<std::string> proved_;                    // ids of those written
  std::uint64_t sequence_ = 0;
  std::string hash_;
  std::int64_t newest_ms_ = 0, moment_ms_ = 0;
  LogTrail trail_;  // to the batch before this one
};

}  // namespace telefence
