// SPDX-License-Identifier: Apache-2.0
#include "signatures/shrink_guard.h"

#include <string>
#include <utility>

namespace telefence {

CountedLayer::CountedLayer(std::shared_ptr<const Layer> layer_) : layer(std::move(layer_)), by_terms(layer->terms().size()) {
  const auto count = [this](const auto&, std::span<const EntryNote> notes) {
    for (const EntryNote& note : notes) ++by_terms[note.terms];
  };
  layer->domains().for_each(count);
  layer->numbers().for_each(count);
}

FileSizes sizes_of(const CountedLayer& lists, const FilePatterns& patterns) {
  FileSizes out;
  for (std::size_t i = 0; i < lists.by_terms.size(); ++i) out[lists.layer->terms().all()[i].source] += lists.by_terms[i];
  for (const Entry& entry : patterns.entries) ++out[entry.where.substr(0, entry.where.rfind(':'))];  // its source may be named otherwise
  return out;
}

Result<void> refuse_shrunk(const FileSizes& before, const FileSizes& after, const std::set<std::string>& named, double most) {
  if (most >= 1) return {};
  std::string shrunk;
  for (const auto& [file, had] : before) {
    // One that is named no more was taken out on purpose. One of which nothing is left has no entry in `after`.
    if (had < kFewEntries || !named.contains(file)) continue;
    const auto found = after.find(file);
    const std::uint64_t has = found == after.end() ? 0 : found->second;
    if (static_cast<double>(has) >= static_cast<double>(had) * (1 - most)) continue;
    shrunk += (shrunk.empty() ? "" : "; ") + file + " had " + std::to_string(had) + " entries and now has " + std::to_string(has);
  }
  if (shrunk.empty()) return {};
  return Error{ErrorCode::kInvalid, "lists have shrunk by more than policy.shrink_limit allows: " + shrunk +
                                        ". If that is meant: telefence reload --accept-shrunk"};
}

}  // namespace telefence
