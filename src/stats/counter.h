// SPDX-License-Identifier: Apache-2.0
#pragma once

// A counter with one writer (a worker) and any number of readers: a plain add for the writer, a tear-free read for the
// rest. No atomic read-modify-write: 0.3 ns instead of 10 to 120.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace telefence {

class Counter {
 public:
  void add(std::uint64_t count) {
    value_.store(value_.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
  }
  void set(std::uint64_t value) { value_.store(value, std::memory_order_relaxed); }
  std::uint64_t read() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

template <std::size_t N>
using Counters = std::array<Counter, N>;

}  // namespace telefence
