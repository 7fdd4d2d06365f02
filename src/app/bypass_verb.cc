// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <string>

#include "app/command_line.h"
#include "app/daemon_reply.h"
#include "app/json_lines.h"
#include "app/push_line.h"
#include "app/sentences.h"
#include "app/tool_verbs.h"

namespace telefence {

int bypass(const BypassArguments& arguments) {
  const Language language = language_of(arguments.language);
  const auto failed = [language](const Error& error) {
    print("telefence bypass", error, language);
    return static_cast<int>(error.code);
  };
  Json request = {{"command", "bypass"}, {"set", arguments.what}};
  if (!arguments.duration.empty()) {
    const auto seconds = seconds_of(arguments.duration);
    if (!seconds || *seconds == 0)
      return failed({ErrorCode::kUsage, "--for \"" + arguments.duration + "\": give 90s, 10min, 2h"});
    if (arguments.what != "on") return failed({ErrorCode::kUsage, "--for goes with on only"});
    request["seconds"] = *seconds;
  }
  const Result<Json> reply = reply_of_daemon(arguments.socket, request);
  if (!reply) return failed(reply.error());
  const Json bypass = member_of(reply.value(), "bypass");
  if (arguments.json)
    std::printf("%s\n", to_line(bypass).c_str());
  else if (flag_of(bypass, "on"))
    std::printf("%s\n", translated(language, text_of(bypass, "reason")).c_str());
  else
    std::printf("%s\n", std::string(say(language, {"bypass is off: packets are inspected", "旁路已关闭：报文正常检查"})).c_str());
  return kExitOk;
}

}  // namespace telefence
