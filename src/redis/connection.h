// SPDX-License-Identifier: Apache-2.0
#pragma once

// One connection to a Redis server: our own socket and waiting, hiredis only for the bytes of commands and replies
// (Debian's 0.14 adapters swallow errors). One thread at a time. After an error the connection is
// closed; reconnecting, and when, is the caller's decision. An error reply of Redis is a reply, not an error.

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "redis/interrupt.h"
#include "redis/reply.h"

namespace telefence {

// Files of rediss:// servers, PEM. TLS 1.3, and the server's certificate must be good for the name that was asked for.
struct RedisTls {
  std::string ca;           // who signs certificates of servers; "" = those that the system trusts
  std::string certificate;  // our own, when servers want one; "" = none
  std::string key;
};

struct RedisLogin {
  std::string server;    // unix:/path, host:port, [IPv6]:port or rediss://host:port
  std::string user;      // "" = the default user
  std::string password;  // "" = no AUTH; needed with a user
  RedisTls tls{};
};

class RedisConnection {
 public:
  RedisConnection();
  ~RedisConnection();
  RedisConnection(RedisConnection&&) noexcept;
  RedisConnection& operator=(RedisConnection&&) noexcept;

  // Connects and logs in. kInvalid: no address, or a user without a password. kUnreachable: no server, or it refuses the
  // login. `interrupt` (may be null, must outlive the
  // connection) ends connect() and receive() early.
  Result<void> connect(const RedisLogin& login, std::uint32_t timeout_ms, const Interrupt* interrupt = nullptr);
  // What ends receive() early from now on, where another thread has connected. May be null.
  void interrupt_by(const Interrupt* interrupt);
  bool is_open() const;
  void close();

  // One command and its reply. No reply in time is an error (and closes: the reply could come later and be taken for
  // another's).
  Result<RedisReply> command(std::span<const std::string_view> words, std::uint32_t timeout_ms);
  Result<RedisReply> command(std::initializer_list<std::string_view> words, std::uint32_t timeout_ms) {
    return command(std::span<const std::string_view>(words.begin(), words.size()), timeout_ms);
  }

  // The two halves, for commands that block in Redis. receive: nullopt when nothing came in time or on interrupt; the
  // reply is still due, call again.
  Result<void> send(std::span<const std::string_view> words, std::uint32_t timeout_ms);
  // A command that goes out together with the next one that is sent: Redis is woken once for all of them.
  Result<void> prepare(std::span<const std::string_view> words);
  Result<std::optional<RedisReply>> receive(std::uint32_t timeout_ms);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The first line of a password file, without blanks at its end.
Result<std::string> read_password_file(const std::string& file);

}  // namespace telefence
