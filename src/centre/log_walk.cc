// SPDX-License-Identifier: Apache-2.0
#include "centre/log_walk.h"

#include <utility>

namespace telefence {
namespace {

constexpr std::uint32_t kTimeoutMs = 30'000;
constexpr const char* kAtOnce = "256";  // entries of up to 64 KiB

Error failed(std::string what) { return Error{ErrorCode::kFailed, std::move(what)}; }

// Not by the rules that edges share, but by what this node knows: then an edge may know better. What nobody signed, or what a known
// key did not sign, every edge refuses alike, unless it may take what strangers push.
bool is_doubtful(BatchRefusal reason, bool takes_unsigned) {
  switch (reason) {
    case BatchRefusal::kNewer:
    case BatchRefusal::kUnknownSigner:
      return true;
    case BatchRefusal::kUnsigned:
    case BatchRefusal::kWrongSignature:
      return takes_unsigned;
    case BatchRefusal::kMalformed:
    case BatchRefusal::kNotAllowed:
    case BatchRefusal::kNeedsSecond:
    case BatchRefusal::kOverQuota:
      return false;
  }
  return true;
}

}  // namespace

StoredBatch stored_of(const RedisReply& entry) {
  const auto text = [&](const char* name) {
    const RedisReply* value = entry.items[1].field(name);
    return value == nullptr ? std::string() : value->text;
  };
  return {entry.items[0].text, text("h"), text("b"), text("s")};
}

LogWalk::LogWalk(RedisConnection& connection, LogImage image, std::string log, bool accepts_gaps)
    : connection_(connection), image_(std::move(image)), log_(std::move(log)), accepts_gaps_(accepts_gaps) {
  ask_ = [this](std::initializer_list<std::string_view> words) { return connection_.command(words, kTimeoutMs); };
}

Result<RedisReply> LogWalk::command(std::initializer_list<std::string_view> words) {
  Result<RedisReply> reply = connection_.command(words, kTimeoutMs);
  if (reply.ok() && reply.value().is_error()) return Error{ErrorCode::kUnreachable, "Redis refuses: " + reply.value().text};
  return reply;
}

Result<void> LogWalk::begin(const std::function<bool(const SnapshotManifest&)>& takes, std::uint64_t before) {
  Result<std::vector<std::uint64_t>> there = snapshots_at(ask_, log_);
  if (!there.ok()) return there.error();
  there_ = std::move(there.value());
  for (const std::uint64_t sequence : there_) {
    if (sequence >= before) continue;
    const Result<ManifestThere> found = manifest_at(ask_, log_, sequence);
    if (!found.ok() || !takes(found.value().manifest)) continue;
    const SnapshotManifest& manifest = found.value().manifest;
    const Result<LoadedSnapshot> loaded =
        load_snapshot(manifest, image_.terms(), image_.signers(), false, [&](std::size_t index) { return chunk_at(ask_, log_, manifest, index); });
    if (!loaded.ok()) continue;
    image_.begin_with(manifest, *loaded.value().load);
    order_.go_back(std::to_string(sequence) + "-0", image_.hash());
    begun_with_ = sequence;
    has_gaps_ = manifest.has_gaps;
    return {};
  }
  return {};
}

// Nothing may be missing: what is not in the snapshot would be gone from every edge that loads it.
Result<void> LogWalk::check_order(const StoredBatch& stored, const Result<Batch>& batch) {
  const std::uint64_t last = order_.last();
  const bool follows = batch.ok() ? order_.judge(batch.value()) == LogOrder::Finding::kFollows : first_part(stored.id) == last + 1;
  if (batch.ok())
    order_.take(stored.id, batch.value());
  else
    order_.take_unreadable(stored.id);
  if (!follows && gap_.empty()) gap_ = "batch " + stored.id + " does not follow batch " + std::to_string(last);
  if (follows || accepts_gaps_) return {};
  return failed("batch " + stored.id + " does not follow batch " + std::to_string(last) +
                ": what was pushed in between would be missing; --accept-gaps writes down what is there");
}

Result<void> LogWalk::take(const StoredBatch& stored) {
  Result<Batch> batch = of_log(read_batch(stored.id, {stored.header, stored.body, stored.signature}), log_);
  if (auto fine = check_order(stored, batch); !fine.ok()) return fine;
  const auto refused = image_.take(stored, std::move(batch));
  ++batches_;
  if (!refused) return {};
  const bool doubtful = is_doubtful(refused->reason, image_.signers().takes_unsigned());
  if (doubtful && !accepts_gaps_)
    return failed("batch " + stored.id + " can't be taken (" + refused->why +
                  "): edges with other keys or a newer version may have taken it; --accept-gaps writes down what is there without it");
  has_gaps_ |= doubtful;
  ++refused_;
  if (first_refusal_.empty()) first_refusal_ = "batch " + stored.id + ": " + refused->why;
  return {};
}

Result<void> LogWalk::read(std::uint64_t last) {
  std::string from = begun_with_ == 0 ? "-" : "(" + std::to_string(begun_with_) + "-0";
  const std::string to = last == std::numeric_limits<std::uint64_t>::max() ? "+" : std::to_string(last);
  for (;;) {
    const Result<RedisReply> reply = command({"XRANGE", log_, from, to, "COUNT", kAtOnce});
    if (!reply.ok()) return reply.error();
    for (const RedisReply& entry : reply.value().items) {
      if (entry.items.size() != 2) continue;
      if (auto taken = take(stored_of(entry)); !taken.ok()) return taken;
    }
    if (reply.value().items.empty() || reply.value().items.back().items.empty()) return {};
    from = "(" + reply.value().items.back().items[0].text;
  }
}

}  // namespace telefence
