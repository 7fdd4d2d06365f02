// SPDX-License-Identifier: Apache-2.0
#pragma once

// Wall time for what can't be undone. A clock that leaps ahead is believed only when it stays there: an hour's mistake of a
// time server must not drop every entry that ends some day. One that goes back is believed at once, since waiting longer
// loses nothing. Pure; one thread.

#include <chrono>
#include <cstdint>

namespace telefence {

class PatientClock {
 public:
  using Steady = std::chrono::steady_clock::time_point;
  static constexpr std::int64_t kLeap_s = 5;  // less is drift, or a busy machine
  static constexpr std::chrono::minutes kPatience{60};

  // Unix seconds to go by. To be asked often: what lies between two questions is told from the steady clock.
  std::int64_t now_s(std::int64_t wall_s, Steady steady) {
    const auto passed = std::chrono::duration_cast<std::chrono::seconds>(steady - believed_at_).count();
    const std::int64_t expected_s = believed_s_ + passed;
    if (!has_begun_ || wall_s <= expected_s + kLeap_s) {
      is_ahead_ = false;
      return believe(wall_s, steady);
    }
    if (!is_ahead_) ahead_since_ = steady;
    is_ahead_ = true;
    return steady - ahead_since_ >= kPatience ? believe(wall_s, steady) : expected_s;
  }

 private:
  std::int64_t believe(std::int64_t wall_s, Steady steady) {
    has_begun_ = true;
    believed_s_ = wall_s;
    believed_at_ = steady;
    return wall_s;
  }

  bool has_begun_ = false;
  bool is_ahead_ = false;
  std::int64_t believed_s_ = 0;
  Steady believed_at_;
  Steady ahead_since_;
};

}  // namespace telefence
