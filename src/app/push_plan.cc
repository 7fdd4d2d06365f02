// SPDX-License-Identifier: Apache-2.0
#include "app/push_plan.h"

#include <algorithm>
#include <utility>

#include "base/siphash.h"
#include "signatures/words.h"

namespace telefence {
namespace {

// Nobody gains by two values that look alike here: the worst is a count that is wrong by one.
constexpr SipHashKey kHashKey{0x74656c6566656e63, 0x706c616e};
constexpr std::string_view kAllSources("\x01", 1);

std::uint64_t hash_of(std::string_view text) { return siphash(kHashKey, as_bytes(text)); }

void append(std::string& out, std::uint64_t number) { out.append(reinterpret_cast<const char*>(&number), sizeof number); }

std::uint32_t meaning_of(const Signature& signature) {
  std::string text;
  for (const bool flag : {signature.allow, signature.shadow, signature.subdomains && signature.kind == SignatureKind::kDomain,
                          signature.literal, signature.prefix && signature.kind == SignatureKind::kUrl})
    text += flag ? '1' : '0';
  text += static_cast<char>(signature.category);
  text += static_cast<char>(signature.tier);
  text += static_cast<char>(signature.fold);
  text += signature.kind == SignatureKind::kNumber ? static_cast<char>(signature.sides) : '\0';
  text += static_cast<char>(signature.canary);
  for (const std::uint64_t number : {static_cast<std::uint64_t>(signature.expires_s), static_cast<std::uint64_t>(signature.valid_from_s),
                                     static_cast<std::uint64_t>(signature.shadow_until_s), signature.id})
    append(text, number);
  if (signature.action != "block") text += signature.action;
  return static_cast<std::uint32_t>(hash_of(text));
}

}  // namespace

std::uint64_t PushPlan::key_of(const Change& change, bool is_canonical, bool of_all_sources) const {
  std::string text(1, static_cast<char>(change.signature.kind));
  if (is_canonical) {
    text += change.signature.value;
  } else if (const Result<Entry> entry = canonical_entry(change.signature, terms_); entry) {
    text += entry.value().rule.value;
  }
  text += '\0';
  if (of_all_sources)
    text += kAllSources;
  else
    text += source_of(change);
  return hash_of(text);
}

void PushPlan::replace(const ListName& list) {
  const bool is_known = std::any_of(lists_.begin(), lists_.end(), [&](const Replaced& one) { return one.name == list; });
  if (!is_known && lists_.size() < kNoList) lists_.push_back({list, {}});
}

std::uint8_t PushPlan::list_of(const Change& change) const {
  for (std::size_t i = 0; i < lists_.size(); ++i)
    if (lists_[i].name.kind == kind_name(change) && lists_[i].name.source == source_of(change)) return static_cast<std::uint8_t>(i);
  return kNoList;
}

void PushPlan::add(const Change& change, bool is_canonical) {
  if (change.unenforced != UnenforcedKind::kNone) {
    ++counts_.unenforced;
    return;
  }
  if (change.op == Change::Op::kReplaceList) return replace({source_of(change), std::string(kind_name(change))});
  const bool is_add = change.op == Change::Op::kAdd, is_of_all = !is_add && change.signature.source.empty();
  has_removals_of_all_ |= is_of_all;
  planned_.push_back({key_of(change, is_canonical, is_of_all), is_add ? meaning_of(change.signature) : 0,
                      is_add ? list_of(change) : kNoList, is_add});
}

void PushPlan::finish() {
  std::stable_sort(planned_.begin(), planned_.end(), [](const Planned& a, const Planned& b) { return a.key < b.key; });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < planned_.size(); ++i)
    if (i + 1 == planned_.size() || planned_[i + 1].key != planned_[i].key) planned_[kept++] = planned_[i];
  planned_.resize(kept);
  for (const Planned& planned : planned_)
    if (planned.list != kNoList) ++lists_[planned.list].sizes.has;
}

const PushPlan::Planned* PushPlan::find(std::uint64_t key) const {
  const auto found = std::lower_bound(planned_.begin(), planned_.end(), key,
                                      [](const Planned& one, std::uint64_t wanted) { return one.key < wanted; });
  return found != planned_.end() && found->key == key ? &*found : nullptr;
}

void PushPlan::hear(const Change& entry) {
  if (entry.unenforced != UnenforcedKind::kNone || entry.op != Change::Op::kAdd) return;
  const bool is_value = entry.signature.kind == SignatureKind::kDomain || entry.signature.kind == SignatureKind::kNumber;
  const std::uint8_t list = list_of(entry);
  if (list != kNoList) ++lists_[list].sizes.had;
  Planned* planned = const_cast<Planned*>(find(key_of(entry, is_value, false)));
  if (planned == nullptr && has_removals_of_all_) planned = const_cast<Planned*>(find(key_of(entry, is_value, true)));
  if (planned == nullptr) {
    counts_.removed += list != kNoList ? 1 : 0;
    return;
  }
  // What is recorded for a time and then carried out is two in one: it is heard twice.
  const bool is_first = !std::exchange(planned->is_heard, true);
  if (!planned->is_add) {
    ++counts_.removed;
  } else if (planned->meaning == meaning_of(entry.signature)) {
    if (std::exchange(planned->is_same, true)) return;
    if (!is_first) --counts_.changed;
    ++counts_.same;
  } else if (is_first) {
    ++counts_.changed;
  }
}

PlanCounts PushPlan::counts() const {
  PlanCounts out = counts_;
  for (const Planned& planned : planned_)
    if (!planned.is_heard) ++(planned.is_add ? out.added : out.needless);
  return out;
}

bool PushPlan::is_news(const Change& change, bool is_canonical) const {
  const Planned* const planned = find(key_of(change, is_canonical, false));
  return planned == nullptr || !planned->is_same;
}

}  // namespace telefence
