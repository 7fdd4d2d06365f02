// SPDX-License-Identifier: Apache-2.0
#pragma once

// Runs a function on each worker's core, in threads named telefence:w0, telefence:w1, ... Control thread.

#include <cstddef>
#include <functional>

#include "base/result.h"

namespace telefence {

class Lcores {
 public:
  // Requires: DPDK runs with lcores 1 to `workers`. The destructor waits.
  explicit Lcores(std::size_t workers) : workers_(workers) {}
  ~Lcores() { wait(); }
  Lcores(const Lcores&) = delete;
  Lcores& operator=(const Lcores&) = delete;

  Result<void> launch(std::function<void(std::size_t worker)> work);
  void wait();

 private:
  static int run(void* self);

  const std::size_t workers_;
  std::function<void(std::size_t worker)> work_;
};

}  // namespace telefence
