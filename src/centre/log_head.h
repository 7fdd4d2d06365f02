// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where the change log ends, for those who publish behind it; and tf:1:head, which tells everybody else. The log is the truth: what
// tf:1:head tells is only held against it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "redis/connection.h"

namespace telefence {

struct LogHead {
  std::uint64_t sequence = 0;  // of the newest batch; 0: the log is empty
  std::string hash;            // "": not known
  std::string note;            // "" or what a person should know of the log
};

// What tf:1:head tells of the newest batch.
struct HeadMark {
  std::uint64_t sequence = 0;
  std::string hash;
  std::int64_t timestamp_ms = 0;
};

// The log as a publisher finds it.
struct LogPlace {
  LogHead head;
  bool has_transactions = true;  // this user may use them
};

// For who published and could not tell it there.
inline constexpr std::string_view kHeadUntold =
    "tf:1:head could not be set, so it does not tell of what was published: it must be a hash, and the user needs +multi +exec +watch +hset on it";

// An error reply: kUnreachable when another login or another server would help (redis/refusal.h), else kFailed.
Error refused_by_redis(const std::string& what);

Result<LogHead> read_head(RedisConnection& connection, std::string_view log, std::uint32_t timeout_ms);

// The two halves of it, for who has more under way. `info`: the reply to XINFO STREAM.
Result<void> ask_head(RedisConnection& connection, std::string_view log, std::uint32_t timeout_ms);
Result<LogHead> take_head(std::string_view log, const RedisReply& info);

// The same, and in the same go whether this user may use transactions (within one it would be too late to learn it), and whether
// tf:1:head agrees, which is told in the note. From now on Redis watches the log: a transaction is carried out only when nobody has
// published since.
Result<LogPlace> watch_log(RedisConnection& connection, std::string_view log, std::uint32_t timeout_ms);
// Part of the transaction that publishes a batch: tf:1:head tells of it.
Result<void> prepare_mark(RedisConnection& connection, std::string_view log, const HeadMark& mark);

// `fields`: the reply to HGETALL tf:1:head. nullopt: it tells of no batch.
std::optional<HeadMark> read_mark(const RedisReply& fields);
// How the two disagree; "" = they do not.
std::string disagreement(std::string_view log, const LogHead& head, const HeadMark& mark);

// The next reply to what was sent. An error has closed the connection.
Result<RedisReply> next_reply(RedisConnection& connection, std::uint32_t timeout_ms);
// "a; b", or the one that is not empty.
std::string joined_notes(std::string_view one, std::string_view other);

}  // namespace telefence
