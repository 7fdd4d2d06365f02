// SPDX-License-Identifier: Apache-2.0
#include "signatures/edge_state.h"

#include <pthread.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json_text.h"
#include "signatures/batch.h"
#include "signatures/compiled_snapshot.h"
#include "signatures/whole_file.h"

namespace telefence {
namespace {

using Json = nlohmann::json;

constexpr std::chrono::seconds kBetweenTries{1};
constexpr std::chrono::seconds kBetweenLooks{2};
constexpr std::chrono::seconds kStops{1};
constexpr const char* kUnmended = "unmended.json";
constexpr std::size_t kMostUnmended = 1 << 20;

void remove_compiled(const std::string& folder) {
  std::error_code ignored;
  std::filesystem::remove(compiled_snapshot_file(folder), ignored);
}

std::size_t size_of(const StoredBatch& batch) {
  return batch.header.size() + batch.body.size() + batch.signature.size() + batch.id.size();
}

}  // namespace

// The snapshot is renamed into its place before the batches that lie on it are: a writer that was killed in between left those of
// before, of which the ones behind the snapshot's last batch are meant. They are found by the chain.
Result<PolicyFile::Loaded> EdgeState::load_batches(const Base& base, const std::function<void(const StoredBatch&, bool lies_on_it)>& take) {
  bool has_reached = false;
  return file_.load([&](const StoredBatch& batch, const std::string& lies_on) {
    if (lies_on == base.digest || base.digest.empty() || has_reached) return take(batch, lies_on == base.digest);
    has_reached = batch.id == std::to_string(base.sequence) + "-0" && batch_hash(batch.header, batch.body) == base.hash;
  });
}

void EdgeState::load(const std::function<Base(Result<SnapshotFile>)>& take_snapshot, const std::function<void(const StoredBatch&)>& take) {
  if (folder_.empty()) return;
  Result<void> opened = file_.open(folder_);
  if (opened.ok()) {
    // First: what is wrong with the rest is told there.
    const Result<void> audit = audit_.open(folder_ + "/audit.jsonl", AuditLog::Sync::kEachSecond);
    if (!audit.ok()) audit_problem_ = audit.error().message;
    Base base;
    Result<std::optional<SnapshotFile>> snapshot = SnapshotFile::open(folder_);
    if (!snapshot.ok())
      take_snapshot(snapshot.error());
    else if (snapshot.value())
      base = take_snapshot(std::move(*snapshot.value()));
    std::vector<StoredBatch> behind_base;  // when the file lies on another one
    const Result<PolicyFile::Loaded> loaded = load_batches(base, [&](const StoredBatch& batch, bool lies_on_it) {
      if (!lies_on_it && !base.digest.empty()) behind_base.push_back(batch);
      take(batch);
    });
    lacks_base_ = loaded.ok() && base.digest.empty() && !loaded.value().base.empty();
    if (loaded.ok()) loaded_ = loaded.value();
    // The writer was killed between the two: else what is appended now would lie on a snapshot that is not there any more.
    if (loaded.ok() && !base.digest.empty() && loaded_.base != base.digest) {
      const Result<void> begun = file_.begin_anew(base.digest, behind_base);
      is_given_up_ = !begun.ok();
      if (!begun.ok()) file_problem_ = begun.error().message + "; after a restart this node begins with what was kept before";
    }
    if (!loaded.ok()) opened = loaded.error();
  }
  if (!opened.ok()) {
    // Not tried again: what another process writes there, or a file that is not ours, does not become ours by waiting.
    file_.close();
    file_problem_ = opened.error().message + "; after a restart this node begins without what was pushed";
  }
  tick();
}

std::optional<std::vector<StoredBatch>> EdgeState::behind(const std::string& id, const std::string& hash) const {
  std::optional<std::vector<StoredBatch>> out;
  if (is_given_up_) return out;  // some are missing
  const Result<void> read = file_.for_each([&](const StoredBatch& batch) {
    if (out)
      out->push_back(batch);
    else if (batch.id == id && batch_hash(batch.header, batch.body) == hash)
      out.emplace();
  });
  if (!read.ok()) return std::nullopt;
  if (out) out->insert(out->end(), waiting_.begin(), waiting_.end());
  return out;
}

bool EdgeState::keep_snapshot(const std::string& manifest, const std::vector<std::string>& chunks, const std::string& digest,
                              std::span<const StoredBatch> since, bool comes_to_the_same) {
  if (!file_.is_open()) return false;
  Result<void> written = SnapshotFile::write(folder_, manifest, chunks);
  if (written.ok()) written = file_.begin_anew(digest, since);
  if (!written.ok()) {
    file_problem_ = written.error().message + "; after a restart this node begins with what was kept before";
    if (comes_to_the_same) return false;
    is_given_up_ = true;
    waiting_.clear();
    waiting_bytes_ = 0;
    return false;
  }
  waiting_.clear();
  waiting_bytes_ = 0;
  is_given_up_ = lacks_base_ = false;
  file_problem_.clear();
  // What was compiled, or is about to be, is of another snapshot.
  compile_waiting_ = nullptr;
  stop_.request_stop();
  stop_ = {};
  is_of_another_ = compiling_.valid();
  compiled_problem_.clear();
  remove_compiled(folder_);
  return true;
}

void EdgeState::keep_compiled(Compile compile) {
  if (!keeps()) return;
  compile_waiting_ = std::move(compile);
  next_compile_ = {};
  compile_pause_ = kBetweenCompiles;
  compile_waiting();
}

void EdgeState::stop_compiling() {
  compile_waiting_ = nullptr;
  stop_.request_stop();
  if (compiling_.valid()) (void)compiling_.wait_for(kStops);
  stop_ = {};
}

void EdgeState::compile_waiting() {
  if (compiling_.valid() && compiling_.wait_for(std::chrono::seconds(0)) == std::future_status::ready) {
    take_compiled(compiling_.get());
  }
  if (!compile_waiting_ || compiling_.valid() || std::chrono::steady_clock::now() < next_compile_) return;
  compiled_by_ = std::exchange(compile_waiting_, nullptr);
  try {
    compiling_ = std::async(std::launch::async, [folder = folder_, stop = stop_.get_token(), compile = compiled_by_]() -> Result<bool> {
      pthread_setname_np(pthread_self(), "telefence:keep");
      // Of what can be done without, nothing may end the filter: there may be no memory, or no thread.
      try {
        return compile(folder, stop);
      } catch (const std::exception& thrown) {
        return Error{ErrorCode::kFailed, "the snapshot can't be compiled: " + std::string(thrown.what())};
      }
    });
  } catch (const std::exception& thrown) {
    take_compiled(Error{ErrorCode::kFailed, "the snapshot can't be compiled: " + std::string(thrown.what())});
  }
}

void EdgeState::take_compiled(const Result<bool>& kept) {
  Compile again = std::exchange(compiled_by_, nullptr);
  if (std::exchange(is_of_another_, false)) return remove_compiled(folder_);
  if (kept.ok()) {
    if (kept.value()) compiled_problem_.clear();
    return;
  }
  compiled_problem_ = kept.error().message + "; it is tried again, and until then a start reads the snapshot from its text";
  if (!compile_waiting_) compile_waiting_ = std::move(again);
  next_compile_ = std::chrono::steady_clock::now() + compile_pause_;
  compile_pause_ = std::min(2 * compile_pause_, kLongestPause);
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

void EdgeState::audit(AuditEntry entry) {
  if (!audit_.is_open()) return;
  const bool was_empty = audit_waiting_.empty();
  if (audit_waiting_.size() < kMostAuditWaiting)
    audit_waiting_.push_back(std::move(entry));
  else
    ++audit_lost_;
  if (was_empty) write_audit();
}

void EdgeState::write_audit() {
  while (!audit_waiting_.empty()) {
    const Result<void> written = audit_.append(audit_waiting_.front());
    if (!written.ok()) {
      audit_problem_ = written.error().message + "; what it should say waits, and writing is tried again";
      next_audit_ = std::chrono::steady_clock::now() + kBetweenTries;
      return;
    }
    audit_problem_.clear();
    audit_waiting_.pop_front();
    if (audit_waiting_.empty() && audit_lost_ > 0) audit_waiting_.push_back(AuditEntry("lost", "telefence").number("lines", std::exchange(audit_lost_, 0)));
  }
}

// Removed or put elsewhere while this runs: what is written goes where the next start does not look.
void EdgeState::look_for_folder() {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_look_) return;
  next_look_ = now + kBetweenLooks;
  const bool is_elsewhere = (file_.is_open() && !file_.is_in_place()) || (audit_.is_open() && !audit_.is_in_place());
  folder_problem_ = is_elsewhere
                        ? "the files in " + folder_ + " were removed or replaced while telefence runs: what it applies is kept where the next start does not find it; "
                          "restart it, and it reads from Redis what it has lost"
                        : "";
}

void EdgeState::keep_unmended(const Unmended& unmended) {
  if (!keeps() || unmended == kept_unmended_ || std::chrono::steady_clock::now() < next_unmended_) return;
  next_unmended_ = std::chrono::steady_clock::now() + kBetweenTries;
  const Json json = {{"log", unmended.log}, {"refused", unmended.refused}, {"note", unmended.note}};
  const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  const std::string_view pieces[] = {text};
  const Result<void> written = write_whole_file(folder_ + "/" + kUnmended, pieces);
  unmended_problem_ = written.ok() ? "" : written.error().message;
  if (written.ok()) kept_unmended_ = unmended;
}

Unmended EdgeState::unmended() {
  if (!keeps()) return {};
  std::ifstream stream(folder_ + "/" + kUnmended);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  const Json json = text.size() > kMostUnmended || is_deeper_than(text, 1) ? Json() : Json::parse(text, nullptr, false);
  const auto text_at = [&](const char* name) {
    const auto found = json.is_object() ? json.find(name) : json.end();
    return json.is_object() && found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  return kept_unmended_ = {text_at("log"), text_at("refused"), text_at("note")};
}

void EdgeState::tick() {
  if (!waiting_.empty() && std::chrono::steady_clock::now() >= next_try_) write_waiting();
  if (const Result<void> synced = file_.tick(); !synced.ok()) file_problem_ = synced.error().message;
  if (!audit_waiting_.empty() && std::chrono::steady_clock::now() >= next_audit_) write_audit();
  if (const Result<void> synced = audit_.tick(); !synced.ok()) audit_problem_ = synced.error().message;
  look_for_folder();
  compile_waiting();
  problem_ = compiled_problem_;
  if (!unmended_problem_.empty()) problem_ = unmended_problem_;
  for (const std::string* one : {&audit_problem_, &folder_problem_, &file_problem_})
    if (!one->empty()) problem_ = *one;
}

}  // namespace telefence
