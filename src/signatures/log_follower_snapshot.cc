// SPDX-License-Identifier: Apache-2.0
// The follower and snapshots: at a first start, after a break of the log, and to keep what is on disk small.
#include <sys/resource.h>

#include <algorithm>
#include <span>
#include <utility>

#include "signatures/compiled_snapshot.h"
#include "signatures/log_follower.h"
#include "signatures/size_estimate.h"
#include "signatures/wall_clock.h"

namespace telefence {
namespace {

using Clock = LogReader::Clock;

// While something is wrong with the log and no newer snapshot is there, it is looked for so often; and so often the disk is looked at.
constexpr std::chrono::seconds kNextLook{60};

constexpr std::int64_t kTimeToSign_ms = 600'000;

constexpr std::size_t kMostAskedAbout = 1000;

// A snapshot and a batch of less than this apart: which was first is not known, the clocks and their milliseconds being what they are.
constexpr std::int64_t kSameMoment_ms = 1000;

// Compiling what is not in force yet gives way to the feed, which may have the same core.
constexpr int kGivesWay = 10;

std::string id_of(std::uint64_t sequence) { return std::to_string(sequence) + "-0"; }

}  // namespace

// `least`: the snapshot must have this batch.
void LogFollower::plan_snapshot(std::chrono::milliseconds within, std::uint64_t least) {
  snapshot_need_ = std::max(snapshot_need_, least);
  if (snapshot_due_) return;
  const auto wait = std::uniform_int_distribution<std::int64_t>(0, within.count())(random_);
  snapshot_due_ = Clock::now() + std::chrono::milliseconds(wait);
}

bool LogFollower::refuse_snapshot(std::uint64_t sequence, const std::string& why) {
  const std::string what = (sequence == 0 ? "the snapshot on disk" : "snapshot " + std::to_string(sequence)) + " refused: " + why;
  news_.snapshot_refused(what);
  state_.audit(AuditEntry("refused", "feed").text("id", "snapshot:" + std::to_string(sequence)).text("why", why));
  return false;
}

// An old batch that somebody puts into its place again: the snapshot has what it came to. One that is dated later is of another log.
bool LogFollower::is_before_snapshot(const Batch& batch) const {
  if (basis_.digest.empty() || batch.sequence > basis_.sequence) return false;
  const LogTrail::Place* place = basis_.trail.at_or_before(batch.sequence);
  return batch.timestamp_ms <= basis_.created_ms || (place != nullptr && place->sequence == batch.sequence && place->hash == batch.hash);
}

// It has no effect, since it may be one of old that was never published. But then the log is not the one that the snapshot was made of.
void LogFollower::hold_against_snapshot(const Batch& batch) {
  const LogTrail::Place* place = basis_.trail.at_or_before(batch.sequence);
  if (place == nullptr || place->sequence != batch.sequence || place->hash == batch.hash || basis_.is_doubted) return;
  basis_.is_doubted = true;
  break_log(LogBreak::kReset, "batch " + id_of(batch.sequence) + " is another one than snapshot " + std::to_string(basis_.sequence) +
                                  " was made of: Redis lost data, and what this batch says is not in force here", 0);
}

// In place of all that the log said so far. Batches behind it are read (again), in whatever order they came before.
void LogFollower::adopt(const SnapshotManifest& manifest, SnapshotLoad& load, Progress& progress) {
  std::vector<Change> changes = std::move(load.changes());
  waiting_.forget_all();
  waiting_.sort_out(changes, now_s());
  std::vector<Complaint> left_out = std::move(load.complaints());
  store_.adopt_log(load.layer(), load.removed(), changes, left_out);
  news_.waiting(waiting_.count());
  std::move(left_out.begin(), left_out.end(), std::back_inserter(progress.complaints));
  unenforced_.forget_all();
  for (const Change& change : load.unenforced()) unenforced_.apply(change);
  news_.not_enforced(unenforced_.counts());
  basis_ = {manifest.digest, manifest.sequence, manifest.created_ms, manifest.before};
  if (!manifest.hash.empty()) basis_.trail.add(manifest.sequence, manifest.hash);
  behind_until_ = 0;
  seen_ = {};
  for (const StoredBatch& stored : load.proofs())
    if (const Result<Batch> proof = read_batch(stored.id, {stored.header, stored.body, stored.signature}); proof.ok())
      approvals_.note(proof.value(), manifest.created_ms);
  approvals_.begin_at(manifest.created_ms);
  if (!manifest.hash.empty()) seen_.note(manifest.hash, true);
  order_.go_back(id_of(manifest.sequence), manifest.hash);
  sequence_ = newest_ = manifest.sequence;
  hash_ = manifest.hash;
  news_.tells_only_from(sequence_);  // of those before, its maker knows
  lacks_batches_ = false;
  unfounded_.clear();
  snapshot_need_ = 0;
  snapshot_after_ms_ = 0;
  newest_ms_ = std::max(newest_ms_, manifest.created_ms);
  freeze_.note_signed(manifest.created_ms, now_ms(), Clock::now());
  progress.has_changed = true;
}

// Of a snapshot that was read as text: the next start has it compiled.
void LogFollower::keep_compiled(const SnapshotManifest& manifest, const SnapshotLoad& load) {
  if (std::optional<CompiledSnapshot> compiled = load.compiled())
    state_.keep_compiled([compiled = std::move(*compiled), key = snapshot_key(manifest, store_.terms(), signers_), terms = store_.terms()](
                             const std::string& folder, const std::stop_token&) -> Result<bool> {
      const Result<void> written = write_compiled_snapshot(folder, key, compiled, terms);
      if (!written.ok()) return written.error();
      return true;
    });
}

// Of one that is kept and not in force: what is in force comes to the same. For a while it takes as much memory again, so only where twice
// that is free; else the next start reads the text.
void LogFollower::compile_beside(SnapshotManifest manifest, std::vector<std::string> chunks) {
  state_.keep_compiled([manifest = std::move(manifest), chunks = std::move(chunks), terms = store_.terms(), signers = signers_](
                           const std::string& folder, const std::stop_token& stop) -> Result<bool> {
    setpriority(PRIO_PROCESS, 0, kGivesWay);  // Linux: of this thread
    if (available_memory() < 2 * bytes_in_force(manifest)) return false;
    const Result<LoadedSnapshot> loaded = load_snapshot(manifest, terms, signers, false, [&](std::size_t index) -> Result<std::string> {
      if (stop.stop_requested()) return Error{ErrorCode::kFailed, "it was stopped"};
      return chunks[index];
    });
    if (!loaded.ok() || stop.stop_requested()) return false;  // what is wrong with it is told by who takes it
    const std::optional<CompiledSnapshot> compiled = loaded.value().load->compiled();
    if (!compiled) return false;
    const Result<void> written = write_compiled_snapshot(folder, snapshot_key(manifest, terms, signers), *compiled, terms);
    if (!written.ok()) return written.error();
    return true;
  });
}

bool LogFollower::take_snapshot(const ManifestThere& there, Progress& progress) {
  const SnapshotManifest& manifest = there.manifest;
  if (const auto refused = signers_.refuse(manifest)) return refuse_snapshot(manifest.sequence, refused->why);
  const Clock::time_point begin = Clock::now();
  const AskRedis ask = [this](auto words) { return reader_.command(words); };
  Result<LoadedSnapshot> loaded = load_snapshot(manifest, store_.terms(), signers_, state_.keeps(),
                                                [&](std::size_t index) { return chunk_at(ask, options_.log, manifest, index); });
  if (!loaded.ok()) return refuse_snapshot(manifest.sequence, loaded.error().message);
  if (const auto refused = signers_.refuse_over_quota(loaded.value().load->entries_of_sources())) return refuse_snapshot(manifest.sequence, refused->why);
  progress.read_at = begin;
  adopt(manifest, *loaded.value().load, progress);
  reader_.go_to(order_.last_id());
  if (state_.keep_snapshot(there.value, loaded.value().chunks, manifest.digest, {}, false)) keep_compiled(manifest, *loaded.value().load);
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin).count();
  news_.snapshot_loaded(manifest.sequence, store_.counts().in_force(), static_cast<std::uint64_t>(milliseconds));
  state_.audit(AuditEntry("snapshot", manifest.publisher)
                   .number("seq", manifest.sequence)
                   .text("hash", manifest.digest)
                   .number("in_force", store_.counts().in_force())
                   .number("left_out", progress.complaints.size()));
  return true;
}

// Snapshots of a log that was lost may lie beside the new one. Whether this one is of another log, or the server has gone away.
bool LogFollower::is_of_other_log(const SnapshotManifest& manifest) {
  if (order_.last_id() == "0-0") return false;  // nothing was read yet: there is nothing that it could take back
  if (manifest.sequence > first_part(reader_.last_id()) && manifest.sequence > order_.last()) return true;
  const std::optional<std::string> hash = hash_at(id_of(manifest.sequence));
  return !hash || (!hash->empty() && !manifest.hash.empty() && *hash != manifest.hash);
}

// Made a moment ago, and not signed by all who have to yet: the one before it will do so long.
bool LogFollower::waits_for_signers(const SnapshotManifest& manifest) {
  const auto refused = signers_.refuse(manifest);
  return refused && refused->reason == BatchRefusal::kNeedsSecond && now_ms() - manifest.created_ms < kTimeToSign_ms;
}

// The newest that is sound, unless it is the one that was loaded last.
bool LogFollower::take_newest_snapshot(Progress& progress) {
  snapshot_due_.reset();
  const AskRedis ask = [this](auto words) { return reader_.command(words); };
  const Result<std::vector<std::uint64_t>> there = snapshots_at(ask, options_.log);
  if (!there.ok()) {
    if (reader_.is_connected()) news_.no_snapshots(there.error().message);
    return false;
  }
  for (const std::uint64_t sequence : there.value()) {
    const Result<ManifestThere> manifest = manifest_at(ask, options_.log, sequence);
    if (!reader_.is_connected()) return false;
    if (!manifest.ok()) {
      refuse_snapshot(sequence, manifest.error().message);
      continue;
    }
    // An old one, or one that lacks what is missing here, would take away what is in force.
    const SnapshotManifest& there_now = manifest.value().manifest;
    const bool is_older = snapshot_after_ms_ != 0 && there_now.created_ms < snapshot_after_ms_ + kSameMoment_ms;
    if (there_now.created_ms <= basis_.created_ms || is_older || there_now.sequence < snapshot_need_) return false;
    // This node has every batch, and only refused some: from one that was made without others it would lose those.
    if (there_now.has_gaps && !lacks_batches_ && order_.last_id() != "0-0") return false;
    if (waits_for_signers(there_now)) continue;
    if (is_of_other_log(there_now) || !has_all_of_disk(there_now)) {
      if (!reader_.is_connected()) return false;
      continue;
    }
    if (take_snapshot(manifest.value(), progress)) return true;
    if (!reader_.is_connected()) return false;
  }
  return false;
}

// Called when no question waits for its reply.
void LogFollower::follow_snapshots(Progress& progress) {
  if (!reader_.is_free()) return;
  if (snapshot_due_ && Clock::now() >= *snapshot_due_) {
    if (!take_newest_snapshot(progress)) snapshot_due_ = Clock::now() + kNextLook;
    return;
  }
  if (state_.is_large() && Clock::now() >= compact_at_) compact();
}

// What is on disk in place of the batches up to it: they come to the same, and the next start is quicker.
void LogFollower::compact() {
  compact_at_ = Clock::now() + kNextLook + std::chrono::seconds(std::uniform_int_distribution<int>(0, 60)(random_));
  const AskRedis ask = [this](auto words) { return reader_.command(words); };
  const Result<std::vector<std::uint64_t>> there = snapshots_at(ask, options_.log);
  if (!there.ok() || there.value().empty()) return;
  const Result<ManifestThere> manifest = manifest_at(ask, options_.log, there.value().front());
  if (!manifest.ok() || signers_.refuse(manifest.value().manifest)) return;
  const SnapshotManifest& newest = manifest.value().manifest;
  const auto since = state_.behind(id_of(newest.sequence), newest.hash);
  if (!since) return;
  std::vector<std::string> chunks;
  for (std::size_t i = 0; i < newest.chunks.size(); ++i) {
    Result<std::string> chunk = chunk_at(ask, options_.log, newest, i);
    if (!chunk.ok() || !unpack_chunk(newest, i, chunk.value()).ok()) return;
    chunks.push_back(std::move(chunk.value()));
  }
  if (!state_.keep_snapshot(manifest.value().value, chunks, newest.digest, *since, true)) return;  // and tries again
  state_.audit(AuditEntry("compacted", newest.publisher).number("seq", newest.sequence).text("hash", newest.digest));
  compile_beside(newest, std::move(chunks));
}

// As from Redis, its signatures too.
EdgeState::Base LogFollower::take_stored_snapshot(Result<SnapshotFile> read, Progress& progress) {
  const auto refuse = [this](const std::string& why) {
    refuse_snapshot(0, why);
    return EdgeState::Base();
  };
  if (!read.ok()) return refuse(read.error().message);
  SnapshotFile& file = read.value();
  const Result<SnapshotManifest> manifest = read_manifest(file.manifest());
  if (!manifest.ok()) return refuse(manifest.error().message);
  if (const auto refused = signers_.refuse(manifest.value())) return refuse(refused->why);
  if (const Result<void> whole = file.refuse_cut_off(manifest.value()); !whole.ok()) return refuse(whole.error().message);
  const CompileTerms& terms = store_.terms();
  const Result<LoadedSnapshot> loaded =
      load_snapshot(manifest.value(), terms, signers_, false, [&](std::size_t index) { return file.chunk(manifest.value(), index); },
                    read_compiled_snapshot(state_.folder(), snapshot_key(manifest.value(), terms, signers_), terms, now_ms() / 1000));
  if (!loaded.ok()) return refuse(loaded.error().message);
  adopt(manifest.value(), *loaded.value().load, progress);
  keep_compiled(manifest.value(), *loaded.value().load);
  news_.snapshot_read(manifest.value().sequence, store_.counts().in_force());
  return {manifest.value().digest, manifest.value().sequence, manifest.value().hash};
}

// The batches on disk lie on a snapshot that can't be used. They stay in force, and nothing of the disk is touched, until a snapshot takes
// their place that has all they say. When it was refused for want of trust, the next start may take it again.
void LogFollower::lack_base() {
  news_.base_lost("the batches on disk lie on a snapshot that is missing there or can't be used: only what they say is in force (" +
                  std::to_string(state_.loaded_batches()) + " of them), until Redis gives a snapshot (telefence snapshot makes one)");
  state_.audit(AuditEntry("base-lost", "feed").number("batches", state_.loaded_batches()));
  lacks_batches_ = true;
  if (!news_.unmended().log.empty()) {
    // The log was lost before: what the disk has of it is nowhere else, and an older snapshot would take it away.
    unfounded_.clear();
    snapshot_after_ms_ = newest_ms_;
  }
  plan_snapshot(std::chrono::milliseconds(0), 0);
}

// Whether nothing of what the disk has is lost when this snapshot takes its place: what is newer stands in the log, and it was made with what
// is older, or the centre made it later and without.
bool LogFollower::has_all_of_disk(const SnapshotManifest& snapshot) {
  const auto first_behind = std::find_if(unfounded_.begin(), unfounded_.end(), [&](const LogTrail::Place& place) { return place.sequence > snapshot.sequence; });
  if (first_behind != unfounded_.begin() && snapshot.has_gaps && snapshot.created_ms <= newest_ms_) return false;
  const std::span<const LogTrail::Place> behind(first_behind, unfounded_.end());
  // Each is a question, for which what is pushed has to wait: of so many a newer snapshot will tell.
  if (behind.size() > kMostAskedAbout) return false;
  for (const LogTrail::Place& place : behind) {
    const std::optional<std::string> hash = hash_at(id_of(place.sequence));
    if (!hash || *hash != place.hash) return false;
  }
  return true;
}

}  // namespace telefence
