// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <string>

#include "app/command_line.h"
#include "app/json_lines.h"
#include "app/language.h"
#include "app/tool_verbs.h"
#include "config/assemble.h"
#include "config/loader.h"
#include "redis/connection.h"
#include "signatures/compiler.h"
#include "signatures/op_line.h"
#include "signatures/publish_batch.h"
#include "signatures/words.h"

namespace telefence {
namespace {

constexpr std::uint32_t kConnectMs = 3000;

std::string publisher() {
  const char* user = std::getenv("USER");
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  return std::string(user == nullptr || *user == '\0' ? "telefence" : user) + "@" + host;
}

// "90s", "30min", "12h", "7d" from now on, or a moment with a zone; as Unix seconds.
std::optional<std::int64_t> expiry_of(const std::string& text, std::int64_t now_s) {
  if (const auto instant = parse_instant_ms(text)) return *instant / 1000;
  const std::size_t digits = text.find_first_not_of("0123456789");
  if (digits == 0 || digits == std::string::npos || digits > 6) return std::nullopt;
  const std::int64_t count = std::stoll(text.substr(0, digits));
  const std::string unit = text.substr(digits);
  for (const auto& [name, seconds] : {std::pair{"s", 1}, std::pair{"min", 60}, std::pair{"h", 3600}, std::pair{"d", 86400}})
    if (unit == name) return now_s + count * seconds;
  return std::nullopt;
}

Result<std::string> op_line_of(const PushArguments& arguments) {
  Json line = {{"op", !arguments.add ? "remove" : arguments.allow ? "allow" : "add"},
               {"kind", arguments.kind},
               {"value", arguments.value}};
  if (!arguments.match.empty()) line["match"] = arguments.match;
  if (!arguments.add) return to_line(line);
  if (arguments.category.empty() && !arguments.allow)
    return Error{ErrorCode::kUsage, "--category is missing: people report by it. When none fits, use other"};
  if (!arguments.category.empty()) line["category"] = arguments.category;
  if (!arguments.action.empty()) line["action"] = arguments.action;
  line["level"] = arguments.tier;
  if (arguments.shadow) line["shadow"] = true;
  if (!arguments.note.empty()) line["note"] = arguments.note;
  line["source"] = publisher();
  if (!arguments.expires.empty()) {
    const std::int64_t now_s = std::time(nullptr);
    const auto expires_s = expiry_of(arguments.expires, now_s);
    if (!expires_s) return Error{ErrorCode::kUsage, "--expires \"" + arguments.expires + "\": give 2026-12-01T00:00:00+08:00, or 90s, 30min, 12h, 7d"};
    if (*expires_s <= now_s) return Error{ErrorCode::kUsage, "--expires \"" + arguments.expires + "\" is over already"};
    line["expires"] = *expires_s;
  }
  return to_line(line);
}

// What every edge would refuse is refused here, before it is published: nobody should learn from a log at night that a block
// never was in force.
Result<void> check_op_line(const std::string& line) {
  const Result<Change> change = parse_op_line(line);
  if (!change) return change.error();
  const CompileTerms terms = compile_terms(default_config());
  if (change.value().op == Change::Op::kRemove) {
    const Result<Entry> entry = canonical_entry(change.value().signature, terms);
    return entry ? Result<void>() : entry.error();
  }
  const Result<Entry> entry = compile_signature(change.value().signature, terms);
  if (!entry) return entry.error();
  MatchSetBuilder builder;
  add_to(builder, entry.value());
  const MatchSetBuilder::Built built = builder.build_base(0);
  if (!built.rejected.empty()) return Error{ErrorCode::kInvalid, "the pattern can't be compiled: " + built.rejected.front().reason};
  return {};
}

Result<PublishedBatch> publish(const PushArguments& arguments, const std::string& line) {
  RedisLogin login;
  login.server = arguments.redis;
  if (const char* user = std::getenv("TELEFENCE_REDIS_USER")) login.user = user;
  // A secret on the command line would be seen by everyone on the machine (ps).
  if (const char* file = std::getenv("TELEFENCE_REDIS_PASSWORD_FILE")) {
    Result<std::string> password = read_password_file(file);
    if (!password) return password.error();
    login.password = password.value();
  }
  RedisConnection connection;
  if (Result<void> connected = connection.connect(login, kConnectMs); !connected)
    return Error{ErrorCode::kUnreachable, connected.error().message};
  return publish_batch(connection, arguments.log, {&line, 1}, publisher());
}

int failed(const Error& error) {
  std::fprintf(stderr, "telefence push: %s\n", error.message.c_str());
  return static_cast<int>(error.code);
}

}  // namespace

int push(const PushArguments& arguments) {
  const Result<std::string> line = op_line_of(arguments);
  if (!line) return failed(line.error());
  if (Result<void> checked = check_op_line(line.value()); !checked) return failed(checked.error());
  const Result<PublishedBatch> published = publish(arguments, line.value());
  if (!published) return failed(published.error());
  const std::uint64_t sequence = published.value().sequence;
  if (!published.value().note.empty()) std::fprintf(stderr, "telefence push: note: %s\n", published.value().note.c_str());
  if (arguments.json) {
    Json out = {{"ok", true}, {"seq", sequence}};
    out["change"] = Json::parse(line.value());
    std::printf("%s\n", to_line(out).c_str());
  } else {
    const Language language = language_of(arguments.language);
    std::printf("%s: %s %s %s, %s %llu\n", std::string(say(language, Word::kPushed)).c_str(), arguments.add ? "add" : "remove",
                arguments.kind.c_str(), arguments.value.c_str(), std::string(say(language, Word::kSequence)).c_str(),
                static_cast<unsigned long long>(sequence));
  }
  return kExitOk;
}

}  // namespace telefence
