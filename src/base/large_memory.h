// SPDX-License-Identifier: Apache-2.0
#pragma once

// Memory for large tables, offered to the kernel for pages of 2 MiB, which are worth half the speed of a look-up that misses the caches
// (`transparent_hugepage` must be madvise or always; else they are small, and nothing else changes). Fresh from the kernel each time: what a
// heap gives out again is in small pages already, and the kernel then makes large ones of them, on whichever core it likes (measured: 5 ms of a
// worker's at a time). The process ends when there is no memory. Control thread; read and written by any.

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>

#include "base/check.h"

namespace telefence {

inline constexpr std::size_t kLargePage = std::size_t{2} << 20;

// Not from a heap. AddressSanitizer is given heaps alone, since only there it sees where what was asked for ends.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TELEFENCE_SEES_HEAPS 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define TELEFENCE_SEES_HEAPS 1
#endif
#if defined(TELEFENCE_SEES_HEAPS)
constexpr bool is_from_kernel(std::size_t) { return false; }
#else
constexpr bool is_from_kernel(std::size_t bytes) { return bytes >= kLargePage; }
#endif

constexpr std::size_t in_whole(std::size_t pages_of, std::size_t bytes) { return (bytes + pages_of - 1) / pages_of * pages_of; }
// What allocate_large(bytes) takes at the most.
constexpr std::size_t in_large(std::size_t bytes) { return bytes >= kLargePage ? in_whole(kLargePage, bytes) : bytes; }

// Address space for so many octets, at a border of large pages; memory is given as it is touched. nullptr: there is none.
// Requires: bytes a multiple of kLargePage.
inline void* reserve_large(std::size_t bytes) {
  void* const all = mmap(nullptr, bytes + kLargePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (all == MAP_FAILED) return nullptr;
  const std::size_t skipped = (kLargePage - reinterpret_cast<std::uintptr_t>(all) % kLargePage) % kLargePage;
  char* const first = static_cast<char*>(all) + skipped;
  if (skipped != 0) (void)munmap(all, skipped);
  if (skipped != kLargePage) (void)munmap(first + bytes, kLargePage - skipped);
  (void)madvise(first, bytes, MADV_HUGEPAGE);
  return first;
}

inline constexpr std::size_t kLargeAlignment = 64;  // a cache line, at least
// Requires: bytes > 0. Its octets are as they come.
inline void* allocate_large(std::size_t bytes) {
  void* memory = nullptr;
  if (is_from_kernel(bytes))
    memory = reserve_large(in_whole(kLargePage, bytes));
  else if (posix_memalign(&memory, kLargeAlignment, bytes) != 0)
    memory = nullptr;
  CHECK(memory != nullptr);
  return memory;
}

// What allocate_large(bytes) gave.
inline void free_large(void* memory, std::size_t bytes) {
  if (is_from_kernel(bytes))
    CHECK(munmap(memory, in_whole(kLargePage, bytes)) == 0);
  else
    std::free(memory);
}

struct FreeLarge {
  std::size_t bytes = 0;
  void operator()(void* memory) const { free_large(memory, bytes); }
};

template <typename T>
using LargeArray = std::unique_ptr<T[], FreeLarge>;

// As std::make_unique<T[]> does; nullptr for none.
template <typename T>
LargeArray<T> make_large(std::size_t count) {
  static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= kLargeAlignment);
  if (count == 0) return nullptr;
  T* const first = static_cast<T*>(allocate_large(count * sizeof(T)));
  std::uninitialized_value_construct_n(first, count);
  return LargeArray<T>(first, FreeLarge{count * sizeof(T)});
}

// For containers.
template <typename T>
struct LargeAllocator {
  using value_type = T;
  LargeAllocator() = default;
  template <typename U>
  LargeAllocator(const LargeAllocator<U>&) {}
  T* allocate(std::size_t count) { return static_cast<T*>(allocate_large(count * sizeof(T))); }
  void deallocate(T* memory, std::size_t count) { free_large(memory, count * sizeof(T)); }
  template <typename U>
  bool operator==(const LargeAllocator<U>&) const { return true; }
};

}  // namespace telefence
