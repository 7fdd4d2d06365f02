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

std::size_t UnenforcedEntries::source_of(const std::string& source) {
  const auto found = std::find(sources_.begin(), sources_.end(), source);
  const auto index = static_cast<std::size_t>(found - sources_.begin());
  if (found == sources_.end()) sources_.push_back(source);
  return index;
}

void UnenforcedEntries::erase(UnenforcedKind kind, std::string_view value, std::size_t source) {
  counts_[static_cast<std::size_t>(kind)] -= entries_.erase(key_of(kind, value, source));
}

template <typename IsUnwanted>
void UnenforcedEntries::erase_if(IsUnwanted is_unwanted) {
  std::erase_if(entries_, [&](const auto& one) {
    const bool goes = is_unwanted(one.second);
    counts_[static_cast<std::size_t>(one.second.kind)] -= goes ? 1 : 0;
    return goes;
  });
}

void UnenforcedEntries::apply(const Change& change) {
  const Signature& signature = change.signature;
  if (change.op == Change::Op::kRemove) {
    for (std::size_t source = 0; source < sources_.size(); ++source)
      if (signature.source.empty() || signature.source == sources_[source]) erase(change.unenforced, signature.value, source);
    return;
  }
  const std::size_t source = source_of(signature.source);
  if (change.op == Change::Op::kReplaceList)
    return erase_if([&](const Entry& entry) { return entry.kind == change.unenforced && entry.source == source; });
  const auto [place, is_new] = entries_.insert_or_assign(
      key_of(change.unenforced, signature.value, source), Entry{signature.expires_s, source, change.unenforced, keeps_lines_ ? to_op_line(change) : ""});
  counts_[static_cast<std::size_t>(change.unenforced)] += is_new ? 1 : 0;
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
  counts_ = {};
}

}  // namespace telefence
