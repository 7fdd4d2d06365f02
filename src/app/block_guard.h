// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether a new version of the signatures blocks far more than what was in force before: the share of messages blocked since it came in
// force, by channel, against the share in the minute before. Only tells; what is done is the daemon's. Pure. One thread, one look a second.
//
// A flood of fraud raises the share as well, by entries that were there before. So a jump is put down to a version only within a short
// time after it, and the daemon asks the version before about some of what was blocked (daemon_guard.cc).

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"

namespace telefence {

class BlockGuard {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kBefore{60};  // that the new share is compared with

  struct Channel {
    std::string name;
    std::uint64_t inspected = 0, blocked = 0;  // messages since the start
  };
  struct Look {
    Clock::time_point now;
    std::uint64_t version = 0;      // of the signatures in force
    std::vector<Channel> channels;  // the same ones in the same order each time
  };
  struct Jump {
    std::string channel;
    std::uint64_t version = 0;  // the first that came in force after `before`
    std::uint64_t before = 0;   // the one that was in force when the share was as it should be
    double percent_before = 0, percent_after = 0;
  };

  // The change of versions that the jump is largest at. The same jump again at each look, until settle().
  std::optional<Jump> look(const GuardOptions& options, Look look);
  // The jump was dealt with: what was seen before the last look counts no more.
  void settle() { looks_.erase(looks_.begin(), looks_.empty() ? looks_.end() : looks_.end() - 1); }
  // Somebody chose the version in force by hand: it is taken as it is.
  void forget() { looks_.clear(); }

 private:
  std::optional<Jump> jump_at(const GuardOptions& options, std::size_t change) const;

  std::deque<Look> looks_;  // the oldest first
};

// "dns: 0.1% of messages were blocked, and 63.0% after version 5 of the signatures came in force"
std::string to_text(const BlockGuard::Jump& jump);

}  // namespace telefence
