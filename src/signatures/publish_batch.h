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

// Appends the op lines (op_line.h) as one batch and returns its sequence. When somebody else took the sequence in
// between, it tries again behind theirs. kInvalid: a line is no valid change (nothing is sent), or the batch is too
// large.
Result<std::uint64_t> publish_batch(RedisConnection& connection, std::string_view log,
                                    std::span<const std::string> lines, std::string_view publisher);

}  // namespace telefence
