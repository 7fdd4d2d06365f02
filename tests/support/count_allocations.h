// SPDX-License-Identifier: Apache-2.0
#pragma once

// Counts every operator new, and what OpenSSL allocates, of the executable whose one source file includes this.

#include <openssl/crypto.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace telefence::testing {

inline std::atomic<std::uint64_t> g_allocations{0};

inline void* counted_malloc(std::size_t size, const char*, int) {
  g_allocations.fetch_add(1, std::memory_order_relaxed);
  return std::malloc(size);
}
inline void* counted_realloc(void* memory, std::size_t size, const char*, int) {
  g_allocations.fetch_add(1, std::memory_order_relaxed);
  return std::realloc(memory, size);
}
inline void counted_free(void* memory, const char*, int) { std::free(memory); }

// False when OpenSSL had allocated something before: then it is not counted.
inline const bool g_counts_openssl = CRYPTO_set_mem_functions(counted_malloc, counted_realloc, counted_free) == 1;

}  // namespace telefence::testing

[[gnu::noinline]] void* operator new(std::size_t size) {
  telefence::testing::g_allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size)) return memory;
  std::abort();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
