// SPDX-License-Identifier: Apache-2.0
#pragma once

// How packets pass: looked at, or not. One word for all workers, said by the control thread and read by each of them once a turn.

#include <atomic>
#include <cstdint>

#include "verdict/verdict.h"

namespace telefence {

enum class Passage : std::uint8_t {
  kInspect,
  kNotReady,  // the first signatures are still read: forwarded unread. What can wait without being lost waits.
  kBypassed,  // forwarded unread, by command or because of an error
};

using Gate = std::atomic<Passage>;

// Of a packet that passes unread.
constexpr Fate fate_of(Passage passage) {
  return passage == Passage::kNotReady ? Fate::kForwardedNotReady : Fate::kForwardedBypassed;
}

}  // namespace telefence
