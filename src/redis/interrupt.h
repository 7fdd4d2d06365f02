// SPDX-License-Identifier: Apache-2.0
#pragma once

// Wakes a thread that waits for Redis: another thread raises it, the waiting call returns at once. An eventfd
// underneath. raise() from any thread; clear() and wait() from the waiting one. Stays raised until cleared.

#include <cstdint>

namespace telefence {

class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  void raise();
  void clear();
  // Sleeps until raised or until the time is over. Returns whether it was raised.
  bool wait(std::uint32_t timeout_ms) const;
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

}  // namespace telefence
