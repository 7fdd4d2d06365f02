// SPDX-License-Identifier: Apache-2.0
#include "redis/log_in.h"

#include "redis/refusal.h"

namespace telefence {

Result<void> log_in(RedisConnection& connection, const RedisLogin& login, std::uint32_t timeout_ms, const Interrupt& wake, std::string_view keys) {
  Result<void> done = connection.connect(login, timeout_ms, &wake);
  // A server that wants a login says so of a short command only: of a long one it says that it is too long for a stranger.
  if (done.ok() && login.password.empty()) {
    const Result<RedisReply> pong = connection.command({"PING"}, timeout_ms);
    if (!pong.ok()) return pong.error();
    if (pong.value().is_error() && refusal_in(pong.value().text) == Refusal::kNoLogin) {
      connection.close();
      done = Error{ErrorCode::kUnreachable, "Redis at " + login.server + ": " + pong.value().text};
    }
  }
  if (done.ok()) return done;
  return Error{done.error().code, done.error().message + what_to_do_about_login(refusal_in(done.error().message), keys)};
}

}  // namespace telefence
