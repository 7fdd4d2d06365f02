// SPDX-License-Identifier: Apache-2.0
#include "signatures/waiting_changes.h"

#include <algorithm>
#include <iterator>
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
    if (entry.ok()) forget(entry.value().key, change);
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

// What waits and a change of the same source about the same value takes the place of; a removal of no source, that of all.
void WaitingChanges::forget(std::uint64_t key, const Change& change) {
  const std::string& source = change.signature.source;
  const auto [first, last] = waiting_.equal_range(key);
  for (auto item = first; item != last;) {
    const bool is_meant = item->second.signature.source == source || (change.op == Change::Op::kRemove && source.empty());
    item = is_meant ? waiting_.erase(item) : std::next(item);
  }
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
