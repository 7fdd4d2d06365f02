// SPDX-License-Identifier: Apache-2.0
#include "signatures/source_quota.h"

#include <algorithm>
#include <string>

namespace telefence {

std::optional<RefusedBatch> refuse_over_quota(const Batch& batch, const TrustOptions& trust, const SignatureStore& store,
                                              const WaitingChanges& waiting) {
  for (const SourceQuota& quota : trust.quotas) {
    const bool is_touched = std::any_of(batch.changes.begin(), batch.changes.end(),
                                        [&](const Change& change) { return change.signature.source == quota.source; });
    const std::uint64_t entries = is_touched ? store.entries_after(quota.source, batch.changes) + waiting.count_of(quota.source) : 0;
    if (entries > quota.most)
      return RefusedBatch{BatchRefusal::kOverQuota, "the source '" + quota.source + "' would have " + std::to_string(entries) +
                                                        " entries, and may have " + std::to_string(quota.most)};
  }
  return std::nullopt;
}

}  // namespace telefence
