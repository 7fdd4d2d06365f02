// SPDX-License-Identifier: Apache-2.0
#pragma once

// Memory that ends at a page nobody may touch: a read or write one byte past the end stops the test at once, also in
// builds without sanitizers. Writes before the start are seen by fence_is_whole(). For tests only; one thread.

#include <cstddef>

#include "base/bytes.h"

namespace telefence::testing {

class GuardedBytes {
 public:
  explicit GuardedBytes(std::size_t capacity = 256 * 1024);
  ~GuardedBytes();
  GuardedBytes(const GuardedBytes&) = delete;
  GuardedBytes& operator=(const GuardedBytes&) = delete;

  // `size` bytes that end at the forbidden page, after a fence of known bytes. What an earlier call gave is gone.
  // Requires: size + 64 <= capacity.
  MutableBytes take(std::size_t size);
  // The same with a copy of `bytes`, which may not lie in this memory.
  MutableBytes copy(Bytes bytes);
  // False when something wrote before the bytes taken last.
  bool fence_is_whole() const;

 private:
  std::uint8_t* memory_ = nullptr;
  std::size_t mapped_ = 0;
  std::size_t usable_ = 0;
  std::size_t taken_ = 0;
};

}  // namespace telefence::testing
