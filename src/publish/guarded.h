// SPDX-License-Identifier: Apache-2.0
#pragma once

// A value that can only be reached through its lock. For control threads; workers never lock.

#include <mutex>
#include <utility>

namespace telefence {

template <typename T>
class Guarded {
 public:
  Guarded() = default;
  explicit Guarded(T value) : value_(std::move(value)) {}

  // Calls the function with the value while holding the lock, and returns what it returns.
  template <typename Function>
  auto with(Function&& function) {
    std::lock_guard<std::mutex> lock(mutex_);
    return std::forward<Function>(function)(value_);
  }
  template <typename Function>
  auto with(Function&& function) const {
    std::lock_guard<std::mutex> lock(mutex_);
    return std::forward<Function>(function)(value_);
  }

 private:
  mutable std::mutex mutex_;
  T value_{};
};

}  // namespace telefence
