// SPDX-License-Identifier: Apache-2.0
#pragma once

// The ways in which a fuzzed worker stands in the line: enforcing, with little room, only watching, at a mirror port.

#include "fuzz_world.h"

namespace telefence::testing {

inline StreamOptions tight() {
  StreamOptions options;
  options.connections = 4;
  options.directions = 3;
  options.bytes = 256 * 1024;
  options.held_frames = 8;
  options.hold_frames = 5;
  options.hold_bytes = 2048;
  options.window_bytes = 8192;
  return options;
}
inline StreamOptions roomy() {
  StreamOptions options;
  options.connections = 64;
  options.directions = 32;
  options.bytes = 4 * 1024 * 1024;
  return options;
}

inline World& world_of(std::uint8_t choice) {
  static World enforcing(Mode::kEnforce, false, roomy());
  static World crowded(Mode::kEnforce, false, tight());
  static World monitoring(Mode::kMonitor, false, roomy());
  static World mirror(Mode::kEnforce, true, roomy());
  switch (choice % 8) {
    case 0:
    case 1:
    case 2:
    case 3: return enforcing;
    case 4:
    case 5: return crowded;
    case 6: return monitoring;
    default: return mirror;
  }
}

}  // namespace telefence::testing
