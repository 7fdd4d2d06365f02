// SPDX-License-Identifier: Apache-2.0
#pragma once

// From the bytes that a Redis server sends (RESP2) to replies, by hiredis' reader. What a server may make of us is bounded: octets of a
// reply and its parts, since a hundred octets of small integers cost as much memory as ten kilobytes of text. One thread.

#include <cstddef>
#include <memory>
#include <optional>
#include <span>

#include "base/result.h"
#include "redis/reply.h"

struct redisReader;

namespace telefence {

class ReplyReader {
 public:
  // A reply that has more is no answer to anything we ask.
  static constexpr std::size_t kMostBytes = 256u << 20;
  static constexpr std::size_t kMostParts = 4'000'000;  // values and lists, those within lists too

  ReplyReader();
  ~ReplyReader();
  ReplyReader(const ReplyReader&) = delete;
  ReplyReader& operator=(const ReplyReader&) = delete;

  // kUnreachable: more than that, or no reply. Nothing can be read any more.
  Result<void> feed(std::span<const char> bytes);
  // The next reply that is whole; nullopt: more bytes are needed.
  Result<std::optional<RedisReply>> next();

 private:
  friend struct ReplyParts;  // what hiredis calls
  struct Free {
    void operator()(redisReader* reader) const;
  };
  std::unique_ptr<redisReader, Free> reader_;
  std::size_t unread_ = 0;  // bytes since the last whole reply
  std::size_t parts_ = 0;   // of the reply that is being read
};

}  // namespace telefence
