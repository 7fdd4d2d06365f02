// SPDX-License-Identifier: Apache-2.0
#include "signatures/log_order.h"

namespace telefence {

LogOrder::Finding LogOrder::judge(const Batch& batch) const {
  if (batch.sequence != last_ + 1) return last_ == 0 ? Finding::kBeginsLater : Finding::kGap;
  const bool names_another = !last_hash_.empty() && !batch.previous.empty() && batch.previous != last_hash_;
  return names_another ? Finding::kFork : Finding::kFollows;
}

void LogOrder::take(const std::string& id, const Batch& batch) {
  last_ = batch.sequence;
  last_id_ = id;
  last_hash_ = batch.hash;
  trail_.add(last_, last_hash_);
}

void LogOrder::take_unreadable(const std::string& id) {
  last_ = first_part(id);
  last_id_ = id;
  last_hash_.clear();
}

void LogOrder::go_back(const std::string& id, const std::string& hash) {
  last_ = first_part(id);
  last_id_ = id;
  last_hash_ = hash;
  if (!hash.empty()) trail_.add(last_, hash);
}

}  // namespace telefence
