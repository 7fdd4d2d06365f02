// SPDX-License-Identifier: Apache-2.0
#pragma once

// Several layers of the change log into one. Reads immutable layers only, so any thread may run it. Entries whose time is over stay: who
// counts them takes them out (SignatureStore::sweep).

#include <memory>
#include <vector>

#include "match/layer.h"

namespace telefence {

struct LayerMerge {
  // The newest first; they lie directly above each other.
  std::vector<std::shared_ptr<const Layer>> layers;
  bool is_lowest = false;  // nothing of the log is below: words that only hide something there can go
};

std::shared_ptr<const Layer> merged(const LayerMerge& merge);

}  // namespace telefence
