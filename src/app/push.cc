// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include "app/command_line.h"
#include "app/json_lines.h"
#include "app/language.h"
#include "app/push_line.h"
#include "app/sentences.h"
#include "app/tool_verbs.h"
#include "redis/address.h"
#include "redis/connection.h"
#include "redis/refusal.h"
#include "signatures/publish_batch.h"

namespace telefence {
namespace {

constexpr std::uint32_t kConnectMs = 3000;

std::string publisher() {
  const char* user = std::getenv("USER");
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  return std::string(user == nullptr || *user == '\0' ? "telefence" : user) + "@" + host;
}

Result<RedisLogin> login_of(const PushArguments& arguments) {
  if (const auto address = parse_redis_address(arguments.redis); !address)
    return Error{ErrorCode::kUsage, "--redis: " + address.error().message};
  RedisLogin login{arguments.redis, arguments.redis_user, ""};
  if (arguments.redis_password_file.empty()) {
    if (login.user.empty()) return login;
    return Error{ErrorCode::kUsage, "--redis-user needs --redis-password-file"};
  }
  Result<std::string> password = read_password_file(arguments.redis_password_file);
  if (!password) return password.error();
  login.password = std::move(password.value());
  return login;
}

std::string what_to_do(Refusal refusal) {
  switch (refusal) {
    case Refusal::kNoLogin:
      return "; give --redis-password-file FILE, and --redis-user NAME when it is not the default user";
    case Refusal::kWrongLogin:
      return "; look at --redis-user and at the first line of --redis-password-file";
    case Refusal::kNoRight:
      return "; this user may not publish: the one of --redis-user needs +xadd +xrevrange +xinfo|stream on the log";
    case Refusal::kReadOnly:
      return "; this is a replica: --redis must name the primary";
    case Refusal::kNone:
      break;
  }
  return {};
}

Result<PublishedBatch> publish(const PushArguments& arguments, const RedisLogin& login, const std::string& line) {
  RedisConnection connection;
  if (Result<void> connected = connection.connect(login, kConnectMs); !connected) return connected.error();
  return publish_batch(connection, arguments.log, {&line, 1}, publisher());
}

int failed(Error error, Language language) {
  error.message += what_to_do(refusal_in(error.message));
  print("telefence push", error, language);
  return static_cast<int>(error.code);
}

void note(const std::string& message, Language language) {
  std::fprintf(stderr, "telefence push: %s\n", translated(language, message).c_str());
}

}  // namespace

int push(const PushArguments& arguments) {
  const Language language = language_of(arguments.language);
  const Result<RedisLogin> login = login_of(arguments);
  if (!login) return failed(login.error(), language);
  const Result<PushLine> line = push_line(arguments, publisher(), std::time(nullptr));
  if (!line) return failed(line.error(), language);
  for (const std::string& warning : line.value().warnings) note(warning, language);
  const Result<PublishedBatch> published = publish(arguments, login.value(), line.value().line);
  if (!published) return failed(published.error(), language);
  const std::uint64_t sequence = published.value().sequence;
  if (!published.value().note.empty()) note(published.value().note, language);
  if (arguments.json) {
    Json out = {{"ok", true}, {"seq", sequence}};
    out["change"] = Json::parse(line.value().line);
    std::printf("%s\n", to_line(out).c_str());
  } else {
    std::printf("%s: %s %s %s, %s %llu\n", std::string(say(language, Word::kPushed)).c_str(), arguments.add ? "add" : "remove",
                arguments.kind.c_str(), arguments.value.c_str(), std::string(say(language, Word::kSequence)).c_str(),
                static_cast<unsigned long long>(sequence));
  }
  return kExitOk;
}

}  // namespace telefence
