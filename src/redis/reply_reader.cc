// SPDX-License-Identifier: Apache-2.0
#include "redis/reply_reader.h"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <new>
#include <string>
#include <utility>

namespace telefence {
namespace {

constexpr std::size_t kReserved = 256;  // of the items that a list says it has: it may lie

Error unreadable(const std::string& why) { return Error{ErrorCode::kUnreachable, why}; }

RedisReply::Kind kind_of(int type) {
  switch (type) {
    case REDIS_REPLY_STRING:
      return RedisReply::Kind::kText;
    case REDIS_REPLY_STATUS:
      return RedisReply::Kind::kStatus;
    case REDIS_REPLY_ERROR:
      return RedisReply::Kind::kError;
    case REDIS_REPLY_INTEGER:
      return RedisReply::Kind::kInteger;
    case REDIS_REPLY_ARRAY:
      return RedisReply::Kind::kList;
    default:
      return RedisReply::Kind::kNull;
  }
}

}  // namespace

// Each part is made where it belongs: at the end of its list. Lists grow only while none of their items is being read, so that hiredis'
// pointers to the lists around stay good. nullptr: too many parts, or no memory; hiredis then gives up. Depth is bounded by hiredis (7
// levels in 0.14).
struct ReplyParts {
  static RedisReply* add(const redisReadTask* task) try {
    auto* const reader = static_cast<ReplyReader*>(task->privdata);
    if (++reader->parts_ > ReplyReader::kMostParts) return nullptr;
    RedisReply* part = nullptr;
    if (task->parent == nullptr)
      part = new RedisReply;
    else
      part = &static_cast<RedisReply*>(task->parent->obj)->items.emplace_back();
    part->kind = kind_of(task->type);
    return part;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
  static void* text(const redisReadTask* task, char* bytes, std::size_t length) try {
    RedisReply* const part = add(task);
    if (part != nullptr) part->text.assign(bytes, length);
    return part;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
  static void* list(const redisReadTask* task, int items) try {
    RedisReply* const part = add(task);
    if (part != nullptr) part->items.reserve(std::min(kReserved, static_cast<std::size_t>(std::max(items, 0))));
    return part;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
  static void* integer(const redisReadTask* task, long long value) {
    RedisReply* const part = add(task);
    if (part != nullptr) part->integer = value;
    return part;
  }
  // Its type is that of what is not there.
  static void* null(const redisReadTask* task) {
    RedisReply* const part = add(task);
    if (part != nullptr) part->kind = RedisReply::Kind::kNull;
    return part;
  }
  // Called for the outermost alone.
  static void free(void* reply) { delete static_cast<RedisReply*>(reply); }

  static inline redisReplyObjectFunctions functions{text, list, integer, null, free};
};

void ReplyReader::Free::operator()(redisReader* reader) const { redisReaderFree(reader); }

ReplyReader::ReplyReader() : reader_(redisReaderCreateWithFunctions(&ReplyParts::functions)) {
  if (reader_ == nullptr) throw std::bad_alloc();
  reader_->privdata = this;
}

ReplyReader::~ReplyReader() = default;

Result<void> ReplyReader::feed(std::span<const char> bytes) {
  unread_ += bytes.size();
  if (unread_ > kMostBytes) return unreadable("a reply of more than 256 MiB");
  if (redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) != REDIS_OK) return unreadable(std::string("can't read the reply: ") + reader_->errstr);
  return {};
}

Result<std::optional<RedisReply>> ReplyReader::next() {
  void* found = nullptr;
  if (redisReaderGetReply(reader_.get(), &found) != REDIS_OK)
    return parts_ > kMostParts ? unreadable("a reply of more than 4,000,000 parts") : unreadable(std::string("not a Redis reply: ") + reader_->errstr);
  if (found == nullptr) return std::optional<RedisReply>();
  const std::unique_ptr<RedisReply> owner(static_cast<RedisReply*>(found));
  unread_ = parts_ = 0;
  return std::optional<RedisReply>(std::move(*owner));
}

}  // namespace telefence
