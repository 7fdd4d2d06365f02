// SPDX-License-Identifier: Apache-2.0
#include "signatures/shrink_guard.h"

#include <string>
#include <unordered_map>
#include <utility>

namespace telefence {
namespace {

// By source, which is the file of a list.
std::unordered_map<std::string, std::uint64_t> by_source(const CountedLayer& counted) {
  std::unordered_map<std::string, std::uint64_t> out;
  for (std::size_t i = 0; i < counted.by_terms.size(); ++i) out[counted.layer->terms().all()[i].source] += counted.by_terms[i];
  return out;
}

}  // namespace

CountedLayer::CountedLayer(std::shared_ptr<const Layer> layer_) : layer(std::move(layer_)), by_terms(layer->terms().size()) {
  const auto count = [this](const auto&, std::span<const EntryNote> notes) {
    for (const EntryNote& note : notes) ++by_terms[note.terms];
  };
  layer->domains().for_each(count);
  layer->numbers().for_each(count);
}

Result<void> refuse_shrunk(const CountedLayer& before, const CountedLayer& after, const std::set<std::string>& named, double most) {
  if (most >= 1) return {};
  std::string shrunk;
  const auto now = by_source(after);
  for (const auto& [source, had] : by_source(before)) {
    // A list that is named no more was taken out on purpose. One of which nothing is left has no entry in `now`.
    if (had < kFewEntries || !named.contains(source)) continue;
    const auto found = now.find(source);
    const std::uint64_t has = found == now.end() ? 0 : found->second;
    if (static_cast<double>(has) >= static_cast<double>(had) * (1 - most)) continue;
    shrunk += (shrunk.empty() ? "" : "; ") + source + " had " + std::to_string(had) + " entries and now has " + std::to_string(has);
  }
  if (shrunk.empty()) return {};
  return Error{ErrorCode::kInvalid, "lists have shrunk by more than policy.shrink_limit allows: " + shrunk +
                                        ". If that is meant: telefence reload --accept-shrunk"};
}

}  // namespace telefence
