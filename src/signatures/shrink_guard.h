// SPDX-License-Identifier: Apache-2.0
#pragma once

// How many entries each file has, and files that lost much of what they had. Control thread.

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "match/layer.h"
#include "signatures/pattern_store.h"

namespace telefence {

inline constexpr std::uint64_t kFewEntries = 100;  // lists with fewer may lose what they like

// The layer of the files, with its entries by terms: counted once, since that walks through millions.
struct CountedLayer {
  CountedLayer() : CountedLayer(std::make_shared<const Layer>()) {}
  explicit CountedLayer(std::shared_ptr<const Layer> layer);

  std::shared_ptr<const Layer> layer;   // never null
  std::vector<std::uint64_t> by_terms;  // by index in layer->terms()
};

// Entries by file: of lists, and of pattern files.
using FileSizes = std::unordered_map<std::string, std::uint64_t>;
FileSizes sizes_of(const CountedLayer& lists, const FilePatterns& patterns);

// kInvalid: a file that is still `named` has lost more than `most`, a share from 0 to 1. All such files are told.
Result<void> refuse_shrunk(const FileSizes& before, const FileSizes& after, const std::set<std::string>& named, double most);

}  // namespace telefence
