// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <iostream>
#include <iterator>
#include <string>

#include "app/command_line.h"
#include "app/filter.h"
#include "app/json_lines.h"
#include "app/language.h"
#include "app/test_request.h"
#include "app/tool_verbs.h"
#include "config/loader.h"
#include "control/commands.h"

namespace telefence {
namespace {

// An answer, and whether the daemon gave it.
struct Answer {
  Json json;
  bool from_daemon = false;
};

Result<Answer> ask(const TestArguments& arguments, const TestRequest& request) {
  const Result<std::string> line = ask_daemon(arguments.socket, to_line(to_json(request)));
  if (!line) return line.error();
  const Json reply = Json::parse(line.value(), nullptr, false);
  if (!reply.is_object()) return Error{ErrorCode::kFailed, "the daemon's reply is no JSON object"};
  if (!reply.value("ok", false)) return Error{static_cast<ErrorCode>(reply.value("code", 1)), reply.value("error", "the daemon refused")};
  return Answer{reply, true};
}

// The same steps from the files of a configuration, or with no signatures but what is built in.
Result<Answer> judge_offline(const TestArguments& arguments, const TestRequest& request) {
  Config config = default_config();
  if (!arguments.config_file.empty()) {
    Loaded loaded = load_config(arguments.config_file);
    print(loaded.mistakes, "mistake");
    if (!loaded.mistakes.empty()) return Error{ErrorCode::kInvalid, arguments.config_file + " has mistakes"};
    config = std::move(loaded.config);
  }
  Result<std::unique_ptr<Filter>> filter = Filter::make(config);
  if (!filter) return filter.error();
  print(filter.value()->complaints());
  Filter& made = *filter.value();
  Result<Json> answer = answer_test(request, {made.sets().read(), made.policy().read().policy, made.normaliser()});
  if (!answer) return answer.error();
  return Answer{std::move(answer.value()), false};
}

Result<Answer> answer_of(const TestArguments& arguments, const TestRequest& request) {
  if (!arguments.config_file.empty()) return judge_offline(arguments, request);
  Result<Answer> asked = ask(arguments, request);
  if (asked || asked.error().code != ErrorCode::kUnreachable) return asked;
  std::fprintf(stderr, "%s; judged by what is built in only. Give -c FILE to judge by a configuration\n",
               asked.error().message.c_str());
  return judge_offline(arguments, request);
}

void print_line(std::string_view name, const std::string& value) {
  const std::size_t width = columns(name);
  std::printf("%.*s%*s%s\n", static_cast<int>(name.size()), name.data(), static_cast<int>(width < 14 ? 14 - width : 1), "", value.c_str());
}

std::string hit_text(const Json& hit, Language language) {
  const Json& signature = hit["signature"];
  const auto text = [&](Word word) { return std::string(say(language, word)); };
  std::string out = text(signature.value("allow", false) ? Word::kAllows : Word::kBlocks) + " " + signature.value("value", "");
  const std::string category = signature.value("category", "other");
  out += "  [" + hit.value("part", "") + "]  " + text(Word::kCategory) + " " +
         std::string(say(language, category_from(category).value_or(Category::kOther))) + ", " + text(Word::kTier) + " " +
         std::to_string(signature.value("tier", 0)) + ", " + text(Word::kSource) + " " + signature.value("source", "");
  if (hit.value("wins", false)) out += "  <- " + text(Word::kWins);
  return out + "\n              " + hit.value("why", "");
}

void print_verdicts(const Json& answer, Language language) {
  for (const Json& verdict : answer["verdicts"]) {
    std::string name = "  " + verdict.value("protocol", "");
    if (verdict.contains("side")) name += " " + verdict.value("side", "");
    const std::string action = verdict.value("action", "");
    print_line(name, verdict.value("reason", "") +
                         (action.empty() ? "" : ", " + std::string(say(language, Word::kAction)) + " " + action));
  }
}

Word closing_word(const Json& answer) {
  const std::string reason = answer.value("reason", "");
  if (answer.value("would_block", false)) return Word::kWouldBlock;
  if (reason == "shadow") return Word::kShadow;
  if (reason == "allowed") return Word::kAllowed;
  if (reason == "never-block") return Word::kNeverBlock;
  return Word::kWouldPass;
}

void print_text(const Answer& given, Language language) {
  const Json& answer = given.json;
  const auto text = [language](Word word) { return std::string(say(language, word)); };
  for (const Json& key : answer["normalised"]) print_line(text(Word::kNormalised), key.value("value", "") + "  [" + key.value("kind", "") + "]");
  if (answer["hits"].empty()) print_line(text(Word::kHits), text(Word::kNoHit));
  for (const Json& hit : answer["hits"]) print_line(text(Word::kHits), hit_text(hit, language));
  if (const std::string never = answer.value("never_block", ""); !never.empty())
    print_line(text(Word::kNeverBlock), ": " + never);
  if (const std::string refused = answer.value("refused", ""); !refused.empty())
    print_line(text(Word::kPublicSuffixRefused), refused);
  print_verdicts(answer, language);
  print_line(text(Word::kVerdict), text(closing_word(answer)));
  if (answer.value("reason", "") == "monitor") print_line("", text(Word::kOnlyMonitored));
  print_line("", text(given.from_daemon ? Word::kFromDaemon : Word::kFromFiles));
}

}  // namespace

int test_value(const TestArguments& arguments) {
  TestRequest request{arguments.kind, arguments.value, arguments.calling};
  if (request.value == "-") request.value.assign(std::istreambuf_iterator<char>(std::cin), {});
  const Result<Answer> answer = answer_of(arguments, request);
  if (!answer) {
    std::fprintf(stderr, "telefence test: %s\n", answer.error().message.c_str());
    return static_cast<int>(answer.error().code);
  }
  if (arguments.json)
    std::printf("%s\n", to_line(answer.value().json).c_str());
  else
    print_text(answer.value(), language_of(arguments.language));
  return answer.value().json.value("would_block", false) ? kExitWouldBlock : kExitOk;
}

}  // namespace telefence
