// SPDX-License-Identifier: Apache-2.0
#include "signatures/publish_batch.h"

#include <chrono>
#include <utility>

#include "signatures/batch.h"
#include "signatures/log_head.h"
#include "signatures/op_line.h"

namespace telefence {
namespace {

constexpr std::uint32_t kTimeoutMs = 5000;
constexpr int kAttempts = 20;

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

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

// One try at this place of the log. False: somebody else was faster.
Result<bool> append(RedisConnection& connection, std::string_view log, const std::string& id, const PackedBatch& packed,
                    const std::string& signatures) {
  std::vector<std::string_view> words = {"XADD", log, id, "h", packed.header, "b", packed.body};
  if (!signatures.empty()) words.insert(words.end(), {"s", signatures});
  const Result<RedisReply> reply = connection.command(words, kTimeoutMs);
  if (!reply.ok()) return reply.error();
  if (!reply.value().is_error()) return true;
  // Redis takes only ids above the newest: somebody else published in between.
  if (reply.value().text.find("equal or smaller") == std::string::npos) return refused_by_redis(reply.value().text);
  return false;
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
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const Result<LogHead> head = read_head(connection, log, kTimeoutMs);
    if (!head.ok()) return head.error();
    const std::uint64_t sequence = head.value().sequence + 1;
    const Result<PackedBatch> packed = pack_batch(sequence, now_ms(), author.name, head.value().hash, lines);
    if (!packed.ok()) return packed.error();
    const std::string hash = batch_hash(packed.value().header, packed.value().body);
    const Result<bool> appended =
        append(connection, log, std::to_string(sequence) + "-0", packed.value(), signatures_of(author, hash));
    if (!appended.ok()) return appended.error();
    if (appended.value()) return PublishedBatch{sequence, hash, head.value().note};
  }
  return Error{ErrorCode::kFailed, "other publishers were faster 20 times in a row"};
}

}  // namespace telefence
