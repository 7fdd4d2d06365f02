// SPDX-License-Identifier: Apache-2.0
#pragma once

// How many entries each list has, and lists that lost much of what they had. Control thread.

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "match/layer.h"

namespace telefence {

inline constexpr std::uint64_t kFewEntries = 100;  // lists with fewer may lose what they like

// The layer of the files, with its entries by terms: counted once, since that walks through millions.
struct CountedLayer {
  CountedLayer() : CountedLayer(std::make_shared<const Layer>()) {}
  explicit CountedLayer(std::shared_ptr<const Layer> layer);

  std::shared_ptr<const Layer> layer;   // never null
  std::vector<std::uint64_t> by_terms;  // by index in layer->terms()
};

// kInvalid: a list that is still `named` has lost more than `most`, a share from 0 to 1. All such lists are told.
Result<void> refuse_shrunk(const CountedLayer& before, const CountedLayer& after, const std::set<std::string>& named, double most);

}  // namespace telefence
