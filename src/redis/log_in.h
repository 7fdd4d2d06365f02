// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "redis/connection.h"
#include "redis/interrupt.h"

namespace telefence {

// RedisConnection::connect(), and what is to be done when it fails for want of a right login, also where none was given. `keys`: where
// the configuration has user and password ("redis.receipts").
Result<void> log_in(RedisConnection& connection, const RedisLogin& login, std::uint32_t timeout_ms, const Interrupt& wake, std::string_view keys);

}  // namespace telefence
