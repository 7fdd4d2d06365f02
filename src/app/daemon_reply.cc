// SPDX-License-Identifier: Apache-2.0
#include "app/daemon_reply.h"

#include "control/commands.h"

namespace telefence {

Result<Json> reply_of_daemon(const std::string& socket, const Json& request) {
  const Result<std::string> line = ask_daemon(socket, to_line(request));
  if (!line) return line.error();
  Json reply = Json::parse(line.value(), nullptr, false);
  if (!reply.is_object()) return Error{ErrorCode::kFailed, "the daemon's reply is no JSON object"};
  if (flag_of(reply, "ok")) return reply;
  return Error{static_cast<ErrorCode>(number_of<int>(reply, "code", 1)), text_of(reply, "error", "the daemon refused")};
}

}  // namespace telefence
