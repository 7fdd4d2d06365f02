// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether the log that comes here is as the centre last signed it (log_timestamp.h), or is held back. Watches nothing unless
// redis.silent_after says how long the centre's next word may take. Silence is measured by the steady clock, since the other one may
// jump. Thread of the feed.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "signatures/log_timestamp.h"
#include "signatures/log_trail.h"
#include "signatures/signers.h"

namespace telefence {

class FreezeWatch {
 public:
  using Clock = std::chrono::steady_clock;
  // What was read of the log here.
  struct Here {
    std::uint64_t last = 0;  // its newest batch
    const LogTrail& trail;   // and where others stood
    bool is_caught_up = false;  // the server had no more at the last look
  };

  FreezeWatch(std::string log, std::uint32_t silent_after_s) : log_(std::move(log)), silent_after_(silent_after_s) {}

  bool is_wanted() const { return silent_after_ != silent_after_.zero(); }
  // Whether tf:1:timestamp is to be read now.
  bool is_due(Clock::time_point now) const { return is_wanted() && now >= next_look_; }
  // What stands there; "": nothing.
  void take(std::string_view value, const Signers& signers, const Here& here, std::int64_t now_ms, Clock::time_point now);
  // Redis does not tell.
  void refused(const std::string& why, Clock::time_point now);
  // A batch or a snapshot that is signed came, and is dated so.
  void note_signed(std::int64_t at_ms, std::int64_t now_ms, Clock::time_point now);
  // What is wrong, for people; "" = nothing.
  std::string problem(const Here& here, Clock::time_point now) const;
  // The newest moment of which the centre signed something, Unix milliseconds; 0: none is known.
  std::int64_t signed_at_ms() const { return signed_at_ms_; }

 private:
  void plan(Clock::time_point now);
  std::string disagreement(const Here& here, Clock::time_point now) const;

  const std::string log_;
  const std::chrono::seconds silent_after_;
  Clock::time_point next_look_;
  LogTimestamp newest_;         // the newest that was signed by who may
  std::string refusal_;         // why the last one that was read counts for nothing
  std::uint64_t lacked_ = 0;    // it told of this batch when it was not here; 0: of none
  Clock::time_point lacked_at_;
  std::int64_t signed_at_ms_ = 0;
  Clock::time_point heard_at_ = Clock::now();  // when the newest word came here; at first: since when one is waited for
  std::chrono::milliseconds age_{};            // how old it was then, by this node's clock
  Clock::time_point came_at_;                  // when something signed came, be it old
};

}  // namespace telefence
