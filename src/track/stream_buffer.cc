// SPDX-License-Identifier: Apache-2.0
#include "track/stream_buffer.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace telefence {

void StreamBuffer::start(std::uint64_t offset, BufferPool& pool) {
  release(pool);
  base_ = start_ = end_of_first_ = offset;
}

void StreamBuffer::release(BufferPool& pool) {
  give_back(pool);
  island_count_ = 0;
  end_of_first_ = base_;
}

void StreamBuffer::give_back(BufferPool& pool) {
  pool.give_back(block_);
  block_ = {};
  if (more_.bytes == nullptr) [[likely]] return;
  pool.give_back(more_);
  more_ = {};
}

// Makes the block reach up to `end`.
[[gnu::always_inline]] inline bool StreamBuffer::make_room(std::uint64_t end, std::uint32_t limit, BufferPool& pool) {
  if (end - base_ > limit) return false;
  if (block_.bytes != nullptr && end - start_ <= block_.size) [[likely]] return true;
  return take_larger(end, pool);
}

// By another block, since this one may be looked at until the end of the burst.
[[gnu::noinline]] bool StreamBuffer::take_larger(std::uint64_t end, BufferPool& pool) {
  // A block whose end was reached though its bytes would fit in: one twice as long as they are, so that this comes seldom.
  const auto needed = static_cast<std::uint32_t>(end - base_);
  const bool fits = block_.bytes != nullptr && needed <= block_.size;
  const std::uint32_t wanted = !fits ? needed : std::clamp(2 * needed, block_.size, BufferPool::kLargest);
  BufferPool::Block next = pool.take(wanted);
  if (next.bytes == nullptr && wanted != needed) next = pool.take(needed);
  if (next.bytes == nullptr) return false;
  move_to(next, pool);
  return true;
}

void StreamBuffer::move_to(const BufferPool::Block& next, BufferPool& pool) {
  const std::uint64_t last = island_count_ == 0 ? end_of_first_ : islands()[island_count_ - 1u].end;
  if (last != base_) std::memcpy(next.bytes, block_.bytes + (base_ - start_), static_cast<std::size_t>(last - base_));
  pool.give_back(block_);
  block_ = next;
  start_ = base_;
}

bool StreamBuffer::renew(BufferPool& pool) {
  if (block_.bytes == nullptr) return true;
  const BufferPool::Block next = pool.take(block_.size);
  if (next.bytes != nullptr) move_to(next, pool);
  return next.bytes != nullptr;
}

bool StreamBuffer::differs(std::uint64_t offset, Bytes bytes) const {
  const std::uint64_t end = offset + bytes.size();
  const auto differ = [&](std::uint64_t from, std::uint64_t to) {
    from = std::max(from, offset);
    to = std::min(to, end);
    return from < to && std::memcmp(block_.bytes + (from - start_), bytes.data() + (from - offset), to - from) != 0;
  };
  return differ(base_, end_of_first_) || std::any_of(islands(), islands() + island_count_,
                                                     [&](const Range& island) { return differ(island.start, island.end); });
}

// Writes those bytes that are not there yet. Requires: room, offset >= base_.
void StreamBuffer::write_new(std::uint64_t offset, Bytes bytes) {
  const std::uint64_t end = offset + bytes.size();
  const auto write = [&](std::uint64_t from, std::uint64_t to) {
    from = std::max(from, offset);
    to = std::min(to, end);
    if (from < to) std::memcpy(block_.bytes + (from - start_), bytes.data() + (from - offset), to - from);
  };
  std::uint64_t known = end_of_first_;
  for (std::size_t i = 0; i < island_count_; ++i) {
    write(known, islands()[i].start);
    known = islands()[i].end;
  }
  write(known, end);
}

// False when it lies apart from all others, and there is no place for one more.
bool StreamBuffer::has_place_for(const Range& range) const {
  const std::size_t most = more_.bytes == nullptr ? kFewIslands : kMostIslands;
  if (range.start <= end_of_first_ || island_count_ < most) return true;
  return std::any_of(islands(), islands() + island_count_,
                     [&](const Range& island) { return island.start <= range.end && range.start <= island.end; });
}

bool StreamBuffer::take_more(BufferPool& pool) {
  static_assert(kMostIslands * sizeof(Range) <= BufferPool::kSizes[0]);
  const BufferPool::Block block = pool.take(kMostIslands * sizeof(Range));
  if (block.bytes == nullptr) return false;
  std::memcpy(block.bytes, few_.data(), sizeof(few_));
  more_ = block;
  return true;
}

// Joins a range with those that it touches. False when it would be one island too many.
bool StreamBuffer::add_range(std::uint64_t start, std::uint64_t end) {
  Range* const all = islands();
  std::size_t first = 0;
  while (first < island_count_ && all[first].end < start) ++first;
  std::size_t last = first;
  for (; last < island_count_ && all[last].start <= end; ++last) {
    start = std::min(start, all[last].start);
    end = std::max(end, all[last].end);
  }
  const bool joins_first = start <= end_of_first_;
  if (last == first && !joins_first && !has_place_for({start, end})) return false;
  if (joins_first) {
    // Everything up to `last` is now contiguous: islands before `first` can't be, since they would lie below end_of_first_.
    end_of_first_ = std::max(end_of_first_, end);
    std::move(all + last, all + island_count_, all);
    island_count_ = static_cast<std::uint8_t>(island_count_ - last);
    return true;
  }
  if (last == first) {
    std::move_backward(all + first, all + island_count_, all + island_count_ + 1);
    ++island_count_;
  } else {
    std::move(all + last, all + island_count_, all + first + 1);
    island_count_ = static_cast<std::uint8_t>(island_count_ - (last - first - 1));
  }
  all[first] = {start, end};
  return true;
}

// What follows on: nearly all that comes.
StreamBuffer::Put StreamBuffer::append(Bytes bytes, std::uint32_t limit, BufferPool& pool) {
  const std::uint64_t end = end_of_first_ + bytes.size();
  if (!make_room(end, limit, pool)) return {.stored = false, .had_room = false};
  std::memcpy(block_.bytes + (end_of_first_ - start_), bytes.data(), bytes.size());
  end_of_first_ = end;
  return {};
}

StreamBuffer::Put StreamBuffer::put(std::uint64_t offset, Bytes bytes, std::uint32_t limit, BufferPool& pool, Keep keep) {
  if (offset == end_of_first_ && island_count_ == 0 && !bytes.empty()) [[likely]] return append(bytes, limit, pool);
  return put_anywhere(offset, bytes, limit, pool, keep);
}

StreamBuffer::Put StreamBuffer::put_anywhere(std::uint64_t offset, Bytes bytes, std::uint32_t limit, BufferPool& pool, Keep keep) {
  if (offset < base_) {
    const std::uint64_t gone = std::min<std::uint64_t>(base_ - offset, bytes.size());
    bytes = bytes.subspan(gone);
    offset = base_;
  }
  if (bytes.empty()) return {};
  const std::uint64_t end = offset + bytes.size();
  if (!make_room(end, limit, pool)) return {.stored = false, .had_room = false};
  // The places that are known must be compared before they are joined; an island too many changes nothing.
  if (!has_place_for({offset, end})) [[unlikely]] {
    if (more_.bytes != nullptr) return {.stored = false};
    if (!take_more(pool)) return {.stored = false, .had_room = false};
  }
  const bool conflicts = differs(offset, bytes);
  if (keep == Keep::kLast)
    std::memcpy(block_.bytes + (offset - start_), bytes.data(), bytes.size());
  else
    write_new(offset, bytes);
  const bool stored = add_range(offset, end);
  DCHECK(stored);
  return {.stored = stored, .conflicts = conflicts};
}

bool StreamBuffer::has(std::uint64_t from, std::uint64_t to) const {
  if (from <= end_of_first_) return to <= end_of_first_;
  return std::any_of(islands(), islands() + island_count_,
                     [&](const Range& island) { return island.start <= from && to <= island.end; });
}

void StreamBuffer::trim(std::uint64_t offset, BufferPool& pool) {
  DCHECK(offset <= end_of_first_);
  if (offset <= base_) return;
  base_ = offset;
  if (base_ == end_of_first_ && island_count_ == 0) {
    give_back(pool);
    start_ = base_;
  }
}

void StreamBuffer::forget_islands(BufferPool& pool) {
  island_count_ = 0;
  if (end_of_first_ != base_) return;
  give_back(pool);
  start_ = base_;
}

void StreamBuffer::jump(std::uint64_t offset, BufferPool& pool) {
  DCHECK(offset >= end_of_first_);
  std::uint64_t end = offset;
  std::size_t gone = 0;
  Range* const all = islands();
  for (; gone < island_count_ && all[gone].start <= offset; ++gone) end = std::max(end, all[gone].end);
  std::move(all + gone, all + island_count_, all);
  island_count_ = static_cast<std::uint8_t>(island_count_ - gone);
  base_ = offset;
  end_of_first_ = end;
  if (end == offset && island_count_ == 0) {
    give_back(pool);
    start_ = offset;
  }
}

}  // namespace telefence
