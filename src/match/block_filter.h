// SPDX-License-Identifier: Apache-2.0
#pragma once

// A blocked Bloom filter: one cache line per key, eight bits of it, one in each word. It stands in front of a table, so that a key
// that is not there costs one line of a structure that is nearly cache-resident. Filled on a control thread, then read by workers.
//
// Measured wrong "maybe" at 16 bits per entry: 0.1%; at 12: 0.4%.

#include <cstddef>
#include <cstdint>

#include "match/table_memory.h"

namespace telefence {

class BlockFilter {
 public:
  struct alignas(64) Block {
    std::uint64_t words[8];
  };

  BlockFilter() = default;
  BlockFilter(std::size_t entries, std::size_t bits_per_entry)
      : count_(entries == 0 ? 0 : entries * bits_per_entry / 512 + 1), blocks_(make_table<Block>(count_)) {}

  // hash: the lower half chooses the block, a mix of all of it the bits.
  void add(std::uint64_t hash) {
    Block& block = blocks_[block_of(hash)];
    std::uint64_t bits = hash * kMix;
    for (std::uint64_t& word : block.words) {
      word |= std::uint64_t{1} << (bits & 63);
      bits = bits << 8 | bits >> 56;
    }
  }
  void prefetch(std::uint64_t hash) const { fetch_ahead(&blocks_[block_of(hash)]); }
  bool may_contain(std::uint64_t hash) const {
    const Block& block = blocks_[block_of(hash)];
    std::uint64_t bits = hash * kMix;
    std::uint64_t all = 1;
    for (const std::uint64_t word : block.words) {
      all &= word >> (bits & 63);
      bits = bits << 8 | bits >> 56;
    }
    return (all & 1) != 0;
  }

  std::size_t bytes() const { return count_ * sizeof(Block); }
  // For a snapshot on disk.
  Block* blocks() { return blocks_.get(); }
  const Block* blocks() const { return blocks_.get(); }
  std::size_t count() const { return count_; }

 private:
  static constexpr std::uint64_t kMix = 0x9e3779b97f4a7c15;
  // Multiplication instead of division.
  std::size_t block_of(std::uint64_t hash) const { return ((hash & 0xffffffff) * count_) >> 32; }

  std::uint64_t count_ = 0;
  TableArray<Block> blocks_;
};

}  // namespace telefence
