// SPDX-License-Identifier: Apache-2.0
#pragma once

// Zeroed memory for large tables, offered to the kernel for 2 MB pages, which are worth half the speed of a look-up that misses the
// caches. Control thread; read by any number of workers.

#include <cstddef>
#include <memory>
#include <new>

namespace telefence {

// Requires: bytes > 0. Aligned to a cache line at least. Never nullptr: the process ends when there is no memory.
void* allocate_table(std::size_t bytes);
void free_table(void* memory);

// Starts to bring a cache line from memory. The empty assembly is for the compiler (seen with gcc 12): it takes a function of nothing
// but __builtin_prefetch for one without effect and leaves out the calls of it.
inline void fetch_ahead(const void* address) {
  __builtin_prefetch(address);
  asm volatile("" : : "r"(address));
}

struct FreeTable {
  void operator()(void* memory) const { free_table(memory); }
};

// T: trivial, and right when all its octets are 0.
template <typename T>
using TableArray = std::unique_ptr<T[], FreeTable>;

template <typename T>
TableArray<T> make_table(std::size_t count) {
  return TableArray<T>(count == 0 ? nullptr : static_cast<T*>(allocate_table(count * sizeof(T))));
}

}  // namespace telefence
