// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where a Redis server is, as people write it: "unix:/run/redis.sock", "host:6379", "[::1]:6379", "rediss://host:6380" (TLS).

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace telefence {

struct RedisAddress {
  std::string path;  // unix socket; "" = TCP
  std::string host;
  std::uint16_t port = 0;
  bool tls = false;
};

Result<RedisAddress> parse_redis_address(std::string_view text);

// The address as people write it, for messages.
std::string to_text(const RedisAddress& address);

}  // namespace telefence
