// SPDX-License-Identifier: Apache-2.0
#pragma once

// A blocked Bloom filter: one cache line per key, eight bits of it, one in each word. It stands in front of a table, so that a key
// that is not there costs one line of a structure that is nearly cache-resident. Filled on a control thread, then read by workers.
//
// Which line is said apart from the key, so that keys which are asked for together can lie in one: the suffixes of a name do. Where
// many such keys are in the table their line fills, and says "maybe" to all of them.
//
// Measured wrong "maybe" at 16 bits per entry: 0.1%; at 12: 0.4%.

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/fetch_ahead.h"
#include "base/large_memory.h"

namespace telefence {

class BlockFilter {
 public:
  struct alignas(64) Block {
    std::uint64_t words[8];
  };

  BlockFilter() = default;
  BlockFilter(std::size_t entries, std::size_t bits_per_entry)
      : count_(entries == 0 ? 0 : entries * bits_per_entry / 512 + 1), blocks_(make_large<Block>(count_)) {}

  // home: chooses the block. hash: a mix of all of it chooses the bits.
  void add(std::uint32_t home, std::uint64_t hash) {
    Block& block = blocks_[block_of(home)];
    const std::uint64_t bits = hash * kMix;
    for (unsigned i = 0; i < 8; ++i) block.words[i] |= std::uint64_t{1} << (bits >> 8 * i & 63);
  }
  void prefetch(std::uint32_t home) const { fetch_ahead(&blocks_[block_of(home)]); }
  bool may_contain(std::uint32_t home, std::uint64_t hash) const {
    const Block& block = blocks_[block_of(home)];
    const std::uint64_t bits = hash * kMix;
    const auto has = [&](unsigned i) { return block.words[i] >> (bits >> 8 * i & 63); };
    // Half of the words turn most away.
    if ((has(0) & has(1) & has(2) & has(3) & 1) == 0) [[likely]] return false;
    return (has(4) & has(5) & has(6) & has(7) & 1) != 0;
  }
  // Keys that have nothing to do with each other.
  void add(std::uint64_t hash) { add(static_cast<std::uint32_t>(hash), hash); }
  void prefetch(std::uint64_t hash) const { prefetch(static_cast<std::uint32_t>(hash)); }
  bool may_contain(std::uint64_t hash) const { return may_contain(static_cast<std::uint32_t>(hash), hash); }
  // The same of at most 64, as bits, the first one the lowest. Where the processor can, four words of a block are asked at once.
  std::uint64_t which_may_be_there(std::span<const std::uint64_t> hashes) const;

  std::size_t bytes() const { return count_ * sizeof(Block); }
  // For a snapshot on disk.
  Block* blocks() { return blocks_.get(); }
  const Block* blocks() const { return blocks_.get(); }
  std::size_t count() const { return count_; }

 private:
  static constexpr std::uint64_t kMix = 0x9e3779b97f4a7c15;
  // Multiplication instead of division.
  std::size_t block_of(std::uint32_t home) const { return (home * count_) >> 32; }

  std::uint64_t which_one_by_one(std::span<const std::uint64_t> hashes) const;
  std::uint64_t which_by_four(std::span<const std::uint64_t> hashes) const;

  std::uint64_t count_ = 0;
  LargeArray<Block> blocks_;
};

// For tests, which take each way in turn: 0 is the plainest.
int block_filter_ways();
void force_block_filter_way(int way);

}  // namespace telefence
