// SPDX-License-Identifier: Apache-2.0
#include "centre/snapshot_publish.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <span>
#include <utility>

#include "centre/log_head.h"
#include "centre/log_image.h"
#include "centre/log_walk.h"
#include "signatures/snapshot_fetch.h"
#include "signatures/wall_clock.h"

namespace telefence {
namespace {

constexpr std::uint32_t kTimeoutMs = 30'000;
// A maker that died leaves its claim behind for so long.
constexpr const char* kClaimSeconds = "600";
constexpr int kNamings = 1000;  // every push sets tf:1:head, and then the names are to be looked at again
constexpr const char* kSomebodyElse = "somebody else has made a snapshot meanwhile: one at a time, or the older one takes the place of the newer";

Error failed(std::string what) { return Error{ErrorCode::kFailed, std::move(what)}; }

std::int64_t dated_ms(const StoredBatch& stored) {
  const Result<Batch> batch = read_batch(stored.id, {stored.header, stored.body, stored.signature});
  return batch.ok() ? batch.value().timestamp_ms : 0;
}

std::string random_token() {
  std::random_device random;
  return std::to_string(random()) + "-" + std::to_string(random());
}

class Maker {
 public:
  Maker(RedisConnection& connection, const SnapshotOrder& order, LogImage image)
      : connection_(connection), order_(order), walk_(connection, std::move(image), order.log, order.accept_gaps) {}

  Result<MadeSnapshot> run() {
    if (auto read = read_log(); !read.ok()) return read.error();
    made_.begun_with = walk_.begun_with();
    made_.batches = walk_.batches();
    made_.refused = walk_.refused();
    made_.first_refusal = walk_.first_refusal();
    if (made_.batches == 0 || waits_for_others())
      return Error{ErrorCode::kUsage, walk_.image().sequence() == 0 ? "the log " + order_.log + " is empty: there is nothing to write down"
                                                            : std::string(kNothingNew) + std::to_string(walk_.image().sequence())};
    if (const auto refused = walk_.image().refuse_over_quota())
      return Error{ErrorCode::kInvalid, refused->why + ": edges would refuse this snapshot; take back the rest, or raise redis.quotas"};
    if (auto claimed = claim(); !claimed.ok()) return claimed.error();
    if (auto written = write(); !written.ok()) {
      if (is_claimed_) take_back();
      return written.error();
    }
    if (auto trimmed = order_.trim_older_s == 0 ? Result<void>() : trim(); !trimmed.ok()) return trimmed.error();
    return std::move(made_);
  }

  Result<ReadImage> image() {
    if (auto read = read_log(); !read.ok()) return read.error();
    return ReadImage{std::move(walk_.image()), walk_.refused(), walk_.first_refusal(), walk_.gap()};
  }

 private:
  Result<RedisReply> command(std::initializer_list<std::string_view> words) { return walk_.command(words); }
  Result<RedisReply> ask_(std::initializer_list<std::string_view> words) { return walk_.ask()(words); }

  // The newest snapshot that an edge would take, and what is behind it.
  Result<void> read_log() {
    auto done = walk_.begin([this](const SnapshotManifest& manifest) { return !walk_.image().signers().refuse(manifest); });
    if (done.ok()) done = walk_.read();
    return done.ok() ? check_end() : done;
  }

  // Where snapshots need several signatures: this one is made, and the others have not signed yet.
  bool waits_for_others() {
    if (!is_for_several() || walk_.snapshots().empty() || walk_.snapshots().front() != walk_.image().sequence()) return false;
    const Result<ManifestThere> newest = manifest_at(walk_.ask(), order_.log, walk_.snapshots().front());
    return newest.ok() && !walk_.image().signers().refuse(newest.value().manifest, 1);
  }
  bool is_for_several() { return walk_.image().signers().snapshot_signers() > 1; }

  // A snapshot of more than the log ever had would hide what was pushed since.
  Result<void> check_end() {
    const Result<LogReach> reach = reach_of(connection_, order_.log);
    if (!reach.ok()) return reach.error();
    if (reach.value().last >= walk_.begun_with()) return {};
    return failed("the log ends with batch " + std::to_string(reach.value().last) + ", before snapshot " + std::to_string(walk_.begun_with()) +
                  ": Redis lost data, or it is a new log; to begin anew: redis-cli HDEL " + head_key(order_.log) + " snapshots");
  }

  // Two who make the same snapshot would write the same keys: the second one goes away before it writes. Nobody else names this one while
  // it is claimed, and who named it before is seen.
  Result<void> claim() {
    sequence_ = walk_.image().sequence();
    const Result<RedisReply> claimed = command({"SET", maker_key(order_.log, sequence_), token_, "NX", "EX", kClaimSeconds});
    if (!claimed.ok()) return claimed.error();
    if (claimed.value().is_null())
      return failed("somebody else makes snapshot " + std::to_string(sequence_) + " at this moment, or was broken off in the last 10 minutes: one at a time");
    is_claimed_ = true;
    const Result<std::vector<std::uint64_t>> now = snapshots_at(walk_.ask(), order_.log);
    if (now.ok() && now.value() == walk_.snapshots()) return {};
    take_back();
    return now.ok() ? failed(kSomebodyElse) : now.error();
  }

  // What was written and is not named. What can't be taken back now costs memory, nothing else.
  void take_back() {
    const auto unlink = [&](const std::string& key) {
      if (connection_.is_open()) (void)ask_({"UNLINK", key});
    };
    if (has_manifest_) unlink(manifest_key(order_.log, sequence_));
    for (std::size_t i = 0; i < chunks_; ++i) unlink(chunk_key(order_.log, sequence_, i));
    unlink(maker_key(order_.log, sequence_));
  }

  // The manifest last, and its name after that: nobody sees half of it.
  Result<void> write() {
    SnapshotManifest& manifest = made_.manifest;
    SnapshotWriter writer;
    manifest.moment_ms = now_ms();
    // A publisher's clock may be ahead. What is dated before the snapshot is in it, and has no effect when somebody brings it again.
    manifest.created_ms = std::max(manifest.moment_ms, walk_.image().newest_ms() + 1);
    manifest.publisher = order_.publisher;
    manifest.has_gaps = walk_.has_gaps();
    walk_.image().write(manifest.moment_ms / 1000, writer, manifest);
    auto written = writer.finish(manifest, [&](std::size_t index, const std::string& packed) -> Result<void> {
      chunks_ = index + 1;
      const Result<RedisReply> reply = command({"SET", chunk_key(order_.log, manifest.sequence, index), packed});
      return reply.ok() ? Result<void>() : reply.error();
    });
    if (!written.ok()) return written;
    const std::string text = manifest_text(manifest);
    manifest.digest = snapshot_digest(text);
    for (const SigningKey* key : order_.keys) manifest.signatures.push_back(sign_snapshot(*key, manifest.digest));
    has_manifest_ = true;
    const Result<RedisReply> put = command({"SET", manifest_key(order_.log, manifest.sequence), manifest_value(text, manifest.signatures)});
    if (!put.ok()) return put.error();
    return name_it();
  }

  // All of them are done, whoever asks in between, or none.
  Result<RedisReply> transaction(std::initializer_list<std::initializer_list<std::string_view>> commands) {
    for (const std::initializer_list<std::string_view>& words : commands)
      if (auto sent = connection_.send(std::span(words.begin(), words.size()), kTimeoutMs); !sent.ok()) return sent.error();
    RedisReply outcome;
    std::string mistake;
    for (std::size_t i = 0; i < commands.size(); ++i) {
      Result<RedisReply> reply = next_reply(connection_, kTimeoutMs);
      if (!reply.ok()) return reply.error();
      outcome = std::move(reply.value());
      if (outcome.is_error() && mistake.empty()) mistake = outcome.text;
    }
    if (!mistake.empty()) return refused_by_redis(mistake);
    return outcome;
  }

  // Only when nobody has named another one since these were read. Every push sets tf:1:head too: then it is looked at once more.
  Result<void> set_names(const std::string& names) {
    const std::string head = head_key(order_.log), maker = maker_key(order_.log, sequence_);
    for (int i = 0; i < kNamings; ++i) {
      if (auto watched = command({"WATCH", head, maker}); !watched.ok()) return watched.error();
      const Result<std::vector<std::uint64_t>> now = snapshots_at(walk_.ask(), order_.log);
      if (!now.ok()) return now.error();
      const Result<RedisReply> claimed = command({"GET", maker});
      if (!claimed.ok()) return claimed.error();
      is_claimed_ = claimed.value().text == token_;  // else it took longer than a claim lasts, and the keys are another's
      if (now.value() != walk_.snapshots() || !is_claimed_) return failed(kSomebodyElse);
      const Result<RedisReply> done = transaction({{"MULTI"}, {"HSET", head, "snapshots", names}, {"UNLINK", maker}, {"EXEC"}});
      if (!done.ok()) return done.error();
      if (done.value().is_list()) return {};
    }
    return failed("the snapshot could not be named: somebody published each time that it was tried, 1000 times in a row");
  }

  Result<void> name_it() {
    std::string names = std::to_string(made_.manifest.sequence);
    std::vector<std::uint64_t> old;
    std::size_t kept = 1;
    for (const std::uint64_t sequence : walk_.snapshots()) {
      if (sequence == made_.manifest.sequence) continue;
      // What edges take stays until they take a newer one.
      if (kept++ < order_.keep || (is_for_several() && sequence == walk_.begun_with()))
        names += "," + std::to_string(sequence);
      else
        old.push_back(sequence);
    }
    if (auto named = set_names(names); !named.ok()) return named;
    for (const std::uint64_t sequence : old) drop(sequence);
    return {};
  }

  // What can't be dropped now costs memory, nothing else.
  void drop(std::uint64_t sequence) {
    const Result<ManifestThere> manifest = manifest_at(walk_.ask(), order_.log, sequence);
    if (!connection_.is_open()) return;
    (void)ask_({"UNLINK", manifest_key(order_.log, sequence)});
    for (std::size_t i = 0; manifest.ok() && i < manifest.value().manifest.chunks.size() && connection_.is_open(); ++i)
      (void)ask_({"UNLINK", chunk_key(order_.log, sequence, i)});
  }

  // The first entry at or behind this sequence.
  Result<StoredBatch> entry_from(std::uint64_t sequence) {
    const Result<RedisReply> reply = command({"XRANGE", order_.log, std::to_string(sequence), "+", "COUNT", "1"});
    if (!reply.ok()) return reply.error();
    if (reply.value().items.empty() || reply.value().items[0].items.size() != 2) return StoredBatch{};
    return stored_of(reply.value().items[0]);
  }

  // Batches are dated one after the other: the first that is young enough is looked for by halves.
  Result<void> trim() {
    const std::int64_t oldest_ms = made_.manifest.created_ms - 1000 * order_.trim_older_s;
    // What is behind the newest snapshot that edges take stays in any case.
    std::uint64_t low = 0, high = is_for_several() ? walk_.begun_with() : made_.manifest.sequence;
    while (low < high) {
      const std::uint64_t middle = low + (high - low) / 2;
      const Result<StoredBatch> stored = entry_from(middle);
      if (!stored.ok()) return stored.error();
      if (stored.value().id.empty() || first_part(stored.value().id) >= high || dated_ms(stored.value()) >= oldest_ms)
        high = middle;
      else
        low = std::max(middle, first_part(stored.value().id)) + 1;
    }
    const Result<RedisReply> reply = command({"XTRIM", order_.log, "MINID", std::to_string(low) + "-0"});
    if (!reply.ok()) return reply.error();
    made_.trimmed = static_cast<std::uint64_t>(reply.value().integer);
    return {};
  }

  RedisConnection& connection_;
  const SnapshotOrder& order_;
  LogWalk walk_;
  MadeSnapshot made_;
  const std::string token_ = random_token();
  std::uint64_t sequence_ = 0;  // of the one that is made
  bool is_claimed_ = false;
  bool has_manifest_ = false;   // it and so many chunks are written
  std::size_t chunks_ = 0;
};

}  // namespace

Result<LogReach> reach_of(RedisConnection& connection, const std::string& log) {
  LogReach reach;
  const Result<RedisReply> info = connection.command({"XINFO", "STREAM", log}, kTimeoutMs);
  if (!info.ok()) return info.error();
  if (!info.value().is_error()) {
    const RedisReply* last = info.value().field("last-generated-id");
    reach.last = last == nullptr ? 0 : first_part(last->text);
  } else if (info.value().text.find("no such key") == std::string::npos) {
    return Error{ErrorCode::kUnreachable, "Redis refuses: " + info.value().text};
  }
  const AskRedis ask = [&](std::initializer_list<std::string_view> words) { return connection.command(words, kTimeoutMs); };
  const Result<std::vector<std::uint64_t>> there = snapshots_at(ask, log);
  if (!there.ok()) return there.error();
  reach.snapshot = there.value().empty() ? 0 : there.value().front();
  return reach;
}

Result<MadeSnapshot> make_snapshot(RedisConnection& connection, const CompileTerms& terms, const TrustOptions& trust, const SnapshotOrder& order) {
  Result<LogImage> image = LogImage::with(terms, trust);
  if (!image.ok()) return image.error();
  return Maker(connection, order, std::move(image.value())).run();
}

Result<ReadImage> read_image(RedisConnection& connection, LogImage image, const std::string& log) {
  SnapshotOrder order;
  order.log = log;
  order.accept_gaps = true;  // they are told of
  return Maker(connection, order, std::move(image)).image();
}

}  // namespace telefence
