// SPDX-License-Identifier: Apache-2.0
#pragma once

// A connected non-blocking socket to a Redis server, with deadlines instead of blocking calls, with TLS inside where it is asked
// for: everything above sees only bytes. One thread at a time. Names are looked up by resolver.h.

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "base/result.h"
#include "crypto/tls_client.h"
#include "redis/address.h"
#include "redis/connection.h"

namespace telefence {

class RedisSocket {
 public:
  using Clock = std::chrono::steady_clock;

  RedisSocket() = default;
  ~RedisSocket() { close(); }
  RedisSocket(const RedisSocket&) = delete;
  RedisSocket& operator=(const RedisSocket&) = delete;

  // Errors are kUnreachable and say what the system said. `wake`: a descriptor that ends the waiting when it becomes
  // readable; -1 = none.
  Result<void> connect(const RedisAddress& address, const RedisTls& tls, Clock::time_point deadline, int wake);
  bool is_open() const { return descriptor_ >= 0; }
  // Another descriptor from now on.
  void wake_by(int wake) { wake_ = wake; }
  void close();

  Result<void> write_all(std::string_view bytes, Clock::time_point deadline);
  // Bytes read; 0 = nothing came before the deadline, or `wake` became readable. The end of the connection is an error.
  Result<std::size_t> read_some(std::span<char> to, Clock::time_point deadline);

 private:
  enum class Waited { kReady, kTimeout, kWoken };
  Waited wait(short events, Clock::time_point deadline, int wake) const;
  Result<void> connect_one(int family, const void* address, unsigned length, Clock::time_point deadline);
  Result<void> connect_tcp(const RedisAddress& address, Clock::time_point deadline);
  Result<void> connect_tls(const RedisAddress& address, const RedisTls& tls, Clock::time_point deadline);
  Result<void> write_tls(std::string_view bytes, Clock::time_point deadline);
  Result<std::size_t> read_tls(std::span<char> to, Clock::time_point deadline);

  int descriptor_ = -1;
  int wake_ = -1;
  std::unique_ptr<TlsClient> tls_;  // none: plain
};

}  // namespace telefence
