// SPDX-License-Identifier: Apache-2.0
#include "centre/publish_batch.h"

#include <chrono>
#include <utility>

#include "centre/log_head.h"
#include "redis/refusal.h"
#include "signatures/batch.h"
#include "signatures/op_line.h"
#include "signatures/wall_clock.h"

namespace telefence {
namespace {

constexpr std::uint32_t kTimeoutMs = 5000;
constexpr int kAttempts = 100;

Result<void> check_lines(std::span<const std::string> lines) {
  if (lines.empty()) return Error{ErrorCode::kUsage, "there is nothing to publish"};
  if (lines.size() > kMaxBatchLines)
    return Error{ErrorCode::kInvalid, "a batch has at most 1000 changes: send several"};
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (const auto change = parse_op_line(lines[i]); !change.ok())
      return Error{ErrorCode::kInvalid, "change " + std::to_string(i + 1) + ": " + change.error().message};
    if (lines[i].find('\n') != std::string::npos)
      return Error{ErrorCode::kInvalid, "change " + std::to_string(i + 1) + ": a line end inside"};
  }
  return {};
}

// A batch and its place in the log.
struct Placed {
  HeadMark mark;
  PackedBatch packed;
  std::string signatures;
};

enum class Added : std::uint8_t { kDone, kDoneUntold, kOvertaken };

template <typename Send>
Result<void> with_add(std::string_view log, const Placed& batch, Send send) {
  const std::string id = std::to_string(batch.mark.sequence) + "-0";
  std::vector<std::string_view> words = {"XADD", log, id, "h", batch.packed.header, "b", batch.packed.body};
  if (!batch.signatures.empty()) words.insert(words.end(), {"s", batch.signatures});
  return send(std::span<const std::string_view>(words));
}

// For who may not use transactions.
Result<Added> append_alone(RedisConnection& connection, std::string_view log, const Placed& batch) {
  const Result<void> sent = with_add(log, batch, [&](auto words) { return connection.send(words, kTimeoutMs); });
  if (!sent.ok()) return sent.error();
  const Result<RedisReply> reply = next_reply(connection, kTimeoutMs);
  if (!reply.ok()) return reply.error();
  if (!reply.value().is_error()) return Added::kDoneUntold;
  // Redis takes only ids above the newest: somebody else published in between.
  if (reply.value().text.find("equal or smaller") == std::string::npos) return refused_by_redis(reply.value().text);
  return Added::kOvertaken;
}

// One try at this place of the log, and tf:1:head with it. Requires: the log is watched. `tells_head`: becomes false when this user may
// not write there; then nothing was done.
Result<Added> append(RedisConnection& connection, std::string_view log, const Placed& batch, bool& tells_head) {
  const std::string_view multi[] = {"MULTI"}, exec[] = {"EXEC"};
  if (Result<void> prepared = connection.prepare(multi); !prepared.ok()) return prepared.error();
  if (Result<void> prepared = with_add(log, batch, [&](auto words) { return connection.prepare(words); }); !prepared.ok()) return prepared.error();
  if (tells_head)
    if (Result<void> prepared = prepare_mark(connection, log, batch.mark); !prepared.ok()) return prepared.error();
  if (Result<void> sent = connection.send(exec, kTimeoutMs); !sent.ok()) return sent.error();
  std::string mistake;
  RedisReply outcome;
  const std::size_t commands = tells_head ? 4 : 3;
  for (std::size_t i = 0; i < commands; ++i) {
    Result<RedisReply> reply = next_reply(connection, kTimeoutMs);
    if (!reply.ok()) return reply.error();
    outcome = std::move(reply.value());
    if (!outcome.is_error() || !mistake.empty()) continue;
    mistake = outcome.text;
    if (i == 2 && refusal_in(mistake) == Refusal::kNoRight) tells_head = false;
  }
  if (!mistake.empty() && tells_head == (commands == 4)) return refused_by_redis(mistake);
  if (!outcome.is_list() || outcome.items.empty()) return Added::kOvertaken;
  if (outcome.items[0].is_error()) return refused_by_redis(outcome.items[0].text);
  return tells_head && !outcome.items.back().is_error() ? Added::kDone : Added::kDoneUntold;
}

}  // namespace

std::string signatures_of(const BatchAuthor& author, const std::string& hash) {
  std::string text;
  for (const SigningKey* key : author.keys) text += to_line(sign_batch(*key, hash));
  for (const BatchSignature& approval : author.approvals) text += to_line(approval);
  return text;
}

Result<PublishedBatch> publish_batch(RedisConnection& connection, std::string_view log,
                                    std::span<const std::string> lines, const BatchAuthor& author) {
  if (auto checked = check_lines(lines); !checked.ok()) return checked.error();
  if (author.keys.size() + author.approvals.size() > kMaxSignatures)
    return Error{ErrorCode::kUsage, "more than 4 signatures on one batch"};
  bool tells_head = true;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const Result<LogPlace> place = watch_log(connection, log, kTimeoutMs);
    if (!place.ok()) return place.error();
    const LogHead& head = place.value().head;
    Placed batch{{head.sequence + 1, "", now_ms()}, {}, {}};
    Result<PackedBatch> packed = pack_batch(batch.mark.sequence, batch.mark.timestamp_ms, author.name, head.hash, lines, log);
    if (!packed.ok()) return packed.error();
    batch.packed = std::move(packed.value());
    batch.mark.hash = batch_hash(batch.packed.header, batch.packed.body);
    batch.signatures = signatures_of(author, batch.mark.hash);
    const Result<Added> added = place.value().has_transactions ? append(connection, log, batch, tells_head) : append_alone(connection, log, batch);
    if (!added.ok()) return added.error();
    if (added.value() == Added::kOvertaken) continue;
    return PublishedBatch{batch.mark.sequence, batch.mark.hash, joined_notes(head.note, added.value() == Added::kDone ? "" : kHeadUntold)};
  }
  return Error{ErrorCode::kFailed, "other publishers were faster 100 times in a row"};
}

}  // namespace telefence
