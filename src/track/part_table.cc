// SPDX-License-Identifier: Apache-2.0
#include "track/part_table.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace telefence {
namespace {

constexpr std::uint64_t kMillisecond = 1'000'000;
constexpr std::uint64_t kSecond = 1'000'000'000;
// As long as servers wait for the rest of a request (nginx 60 s; others less): who sends slowly is not forgotten before.
constexpr std::uint64_t kWaitsFor = 60 * kSecond;
// From SYN to the first bytes: as long as servers wait for these.
constexpr std::uint64_t kOpensFor = 60 * kSecond;
// Bytes that were to come before those that came long after: longer than a sender's first retransmissions (RFC 6298, 2: 1 s, doubling).
constexpr std::uint64_t kComesWithin = 15 * kSecond;
// Between two requests of a connection: servers wait 75 s at most, if nobody told them otherwise (nginx; others less).
constexpr std::uint64_t kStaysOpenFor = 120 * kSecond;
// A copy of bytes that lie further back than any window is none: it is of another connection between the same ends.
constexpr std::uint64_t kFurthestBack = 64 * 1024;
constexpr std::size_t kPassedAhead = 4;
// What the frames of one burst may take, as long as few of them are jumbo frames.
constexpr std::size_t kReserve = kBurstFrames * 4096;

}  // namespace

PartTable::PartTable(const PartOptions& options)
    : options_(options),
      pool_(options.bytes),
      reserve_(std::min(kReserve, pool_.total() / 2)),
      messages_(options.messages),
      others_(std::max(options.messages / 64, 16u)),
      passed_(std::max(options.passed, 1u)),
      openings_(options.openings),
      opened_lately_(kOpensFor),
      nexts_(options.openings) {}

std::uint64_t PartTable::memory_for(const PartOptions& options) {
  return options.bytes + LruTable<PartialMessage>::memory_for(options.messages) +
         LruTable<Other>::memory_for(std::max(options.messages / 64, 16u)) + TimedCache<Opening>::memory_for(options.openings) +
         TimedCache<NextMessage>::memory_for(options.openings);
}

PartialMessage* PartTable::find(std::uint64_t key, std::uint64_t now_ns) {
  if (messages_.size() == 0) return nullptr;
  PartialMessage* const message = messages_.find(key);
  if (message == nullptr) return nullptr;
  if (now_ns - message->used_ns_ <= kWaitsFor) return message;
  finish(*message);  // whatever comes now is another message
  return nullptr;
}

PartialMessage& PartTable::begin(std::uint64_t key, std::uint32_t sequence, std::uint64_t now_ns) {
  // One that is kept or was read in this burst, and whose sender goes on.
  if (PartialMessage* const stale = messages_.find(key)) finish(*stale);
  PartialMessage& message = messages_.insert(key, [&](PartialMessage& leaving) {
    if (!leaving.is_passed) ++freed_;
    forget_other(leaving);
    leaving.buffer_.release(pool_);
  });
  message.is_read = message.is_kept = message.is_passed = message.was_reset = message.has_other = false;
  message.told = 0;
  message.awaited = {};
  message.origin_ = sequence;
  message.used_ns_ = now_ns;
  message.buffer_.start(PartialMessage::kOrigin, pool_);
  began_in_burst_ = true;
  return message;
}

PartTable::Put PartTable::put(PartialMessage& message, std::uint32_t sequence, Bytes bytes, std::uint64_t now_ns) {
  messages_.touch(message);
  message.used_ns_ = now_ns;
  const std::uint64_t offset = message.offset_of(sequence);
  const std::uint64_t end = offset + bytes.size();
  if (offset + kFurthestBack < message.buffer_.base()) return Put::kTooFar;
  if (offset > message.buffer_.contiguous_end() && end - message.buffer_.base() > options_.longest) return Put::kTooFar;
  const StreamBuffer::Put result = message.buffer_.put(offset, bytes, options_.longest, pool_, options_.keep);
  if (!result.stored) return result.had_room ? Put::kTooManyHoles : Put::kNoRoom;
  return result.conflicts ? Put::kConflict : Put::kTaken;
}

bool PartTable::put_other(PartialMessage& message, std::uint32_t sequence, Bytes bytes) {
  const std::uint64_t key = messages_.key_of(message);
  Other* other = message.has_other ? others_.find(key) : nullptr;
  const StreamBuffer& known = message.buffer_;
  if (other == nullptr) {
    if (Other* const stale = others_.find(key)) {
      stale->buffer.release(pool_);
      others_.erase(*stale);
    }
    other = &others_.insert(key, [&](Other& leaving) { leaving.buffer.release(pool_); });
    other->buffer.start(known.base(), pool_);
    message.has_other = true;
    (void)other->buffer.put(known.base(), message.bytes(), options_.longest, pool_);
    for (std::size_t i = 0; i < known.island_count(); ++i) {
      const StreamBuffer::Range island = known.island(i);
      (void)other->buffer.put(island.start, known.view(island.start, island.end), options_.longest, pool_);
    }
  }
  const std::uint64_t offset = message.offset_of(sequence);
  const bool is_known_already = other->buffer.has(offset, offset + bytes.size()) && !other->buffer.differs(offset, bytes);
  // Who reads it in this burst goes on reading what it said.
  return !is_known_already && other->buffer.renew(pool_) && other->buffer.put(offset, bytes, options_.longest, pool_, StreamBuffer::Keep::kLast).stored;
}

Bytes PartTable::other(const PartialMessage& message) {
  Other* const other = message.has_other ? others_.find(messages_.key_of(message)) : nullptr;
  return other == nullptr ? Bytes() : std::as_const(other->buffer).view(other->buffer.base(), other->buffer.contiguous_end());
}

void PartTable::forget_other(PartialMessage& message) {
  if (!message.has_other) [[likely]] return;
  message.has_other = false;
  message.told = 0;
  Other* const other = others_.find(messages_.key_of(message));
  if (other == nullptr) return;
  other->buffer.release(pool_);
  others_.erase(*other);
}

void PartTable::skip(PartialMessage& message, std::size_t count) {
  if (count != 0) forget_other(message);
  message.buffer_.trim(message.buffer_.base() + count, pool_);
}

bool PartTable::pass_over(PartialMessage& message, std::size_t count) {
  if (count > options_.longest) return false;
  forget_other(message);
  const std::uint64_t offset = message.buffer_.base() + count;
  if (offset <= message.buffer_.contiguous_end()) message.buffer_.trim(offset, pool_);
  else message.buffer_.jump(offset, pool_);
  return true;
}

void PartTable::end_of_burst() {
  began_lately_ = began_in_burst_;
  began_in_burst_ = false;
  pool_.reclaim();
  while (pool_.total() - pool_.used() < reserve_ && messages_.oldest() != nullptr) {
    if (!messages_.oldest()->is_passed) ++freed_;
    finish(*messages_.oldest());
    pool_.reclaim();
  }
}

void PartTable::keep_passed(PartialMessage& message) {
  Passed& place = passed_[next_passed_];
  next_passed_ = next_passed_ + 1 == passed_.size() ? 0 : next_passed_ + 1;
  // One that passed twice, or whose key was used again, may stand here twice; then it gives way early. It is not itself that gives way to it.
  const bool is_there = place.message != nullptr && messages_.key_of(*place.message) == place.key && place.message->is_passed;
  if (is_there && place.message != &message) finish(*place.message);
  place = {&message, messages_.key_of(message)};
  message.is_passed = true;
  // It was used long ago: what the next ones touch is asked for before it is their turn.
  std::size_t ahead = next_passed_ + kPassedAhead;
  if (ahead >= passed_.size()) ahead -= passed_.size();
  if (ahead < passed_.size() && passed_[ahead].message != nullptr) messages_.prefetch(*passed_[ahead].message, passed_[ahead].key);
}

void PartTable::finish(PartialMessage& message) {
  forget_other(message);
  message.buffer_.release(pool_);
  message.is_passed = false;
  messages_.erase(message);
}

void PartTable::note_opening(std::uint64_t key, const Opening& opening, std::uint64_t now_ns) {
  openings_.put(key, opening, now_ns, now_ns + kOpensFor);
  opened_lately_.put(key, now_ns);
}

void PartTable::note_asked(std::uint64_t key, const Opening::Asked& asked, std::uint64_t now_ns) {
  Opening* const known = opened_lately_.may_hold(key, now_ns) ? openings_.find(key, now_ns) : nullptr;
  if (known != nullptr && known->is_agreed)
    known->asked = asked;
  else if (known == nullptr || known->first != asked.first)
    note_opening(key, {.first = asked.first, .is_opener = true, .asked = asked, .asked_before = known == nullptr ? asked : known->asked}, now_ns);
}

void PartTable::note_agreed(std::uint64_t key, std::uint32_t first, std::uint64_t now_ns) {
  Opening* const known = openings_.find(key, now_ns);
  if (known == nullptr) return;
  known->has_begun = known->has_begun && known->first == first;
  known->first = first;
  known->asked = known->asked_before = {.first = first, .way = known->asked.way};
  known->is_agreed = true;
}

void PartTable::note_next(std::uint64_t key, NextMessage next, std::uint64_t now_ns) {
  next.noted_ms = static_cast<std::uint32_t>(now_ns / kMillisecond);
  nexts_.put(key, next, now_ns, now_ns + kStaysOpenFor);
}

void PartTable::stays_open(std::uint64_t key, NextMessage next, std::uint64_t now_ns) {
  if (is_stale(next, now_ns)) nexts_.put(key, next, now_ns, now_ns + kStaysOpenFor);
}

bool PartTable::is_stale(const NextMessage& next, std::uint64_t now_ns) {
  return static_cast<std::uint32_t>(now_ns / kMillisecond) - next.noted_ms > kComesWithin / kMillisecond;
}

void PartTable::note_begun(std::uint64_t key, std::uint64_t now_ns) {
  if (Opening* const opening = openings_.find(key, now_ns)) opening->has_begun = true;
}

}  // namespace telefence
