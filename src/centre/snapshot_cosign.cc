// SPDX-License-Identifier: Apache-2.0
#include "centre/snapshot_cosign.h"

#include <algorithm>
#include <array>
#include <random>
#include <span>
#include <unordered_set>
#include <utility>

#include "base/siphash.h"
#include "centre/log_head.h"
#include "centre/log_walk.h"
#include "crypto/hex.h"
#include "crypto/sha256.h"
#include "signatures/op_line.h"
#include "signatures/snapshot_fetch.h"
#include "signatures/wall_clock.h"

namespace telefence {
namespace {

constexpr std::uint32_t kTimeoutMs = 30'000;
// The clocks of two machines of the centre; and that of a publisher, who may be so much ahead.
constexpr std::int64_t kClocks_ms = 120'000, kSoonest_ms = 3'600'000;

Error invalid(std::uint64_t sequence, const std::string& why) {
  return Error{ErrorCode::kInvalid, "snapshot " + std::to_string(sequence) + " is not signed: " + why};
}

SipHashKey new_key() {
  std::random_device random;
  const auto word = [&] { return (std::uint64_t{random()} << 32) | random(); };
  return {word(), word()};
}

// Every entry of a snapshot as an op line, and its proofs. Nobody who made one can know the key of the hashes that stand for them.
class Entries : public SnapshotReader {
 public:
  explicit Entries(SipHashKey key) : key_(key) {}

 protected:
  virtual void take(std::uint64_t hash, const std::string& line) = 0;

 private:
  Result<void> begin(const Change& common) override {
    common_ = common;
    return {};
  }
  Result<void> row(std::string_view value, std::int64_t expires_s, std::uint64_t id) override {
    Change change = common_;
    change.signature.value = value;
    change.signature.expires_s = expires_s;
    change.signature.id = id;
    return line(std::move(change));
  }
  Result<void> line(Change change) override {
    change.signature.where.clear();
    say(to_op_line(change));
    return {};
  }
  Result<void> proof(const StoredBatch& batch) override {
    say("proof " + batch.id + " " + hex_of(sha256(batch.header + "\n" + batch.body + "\n" + batch.signature)));
    return {};
  }
  void say(const std::string& line) { take(siphash(key_, as_bytes(line)), line); }

  const SipHashKey key_;
  Change common_;
};

class Ours : public Entries {
 public:
  using Entries::Entries;
  std::unordered_set<std::uint64_t> hashes;

 private:
  void take(std::uint64_t hash, const std::string&) override { hashes.insert(hash); }
};

class Theirs : public Entries {
 public:
  Theirs(SipHashKey key, Ours& ours) : Entries(key), ours_(ours) {}
  std::uint64_t same = 0, strange = 0;
  std::string first_strange;

 private:
  void take(std::uint64_t hash, const std::string& line) override {
    if (ours_.hashes.erase(hash) == 1) {
      ++same;
      return;
    }
    if (strange++ == 0) first_strange = line;
  }
  Ours& ours_;
};

bool is_same(const LogTrail& one, const LogTrail& other) {
  return std::equal(one.places().begin(), one.places().end(), other.places().begin(), other.places().end(),
                    [](const LogTrail::Place& a, const LogTrail::Place& b) { return a.sequence == b.sequence && a.hash == b.hash; });
}

class Cosigner {
 public:
  Cosigner(RedisConnection& connection, LogImage image, std::string log, const SigningKey& key)
      : connection_(connection), log_(std::move(log)), key_(key), walk_(connection, std::move(image), log_, true) {}

  Result<CosignedSnapshot> run() {
    if (auto found = find(); !found.ok()) return found.error();
    if (is_mine(manifest())) {
      done_.was_signed = true;
      return std::move(done_);
    }
    if (manifest().signatures.size() >= kMaxSignatures) return invalid(manifest().sequence, "it has 4 signatures already");
    if (auto read = read_log(); !read.ok()) return read.error();
    if (auto same = compare(); !same.ok()) return same.error();
    if (auto set = sign(); !set.ok()) return set.error();
    return std::move(done_);
  }

 private:
  SnapshotManifest& manifest() { return done_.manifest; }
  bool is_mine(const SnapshotManifest& manifest) const {
    return std::any_of(manifest.signatures.begin(), manifest.signatures.end(), [&](const BatchSignature& one) {
      return one.key_id == key_.id() && !one.is_approval() && ed25519_verify(key_.described().key, one.value, snapshot_message(manifest.digest));
    });
  }

  Result<void> find() {
    const Result<std::vector<std::uint64_t>> there = snapshots_at(walk_.ask(), log_);
    if (!there.ok()) return there.error();
    if (there.value().empty()) return Error{ErrorCode::kUsage, "there is no snapshot of " + log_ + " to be signed"};
    Result<ManifestThere> newest = manifest_at(walk_.ask(), log_, there.value().front());
    if (!newest.ok()) return newest.error();
    value_ = std::move(newest.value().value);
    manifest() = std::move(newest.value().manifest);
    if (const auto refused = walk_.image().signers().refuse(manifest(), 1)) return invalid(manifest().sequence, refused->why);
    // What is over at that moment is in neither, and what waits for later waits in both.
    if (manifest().moment_ms > now_ms() + kClocks_ms || manifest().created_ms > manifest().moment_ms + kSoonest_ms)
      return invalid(manifest().sequence, "it is dated ahead, or one of the two clocks is wrong");
    walk_.image().set_moment(manifest().moment_ms);
    return {};
  }

  // From what this key has signed for: nobody else's word.
  Result<void> read_log() {
    auto done = walk_.begin([this](const SnapshotManifest& one) { return is_mine(one); }, manifest().sequence);
    if (done.ok()) done = walk_.read(manifest().sequence);
    if (!done.ok()) return done;
    done_.begun_with = walk_.begun_with();
    done_.batches = walk_.batches();
    LogImage& image = walk_.image();
    if (walk_.has_gaps() && !manifest().has_gaps)
      return Error{ErrorCode::kFailed, "snapshot " + std::to_string(manifest().sequence) + " can't be compared: " +
                                           (walk_.gap().empty() ? walk_.first_refusal() : walk_.gap()) +
                                           ", and this key has signed none that has what is missing. To begin with what edges take now, make one "
                                           "with this key (without --cosign), which the other then signs"};
    if (manifest().has_gaps && !walk_.has_gaps()) return invalid(manifest().sequence, "it was made with --accept-gaps, and nothing is missing here");
    if (image.sequence() != manifest().sequence || image.hash() != manifest().hash)
      return invalid(manifest().sequence, "the log has another batch " + std::to_string(manifest().sequence) + " than it was made of");
    // What is dated before it has no effect any more, and what is dated behind it could be brought again.
    if (manifest().created_ms <= image.newest_ms()) return invalid(manifest().sequence, "it is dated before batches that are in it");
    if (const auto refused = image.refuse_over_quota()) return invalid(manifest().sequence, refused->why);
    return {};
  }

  Result<void> compare() {
    const SipHashKey key = new_key();
    Ours ours(key);
    SnapshotManifest own;
    SnapshotWriter writer;
    walk_.image().write(manifest().moment_ms / 1000, writer, own);
    auto read = writer.finish(own, [&](std::size_t index, const std::string& packed) -> Result<void> {
      const Result<std::string> text = unpack_chunk(own, index, packed);
      return text.ok() ? ours.read(text.value()) : text.error();
    });
    if (!read.ok()) return read;
    Theirs theirs(key, ours);
    for (std::size_t i = 0; i < manifest().chunks.size(); ++i) {
      const Result<std::string> packed = chunk_at(walk_.ask(), log_, manifest(), i);
      if (!packed.ok()) return packed.error();
      const Result<std::string> text = unpack_chunk(manifest(), i, packed.value());
      if (!text.ok()) return text.error();
      if (auto taken = theirs.read(text.value()); !taken.ok()) return taken;
    }
    done_.entries = theirs.same;
    if (theirs.strange != 0)
      return invalid(manifest().sequence, "it has " + std::to_string(theirs.strange) + " entries that the log does not say; the first: " + theirs.first_strange.substr(0, 300));
    if (!ours.hashes.empty()) return invalid(manifest().sequence, "it lacks " + std::to_string(ours.hashes.size()) + " entries that the log says");
    if (!is_same(manifest().before, own.before)) return invalid(manifest().sequence, "it names other batches before it than the log has");
    const auto counts = [](const SnapshotManifest& one) { return std::array{one.domains, one.numbers, one.others, one.removed}; };
    if (counts(manifest()) != counts(own)) return invalid(manifest().sequence, "its manifest tells other numbers of entries than are in it");
    return {};
  }

  // Behind the signatures that are there, unless somebody has changed it since it was read.
  Result<void> sign() {
    const std::string name = manifest_key(log_, manifest().sequence);
    const BatchSignature own = sign_snapshot(key_, manifest().digest);
    const std::string value = value_ + to_line(own);
    if (auto watched = walk_.command({"WATCH", name}); !watched.ok()) return watched.error();
    const Result<RedisReply> now = walk_.command({"GET", name});
    if (!now.ok()) return now.error();
    if (now.value().text != value_) return Error{ErrorCode::kFailed, "the snapshot was changed while it was checked: try again"};
    RedisReply outcome;
    for (const std::initializer_list<std::string_view> words : {std::initializer_list<std::string_view>{"MULTI"}, {"SET", name, value}, {"EXEC"}})
      if (auto sent = connection_.send(std::span(words.begin(), words.size()), kTimeoutMs); !sent.ok()) return sent;
    for (int i = 0; i < 3; ++i) {
      Result<RedisReply> reply = next_reply(connection_, kTimeoutMs);
      if (!reply.ok()) return reply.error();
      outcome = std::move(reply.value());
      if (outcome.is_error()) return refused_by_redis(outcome.text);
    }
    if (!outcome.is_list()) return Error{ErrorCode::kFailed, "the snapshot was changed while it was checked: try again"};
    manifest().signatures.push_back(own);
    return {};
  }

  RedisConnection& connection_;
  const std::string log_;
  const SigningKey& key_;
  LogWalk walk_;
  CosignedSnapshot done_;
  std::string value_;  // the manifest as it was read
};

}  // namespace

Result<CosignedSnapshot> cosign_snapshot(RedisConnection& connection, const CompileTerms& terms, const TrustOptions& trust, const std::string& log,
                                         const SigningKey& key) {
  Result<LogImage> image = LogImage::with(terms, trust);
  if (!image.ok()) return image.error();
  return Cosigner(connection, std::move(image.value()), log, key).run();
}

}  // namespace telefence
