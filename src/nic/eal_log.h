// SPDX-License-Identifier: Apache-2.0
#pragma once

// Keeps what DPDK has to say away from the terminal and in memory. EalLog takes DPDK's own log for the whole life of the
// process: the last 64 KiB are kept. QuietTerminal also catches, while it lives, what DPDK's drivers and the libraries under
// them write straight to stdout and stderr; a program that dies in that time still gets its last words out.

#include <cstddef>
#include <string>

#include "base/result.h"

namespace telefence {

class EalLog {
 public:
  // Idempotent. Called before rte_eal_init().
  static Result<void> capture();
  // Everything kept since `from`, a position that position() gave.
  static std::string text(std::size_t from = 0);
  static std::size_t position();
};

class QuietTerminal {
 public:
  QuietTerminal();
  ~QuietTerminal();
  QuietTerminal(const QuietTerminal&) = delete;
  QuietTerminal& operator=(const QuietTerminal&) = delete;

  // What was written since the start.
  std::string text() const;

 private:
  int memory_ = -1;
  int stdout_ = -1;
  int stderr_ = -1;
};

}  // namespace telefence
