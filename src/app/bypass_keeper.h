// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether packets pass unread, who or what wanted it, and until when. Pure but for its lock: the time is a parameter. Any thread;
// turn() by one, each second.

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

namespace telefence {

class BypassKeeper {
 public:
  using Clock = std::chrono::steady_clock;
  // After an error inspection is tried again so late.
  static constexpr std::chrono::seconds kRetry{60};

  enum class Cause : std::uint8_t { kNone, kCommand, kError };
  struct State {
    Cause cause = Cause::kNone;
    std::string why;  // who said so, or the error
    Clock::time_point since;
    std::optional<Clock::time_point> until;  // none: until it is switched off
    std::uint64_t by_command = 0, by_error = 0;  // times that it was switched on
    bool is_on() const { return cause != Cause::kNone; }
  };

  // By command; also when it is on already: the newest command holds.
  void switch_on(std::string who, std::optional<std::chrono::seconds> duration, Clock::time_point now);
  // False when it was off.
  bool switch_off();
  // `error`: what went wrong since the last turn; "": nothing. True when bypass was switched on for it, or its time is over.
  bool turn(const std::string& error, Clock::time_point now);

  State state() const;

 private:
  mutable std::mutex mutex_;
  State state_;  // guarded by mutex_
};

}  // namespace telefence
