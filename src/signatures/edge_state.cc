// SPDX-License-Identifier: Apache-2.0
#include "signatures/edge_state.h"

#include <utility>

namespace telefence {
namespace {

constexpr std::chrono::seconds kBetweenTries{1};

std::size_t size_of(const StoredBatch& batch) {
  return batch.header.size() + batch.body.size() + batch.signature.size() + batch.id.size();
}

}  // namespace

void EdgeState::load(const std::function<void(const StoredBatch&)>& take) {
  if (folder_.empty()) return;
  Result<void> opened = file_.open(folder_);
  if (opened.ok()) {
    const Result<PolicyFile::Loaded> loaded = file_.load(take);
    if (loaded.ok())
      loaded_ = loaded.value();
    else
      opened = loaded.error();
  }
  if (opened.ok()) {
    const Result<void> audit = audit_.open(folder_ + "/audit.jsonl", AuditLog::Sync::kEachSecond);
    if (!audit.ok()) audit_problem_ = audit.error().message;
  } else {
    // Not tried again: what another process writes there, or a file that is not ours, does not become ours by waiting.
    file_.close();
    file_problem_ = opened.error().message + "; after a restart this node begins without what was pushed";
  }
  tick();
}

void EdgeState::write_waiting() {
  while (!waiting_.empty()) {
    const Result<void> written = file_.append(waiting_.front());
    if (!written.ok()) {
      file_problem_ = written.error().message + "; filtering goes on, and writing is tried again";
      next_try_ = std::chrono::steady_clock::now() + kBetweenTries;
      return;
    }
    waiting_bytes_ -= size_of(waiting_.front());
    waiting_.pop_front();
    file_problem_.clear();
  }
}

void EdgeState::keep(StoredBatch batch) {
  if (!file_.is_open() || is_given_up_) return;
  const bool was_empty = waiting_.empty();
  waiting_bytes_ += size_of(batch);
  waiting_.push_back(std::move(batch));
  if (was_empty) write_waiting();
  if (waiting_bytes_ <= kMostWaiting) return;
  // The file ends with the last batch that was written, which is a good place to go on from.
  is_given_up_ = true;
  waiting_.clear();
  file_problem_ += "; too much waits to be written: what is kept from now on begins with a restart";
}

void EdgeState::audit(const AuditEntry& entry) {
  if (!audit_.is_open()) return;
  const Result<void> written = audit_.append(entry);
  audit_problem_ = written.ok() ? "" : written.error().message;
}

void EdgeState::tick() {
  if (!waiting_.empty() && std::chrono::steady_clock::now() >= next_try_) write_waiting();
  if (const Result<void> synced = file_.tick(); !synced.ok()) file_problem_ = synced.error().message;
  if (const Result<void> synced = audit_.tick(); !synced.ok()) audit_problem_ = synced.error().message;
  problem_ = !file_problem_.empty() ? file_problem_ : audit_problem_;
}

}  // namespace telefence
