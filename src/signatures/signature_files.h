// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the list and pattern files of one configuration say, compiled. Control thread.

#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "signatures/compiler.h"
#include "signatures/complaint_list.h"
#include "signatures/options.h"
#include "signatures/pattern_samples.h"

namespace telefence {

struct SignatureFiles {
  std::vector<Entry> entries;
  std::unordered_multimap<std::uint64_t, std::uint32_t> by_key;  // index in entries
  std::vector<std::pair<std::uint32_t, PatternSamples>> samples;  // of patterns, by index; until they were run

  void add(Entry entry) {
    by_key.emplace(entry.key, static_cast<std::uint32_t>(entries.size()));
    entries.push_back(std::move(entry));
  }
};

// Reads all files. A line or pattern that can't be used is a complaint. Fails, with all reasons, when files can't be read.
Result<SignatureFiles> read_signature_files(const SignatureOptions& options, const CompileTerms& terms,
                                            ComplaintList& complaints);

}  // namespace telefence
