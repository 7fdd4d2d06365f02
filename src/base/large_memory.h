// SPDX-License-Identifier: Apache-2.0
#pragma once

// Memory for large tables, offered to the kernel for pages of 2 MiB, which are worth half the speed of a look-up that misses the caches
// (`transparent_hugepage` must be madvise or always; else they are small, and nothing else changes). Never nullptr: the process ends when
// there is no memory. Control thread; read and written by any.

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>

#include "base/check.h"

namespace telefence {

// Requires: bytes > 0. Aligned to a cache line at least; its octets are as they come.
inline void* allocate_large(std::size_t bytes) {
  constexpr std::size_t kPage = std::size_t{2} << 20;
  const std::size_t alignment = bytes >= kPage ? kPage : 64;
  const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  void* memory = std::aligned_alloc(alignment, rounded);
  CHECK(memory != nullptr);
  if (bytes >= kPage) (void)madvise(memory, rounded, MADV_HUGEPAGE);
  return memory;
}

struct FreeLarge {
  void operator()(void* memory) const { std::free(memory); }
};

template <typename T>
using LargeArray = std::unique_ptr<T[], FreeLarge>;

// As std::make_unique<T[]> does.
template <typename T>
LargeArray<T> make_large(std::size_t count) {
  static_assert(std::is_trivially_destructible_v<T>);
  if (count == 0) return nullptr;
  T* const first = static_cast<T*>(allocate_large(count * sizeof(T)));
  std::uninitialized_value_construct_n(first, count);
  return LargeArray<T>(first);
}

// For containers.
template <typename T>
struct LargeAllocator {
  using value_type = T;
  LargeAllocator() = default;
  template <typename U>
  LargeAllocator(const LargeAllocator<U>&) {}
  T* allocate(std::size_t count) { return static_cast<T*>(allocate_large(count * sizeof(T))); }
  void deallocate(T* memory, std::size_t) { std::free(memory); }
  template <typename U>
  bool operator==(const LargeAllocator<U>&) const { return true; }
};

}  // namespace telefence
