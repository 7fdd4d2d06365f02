// SPDX-License-Identifier: Apache-2.0
#include "redis/connection.h"

#include <hiredis/hiredis.h>

#include <array>
#include <chrono>
#include <fstream>
#include <utility>
#include <vector>

#include "redis/address.h"
#include "redis/reply_reader.h"
#include "redis/socket.h"

namespace telefence {
namespace {

RedisSocket::Clock::time_point deadline_after(std::uint32_t timeout_ms) {
  return RedisSocket::Clock::now() + std::chrono::milliseconds(timeout_ms);
}

}  // namespace

struct RedisConnection::State {
  std::string server;
  RedisSocket socket;
  std::unique_ptr<ReplyReader> reader;
  std::string unsent;  // commands that were prepared

  void close() {
    socket.close();
    reader.reset();
    unsent.clear();
  }
  Error fail(const Error& error) {
    close();
    return Error{ErrorCode::kUnreachable, "Redis at " + server + ": " + error.message};
  }
};

RedisConnection::RedisConnection() : state_(std::make_unique<State>()) {}
RedisConnection::~RedisConnection() = default;
RedisConnection::RedisConnection(RedisConnection&&) noexcept = default;
RedisConnection& RedisConnection::operator=(RedisConnection&&) noexcept = default;

bool RedisConnection::is_open() const { return state_->socket.is_open(); }
void RedisConnection::close() { state_->close(); }
void RedisConnection::interrupt_by(const Interrupt* interrupt) { state_->socket.wake_by(interrupt == nullptr ? -1 : interrupt->descriptor()); }

Result<void> RedisConnection::connect(const RedisLogin& login, std::uint32_t timeout_ms, const Interrupt* interrupt) {
  close();
  const Result<RedisAddress> address = parse_redis_address(login.server);
  if (!address.ok()) return address.error();
  // Going on as the default user would be another user's rights than those that were asked for.
  if (!login.user.empty() && login.password.empty())
    return Error{ErrorCode::kInvalid, "a Redis user (" + login.user + ") without a password: name a password file too"};
  state_->server = login.server;
  const int wake = interrupt == nullptr ? -1 : interrupt->descriptor();
  if (auto connected = state_->socket.connect(address.value(), login.tls, deadline_after(timeout_ms), wake);
      !connected.ok())
    return state_->fail(connected.error());
  state_->reader = std::make_unique<ReplyReader>();
  if (login.password.empty()) return {};
  std::vector<std::string_view> words = {"AUTH"};
  if (!login.user.empty()) words.push_back(login.user);
  words.push_back(login.password);
  const Result<RedisReply> reply = command(words, timeout_ms);
  if (!reply.ok()) return reply.error();
  if (reply.value().is_error()) return state_->fail({ErrorCode::kUnreachable, "login refused: " + reply.value().text});
  return {};
}

Result<void> RedisConnection::prepare(std::span<const std::string_view> words) {
  if (!is_open()) return state_->fail({ErrorCode::kUnreachable, "not connected"});
  std::vector<const char*> pointers;
  std::vector<std::size_t> lengths;
  for (const std::string_view word : words) {
    pointers.push_back(word.data() == nullptr ? "" : word.data());
    lengths.push_back(word.size());
  }
  char* bytes = nullptr;
  const int length = redisFormatCommandArgv(&bytes, static_cast<int>(words.size()), pointers.data(), lengths.data());
  if (length < 0) return state_->fail({ErrorCode::kUnreachable, "no memory for a command"});
  const std::unique_ptr<char, decltype(&redisFreeCommand)> owner(bytes, &redisFreeCommand);
  state_->unsent.append(bytes, static_cast<std::size_t>(length));
  return {};
}

Result<void> RedisConnection::send(std::span<const std::string_view> words, std::uint32_t timeout_ms) {
  if (auto prepared = prepare(words); !prepared.ok()) return prepared;
  auto written = state_->socket.write_all(state_->unsent, deadline_after(timeout_ms));
  if (!written.ok()) return state_->fail(written.error());
  state_->unsent.clear();
  return {};
}

Result<std::optional<RedisReply>> RedisConnection::receive(std::uint32_t timeout_ms) {
  if (!is_open()) return state_->fail({ErrorCode::kUnreachable, "not connected"});
  const auto deadline = deadline_after(timeout_ms);
  std::array<char, 16384> buffer;
  for (;;) {
    Result<std::optional<RedisReply>> reply = state_->reader->next();
    if (!reply.ok()) return state_->fail(reply.error());
    if (reply.value()) return reply;
    const Result<std::size_t> count = state_->socket.read_some(buffer, deadline);
    if (!count.ok()) return state_->fail(count.error());
    if (count.value() == 0) return std::optional<RedisReply>();
    if (auto fed = state_->reader->feed({buffer.data(), count.value()}); !fed.ok()) return state_->fail(fed.error());
  }
}

Result<RedisReply> RedisConnection::command(std::span<const std::string_view> words, std::uint32_t timeout_ms) {
  if (auto sent = send(words, timeout_ms); !sent.ok()) return sent.error();
  Result<std::optional<RedisReply>> reply = receive(timeout_ms);
  if (!reply.ok()) return reply.error();
  if (!reply.value().has_value()) return state_->fail({ErrorCode::kUnreachable, "no reply in time"});
  return std::move(*reply.value());
}

Result<std::string> read_password_file(const std::string& file) {
  std::ifstream stream(file);
  std::string line;
  if (!stream || !std::getline(stream, line))
    return Error{ErrorCode::kEnvironment,
                 "can't read the password file " + file + ": no such file, empty, or no right to read it"};
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) line.pop_back();
  if (line.empty()) return Error{ErrorCode::kEnvironment, "the first line of the password file " + file + " is blank: write the password there"};
  return line;
}

}  // namespace telefence
