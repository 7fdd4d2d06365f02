// SPDX-License-Identifier: Apache-2.0
#pragma once

// Starts to bring a cache line from memory before it is needed. The empty assembly is for the compiler (seen with gcc 12): it takes a
// function of nothing but __builtin_prefetch for one without effect, and leaves out the calls of it.

namespace telefence {

inline void fetch_ahead(const void* address) {
  __builtin_prefetch(address);
  asm volatile("" : : "r"(address));
}

// The same of a line that is to be written.
inline void fetch_ahead_to_write(const void* address) {
  __builtin_prefetch(address, 1);
  asm volatile("" : : "r"(address));
}

}  // namespace telefence
