// SPDX-License-Identifier: Apache-2.0
#pragma once

// What an edge keeps on its disk: the batches it has applied (policy_file.h), and the audit file of what happened to its policy. A disk
// that is full or gone never stops filtering: it is told, and what could not be written is tried again. Thread of the feed.

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>

#include "signatures/audit_log.h"
#include "signatures/policy_file.h"

namespace telefence {

class EdgeState {
 public:
  // `folder` "": nothing is kept.
  explicit EdgeState(std::string folder) : folder_(std::move(folder)) {}

  // Opens the folder, and calls `take` with every batch that is there, oldest first.
  void load(const std::function<void(const StoredBatch&)>& take);
  // Keeps a batch that was applied.
  void keep(StoredBatch batch);
  void audit(const AuditEntry& entry);
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
  void write_waiting();

  const std::string folder_;
  PolicyFile file_;
  AuditLog audit_;
  PolicyFile::Loaded loaded_;
  std::deque<StoredBatch> waiting_;
  std::size_t waiting_bytes_ = 0;
  bool is_given_up_ = false;
  std::chrono::steady_clock::time_point next_try_;
  std::string problem_, file_problem_, audit_problem_;
};

}  // namespace telefence
