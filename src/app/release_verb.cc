// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <optional>
#include <string>
#include <thread>

#include "app/command_line.h"
#include "app/daemon_reply.h"
#include "app/json_lines.h"
#include "app/language.h"
#include "app/push_line.h"
#include "app/sentences.h"
#include "app/test_request.h"
#include "app/tool_verbs.h"

namespace telefence {
namespace {

constexpr std::chrono::milliseconds kWaitForEdge{3000};
constexpr std::int64_t kLongest_s = 90 * 86'400;  // what is to be let through for longer belongs on an allow list

Error usage(std::string message) { return Error{ErrorCode::kUsage, std::move(message)}; }

// What a daemon says of the value; nullopt: none answers.
std::optional<Json> ask(const ReleaseArguments& arguments) {
  if (arguments.kind == "number" && arguments.value.ends_with('*')) return std::nullopt;  // no message has a prefix
  Result<Json> reply = reply_of_daemon(arguments.socket, to_json(TestRequest{arguments.kind, arguments.value, ""}));
  return reply ? std::optional(std::move(reply.value())) : std::nullopt;
}

bool is_blocked(const std::optional<Json>& answer) { return answer && flag_of(*answer, "would_block"); }

// The entry that blocks it now, with the depth at which it does; nullptr: none.
const Json* winner_of(const std::optional<Json>& answer) {
  if (!is_blocked(answer)) return nullptr;
  for (const Json& hit : member_of(*answer, "hits"))
    if (flag_of(hit, "wins") && !flag_of(member_of(hit, "signature"), "allow")) return &hit;
  return nullptr;
}

// An allow entry of this value must be able to win.
Result<void> check_winner(const ReleaseArguments& arguments, const Json& hit) {
  const std::string kind = text_of(member_of(hit, "signature"), "kind"), value = text_of(member_of(hit, "signature"), "value");
  if (kind == "pattern" || (kind == "url" && arguments.kind == "domain"))
    return usage("what blocks it is the " + kind + " " + value + ", which no release of a value beats: take that one back with telefence push remove " + kind);
  if (arguments.kind == "url" && kind == "domain")
    return usage("what blocks it is the domain " + value + ", not this url: telefence release " + text_of(hit, "key", value) + " --kind domain");
  return {};
}

// As a shell takes it for one word.
std::string shell_word(const std::string& text) {
  const auto is_plain = [](unsigned char c) { return std::isalnum(c) != 0 || std::strchr("+-_./:@%", c) != nullptr || c >= 0x80; };
  if (!text.empty() && std::all_of(text.begin(), text.end(), is_plain)) return text;
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

void say_what_blocks(const Json* hit, const Json& answer, Language language) {
  const std::string node = text_of(answer, "node");
  if (hit == nullptr) {
    std::fprintf(stderr, "%s\n", say(language, {"node {}: nothing blocks it now; published all the same, for the other nodes", "节点 {}：当前未被拦截；仍会下发，供其他节点使用"}, node).c_str());
    return;
  }
  const Json& signature = member_of(*hit, "signature");
  std::fprintf(stderr, "%s\n", say(language, {"node {}: blocked now by {} {}, from {}", "节点 {}：当前被拦截，{} {}，来源 {}"}, node, word_of(language, text_of(signature, "kind")),
                                   text_of(signature, "value"), text_of(signature, "source")).c_str());
}

// Whether the edge that was asked lets it through now, as far as it can be seen at once.
void say_what_came_of_it(const ReleaseArguments& arguments, Language language) {
  std::optional<Json> answer;
  const auto end = std::chrono::steady_clock::now() + kWaitForEdge;
  do {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    answer = ask(arguments);
  } while (is_blocked(answer) && std::chrono::steady_clock::now() < end);
  if (!answer) return;
  const std::string node = text_of(*answer, "node");
  if (!is_blocked(answer)) {
    std::fprintf(stderr, "%s\n", say(language, {"node {}: passes now", "节点 {}：已放行"}, node).c_str());
    return;
  }
  std::fprintf(stderr, "%s\n", say(language, {"node {}: still blocked: telefence test {} {} says by what", "节点 {}：仍被拦截：telefence test {} {} 可查原因"}, node, arguments.kind, arguments.value).c_str());
}

Result<void> complete(ReleaseArguments& arguments) {
  if (arguments.kind.empty()) arguments.kind = kind_by_look(arguments.value);
  if (arguments.kind.empty()) return usage("\"" + arguments.value + "\" may be many things: say which with --kind domain, url or number");
  if (arguments.kind == "pattern")
    return usage("a pattern blocks texts, and no value releases those: take it back with telefence push remove pattern TEXT-OR-ID, or let a sender "
                 "through with telefence release NUMBER");
  const std::optional<std::int64_t> seconds = seconds_of(arguments.duration);
  if (!seconds || *seconds == 0 || *seconds > kLongest_s) return usage("--for \"" + arguments.duration + "\": give 30min, 24h or 7d, at most 90d");
  arguments.add = arguments.allow = true;
  arguments.expires = arguments.duration;
  arguments.source = "release";
  arguments.audited_as = "released";
  return {};
}

}  // namespace

int release(ReleaseArguments arguments) {
  const Language language = language_of(arguments.language);
  const auto failed = [&](const Error& error) {
    print("telefence release", error, language);
    return static_cast<int>(error.code);
  };
  if (Result<void> completed = complete(arguments); !completed) return failed(completed.error());
  const std::optional<Json> before = ask(arguments);
  const Json* hit = winner_of(before);
  if (hit != nullptr)
    if (Result<void> checked = check_winner(arguments, *hit); !checked) return failed(checked.error());
  // An exact entry beats one that covers more: against one the release has to be exact, too.
  if (hit != nullptr && arguments.kind == "domain" && arguments.match.empty() && number_of<int>(*hit, "depth") % 2 == 1) arguments.match = "exact";
  if (before) say_what_blocks(hit, *before, language);
  const std::int64_t until_s = std::time(nullptr) + *seconds_of(arguments.duration);
  if (const int code = push(arguments); code != kExitOk || arguments.dry_run || !arguments.for_cosign.empty()) return code;
  const std::string key = arguments.key.empty() ? "" : " --key " + shell_word(arguments.key);
  std::fprintf(stderr, "%s\n", say(language, {"lets it through until {}, whoever blocks it; after that all blocks are back by themselves. Sooner: telefence push remove {} {} --source release{}",
                                              "在 {} 之前放行，不论何来源拦截；到期后所有拦截自动恢复。提前结束：telefence push remove {} {} --source release{}"},
                                   local_time(until_s), arguments.kind, shell_word(arguments.value), key).c_str());
  if (is_blocked(before)) say_what_came_of_it(arguments, language);
  return kExitOk;
}

}  // namespace telefence
