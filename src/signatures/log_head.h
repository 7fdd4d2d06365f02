// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where the change log ends, for those who publish behind it.

#include <cstdint>
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

// An error reply: kUnreachable when another login or another server would help (redis/refusal.h), else kFailed.
Error refused_by_redis(const std::string& what);

Result<LogHead> read_head(RedisConnection& connection, std::string_view log, std::uint32_t timeout_ms);

// The two halves of it, for who has more under way. `info`: the reply to XINFO STREAM.
Result<void> ask_head(RedisConnection& connection, std::string_view log, std::uint32_t timeout_ms);
Result<LogHead> take_head(std::string_view log, const RedisReply& info);

}  // namespace telefence
