// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>

#include "app/command_line.h"
#include "app/json_lines.h"
#include "app/push_connection.h"
#include "app/push_line.h"
#include "app/push_signing.h"
#include "app/sentences.h"
#include "app/tool_verbs.h"
#include "centre/log_head.h"
#include "signatures/log_timestamp.h"
#include "signatures/wall_clock.h"
#include "signatures/words.h"

namespace telefence {
namespace {

constexpr std::uint32_t kTimeoutMs = 5000;
constexpr std::chrono::seconds kAfterFailure{5};

int failed(Error error, Language language) {
  error.message += what_to_do(error.message, "+get +set on tf:1:timestamp, and +xinfo|stream on the log");
  print("telefence push timestamp", error, language);
  return static_cast<int>(error.code);
}

// What this key has signed of this log; nothing when it was another key, or there is none.
Result<LogTimestamp> signed_before(RedisConnection& connection, const std::string& log, const SigningKey& key) {
  const Result<RedisReply> reply = connection.command({"GET", timestamp_key(log)}, kTimeoutMs);
  if (!reply) return reply.error();
  if (reply.value().is_error()) return refused_by_redis(reply.value().text);
  Result<LogTimestamp> read = read_timestamp(reply.value().text);
  if (!read) return LogTimestamp{};
  for (const BatchSignature& signature : read.value().signatures)
    if (signature.key_id == key.id() && ed25519_verify(key.described().key, signature.value, timestamp_message(read.value().digest))) return read;
  return LogTimestamp{};
}

// `newest`: the last batch that was signed for since the start.
Result<LogTimestamp> sign(RedisConnection& connection, const std::string& log, const SigningKey& key, std::uint64_t newest) {
  const Result<LogHead> head = read_head(connection, log, kTimeoutMs);
  if (!head) return head.error();
  const Result<LogTimestamp> before = signed_before(connection, log, key);
  if (!before) return before.error();
  newest = std::max(newest, before.value().sequence);
  // A primary that lost the newest, or one that hides them, must not have it signed that this is all.
  if (head.value().sequence < newest)
    return Error{ErrorCode::kFailed, "the log ends with batch " + std::to_string(head.value().sequence) + ", and batch " + std::to_string(newest) +
                                         " was signed for before: Redis lost data, or it is a new log; to begin anew: redis-cli DEL " + timestamp_key(log) +
                                         ", and start this again"};
  LogTimestamp timestamp{.log = log, .sequence = head.value().sequence, .hash = head.value().hash, .at_ms = now_ms(), .publisher = publisher_name(), .digest = {}, .signatures = {}};
  const Result<RedisReply> set = connection.command({"SET", timestamp_key(log), timestamp_value(timestamp, key)}, kTimeoutMs);
  if (!set) return set.error();
  if (set.value().is_error()) return refused_by_redis(set.value().text);
  return timestamp;
}

void print_signed(const LogTimestamp& timestamp, bool json, Language language) {
  if (json)
    std::printf("%s\n", to_line(Json{{"ok", true}, {"seq", timestamp.sequence}, {"hash", timestamp.hash}, {"ts", timestamp.at_ms}}).c_str());
  else
    std::printf("%s\n", say(language, {"signed: at {} the log ends with batch {}", "已签名：{} 变更流止于批次 {}"}, instant_text(timestamp.at_ms), timestamp.sequence).c_str());
  std::fflush(stdout);
}

// For ever. What fails is told and tried again; what goes well is not told each time.
[[noreturn]] void keep_signing(const PushTimestampArguments& arguments, const SigningKey& key, std::chrono::seconds every, Language language) {
  std::uint64_t newest = 0;
  for (bool was_fine = false;;) {
    const Result<LogTimestamp> made = on_primary(arguments, [&](RedisConnection& connection) { return sign(connection, arguments.log, key, newest); });
    if (!made)
      (void)failed(made.error(), language);
    else if (!was_fine)
      print_signed(made.value(), arguments.json, language);
    was_fine = made.ok();
    if (made) newest = made.value().sequence;
    std::this_thread::sleep_for(was_fine ? every : std::min(every, kAfterFailure));
  }
}

}  // namespace

int push_timestamp(const PushTimestampArguments& arguments) {
  const Language language = language_of(arguments.language);
  if (Result<void> checked = check_servers(arguments); !checked) return failed(checked.error(), language);
  const auto every_s = arguments.every.empty() ? std::optional<std::int64_t>(0) : seconds_of(arguments.every);
  if (!every_s) return failed({ErrorCode::kUsage, "--every \"" + arguments.every + "\": give 90s, 30min, 12h or 7d"}, language);
  const Result<SigningKey> key = read_secret_key(arguments.key, "--key");
  if (!key) return failed(key.error(), language);
  if (*every_s != 0) keep_signing(arguments, key.value(), std::chrono::seconds(*every_s), language);
  const Result<LogTimestamp> made = on_primary(arguments, [&](RedisConnection& connection) { return sign(connection, arguments.log, key.value(), 0); });
  if (!made) return failed(made.error(), language);
  print_signed(made.value(), arguments.json, language);
  return kExitOk;
}

}  // namespace telefence
