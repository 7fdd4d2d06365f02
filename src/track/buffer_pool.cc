// SPDX-License-Identifier: Apache-2.0
#include "track/buffer_pool.h"

#include <algorithm>
#include <bit>
#include <span>

#include "base/check.h"

namespace telefence {

BufferPool::BufferPool(std::size_t bytes) {
  const std::size_t blocks = std::max<std::size_t>((bytes + kLargest - 1) / kLargest, 1);
  total_ = blocks * kLargest;
  memory_.reset(new std::uint8_t[total_]);  // not cleared: pages never used are never there
  // No list grows after this.
  for (std::size_t i = 0; i < kSizes.size(); ++i) free_[i].reserve(total_ / kSizes[i]);
  given_back_.reserve(total_ / kSizes.front());
  free_pieces_.resize(total_ / kSizes[1]);
  for (std::size_t i = blocks; i-- > 0;) free_.back().push_back(memory_.get() + i * kLargest);
}

std::size_t BufferPool::class_of(std::uint32_t size) {
  std::size_t found = 0;
  while (kSizes[found] < size) ++found;
  return found;
}

// A block of this class, from its list or out of the next larger class.
std::uint8_t* BufferPool::cut(std::size_t size_class) {
  std::vector<std::uint8_t*>& list = free_[size_class];
  if (list.empty()) {
    if (size_class + 1 == kSizes.size()) return nullptr;
    std::uint8_t* const larger = cut(size_class + 1);
    if (larger == nullptr) return nullptr;
    for (std::uint32_t at = kSizes[size_class + 1]; at > 0; at -= kSizes[size_class])
      list.push_back(larger + at - kSizes[size_class]);
  }
  std::uint8_t* const bytes = list.back();
  list.pop_back();
  return bytes;
}

// Sizes settle to what the traffic needs; only when that changes are pieces joined. There may be tens of thousands of them, so it is not
// tried again soon.
bool BufferPool::may_join() const { return reclaimed_ >= join_again_at_ && total_ - used_ >= total_ / 4; }

// By counting, in two passes over each list: sorting would hold the worker for milliseconds.
void BufferPool::join() {
  constexpr std::uint64_t kSeldom = 1 << 16;  // bursts
  join_again_at_ = reclaimed_ + kSeldom;
  for (std::size_t i = 0; i + 1 < kSizes.size(); ++i) {
    std::vector<std::uint8_t*>& list = free_[i];
    const std::size_t pieces = kSizes[i + 1] / kSizes[i];
    const int shift = std::countr_zero(kSizes[i + 1]);  // all are powers of two
    const auto offset_of = [&](const std::uint8_t* piece) { return static_cast<std::size_t>(piece - memory_.get()); };
    const auto free_pieces = std::span(free_pieces_).first(total_ >> shift);  // of each block of the next size
    std::fill(free_pieces.begin(), free_pieces.end(), std::uint8_t{0});
    for (const std::uint8_t* piece : list) ++free_pieces[offset_of(piece) >> shift];
    std::size_t kept = 0;
    for (std::uint8_t* piece : list)
      if (free_pieces[offset_of(piece) >> shift] != pieces) list[kept++] = piece;
    list.resize(kept);
    for (std::size_t block = 0; block < free_pieces.size(); ++block)
      if (free_pieces[block] == pieces) free_[i + 1].push_back(memory_.get() + (block << shift));
  }
}

BufferPool::Block BufferPool::take(std::uint32_t size) {
  if (size > kLargest) return {};
  const std::size_t size_class = class_of(size);
  std::uint8_t* bytes = cut(size_class);
  if (bytes == nullptr && may_join()) {
    join();
    bytes = cut(size_class);
  }
  if (bytes == nullptr) return {};
  used_ += kSizes[size_class];
  return {bytes, kSizes[size_class]};
}

void BufferPool::give_back(const Block& block) {
  if (block.bytes != nullptr) given_back_.push_back(block);
}

void BufferPool::reclaim() {
  for (const Block& block : given_back_) {
    DCHECK(used_ >= block.size);
    used_ -= block.size;
    free_[class_of(block.size)].push_back(block.bytes);
  }
  given_back_.clear();
  ++reclaimed_;
}

}  // namespace telefence
