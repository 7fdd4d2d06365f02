// SPDX-License-Identifier: Apache-2.0
#include "signatures/snapshot_cosign.h"

#include <algorithm>
#include <random>
#include <span>
#include <unordered_set>
#include <utility>

#include "base/siphash.h"
#include "signatures/log_head.h"
#include "signatures/log_walk.h"
#include "signatures/op_line.h"
#include "signatures/snapshot_fetch.h"
#include "signatures/wall_clock.h"

namespace telefence {
namespace {

constexpr std::uint32_t kTimeoutMs = 30'000;
constexpr std::int64_t kSoonest_ms = 3'600'000;  // a publisher's clock may be so much ahead

Error invalid(std::uint64_t sequence, const std::string& why) {
  return Error{ErrorCode::kInvalid, "snapshot " + std::to_string(sequence) + " is not signed: " + why};
}

SipHashKey new_key() {
  std::random_device random;
  const auto word = [&] { return (std::uint64_t{random()} << 32) | random(); };
  return {word(), word()};
}

// Every entry of a snapshot as an op line. Nobody who made one can know the key of the hashes that stand for them.
class Entries : public SnapshotReader {
 public:
  // What is over at this moment counts no more, and what has waited for it waits no more: two who wrote the same at different moments
  // wrote the same.
  Entries(std::int64_t moment_s, SipHashKey key) : moment_s_(moment_s), key_(key) {}

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
    Signature& signature = change.signature;
    if (signature.expires_s != 0 && signature.expires_s <= moment_s_) return {};
    if (signature.valid_from_s <= moment_s_) signature.valid_from_s = 0;
    signature.where.clear();
    const std::string text = to_op_line(change);
    take(siphash(key_, as_bytes(text)), text);
    return {};
  }
  Result<void> proof(const StoredBatch&) override { return {}; }  // edges judge what it proves

  const std::int64_t moment_s_;
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
  Theirs(std::int64_t moment_s, SipHashKey key, Ours& ours) : Entries(moment_s, key), ours_(ours) {}
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

class Cosigner {
 public:
  Cosigner(RedisConnection& connection, LogImage image, std::string log, const SigningKey& key)
      : connection_(connection), log_(std::move(log)), key_(key), walk_(connection, std::move(image), log_, false) {}

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
    if (manifest().has_gaps) return invalid(manifest().sequence, "it was made with --accept-gaps, so nobody can tell what it should say");
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
    if (image.sequence() != manifest().sequence || (!manifest().hash.empty() && image.hash() != manifest().hash))
      return invalid(manifest().sequence, "the log has another batch " + std::to_string(manifest().sequence) + " than it was made of");
    // Batches that are dated before it have no effect any more.
    if (manifest().created_ms > std::max(now_ms(), image.newest_ms()) + kSoonest_ms)
      return invalid(manifest().sequence, "it is dated more than an hour ahead");
    return {};
  }

  Result<void> compare() {
    const std::int64_t moment_s = manifest().created_ms / 1000;
    const SipHashKey key = new_key();
    Ours ours(moment_s, key);
    SnapshotManifest own;
    SnapshotWriter writer;
    walk_.image().write(moment_s, writer, own);
    auto read = writer.finish(own, [&](std::size_t index, const std::string& packed) -> Result<void> {
      const Result<std::string> text = unpack_chunk(own, index, packed);
      return text.ok() ? ours.read(text.value()) : text.error();
    });
    if (!read.ok()) return read;
    Theirs theirs(moment_s, key, ours);
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
    for (const LogTrail::Place& place : manifest().before.places())
      if (const LogTrail::Place* known = own.before.at_or_before(place.sequence); known != nullptr && known->sequence == place.sequence && known->hash != place.hash)
        return invalid(manifest().sequence, "it names another batch " + std::to_string(place.sequence) + " than the log has");
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
