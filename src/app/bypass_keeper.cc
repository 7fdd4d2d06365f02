// SPDX-License-Identifier: Apache-2.0
#include "app/bypass_keeper.h"

#include <utility>

namespace telefence {

void BypassKeeper::switch_on(std::string who, std::optional<std::chrono::seconds> duration, Clock::time_point now) {
  const std::lock_guard<std::mutex> lock(mutex_);
  state_.cause = Cause::kCommand;
  state_.why = std::move(who);
  state_.since = now;
  state_.until.reset();
  if (duration) state_.until = now + *duration;
  ++state_.by_command;
}

bool BypassKeeper::switch_off() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(state_.cause, Cause::kNone) != Cause::kNone;
}

bool BypassKeeper::turn(const std::string& error, Clock::time_point now) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (state_.is_on()) {
    if (!state_.until || now < *state_.until) return false;
    state_.cause = Cause::kNone;
    return true;
  }
  if (error.empty()) return false;
  state_.cause = Cause::kError;
  state_.why = error;
  state_.since = now;
  state_.until = now + kRetry;
  ++state_.by_error;
  return true;
}

BypassKeeper::State BypassKeeper::state() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return state_;
}

}  // namespace telefence
