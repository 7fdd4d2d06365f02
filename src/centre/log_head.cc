// SPDX-License-Identifier: Apache-2.0
#include "centre/log_head.h"

#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include "redis/refusal.h"
#include "signatures/batch.h"
#include "signatures/snapshot.h"

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

// 0 when it is none.
template <typename Number>
Number number_in(const RedisReply& fields, std::string_view name) {
  const RedisReply* value = fields.field(name);
  Number number = 0;
  if (value != nullptr) std::from_chars(value->text.data(), value->text.data() + value->text.size(), number);
  return number;
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

Result<RedisReply> next_reply(RedisConnection& connection, std::uint32_t timeout_ms) {
  Result<std::optional<RedisReply>> reply = connection.receive(timeout_ms);
  if (!reply.ok()) return reply.error();
  if (reply.value()) return std::move(*reply.value());
  connection.close();
  return Error{ErrorCode::kUnreachable, "Redis gives no answer for " + std::to_string(timeout_ms / 1000) + " s"};
}

std::string joined_notes(std::string_view one, std::string_view other) {
  return std::string(one) + (one.empty() || other.empty() ? "" : "; ") + std::string(other);
}

Result<LogPlace> watch_log(RedisConnection& connection, std::string_view log, std::uint32_t timeout_ms) {
  const std::string head = head_key(log);
  enum : std::size_t { kMulti, kExec, kWatch, kInfo, kHead };
  const std::array<std::vector<std::string_view>, 4> questions = {{{"MULTI"}, {"EXEC"}, {"WATCH", log}, {"XINFO", "STREAM", log}}};
  for (const auto& words : questions)
    if (Result<void> prepared = connection.prepare(words); !prepared.ok()) return prepared.error();
  const std::string_view ask_mark[] = {"HGETALL", head};
  if (Result<void> sent = connection.send(ask_mark, timeout_ms); !sent.ok()) return sent.error();
  std::array<RedisReply, questions.size() + 1> answers;
  for (RedisReply& answer : answers) {
    Result<RedisReply> next = next_reply(connection, timeout_ms);
    if (!next.ok()) return next.error();
    answer = std::move(next.value());
  }
  LogPlace place;
  for (const std::size_t which : {kMulti, kExec, kWatch}) {
    if (!answers[which].is_error()) continue;
    // Without MULTI, EXEC is wrong in any case: the first error is what counts.
    if (refusal_in(answers[which].text) != Refusal::kNoRight) return refused_by_redis(answers[which].text);
    place.has_transactions = false;
    break;
  }
  Result<LogHead> found = take_head(log, answers[kInfo]);
  if (!found.ok()) return found.error();
  place.head = std::move(found.value());
  // A user who may not read it learns nothing; an entry that is no batch is told already.
  const std::optional<HeadMark> mark = place.head.note.empty() ? read_mark(answers[kHead]) : std::nullopt;
  if (mark) place.head.note = disagreement(log, place.head, *mark);
  return place;
}

Result<void> prepare_mark(RedisConnection& connection, std::string_view log, const HeadMark& mark) {
  const std::string key = head_key(log), sequence = std::to_string(mark.sequence), timestamp = std::to_string(mark.timestamp_ms);
  const std::string_view words[] = {"HSET", key, "seq", sequence, "hash", mark.hash, "ts", timestamp};
  return connection.prepare(words);
}

std::optional<HeadMark> read_mark(const RedisReply& fields) {
  const RedisReply* hash = fields.field("hash");
  HeadMark mark{number_in<std::uint64_t>(fields, "seq"), hash == nullptr ? "" : hash->text, number_in<std::int64_t>(fields, "ts")};
  if (mark.sequence == 0) return std::nullopt;
  return mark;
}

std::string disagreement(std::string_view log, const LogHead& head, const HeadMark& mark) {
  const std::string told = head_key(log) + " tells of batch " + std::to_string(mark.sequence) + ", and the log ";
  if (mark.sequence > head.sequence)
    return told + (head.sequence == 0 ? "is empty" : "ends with batch " + std::to_string(head.sequence)) + ": Redis lost data, or the log was begun anew";
  if (mark.sequence < head.sequence)
    return told + "goes on to batch " + std::to_string(head.sequence) + ": somebody publishes without telling it there";
  if (!head.hash.empty() && mark.hash != head.hash) return told + "has another one under this number: one of the two was changed by hand";
  return "";
}

}  // namespace telefence
