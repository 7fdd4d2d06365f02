// SPDX-License-Identifier: Apache-2.0
#include "track/part_table.h"

#include <algorithm>

#include "base/check.h"

namespace telefence {
namespace {

constexpr std::uint64_t kMillisecond = 1'000'000;
constexpr std::uint64_t kSecond = 1'000'000'000;
// Longer than a sender's first retransmissions of a lost segment (RFC 6298, 2: 1 s, doubling).
constexpr std::uint64_t kWaitsFor = 15 * kSecond;
// From SYN to the first bytes: a round trip and what the sender takes.
constexpr std::uint64_t kOpensFor = 20 * kSecond;
// Between two requests of a connection: servers wait 75 s at most, if nobody told them otherwise (nginx; others less).
constexpr std::uint64_t kStaysOpenFor = 120 * kSecond;
// A copy of bytes that lie further back than any window is none: it is of another connection between the same ends.
constexpr std::uint64_t kFurthestBack = 64 * 1024;
// What the 64 frames of one burst may take, as long as few of them are jumbo frames.
constexpr std::size_t kReserve = 256 * 1024;

}  // namespace

PartTable::PartTable(const PartOptions& options)
    : options_(options),
      pool_(options.bytes),
      reserve_(std::min(kReserve, pool_.total() / 2)),
      messages_(options.messages),
      passed_(std::max(options.passed, 1u)),
      openings_(options.openings),
      opened_lately_(kOpensFor),
      nexts_(options.openings) {}

std::uint64_t PartTable::memory_for(const PartOptions& options) {
  return options.bytes + LruTable<PartialMessage>::memory_for(options.messages) + TimedCache<Opening>::memory_for(options.openings) +
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
    leaving.buffer_.release(pool_);
  });
  message.is_read = message.is_kept = message.is_passed = message.was_reset = false;
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
  if (offset + kFurthestBack < message.buffer_.base()) return Put::kNoRoom;
  const StreamBuffer::Put result = message.buffer_.put(offset, bytes, options_.longest, pool_, options_.keep);
  if (!result.stored) return Put::kNoRoom;
  return result.conflicts ? Put::kConflict : Put::kTaken;
}

Bytes PartTable::with_copy(const PartialMessage& message, std::uint32_t sequence, Bytes bytes) {
  const Bytes known = message.bytes();
  std::uint64_t offset = message.offset_of(sequence);
  const std::uint64_t base = message.buffer_.base();
  if (offset < base) {
    bytes = bytes.subspan(std::min<std::uint64_t>(base - offset, bytes.size()));
    offset = base;
  }
  const std::size_t at = offset - base;
  if (at > known.size() || at + bytes.size() > options_.longest) return {};
  const std::size_t size = std::max(known.size(), at + bytes.size());
  const BufferPool::Block block = pool_.take(static_cast<std::uint32_t>(size));
  if (block.bytes == nullptr) return {};
  std::copy(known.begin(), known.end(), block.bytes);
  std::copy(bytes.begin(), bytes.end(), block.bytes + at);
  pool_.give_back(block);  // stays as it is until reclaim()
  return {block.bytes, size};
}

void PartTable::skip(PartialMessage& message, std::size_t count) {
  message.buffer_.trim(message.buffer_.base() + count, pool_);
}

bool PartTable::pass_over(PartialMessage& message, std::size_t count) {
  if (count > options_.longest) return false;
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
  std::uint64_t& place = passed_[next_passed_];
  next_passed_ = next_passed_ + 1 == passed_.size() ? 0 : next_passed_ + 1;
  // A key that was used again may stand here twice; then the newer one gives way early.
  PartialMessage* const older = place == 0 ? nullptr : messages_.find(place);
  if (older != nullptr && older->is_passed) finish(*older);
  place = messages_.key_of(message);
  message.is_passed = true;
}

void PartTable::finish(PartialMessage& message) {
  message.buffer_.release(pool_);
  messages_.erase(message);
}

void PartTable::note_opening(std::uint64_t key, const Opening& opening, std::uint64_t now_ns) {
  openings_.put(key, opening, now_ns, now_ns + kOpensFor);
  opened_lately_.put(key, now_ns);
}

void PartTable::note_asked(std::uint64_t key, std::uint32_t first, std::uint64_t now_ns) {
  Opening* const known = opened_lately_.may_hold(key, now_ns) ? openings_.find(key, now_ns) : nullptr;
  if (known != nullptr && known->is_agreed)
    known->asked = first;
  else if (known == nullptr || known->first != first)
    note_opening(key, {.first = first, .is_opener = true, .asked = first}, now_ns);
}

void PartTable::note_agreed(std::uint64_t key, std::uint64_t now_ns) {
  Opening* const known = openings_.find(key, now_ns);
  if (known == nullptr) return;
  known->has_begun = known->has_begun && known->first == known->asked;
  known->first = known->asked;
  known->is_agreed = true;
}

void PartTable::note_next(std::uint64_t key, NextMessage next, std::uint64_t now_ns) {
  next.noted_ms = static_cast<std::uint32_t>(now_ns / kMillisecond);
  nexts_.put(key, next, now_ns, now_ns + kStaysOpenFor);
}

bool PartTable::is_stale(const NextMessage& next, std::uint64_t now_ns) {
  return static_cast<std::uint32_t>(now_ns / kMillisecond) - next.noted_ms > kWaitsFor / kMillisecond;
}

void PartTable::note_begun(std::uint64_t key, std::uint64_t now_ns) {
  if (Opening* const opening = openings_.find(key, now_ns)) opening->has_begun = true;
}

}  // namespace telefence
