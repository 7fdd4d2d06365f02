// SPDX-License-Identifier: Apache-2.0
#include "signatures/feed_news.h"
#include "signatures/wall_clock.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace telefence {
namespace {

using Subject = Journal::Subject;

constexpr std::size_t kRecentComplaints = 50;

std::int64_t now_s() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

void remember(const std::vector<Complaint>& complaints, FeedState& state) {
  std::vector<Complaint>& recent = state.recent_complaints;
  recent.insert(recent.end(), complaints.begin(), complaints.end());
  if (recent.size() > kRecentComplaints) recent.erase(recent.begin(), recent.end() - kRecentComplaints);
}

// One that is forgotten is not claimed to be in force: what is told begins behind it.
void note_refusal(RefusedHere refused, FeedState& state) {
  std::vector<RefusedHere>& all = state.refused_here;
  std::erase_if(all, [&](const RefusedHere& one) { return one.sequence == refused.sequence; });
  all.push_back(std::move(refused));
  if (all.size() <= kRefusedKept) return;
  state.tells_from = std::max(state.tells_from, all.front().sequence + 1);
  all.erase(all.begin());
}

}  // namespace

std::string_view log_break_name(LogBreak reason) {
  switch (reason) {
    case LogBreak::kGap:
      return "gap";
    case LogBreak::kFork:
      return "fork";
    case LogBreak::kReset:
      return "reset";
  }
  return "gap";
}

FeedNews::FeedNews(bool is_configured, const SignatureStore::Counts& counts, Journal::Write write)
    : journal_(std::move(write)) {
  state_.with([&](FeedState& s) {
    s.configured = is_configured;
    s.counts = counts;
  });
}

FeedState FeedNews::state() const {
  FeedState state = state_.with([](const FeedState& s) { return s; });
  state.operations_refused += state.counts.log_patterns_refused;
  state.newest_sequence = state.sequence;
  if (state.held) {
    state.sequence = state.held->sequence;
    state.counts = state.held->counts;
  }
  return state;
}

void FeedNews::tell(Subject subject, const std::string& line) {
  journal_.tell(subject, "feed: " + line, Journal::Clock::now());
}

void FeedNews::show_problem() {
  const std::string& shown = !connection_problem_.empty() ? connection_problem_
                             : !keys_problem_.empty()     ? keys_problem_
                             : !batch_problem_.empty()    ? batch_problem_
                             : !base_problem_.empty()     ? base_problem_
                             : !unmended_.log.empty()     ? unmended_.log
                             : !snapshot_problem_.empty() ? snapshot_problem_
                             : !behind_.empty()           ? behind_
                             : !freeze_.empty()           ? freeze_
                                                          : unmended_.refused;
  state_.with([&](FeedState& s) {
    s.connected = is_connected_;
    s.problem = shown;
    s.log_problem = base_problem_.empty() ? unmended_.log : base_problem_;
  });
}

void FeedNews::connected(const std::string& server) {
  state_.with([&](FeedState& s) { s.server = server; });
  behind_.clear();
  const auto away = std::chrono::duration_cast<std::chrono::seconds>(Journal::Clock::now() - away_since_).count();
  if (!is_connected_)
    tell(Subject::kConnection, was_told_away_ ? "Redis at " + server + " is back after " + std::to_string(away) + " s"
                                              : "connected to Redis at " + server);
  is_connected_ = true;
  connection_problem_.clear();
  show_problem();
}

void FeedNews::not_connected(const Error& why) {
  // Every further try that fails is the same state, unless it fails for another reason.
  if (is_connected_) away_since_ = Journal::Clock::now();
  if (is_connected_ || why.message != connection_problem_)
    tell(Subject::kConnection, why.message + "; what is in force stays in force, and connecting is tried again");
  is_connected_ = false;
  was_told_away_ = true;
  connection_problem_ = why.message;
  show_problem();
}

void FeedNews::heard_of_redis() {
  state_.with([](FeedState& s) { s.last_contact_s = now_s(); });
}

void FeedNews::log_broken(LogBreak reason, const std::string& what) {
  unmended_.log = what;
  tell(Subject::kLog, what);
  state_.with([&](FeedState& s) { ++s.log_breaks[static_cast<std::size_t>(reason)]; });
  show_problem();
}

void FeedNews::log_begins_later(std::uint64_t sequence) {
  const std::string note = "the log begins at batch " + std::to_string(sequence) +
                           ": what was pushed before was trimmed away, and is not in force here";
  tell(Subject::kLog, note);
  unmended_.note = note;
  state_.with([&](FeedState& s) { s.note = note; });
}

void FeedNews::snapshot_loaded(std::uint64_t sequence, std::uint64_t in_force, std::uint64_t milliseconds) {
  unmended_ = {};
  snapshot_problem_.clear();
  base_problem_.clear();
  tell(Subject::kLog, "snapshot " + std::to_string(sequence) + " loaded in " + std::to_string(milliseconds) + " ms: " +
                          std::to_string(in_force) + " entries in force; the log is read from there");
  state_.with([&](FeedState& s) {
    s.note.clear();
    std::erase_if(s.refused_here, [&](const RefusedHere& one) { return one.sequence <= sequence; });
    s.left_out_here.clear();
    s.snapshot = sequence;
    ++s.snapshots_loaded;
  });
  show_problem();
}

void FeedNews::snapshot_read(std::uint64_t sequence, std::uint64_t in_force) {
  tell(Subject::kLog, "snapshot " + std::to_string(sequence) + " read from disk: " + std::to_string(in_force) + " entries");
  state_.with([&](FeedState& s) { s.snapshot = sequence; });
}

void FeedNews::snapshot_refused(const std::string& what) {
  snapshot_problem_ = what;
  tell(Subject::kLog, what);
  state_.with([&](FeedState& s) { ++s.snapshots_refused; });
  show_problem();
}

void FeedNews::base_lost(const std::string& what) {
  base_problem_ = what;
  tell(Subject::kState, what);
  show_problem();
}

void FeedNews::no_snapshots(const std::string& why) { tell(Subject::kLog, why); }

void FeedNews::batch_refused(const std::string& id, const std::string& hash, const RefusedBatch& refused) {
  batch_problem_ = "batch " + id + " refused: " + refused.why;
  if (unmended_.refused.empty()) unmended_.refused = batch_problem_;
  tell(Subject::kBatch, batch_problem_);
  state_.with([&](FeedState& s) {
    ++s.batches_refused;
    ++s.refusals[static_cast<std::size_t>(refused.reason)];
    s.last_refusal = batch_problem_;
    note_refusal({first_part(id), hash, refused.reason, refused.why}, s);
    remember({{"log:" + id, "", batch_problem_}}, s);
  });
  show_problem();
}

void FeedNews::tells_from(std::uint64_t sequence) {
  state_.with([&](FeedState& s) { s.tells_from = std::max(s.tells_from, sequence); });
  if (again_from_) *again_from_ = std::max(*again_from_, sequence);
}

void FeedNews::tells_only_from(std::uint64_t sequence) {
  state_.with([&](FeedState& s) { s.tells_from = sequence; });
  again_from_.reset();
}

void FeedNews::reads_again_from(std::uint64_t sequence) { again_from_ = std::min(sequence, again_from_.value_or(sequence)); }

void FeedNews::has_read(std::uint64_t sequence) {
  if (!again_from_) [[likely]] return;
  const std::uint64_t from = state_.with([](const FeedState& s) { return s.tells_from; });
  if (sequence + 1 >= from) has_read_all();
}

void FeedNews::has_read_all() {
  if (!again_from_) return;
  state_.with([&](FeedState& s) { s.tells_from = std::min(s.tells_from, *again_from_); });
  again_from_.reset();
}

void FeedNews::tells_of_another_log() {
  state_.with([](FeedState& s) {
    s.refused_here.clear();
    s.left_out_here.clear();
    s.tells_from = 0;
  });
  again_from_.reset();
}

void FeedNews::was_unmended(const Unmended& unmended) {
  unmended_ = unmended;
  state_.with([&](FeedState& s) { s.note = unmended.note; });
  show_problem();
}

void FeedNews::batch_taken(std::uint64_t sequence, const std::string& hash, const std::vector<Complaint>& left_out) {
  batch_problem_.clear();
  std::string first;
  if (!left_out.empty()) {
    const Complaint& one = left_out.front();
    first = one.where + ": \"" + one.value + "\": " + one.reason;
    tell(Subject::kBatch, "batch " + std::to_string(sequence) + ": " + std::to_string(left_out.size()) + " of its changes left out; the first: " + first);
  }
  // It was refused before, and has come whole.
  const bool was_refused = unmended_.refused.starts_with("batch " + std::to_string(sequence) + "-");
  state_.with([&](FeedState& s) {
    std::erase_if(s.refused_here, [&](const RefusedHere& one) { return one.sequence == sequence; });
    if (was_refused)
      unmended_.refused = s.refused_here.empty() ? "" : "batch " + std::to_string(s.refused_here.front().sequence) + "-0 refused: " + s.refused_here.front().why;
    if (!left_out.empty()) {
      if (s.left_out_here.size() == kRefusedKept) s.left_out_here.erase(s.left_out_here.begin());
      s.left_out_here.push_back({sequence, hash, left_out.size(), first});
    }
    ++s.batches_applied;
    s.operations_refused += left_out.size();
  });
  show_problem();
}

void FeedNews::not_published(const Error& why) {
  batch_problem_ = "can't put the new version in force: " + why.message;
  tell(Subject::kPublishing, batch_problem_);
  show_problem();
}

void FeedNews::not_kept(const Error& why) { tell(Subject::kPublishing, why.message); }

void FeedNews::in_force(const VersionInfo* held, std::uint64_t newest) {
  state_.with([&](FeedState& s) {
    s.held.reset();
    if (held != nullptr) s.held = *held;
    const bool is_let_go = held == nullptr && s.version != s.newest_version;
    if (is_let_go) s.last_applied_s = (s.last_applied_ms = now_ms()) / 1000;
    s.version = held != nullptr ? held->number : newest;
    s.newest_version = newest;
  });
}

void FeedNews::keys_unread(const Error& why) {
  keys_problem_ = "the keys of redis.signers can't be used, so every batch is refused: " + why.message;
  tell(Subject::kBatch, keys_problem_);
  show_problem();
}

void FeedNews::keys_read() {
  keys_problem_.clear();
  show_problem();
}

void FeedNews::server_behind(const std::string& what) {
  if (what == behind_) return;
  behind_ = what;
  if (!what.empty()) tell(Subject::kConnection, what);
  show_problem();
}

// Its seconds go on while it is told: the log of the daemon has it once.
void FeedNews::signed_at(std::int64_t moment_ms, const std::string& problem) {
  if (moment_ms != told_signed_at_ms_) {
    told_signed_at_ms_ = moment_ms;
    state_.with([&](FeedState& s) { s.signed_at_ms = moment_ms; });
  }
  if (problem == freeze_) return;
  if (problem.empty() || freeze_.empty()) tell(Subject::kLog, problem.empty() ? "what the centre signs comes here again" : problem);
  freeze_ = problem;
  show_problem();
}

void FeedNews::not_enforced(const std::array<std::uint64_t, kUnenforcedKinds>& entries) {
  state_.with([&](FeedState& s) { s.not_enforced = entries; });
}

void FeedNews::waiting(std::uint64_t changes) {
  state_.with([&](FeedState& s) { s.waiting = changes; });
}

void FeedNews::state_loaded(std::uint64_t batches, const std::string& last_id, std::uint64_t bytes_cut) {
  std::string line = std::to_string(batches) + " batches read from disk, the last one " + last_id;
  if (bytes_cut > 0) line += "; " + std::to_string(bytes_cut) + " bytes at the end were not whole and are read from Redis again";
  tell(Subject::kLog, line);
}

void FeedNews::state(const std::string& problem, std::uint64_t bytes) {
  if (problem == state_problem_ && bytes == told_bytes_) return;
  if (problem != state_problem_) tell(Subject::kState, problem.empty() ? "what is applied is kept on disk again" : problem);
  state_problem_ = problem;
  told_bytes_ = bytes;
  state_.with([&](FeedState& s) {
    s.state_problem = problem;
    s.stored_bytes = bytes;
  });
}

void FeedNews::published(const Publication& publication) {
  state_.with([&](FeedState& s) {
    s.sequence = publication.sequence;
    s.hash = publication.hash;
    if (s.version != s.newest_version) return;  // it is only kept
    s.last_applied_ms = now_ms();
    s.last_applied_s = s.last_applied_ms / 1000;
    s.all_use_it = publication.apply_us != 0;
    if (publication.apply_us == 0) return;
    s.last_apply_us = publication.apply_us;
    if (!publication.is_measured) return;
    s.last_propagation_us = publication.propagation_us;
    s.propagated_sequence = publication.sequence;
  });
}

void FeedNews::keep(const std::vector<Complaint>& complaints, const SignatureStore::Counts& counts) {
  state_.with([&](FeedState& s) {
    s.counts = counts;
    remember(complaints, s);
  });
}

}  // namespace telefence
