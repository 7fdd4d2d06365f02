// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <iostream>
#include <iterator>
#include <string>

#include "app/command_line.h"
#include "app/daemon_reply.h"
#include "app/filter.h"
#include "app/json_lines.h"
#include "app/test_request.h"
#include "app/test_text.h"
#include "app/tool_verbs.h"
#include "config/loader.h"

namespace telefence {
namespace {

Result<Json> ask(const TestArguments& arguments, const TestRequest& request) {
  return reply_of_daemon(arguments.socket, to_json(request));
}

Result<Json> judge_by(const Config& config, const TestRequest& request, Language language) {
  Result<std::unique_ptr<Filter>> filter = Filter::make(config);
  if (!filter) return filter.error();
  print(filter.value()->complaints(), language);
  Filter& made = *filter.value();
  return answer_test(request, {made.sets().read(), made.policy().read().policy, made.normaliser(), made.protected_names()});
}

Result<Json> judge_by_file(const std::string& file, const TestRequest& request, Language language) {
  const Loaded loaded = load_config(file);
  print(loaded.mistakes, kMistake, language);
  if (!loaded.mistakes.empty()) return Error{ErrorCode::kInvalid, file + " has mistakes"};
  return judge_by(loaded.config, request, language);
}

// Nobody may take "could not ask" for "would pass": this is a failure. What holds whatever the daemon has in force is said all the
// same.
void explain_silence(const TestRequest& request, Language language) {
  std::fprintf(stderr, "%s\n", std::string(say(language, {"-c FILE judges by a configuration and its lists, without the daemon",
                                                          "用 -c FILE 可按配置及其名单判定，无需守护进程"})).c_str());
  const Result<Json> built_in = judge_by(default_config(), request, language);
  const std::string known = built_in ? known_anyway(built_in.value(), language) : std::string();
  if (!known.empty()) std::fprintf(stderr, "%s\n", known.c_str());
}

}  // namespace

int test_value(const TestArguments& arguments) {
  const Language language = language_of(arguments.language);
  TestRequest request{arguments.kind, arguments.value, arguments.calling};
  if (request.value == "-") request.value.assign(std::istreambuf_iterator<char>(std::cin), {});
  const bool asks_daemon = arguments.config_file.empty();
  if (request.value.find_first_not_of(" \t\r\n") == std::string::npos) {
    print("telefence test", {ErrorCode::kUsage, "there is nothing to test: the value is empty"}, language);
    return kExitUsage;
  }
  const Result<Json> answer = asks_daemon ? ask(arguments, request) : judge_by_file(arguments.config_file, request, language);
  if (!answer) {
    print("telefence test", answer.error(), language);
    if (asks_daemon && answer.error().code == ErrorCode::kUnreachable) explain_silence(request, language);
    return static_cast<int>(answer.error().code);
  }
  if (arguments.json)
    std::printf("%s\n", to_line(answer.value()).c_str());
  else
    print_test_answer(answer.value(), asks_daemon, language);
  return flag_of(answer.value(), "would_block") ? kExitWouldBlock : kExitOk;
}

}  // namespace telefence
