// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <string>

#include "app/command_line.h"
#include "app/json_lines.h"
#include "app/sentences.h"
#include "app/tool_verbs.h"
#include "control/commands.h"

namespace telefence {
namespace {

Mistake mistake_from(const Json& told) {
  return {told.value("file", ""), told.value("line", 0), told.value("column", 0), told.value("key", ""), told.value("message", "")};
}

void print_mistakes(const Json& list, const Text& kind, Language language) {
  std::vector<Mistake> mistakes;
  for (const Json& told : list) mistakes.push_back(mistake_from(told));
  print(mistakes, kind, language);
}

void print_text(const Json& reply, Language language) {
  print_mistakes(reply.value("mistakes", Json::array()), kMistake, language);
  print_mistakes(reply.value("warnings", Json::array()), kWarning, language);
  std::vector<Complaint> complaints;
  for (const Json& told : reply.value("complaints", Json::array()))
    complaints.push_back({told.value("where", ""), told.value("value", ""), told.value("reason", "")});
  print(complaints, language);
  if (!reply.value("ok", false)) return;
  for (const Json& told : reply.value("needs_restart", Json::array()))
    std::fprintf(stderr, "%s\n", say(language, {"needs a restart: {}", "需要重启：{}"}, to_text(sealed_change_from(told), language)).c_str());
  std::printf("%s\n", say(language, {"reloaded: mode {}", "已重新加载：模式 {}"},
                          say(language, reply.value("mode", "") == "enforce" ? Word::kEnforce : Word::kMonitor)).c_str());
}

}  // namespace

int reload(const ReloadArguments& arguments) {
  const Language language = language_of(arguments.language);
  const auto failed = [language](const Error& error) {
    print("telefence reload", error, language);
    return static_cast<int>(error.code);
  };
  Json request = {{"command", "reload"}};
  if (arguments.accepts_shrunk) request["accept_shrunk"] = true;
  const Result<std::string> line = ask_daemon(arguments.socket, to_line(request));
  if (!line) return failed(line.error());
  const Json reply = Json::parse(line.value(), nullptr, false);
  if (!reply.is_object()) return failed({ErrorCode::kFailed, "the daemon's reply is no JSON object"});
  if (arguments.json)
    std::printf("%s\n", to_line(reply).c_str());
  else
    print_text(reply, language);
  if (reply.value("ok", false)) return kExitOk;
  return failed({static_cast<ErrorCode>(reply.value("code", 1)), reply.value("error", "the daemon refused")});
}

}  // namespace telefence
