// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a reload can't take over: keys that are sealed at the start and that the file now says otherwise. An operator who changed one
// must be told that it is not in force. Control thread.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/loader.h"

namespace telefence {

struct SealedKey {
  std::string_view path;                    // as in the table of keys
  std::string (*value)(const Config&);      // as text, only to be compared
};
// One for each key of the table that is not live.
std::span<const SealedKey> sealed_keys();

struct SealedChange {
  std::string key;  // records.file; of lists the list: ports
  int line = 0;     // where the file says so now; 0 = nowhere any more
};

// In the order of the table.
std::vector<SealedChange> sealed_changes(const Config& running, const Loaded& read);

}  // namespace telefence
