// SPDX-License-Identifier: Apache-2.0
#pragma once

// Memory for the bytes of streams, shared by all flows of one worker and fixed at start. Blocks of five sizes, each twice to four
// times the one before; a size that has run out is cut from a larger one, and pieces are joined again when a larger one has run out
// though there is room, so that nobody who makes many small ones takes the large ones away for good. What is given back stays as it is
// until reclaim(), at the end of the burst: events look at it. Worker thread.

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace telefence {

class BufferPool {
 public:
  static constexpr std::array<std::uint32_t, 5> kSizes = {2048, 8192, 32768, 131072, 524288};
  static_assert(std::all_of(kSizes.begin(), kSizes.end(), [](std::uint32_t size) { return std::has_single_bit(size); }));
  static constexpr std::uint32_t kLargest = kSizes.back();

  struct Block {
    std::uint8_t* bytes = nullptr;
    std::uint32_t size = 0;
  };

  // bytes: rounded up to whole blocks of the largest size; at least one. Nothing is touched before it is used.
  explicit BufferPool(std::size_t bytes);

  // At least `size` bytes; nullptr when there are none, or size > kLargest.
  Block take(std::uint32_t size);
  void give_back(const Block& block);
  // Nobody looks any more at what was given back.
  void reclaim();

  std::size_t used() const { return used_; }  // with what awaits reclaim()
  std::size_t total() const { return total_; }

 private:
  static std::size_t class_of(std::uint32_t size);
  std::uint8_t* cut(std::size_t size_class);
  bool may_join() const;
  void join();

  std::unique_ptr<std::uint8_t[]> memory_;
  std::array<std::vector<std::uint8_t*>, kSizes.size()> free_;
  std::vector<Block> given_back_;
  std::vector<std::uint8_t> free_pieces_;  // of join()
  std::size_t total_;
  std::size_t used_ = 0;
  std::uint64_t reclaimed_ = 0;      // so often
  std::uint64_t join_again_at_ = 0;  // in these
};

}  // namespace telefence
