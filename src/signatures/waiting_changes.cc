// SPDX-License-Identifier: Apache-2.0
#include "signatures/waiting_changes.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "crypto/sha256.h"

namespace telefence {

bool WaitingChanges::goes_first(const std::string& node, std::uint64_t key, std::uint8_t percent) {
  // By value, so that it is not always the same nodes that try what is new.
  const Sha256Digest digest = sha256(node + "\n" + std::to_string(key));
  return (digest[0] * 256u + digest[1]) * 100u < percent * 65536u;
}

std::uint64_t WaitingChanges::count_of(const std::string& source) const {
  return static_cast<std::uint64_t>(
      std::count_if(waiting_.begin(), waiting_.end(), [&](const auto& one) { return one.second.change.signature.source == source; }));
}

void WaitingChanges::forget_all() {
  waiting_.clear();
  next_s_ = 0;
}

// What waits and a change of the same source about the same value takes the place of; a removal of no source, that of all.
void WaitingChanges::forget(std::uint64_t key, const Change& change) {
  const std::string& source = change.signature.source;
  const auto [first, last] = waiting_.equal_range(key);
  for (auto item = first; item != last;) {
    const bool is_meant = item->second.change.signature.source == source || (change.op == Change::Op::kRemove && source.empty());
    item = is_meant ? waiting_.erase(item) : std::next(item);
  }
}

void WaitingChanges::hold(std::uint64_t key, Change change, std::int64_t due_s) {
  next_s_ = next_s_ == 0 ? due_s : std::min(next_s_, due_s);
  waiting_.emplace(key, Waiting{std::move(change), due_s});
}

// False: it waits. Else what it is now.
bool WaitingChanges::take(Change& change, std::int64_t now_s) {
  const Result<Entry> entry = canonical_entry(change.signature, terms_);
  if (!entry.ok()) return true;  // the store complains about it
  const std::uint64_t key = entry.value().key;
  forget(key, change);
  Signature& signature = change.signature;
  if (change.op != Change::Op::kAdd) return true;
  const std::int64_t due_s = is_of_all_nodes_ ? std::max(signature.valid_from_s, signature.shadow_until_s) : signature.valid_from_s;
  if (due_s > now_s) {
    hold(key, std::move(change), due_s);
    return false;
  }
  const std::int64_t until_s = std::exchange(signature.shadow_until_s, 0);
  const std::uint8_t percent = std::exchange(signature.canary, std::uint8_t{0});
  if (until_s <= now_s || goes_first(node_, key, percent)) return true;
  hold(key, change, until_s);
  signature.shadow = true;
  return true;
}

void WaitingChanges::sort_out(std::vector<Change>& changes, std::int64_t now_s) {
  const bool has_future = std::any_of(changes.begin(), changes.end(), [now_s](const Change& c) {
    return c.signature.valid_from_s > now_s || c.signature.shadow_until_s > now_s;
  });
  if (waiting_.empty() && !has_future) return;  // nearly always
  std::vector<Change> kept;
  for (Change& change : changes) {
    if (change.op == Change::Op::kReplaceList)
      std::erase_if(waiting_, [&](const auto& item) {
        const Signature& signature = item.second.change.signature;
        return signature.source == change.signature.source && signature.kind == change.signature.kind;
      });
    else if (!take(change, now_s))
      continue;
    kept.push_back(std::move(change));
  }
  changes = std::move(kept);
}

std::vector<Change> WaitingChanges::take_due(std::int64_t now_s) {
  std::vector<Change> due;
  if (next_s_ == 0 || now_s < next_s_) return due;
  std::vector<Waiting> taken;
  next_s_ = 0;
  for (auto item = waiting_.begin(); item != waiting_.end();) {
    const std::int64_t due_s = item->second.due_s;
    if (due_s <= now_s) {
      taken.push_back(std::move(item->second));
      item = waiting_.erase(item);
      continue;
    }
    next_s_ = next_s_ == 0 ? due_s : std::min(next_s_, due_s);
    ++item;
  }
  std::sort(taken.begin(), taken.end(), [](const Waiting& a, const Waiting& b) { return a.due_s < b.due_s; });
  for (Waiting& one : taken) due.push_back(std::move(one.change));
  return due;
}

}  // namespace telefence
