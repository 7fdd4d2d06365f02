// SPDX-License-Identifier: Apache-2.0
#pragma once

// How far a long push is: a line that stays in its place on a terminal, else one every few seconds. On standard error.

#include <chrono>
#include <cstdint>
#include <string>

#include "app/language.h"

namespace telefence {

class PushProgress {
 public:
  PushProgress(Language language, std::uint64_t total);
  ~PushProgress() { clear(); }
  PushProgress(const PushProgress&) = delete;
  PushProgress& operator=(const PushProgress&) = delete;

  void show(std::uint64_t done);
  // The same of entries that edges are asked about.
  void show_asked(std::uint64_t done);
  void clear();
  double seconds() const;  // since it was made

 private:
  using Clock = std::chrono::steady_clock;
  bool is_time();
  void print(const std::string& line);
  const Language language_;
  const std::uint64_t total_;
  const bool is_terminal_;
  const Clock::time_point begun_ = Clock::now();
  Clock::time_point shown_ = begun_;
  bool is_shown_ = false;
};

// "[=====     ]  50 %  50,000 of 100,000 changes  120 k/s  3 s left"; without the bar when it is no terminal.
std::string push_progress_line(Language language, std::uint64_t done, std::uint64_t total, double seconds, bool with_bar);

// "353 k/s", "1.20 M/s".
std::string rate_text(double per_second);

}  // namespace telefence
