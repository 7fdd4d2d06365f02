// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where `telefence push` writes: the first of the servers of --redis that is a primary.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "app/tool_verbs.h"
#include "base/result.h"
#include "redis/connection.h"
#include "redis/refusal.h"

namespace telefence {

// "user@host": who publishes, in the log and in audit files.
std::string publisher_name();

// Whether the options of the connection go together. kUsage.
Result<void> check_servers(const PushArguments& arguments);

Result<RedisLogin> login_to(const PushArguments& arguments, const std::string& server);
std::vector<std::string> servers_of(const PushArguments& arguments);

// What is to be done about an error reply of Redis; begins with "; ", or is empty. `needs`: the rights of who may not.
inline constexpr std::string_view kPublisherNeeds = "+xadd +xinfo|stream +multi +exec +watch on the log, and +hset +hgetall on tf:1:head";
std::string what_to_do(std::string_view error, std::string_view needs = kPublisherNeeds);

// Connects to one server after the other until `work` succeeds, or fails for another reason than that the server is away or a
// replica: then the next would say the same.
template <typename Work>
auto on_primary(const PushArguments& arguments, Work&& work) -> decltype(work(std::declval<RedisConnection&>())) {
  constexpr std::uint32_t kConnectMs = 3000;
  Error last{ErrorCode::kUsage, "--redis names no server"};
  for (const std::string& server : servers_of(arguments)) {
    const Result<RedisLogin> login = login_to(arguments, server);
    if (!login) return login.error();
    RedisConnection connection;
    if (Result<void> connected = connection.connect(login.value(), kConnectMs); !connected) {
      last = connected.error();
      continue;
    }
    auto result = work(connection);
    if (result.ok() || result.error().code != ErrorCode::kUnreachable) return result;
    last = result.error();
    const Refusal refusal = refusal_in(last.message);
    if (refusal != Refusal::kReadOnly && refusal != Refusal::kNone) return last;
  }
  return last;
}

}  // namespace telefence
