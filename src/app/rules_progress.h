// SPDX-License-Identifier: Apache-2.0
#pragma once

// A line on the terminal that says how far the reading of a list is: share, lines, rate and time left. Nothing when standard error
// is no terminal.

#include <chrono>
#include <cstdint>
#include <string>

#include "app/language.h"
#include "lists/text_source.h"

namespace telefence {

class RulesProgress {
 public:
  explicit RulesProgress(Language language);
  ~RulesProgress() { clear(); }
  RulesProgress(const RulesProgress&) = delete;
  RulesProgress& operator=(const RulesProgress&) = delete;

  void show(const TextSource& source);
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  const Language language_;
  const bool is_terminal_;
  const TextSource* source_ = nullptr;
  Clock::time_point begun_, shown_;
  bool is_shown_ = false;
};

// "list.txt  [=====     ]  50 %  1,234,567 lines  1.20 M/s  3 s". Without a known size no share and no time.
std::string progress_line(Language language, const std::string& name, std::uint64_t read, std::uint64_t size, std::uint64_t lines,
                          double seconds);

}  // namespace telefence
