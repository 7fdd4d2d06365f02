// SPDX-License-Identifier: Apache-2.0
#include "signatures/unenforced_entries.h"

#include <algorithm>

#include "match/keyed_hash.h"
#include "signatures/op_line.h"

namespace telefence {
namespace {

constexpr std::int64_t kBetweenSweeps_s = 10;

// Two of a million share a key once in 40 million logs; then one of them is missing here.
std::uint64_t key_of(UnenforcedKind kind, std::string_view value, std::size_t source) {
  return stable_hash(value, source * kUnenforcedKinds + static_cast<std::size_t>(kind));
}

}  // namespace

void UnenforcedEntries::erase(UnenforcedKind kind, std::string_view value, Source& source) {
  const std::size_t gone = entries_.erase(key_of(kind, value, source.number));
  counts_[static_cast<std::size_t>(kind)] -= gone;
  source.entries -= gone;
}

template <typename IsUnwanted>
void UnenforcedEntries::erase_if(IsUnwanted is_unwanted) {
  std::erase_if(entries_, [&](const auto& one) {
    if (!is_unwanted(one.second)) return false;
    --counts_[static_cast<std::size_t>(one.second.kind)];
    --one.second.source->entries;
    return true;
  });
  forget_idle_sources();
}

// Who may push can make up sources without end.
void UnenforcedEntries::forget_idle_sources() {
  std::erase_if(sources_, [](const auto& one) { return one.second.entries == 0; });
}

void UnenforcedEntries::remove(const Change& change) {
  const Signature& signature = change.signature;
  if (signature.source.empty()) {
    for (auto& [name, source] : sources_) erase(change.unenforced, signature.value, source);
    return forget_idle_sources();
  }
  const auto found = sources_.find(signature.source);
  if (found == sources_.end()) return;
  erase(change.unenforced, signature.value, found->second);
  if (found->second.entries == 0) sources_.erase(found);
}

void UnenforcedEntries::apply(const Change& change) {
  const Signature& signature = change.signature;
  if (change.op == Change::Op::kRemove) return remove(change);
  if (change.op == Change::Op::kReplaceList) {
    const auto found = sources_.find(signature.source);
    if (found == sources_.end()) return;
    return erase_if([&](const Entry& entry) { return entry.kind == change.unenforced && entry.source == &found->second; });
  }
  const auto [place, is_new_source] = sources_.try_emplace(signature.source);
  Source& source = place->second;
  if (is_new_source) source.number = ++last_number_;
  const bool is_new = entries_.insert_or_assign(key_of(change.unenforced, signature.value, source.number),
                                                Entry{signature.expires_s, &source, change.unenforced, keeps_lines_ ? to_op_line(change) : ""}).second;
  counts_[static_cast<std::size_t>(change.unenforced)] += is_new ? 1 : 0;
  source.entries += is_new ? 1 : 0;
  if (signature.expires_s != 0) look_at_s_ = std::min(look_at_s_, signature.expires_s);
}

bool UnenforcedEntries::sweep(std::int64_t now_s) {
  if (now_s < look_at_s_) return false;
  erase_if([&](const Entry& entry) { return is_over(entry, now_s); });
  look_at_s_ = std::numeric_limits<std::int64_t>::max();
  for (const auto& [key, entry] : entries_)
    if (entry.expires_s != 0) look_at_s_ = std::min(look_at_s_, std::max(entry.expires_s, now_s + kBetweenSweeps_s));
  return true;
}

void UnenforcedEntries::forget_all() {
  entries_.clear();
  sources_.clear();
  counts_ = {};
}

}  // namespace telefence
