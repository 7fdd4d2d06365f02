// SPDX-License-Identifier: Apache-2.0
#pragma once

// What Redis has of how edges stand to a batch: heartbeats, receipts, and the log they are held against. Control thread of the tool.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "app/node_keys.h"
#include "app/push_standing.h"
#include "app/tool_verbs.h"
#include "base/result.h"
#include "centre/log_head.h"
#include "redis/connection.h"

namespace telefence {

struct PushReport {
  std::uint64_t sequence = 0;
  std::uint64_t last = 0;        // of the log
  std::optional<HeadMark> mark;  // what tf:1:head tells
  std::string doubt;             // "" or how it disagrees with the log
  std::map<std::string, Heartbeat> nodes;  // that have beaten within the last minute
  std::map<std::string, Standing> standings;  // of the same
  std::map<std::string, std::int64_t> took_ms;  // of those that measured it
  std::set<std::string> silent;            // they told something some time or have a key, and have no heartbeat
};

// kUnreachable: Redis is away, or refuses.
Result<PushReport> read_report(RedisConnection& connection, const PushStatusArguments& arguments, const NodeKeys& keys);

// By heartbeats alone, whether all edges say that they have the batch or a later one: cheap enough to be asked again and again.
Result<bool> is_told_by_all(RedisConnection& connection, const PushStatusArguments& arguments, const NodeKeys& keys);

}  // namespace telefence
