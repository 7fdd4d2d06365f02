// SPDX-License-Identifier: Apache-2.0
#pragma once

// Open addressing in cache lines of eight 64-bit slots: part of a slot is of the key, the rest is the payload; who uses it says which.
// A key that finds its line full goes to the next one; nothing is ever taken out or moved. In front stands a filter. Filled on a
// control thread, then read by any number of workers.
//
// 9.4 octets per entry at the load that is kept (0.85), and the filter's bits: what is not there seldom gets past that, so that lines which
// are full cost little.

#include <bit>
#include <cstddef>
#include <cstdint>

#if defined(__SSE2__)
#include <xmmintrin.h>

#include <emmintrin.h>
#endif

#include "base/check.h"
#include "base/fetch_ahead.h"
#include "base/large_memory.h"
#include "match/block_filter.h"

namespace telefence {

class SlotTable {
 public:
  static constexpr std::uint64_t kEmpty = 0;  // no slot in use is 0
  static constexpr double kOctetsPerEntry = 8.0 * 20 / 17;  // without the filter

  SlotTable() = default;
  SlotTable(std::size_t entries, std::size_t filter_bits) : room_(entries), filter_(entries, filter_bits) {
    if (entries != 0) line_count_ = entries * 20 / (8 * 17) + 1;
    lines_ = make_large<Line>(line_count_);
  }

  std::size_t room() const { return room_; }
  std::size_t size() const { return size_; }
  std::size_t bytes() const { return line_count_ * sizeof(Line) + filter_.bytes(); }

  // Requires: size() < room(), slot != kEmpty. Whether the key is there already is the caller's to know.
  // home: chooses the block of the filter, which has a mark for it, too: may_have_home(home) is true from now on.
  // Returns the number of its slot.
  std::size_t insert(std::uint64_t hash, std::uint64_t slot) { return insert(hash, hash, slot); }
  std::size_t insert(std::uint64_t home, std::uint64_t hash, std::uint64_t slot) {
    DCHECK(size_ < room_ && slot != kEmpty);
    filter_.add(static_cast<std::uint32_t>(home), hash);
    if (home != hash) filter_.add(static_cast<std::uint32_t>(home), home);
    ++size_;
    for (std::size_t line = line_of(hash);; line = next(line)) {
      for (std::uint64_t& place : lines_[line].slots) {
        if (place != kEmpty) continue;
        place = slot;
        return number_of(&place);
      }
    }
  }

  // A look-up in three steps, so that a burst has all its lines under way before it waits for the first. Requires: room() > 0.
  void prefetch_filter(std::uint64_t hash) const { filter_.prefetch(hash); }
  bool may_contain(std::uint64_t hash) const { return filter_.may_contain(hash); }
  bool may_contain(std::uint64_t home, std::uint64_t hash) const { return filter_.may_contain(static_cast<std::uint32_t>(home), hash); }
  // Whether any key with this home may be there.
  bool may_have_home(std::uint64_t home) const { return filter_.may_contain(home); }
  std::uint64_t which_may_have_home(std::span<const std::uint64_t> homes) const { return filter_.which_may_be_there(homes); }
  void prefetch_line(std::uint64_t hash) const { fetch_ahead(&lines_[line_of(hash)]); }

  // The place of the first slot with these key bits which `is_it` says yes to; nullptr when there is none.
  template <typename IsIt>
  const std::uint64_t* find(std::uint64_t hash, std::uint64_t key, std::uint64_t key_mask, IsIt is_it) const {
    for (std::size_t line = line_of(hash);; line = next(line)) {
      const Line& slots = lines_[line];
      for (unsigned likely = slots.with(key, key_mask); likely != 0; likely &= likely - 1) {
        const std::uint64_t& slot = slots.slots[std::countr_zero(likely)];
        if (is_it(slot)) return &slot;
      }
      if (slots.slots[7] == kEmpty) return nullptr;  // the slots of a line fill in order
    }
  }
  // The lines that find() would go through, by number from 0 on, for who has many keys under way. The first slot with these key bits in one;
  // kEmpty: none there.
  std::uint64_t likely(std::uint64_t hash, std::size_t nth, std::uint64_t key, std::uint64_t key_mask) const {
    const Line& slots = lines_[nth_line(hash, nth)];
    const unsigned likely = slots.with(key, key_mask);
    return likely == 0 ? kEmpty : slots.slots[std::countr_zero(likely)];
  }
  // Whether it would go on behind that line: one in two at the load that is kept.
  bool goes_on(std::uint64_t hash, std::size_t nth) const { return lines_[nth_line(hash, nth)].slots[7] != kEmpty; }
  void prefetch_line(std::uint64_t hash, std::size_t nth) const { fetch_ahead(&lines_[nth_line(hash, nth)]); }

  // Slots by number, for those who walk through all or keep one in mind.
  std::size_t slot_count() const { return line_count_ * 8; }
  std::uint64_t slot(std::size_t number) const { return lines_[number / 8].slots[number % 8]; }
  std::size_t first_slot(std::uint64_t hash) const { return line_of(hash) * 8; }  // of the line that find() begins with
  std::size_t number_of(const std::uint64_t* place) const { return static_cast<std::size_t>(place - lines_[0].slots); }
  // Control thread, while it is filled: another payload for the same key.
  void replace(std::size_t number, std::uint64_t slot) { lines_[number / 8].slots[number % 8] = slot; }

  // For a snapshot on disk: the parts as they lie in memory.
  template <typename Visit>
  void visit_memory(Visit visit) const {
    visit(lines_.get(), line_count_ * sizeof(Line));
    visit(filter_.blocks(), filter_.bytes());
  }
  // Requires: made with the room of the table whose memory it takes.
  template <typename Visit>
  void visit_memory_to_fill(Visit visit, std::size_t size) {
    visit(lines_.get(), line_count_ * sizeof(Line));
    visit(filter_.blocks(), filter_.bytes());
    size_ = size;
  }

 private:
  struct alignas(64) Line {
    // Which of them have these key bits, as bits. Without a branch: where in a line something lies can't be foretold.
    unsigned with(std::uint64_t key, std::uint64_t key_mask) const {
      unsigned which = alike(key, key_mask);
      if ((key & key_mask) == 0) [[unlikely]] {  // as those of a slot that is empty
        for (unsigned i = 0; i < 8; ++i) which &= ~(static_cast<unsigned>(slots[i] == kEmpty) << i);
      }
      return which;
    }
    std::uint64_t slots[8];

   private:
#if defined(__SSE2__)
    unsigned alike(std::uint64_t key, std::uint64_t key_mask) const {
      return four_alike(0, key, key_mask) | four_alike(4, key, key_mask) << 4;
    }
    // Halves are compared, since SSE2 compares no more; then those of each slot are brought side by side.
    unsigned four_alike(unsigned first, std::uint64_t key, std::uint64_t key_mask) const {
      const __m128i wanted = _mm_set1_epi64x(static_cast<long long>(key & key_mask));
      const __m128i mask = _mm_set1_epi64x(static_cast<long long>(key_mask));
      const auto two = [&](unsigned at) {
        const __m128i pair = _mm_load_si128(reinterpret_cast<const __m128i*>(slots + at));
        return _mm_castsi128_ps(_mm_cmpeq_epi32(_mm_and_si128(pair, mask), wanted));
      };
      const __m128 front = two(first), back = two(first + 2);
      const __m128 lower = _mm_shuffle_ps(front, back, 0x88), upper = _mm_shuffle_ps(front, back, 0xdd);
      return static_cast<unsigned>(_mm_movemask_ps(_mm_and_ps(lower, upper)));
    }
#else
    unsigned alike(std::uint64_t key, std::uint64_t key_mask) const {
      unsigned which = 0;
      for (unsigned i = 0; i < 8; ++i) which |= static_cast<unsigned>(((slots[i] ^ key) & key_mask) == 0) << i;
      return which;
    }
#endif
  };
  // The upper half chooses the line.
  std::size_t line_of(std::uint64_t hash) const { return ((hash >> 32) * line_count_) >> 32; }
  std::size_t nth_line(std::uint64_t hash, std::size_t nth) const {
    const std::size_t line = line_of(hash) + nth;
    return line < line_count_ ? line : line - line_count_;
  }
  std::size_t next(std::size_t line) const { return line + 1 == line_count_ ? 0 : line + 1; }

  std::size_t room_ = 0;
  std::size_t size_ = 0;
  std::uint64_t line_count_ = 0;
  LargeArray<Line> lines_;
  BlockFilter filter_;
};

}  // namespace telefence
