// SPDX-License-Identifier: Apache-2.0
#include "signatures/shrink_guard.h"

#include <vector>

namespace telefence {

std::unordered_map<std::string, std::uint64_t> entries_by_source(const Layer& layer) {
  std::vector<std::uint64_t> by_terms(layer.terms().size());
  const auto count = [&](const auto&, std::span<const EntryNote> notes) {
    for (const EntryNote& note : notes) ++by_terms[note.terms];
  };
  layer.domains().for_each(count);
  layer.numbers().for_each(count);
  std::unordered_map<std::string, std::uint64_t> out;
  for (std::size_t i = 0; i < by_terms.size(); ++i) out[layer.terms().all()[i].source] += by_terms[i];
  return out;
}

Result<void> refuse_shrunk(const Layer& before, const Layer& after, double most) {
  if (most >= 1) return {};
  std::string shrunk;
  const auto now = entries_by_source(after);
  for (const auto& [source, had] : entries_by_source(before)) {
    const auto found = now.find(source);
    // A list that is named no more was taken out on purpose.
    if (had < kFewEntries || found == now.end()) continue;
    if (static_cast<double>(found->second) >= static_cast<double>(had) * (1 - most)) continue;
    shrunk += (shrunk.empty() ? "" : "; ") + source + " had " + std::to_string(had) + " entries and now has " + std::to_string(found->second);
  }
  if (shrunk.empty()) return {};
  return Error{ErrorCode::kInvalid, "lists have shrunk by more than policy.shrink_limit allows: " + shrunk +
                                        ". If that is meant: telefence reload --accept-shrunk"};
}

}  // namespace telefence
