// SPDX-License-Identifier: Apache-2.0
#pragma once

// Lines for the people who read the daemon's log, by subject, so few that nobody turns them off: the first line of a
// subject is written at once; what follows within the pause is held back, and its newest line is written at the end of it,
// with how many there were. So the log always ends with how things stand. The clock is a parameter. One thread.

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace telefence {

class Journal {
 public:
  using Clock = std::chrono::steady_clock;
  using Write = std::function<void(const std::string& line)>;
  enum class Subject : std::uint8_t { kConnection, kBatch, kLog, kPublishing, kState, kCount_ };
  static constexpr std::chrono::seconds kPause{10};

  explicit Journal(Write write) : write_(std::move(write)) {}

  void tell(Subject subject, std::string line, Clock::time_point now);
  // Writes what was held back long enough. To be called at least every second.
  void write_due(Clock::time_point now);
  // Writes all that was held back.
  void close();

 private:
  struct Held {
    Clock::time_point written_at;
    std::string line;         // newest one held back
    std::uint64_t count = 0;  // held back since the last one written
    bool was_written = false;
  };
  void write(Held& held, Clock::time_point now);

  Write write_;
  std::array<Held, static_cast<std::size_t>(Subject::kCount_)> held_;
};

}  // namespace telefence
