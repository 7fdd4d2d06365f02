// SPDX-License-Identifier: Apache-2.0
#pragma once

// The bytes of one direction of a stream, put at their offsets in any order. Of a byte that comes again as another one the first
// copy is kept (a receiver that got the first segment keeps it, too), unless the last is asked for. Offsets are 64 bits and never wrap: the caller unwraps sequence numbers. Bytes
// before base() are gone. Small: an empty one holds no memory. Worker thread.

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/fetch_ahead.h"
#include "track/buffer_pool.h"

namespace telefence {

class StreamBuffer {
 public:
  // Which copy of a byte that comes again as another one is kept.
  enum class Keep : std::uint8_t { kFirst, kLast };
  // What became of bytes that were put. In one octet: of three it would be put together in memory, behind the bytes themselves, and whoever
  // asks would wait until those have reached the cache.
  struct Put {
    bool stored : 1 = true;      // false: no room, or too many holes; nothing was put
    bool had_room : 1 = true;    // false: the pool had no memory, or the limit was reached
    bool conflicts : 1 = false;  // a byte that is there already is another one
  };

  StreamBuffer() = default;
  StreamBuffer(const StreamBuffer&) = delete;
  StreamBuffer& operator=(const StreamBuffer&) = delete;

  // Begins anew at this offset, without bytes.
  void start(std::uint64_t offset, BufferPool& pool);
  void release(BufferPool& pool);

  // limit: most bytes that may lie between base() and the end of what is put. kLast: nobody may be looking at the bytes.
  Put put(std::uint64_t offset, Bytes bytes, std::uint32_t limit, BufferPool& pool, Keep keep = Keep::kFirst);
  // True when some of these bytes are there as other ones.
  bool differs(std::uint64_t offset, Bytes bytes) const;

  std::uint64_t base() const { return base_; }
  // The end of the bytes that follow base() without a hole.
  std::uint64_t contiguous_end() const { return end_of_first_; }
  bool has_holes() const { return island_count_ != 0; }
  // The ranges beyond the hole, lowest first.
  struct Range {
    std::uint64_t start = 0, end = 0;
  };
  std::size_t island_count() const { return island_count_; }
  const Range& island(std::size_t index) const { return islands()[index]; }
  // More are not kept. Twice as many as there can be in 64 KiB when links of 576 octets cut them (RFC 791, 3.1: what every host takes) and each
  // second part is late.
  static constexpr std::size_t kMostIslands = 128;

  // Requires: base() <= from <= to <= contiguous_end(). The view lives until BufferPool::reclaim().
  Bytes view(std::uint64_t from, std::uint64_t to) const { return {block_.bytes + (from - start_), static_cast<std::size_t>(to - from)}; }
  MutableBytes mutable_view(std::uint64_t from, std::uint64_t to) {
    return {block_.bytes + (from - start_), static_cast<std::size_t>(to - from)};
  }

  // Brings the place of the bytes that come next into the cache: among so many streams it seldom is there.
  void prefetch_end() const {
    constexpr std::size_t kFew = 256;  // of longer ones the processor sees by itself that they are written in order
    if (block_.bytes == nullptr) return;
    const std::uint8_t* const end = block_.bytes + (end_of_first_ - start_);
    for (std::size_t line = 0; line < kFew; line += 64) fetch_ahead_to_write(end + line);
  }

  // So many bytes may follow before those that are there are moved.
  std::uint64_t room() const { return block_.size - (end_of_first_ - start_); }

  // True when all these bytes are there, or were before base().
  bool has(std::uint64_t from, std::uint64_t to) const;

  // Forgets what lies before `offset`. Requires: offset <= contiguous_end().
  void trim(std::uint64_t offset, BufferPool& pool);
  // The bytes up to `offset` will never come: what is there behind it follows on. Requires: offset >= contiguous_end().
  void jump(std::uint64_t offset, BufferPool& pool);
  // Moves to another block, for whoever still looks at this one. False: there is no room.
  bool renew(BufferPool& pool);
  // Forgets what lies beyond the hole.
  void forget_islands(BufferPool& pool);

 private:
  // So many are here, and more in a block of the pool.
  static constexpr std::size_t kFewIslands = 8;

  Put append(Bytes bytes, std::uint32_t limit, BufferPool& pool);
  Put put_anywhere(std::uint64_t offset, Bytes bytes, std::uint32_t limit, BufferPool& pool, Keep keep);
  bool make_room(std::uint64_t end, std::uint32_t limit, BufferPool& pool);
  bool take_larger(std::uint64_t end, BufferPool& pool);
  void move_to(const BufferPool::Block& next, BufferPool& pool);
  bool has_place_for(const Range& range) const;
  bool add_range(std::uint64_t start, std::uint64_t end);
  const Range* islands() const { return more_.bytes == nullptr ? few_.data() : reinterpret_cast<const Range*>(more_.bytes); }
  Range* islands() { return more_.bytes == nullptr ? few_.data() : reinterpret_cast<Range*>(more_.bytes); }
  bool take_more(BufferPool& pool);
  void give_back(BufferPool& pool);
  void write_new(std::uint64_t offset, Bytes bytes);

  BufferPool::Block block_;
  std::uint64_t base_ = 0;
  std::uint64_t start_ = 0;  // offset of block_.bytes[0]; at most base_
  std::uint64_t end_of_first_ = 0;
  std::uint8_t island_count_ = 0;
  // Seldom touched.
  BufferPool::Block more_;
  std::array<Range, kFewIslands> few_;
};

}  // namespace telefence
