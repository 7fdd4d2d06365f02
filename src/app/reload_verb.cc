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
  return {text_of(told, "file"), number_of<int>(told, "line"), number_of<int>(told, "column"), text_of(told, "key"), text_of(told, "message")};
}

void print_mistakes(const Json& list, const Text& kind, Language language) {
  std::vector<Mistake> mistakes;
  for (const Json& told : list) mistakes.push_back(mistake_from(told));
  print(mistakes, kind, language);
}

void print_text(const Json& reply, Language language) {
  print_mistakes(member_of(reply, "mistakes"), kMistake, language);
  print_mistakes(member_of(reply, "warnings"), kWarning, language);
  std::vector<Complaint> complaints;
  for (const Json& told : member_of(reply, "complaints"))
    complaints.push_back({text_of(told, "where"), text_of(told, "value"), text_of(told, "reason")});
  print(complaints, language);
  if (!flag_of(reply, "ok")) return;
  for (const Json& told : member_of(reply, "needs_restart"))
    std::fprintf(stderr, "%s\n", say(language, {"needs a restart: {}", "需要重启：{}"}, to_text(sealed_change_from(told), language)).c_str());
  if (const std::string held = text_of(reply, "held"); !held.empty())
    std::fprintf(stderr, "%s\n", say(language, {"what was read is kept and not in force: {}", "已读取的内容已保存，但未生效：{}"}, translated(language, held)).c_str());
  std::printf("%s\n", say(language, {"reloaded: mode {}", "已重新加载：模式 {}"},
                          say(language, text_of(reply, "mode") == "enforce" ? Word::kEnforce : Word::kMonitor)).c_str());
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
  if (flag_of(reply, "ok")) return kExitOk;
  return failed({static_cast<ErrorCode>(number_of<int>(reply, "code", 1)), text_of(reply, "error", "the daemon refused")});
}

}  // namespace telefence
