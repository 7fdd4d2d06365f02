// SPDX-License-Identifier: Apache-2.0
#pragma once

// What an edge keeps on its disk: the batches it has applied (policy_file.h), the snapshot that they lie on, as it came and compiled, and
// the audit file of what happened to its policy. A disk that is full or gone never stops filtering: it is told, and what could not be
// written is tried again. Thread of the feed.

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "signatures/audit_log.h"
#include "signatures/options.h"
#include "signatures/policy_file.h"
#include "signatures/snapshot_file.h"
#include "signatures/unmended.h"

namespace telefence {

class EdgeState {
 public:
  // `folder` "": nothing is kept. `large`: RedisOptions::compact_above.
  explicit EdgeState(std::string folder, std::uint64_t large = RedisOptions().compact_above) : folder_(std::move(folder)), large_(large) {}
  ~EdgeState() { stop_.request_stop(); }  // and then waits, in compiling_'s

  // What a snapshot on disk came to.
  struct Base {
    std::string digest;  // of its manifest; "" = there is none, or it can't be used
    std::uint64_t sequence = 0;
    std::string hash;    // of its last batch
  };
  // Opens the folder, gives the snapshot that is there or why it can't be read, and calls `take` with every batch that lies on it, oldest
  // first.
  void load(const std::function<Base(Result<SnapshotFile>)>& take_snapshot, const std::function<void(const StoredBatch&)>& take);
  // Batches lie on a snapshot that is not there or can't be used: what they come to is not the whole.
  bool lacks_base() const { return lacks_base_; }
  // Keeps a snapshot in place of all that was kept, with the batches that were applied since. `comes_to_the_same`: what is kept so far,
  // with what comes, is as good. Else, when it can't be written, nothing more is kept until a restart: a hole would lie in between.
  // False: it is not kept.
  bool keep_snapshot(const std::string& manifest, const std::vector<std::string>& chunks, const std::string& digest,
                     std::span<const StoredBatch> since, bool comes_to_the_same);
  // Calls this in a thread of its own, to compile and write what makes the next start quicker; one at a time, and of those that wait the
  // newest. True: it was written; false: nothing was to be. An error is told, and after a while it is called again. It should end soon when it
  // is asked to stop, as it is when another snapshot is kept: whoever destroys this waits for it.
  using Compile = std::function<Result<bool>(const std::string& folder, const std::stop_token& stop)>;
  void keep_compiled(Compile compile);
  // Before the process ends: asks it to stop and waits a second at the most. What only writes then may be cut off: static objects are out of use.
  void stop_compiling();
  // Whether anything is kept.
  bool keeps() const { return file_.is_open(); }
  const std::string& folder() const { return folder_; }
  // What has gathered since the last snapshot is worth one.
  bool is_large() const { return file_.is_open() && file_.size() > large_; }
  // The batches behind that of this id and hash, as they are kept; nullopt: it is not among them.
  std::optional<std::vector<StoredBatch>> behind(const std::string& id, const std::string& hash) const;
  // Keeps a batch that was applied.
  void keep(StoredBatch batch);
  // What can't be written waits, and is written in its order once that is possible; what is too much to wait is counted, in a line "lost".
  void audit(AuditEntry entry);
  // What is wrong with what is in force, so that a restart does not forget it. Written when it is another; nothing wrong: no file.
  void keep_unmended(const Unmended& unmended);
  Unmended unmended();
  // Writes what is due. To be called every second or oftener.
  void tick();

  // Why it does not keep what it should; "" = it does.
  const std::string& problem() const { return problem_; }
  std::uint64_t loaded_batches() const { return loaded_.batches; }
  std::uint64_t bytes_cut() const { return loaded_.bytes_cut; }
  std::uint64_t bytes() const { return file_.is_open() ? file_.size() : 0; }

 private:
  // Batches are kept in the order in which they were applied or not at all: what lacks one in the middle is another policy.
  static constexpr std::size_t kMostWaiting = 64u << 20;  // bytes
  static constexpr std::size_t kMostAuditWaiting = 10'000;  // lines
  static constexpr std::chrono::seconds kBetweenCompiles{1}, kLongestPause{3600};
  void write_waiting();
  void write_audit();
  void compile_waiting();
  void take_compiled(const Result<bool>& kept);
  void look_for_folder();
  Result<PolicyFile::Loaded> load_batches(const Base& base, const std::function<void(const StoredBatch&, bool lies_on_it)>& take);

  const std::string folder_;
  const std::uint64_t large_;
  PolicyFile file_;
  AuditLog audit_;
  std::deque<AuditEntry> audit_waiting_;
  std::uint64_t audit_lost_ = 0;
  std::chrono::steady_clock::time_point next_audit_, next_look_;
  PolicyFile::Loaded loaded_;
  std::deque<StoredBatch> waiting_;
  std::size_t waiting_bytes_ = 0;
  bool is_given_up_ = false;
  bool lacks_base_ = false;
  std::chrono::steady_clock::time_point next_try_;
  Unmended kept_unmended_;
  std::chrono::steady_clock::time_point next_unmended_;
  std::string problem_, file_problem_, audit_problem_, unmended_problem_, folder_problem_, compiled_problem_;
  std::stop_source stop_;
  Compile compile_waiting_;
  Compile compiled_by_;       // what runs, to be called again
  bool is_of_another_ = false;  // what runs compiles another snapshot than the one that is kept now
  std::chrono::steady_clock::time_point next_compile_;
  std::chrono::seconds compile_pause_ = kBetweenCompiles;
  std::future<Result<bool>> compiling_;
};

}  // namespace telefence
