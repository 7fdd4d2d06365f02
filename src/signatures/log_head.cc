// SPDX-License-Identifier: Apache-2.0
#include "signatures/log_head.h"

#include <limits>
#include <utility>

#include "redis/refusal.h"
#include "signatures/batch.h"

namespace telefence {
namespace {

// The head that an id stands for. One that is no batch (XADD by hand, or with *) stops nobody: edges refuse that entry and
// go on behind it, and so do we.
Result<LogHead> head_at(std::string_view log, const std::string& id) {
  if (const Result<std::uint64_t> sequence = sequence_of(id); sequence.ok()) return LogHead{sequence.value(), "", ""};
  LogHead head{first_part(id), "", "the newest entry of " + std::string(log) + ", " + id +
                                       ", is no batch; every edge refuses it. To take it away: redis-cli XDEL " +
                                       std::string(log) + " " + id};
  if (head.sequence == std::numeric_limits<std::uint64_t>::max())
    return Error{ErrorCode::kFailed, head.note + ", and none can follow it: begin a new log under another key"};
  return head;
}

}  // namespace

Error refused_by_redis(const std::string& what) {
  const ErrorCode code = refusal_in(what) == Refusal::kNone ? ErrorCode::kFailed : ErrorCode::kUnreachable;
  return Error{code, "Redis refuses: " + what};
}

Result<void> ask_head(RedisConnection& connection, std::string_view log, std::uint32_t timeout_ms) {
  const std::string_view words[] = {"XINFO", "STREAM", log};
  return connection.send(words, timeout_ms);
}

Result<LogHead> take_head(std::string_view log, const RedisReply& info) {
  if (info.is_error()) {
    if (info.text.find("no such key") != std::string::npos) return LogHead{};  // the log begins now
    return refused_by_redis(info.text);
  }
  if (!info.is_list()) return refused_by_redis("it answers XINFO with " + info.text.substr(0, 100));
  const RedisReply* last = info.field("last-generated-id");
  if (last == nullptr || last->text == "0-0") return LogHead{};
  Result<LogHead> head = head_at(log, last->text);
  const RedisReply* entry = info.field("last-entry");
  // The newest entry may have been deleted or trimmed away: the stream still knows its id, and takes none that is not larger.
  const bool is_there = entry != nullptr && entry->items.size() == 2 && entry->items[0].text == last->text;
  if (!head.ok()) return head;
  if (!is_there) {
    head.value().note.clear();
    return head;
  }
  const RedisReply* header = entry->items[1].field("h");
  const RedisReply* body = entry->items[1].field("b");
  if (header != nullptr && body != nullptr) head.value().hash = batch_hash(header->text, body->text);
  return head;
}

Result<LogHead> read_head(RedisConnection& connection, std::string_view log, std::uint32_t timeout_ms) {
  const Result<RedisReply> info = connection.command({"XINFO", "STREAM", log}, timeout_ms);
  if (!info.ok()) return info.error();
  return take_head(log, info.value());
}

}  // namespace telefence
