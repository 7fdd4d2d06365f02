// SPDX-License-Identifier: Apache-2.0
#pragma once

// The publisher's side of the change log: one batch behind the newest. For `telefence push` and tests.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "redis/connection.h"

namespace telefence {

struct PublishedBatch {
  std::uint64_t sequence = 0;
  std::string note;  // "" or what a person should know of the log
};

// Appends the op lines (op_line.h) as one batch. When somebody else took the sequence in between, it tries again behind
// theirs. An entry that is no batch (made by hand) is passed over with a note. kInvalid: a line is no valid change (nothing
// is sent), or the batch is too large. kUnreachable: Redis is gone, or wants another login (redis/refusal.h).
Result<PublishedBatch> publish_batch(RedisConnection& connection, std::string_view log,
                                    std::span<const std::string> lines, std::string_view publisher);

}  // namespace telefence
