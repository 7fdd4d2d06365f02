// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace telefence {

// What is wrong with what is in force, until a snapshot comes: also over a restart.
struct Unmended {
  std::string log;      // changes may be missing
  std::string refused;  // a batch that this node refused
  std::string note;     // the log began later
  bool operator==(const Unmended&) const = default;
};

}  // namespace telefence
