// SPDX-License-Identifier: Apache-2.0
#include "signatures/waiting_changes.h"

#include <algorithm>
#include <utility>

namespace telefence {

void WaitingChanges::sort_out(std::vector<Change>& changes, std::int64_t now_s) {
  const bool has_future =
      std::any_of(changes.begin(), changes.end(), [now_s](const Change& c) { return c.signature.valid_from_s > now_s; });
  if (waiting_.empty() && !has_future) return;  // nearly always
  std::vector<Change> kept;
  for (Change& change : changes) {
    if (change.op == Change::Op::kReplaceList) {
      std::erase_if(waiting_, [&](const auto& item) {
        return item.second.signature.source == change.signature.source && item.second.signature.kind == change.signature.kind;
      });
      kept.push_back(std::move(change));
      continue;
    }
    const Result<Entry> entry = canonical_entry(change.signature, terms_);
    if (entry.ok()) waiting_.erase(entry.value().key);
    // What has no canonical form is complained about by the store.
    const bool waits = entry.ok() && change.op == Change::Op::kAdd && change.signature.valid_from_s > now_s;
    if (!waits) {
      kept.push_back(std::move(change));
      continue;
    }
    const std::int64_t from_s = change.signature.valid_from_s;
    next_s_ = next_s_ == 0 ? from_s : std::min(next_s_, from_s);
    waiting_.emplace(entry.value().key, std::move(change));
  }
  changes = std::move(kept);
}

std::vector<Change> WaitingChanges::take_due(std::int64_t now_s) {
  std::vector<Change> due;
  if (next_s_ == 0 || now_s < next_s_) return due;
  next_s_ = 0;
  for (auto item = waiting_.begin(); item != waiting_.end();) {
    const std::int64_t from_s = item->second.signature.valid_from_s;
    if (from_s <= now_s) {
      due.push_back(std::move(item->second));
      item = waiting_.erase(item);
      continue;
    }
    next_s_ = next_s_ == 0 ? from_s : std::min(next_s_, from_s);
    ++item;
  }
  std::sort(due.begin(), due.end(),
            [](const Change& a, const Change& b) { return a.signature.valid_from_s < b.signature.valid_from_s; });
  return due;
}

}  // namespace telefence
