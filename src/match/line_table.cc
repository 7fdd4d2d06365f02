// SPDX-License-Identifier: Apache-2.0
#include "match/line_table.h"

#include <sys/mman.h>

#include "base/check.h"

namespace telefence {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

// Zeroed memory; large tables are offered to the kernel for 2 MB pages, which are worth half the speed.
void* zeroed(std::size_t bytes) {
  const std::size_t alignment = bytes >= kHugePage ? kHugePage : 64;
  const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  void* memory = std::aligned_alloc(alignment, rounded);
  CHECK(memory != nullptr);
  if (bytes >= kHugePage) (void)madvise(memory, rounded, MADV_HUGEPAGE);
  std::memset(memory, 0, rounded);
  return memory;
}

}  // namespace

void LineTable::Release::operator()(void* memory) const { std::free(memory); }

LineTable::LineTable(std::size_t entries) {
  if (entries == 0) return;
  line_count_ = entries * 10 / (4 * 6) + 1;  // load 0.6
  block_count_ = entries * 16 / 512 + 1;
  lines_.reset(static_cast<Line*>(zeroed(line_count_ * sizeof(Line))));
  blocks_.reset(static_cast<Block*>(zeroed(block_count_ * sizeof(Block))));
}

std::size_t LineTable::bytes() const { return line_count_ * sizeof(Line) + block_count_ * sizeof(Block); }

std::uint32_t* LineTable::find_to_change(const SlotKey& key, std::uint64_t hash) {
  for (std::size_t line = line_of(hash);; line = line + 1 == line_count_ ? 0 : line + 1) {
    for (Slot& slot : lines_[line].slots) {
      if (slot.payload == kAbsent) return nullptr;
      if (slot.key_low == key.low && slot.key_high == key.high) return &slot.payload;
    }
  }
}

void LineTable::insert(const SlotKey& key, std::uint64_t hash, std::uint32_t payload) {
  DCHECK(payload != kAbsent);
  Block& block = blocks_[block_of(hash)];
  std::uint64_t bits = hash * kBitMix;
  for (int i = 0; i < 8; ++i, bits = bits << 8 | bits >> 56) block.words[i] |= std::uint64_t{1} << (bits & 63);
  for (std::size_t line = line_of(hash);; line = line + 1 == line_count_ ? 0 : line + 1) {
    for (Slot& slot : lines_[line].slots) {
      if (slot.payload != kAbsent) continue;
      slot = {key.low, key.high, payload};
      return;
    }
  }
}

}  // namespace telefence
