// SPDX-License-Identifier: Apache-2.0
#include "app/push_connection.h"

#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "redis/address.h"

namespace telefence {

std::string publisher_name() {
  const char* user = std::getenv("USER");
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  return std::string(user == nullptr || *user == '\0' ? "telefence" : user) + "@" + host;
}

std::vector<std::string> servers_of(const PushArguments& arguments) {
  std::vector<std::string> servers;
  std::string_view rest = arguments.redis;
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    servers.emplace_back(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return servers;
}

Result<void> check_servers(const PushArguments& arguments) {
  if (arguments.redis.empty()) return Error{ErrorCode::kUsage, "--redis names no server"};
  for (const std::string& server : servers_of(arguments))
    if (const auto address = parse_redis_address(server); !address)
      return Error{ErrorCode::kUsage, "--redis: " + address.error().message};
  if (!arguments.redis_user.empty() && arguments.redis_password_file.empty())
    return Error{ErrorCode::kUsage, "--redis-user needs --redis-password-file"};
  if (arguments.redis_certificate.empty() != arguments.redis_key.empty())
    return Error{ErrorCode::kUsage, "--redis-certificate and --redis-key belong together"};
  return {};
}

Result<RedisLogin> login_to(const PushArguments& arguments, const std::string& server) {
  RedisLogin login{server, arguments.redis_user, "", {arguments.redis_ca, arguments.redis_certificate, arguments.redis_key}};
  if (arguments.redis_password_file.empty()) return login;
  Result<std::string> password = read_password_file(arguments.redis_password_file);
  if (!password) return password.error();
  login.password = std::move(password.value());
  return login;
}

namespace {

// The server itself does not take it now.
std::string what_server_lacks(std::string_view error) {
  const auto has = [error](std::string_view words) { return error.find(words) != std::string_view::npos; };
  if (has("OOM command")) return "; Redis is full: raise maxmemory there, or trim the log (XTRIM) once a snapshot has what is in it";
  if (has("NOREPLICAS ")) return "; fewer replicas keep up than min-replicas-to-write asks for, so it takes nothing: look at INFO replication there";
  if (has("MISCONF ")) return "; Redis can't save to its disk and takes nothing: look at its log";
  return {};
}

}  // namespace

std::string what_to_do(std::string_view error, std::string_view needs) {
  switch (refusal_in(error)) {
    case Refusal::kNoLogin:
      return "; give --redis-password-file FILE, and --redis-user NAME when it is not the default user";
    case Refusal::kWrongLogin:
      return "; look at --redis-user and at the first line of --redis-password-file";
    case Refusal::kNoRight:
      return "; this user may not do so: the one of --redis-user needs " + std::string(needs);
    case Refusal::kReadOnly:
      return "; this is a replica: --redis must name the primary";
    case Refusal::kLoading:
      return "; it reads its data from the disk: try again in a while";
    case Refusal::kMasterDown:
      return "; this is a replica that has lost its primary: --redis must name the primary";
    case Refusal::kRoleChanged:
    case Refusal::kNone:
      break;
  }
  return what_server_lacks(error);
}

}  // namespace telefence
