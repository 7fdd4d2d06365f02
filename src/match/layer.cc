// SPDX-License-Identifier: Apache-2.0
#include "match/layer.h"

#include <algorithm>
#include <limits>

namespace telefence {
namespace {

constexpr std::uint32_t kGone = std::numeric_limits<std::uint32_t>::max();

template <typename Entry>
void append_renumbered(std::vector<Entry>& to, const std::vector<Entry>& from, const std::vector<std::uint32_t>& new_index) {
  for (const Entry& entry : from) {
    if (new_index[entry.rule] == kGone) continue;
    to.push_back(entry);
    to.back().rule = new_index[entry.rule];
  }
}

AllowedNames allowed_names_of(const LayerEntries& entries) {
  std::vector<std::string_view> names;
  for (const DomainEntry& entry : entries.domains)
    if (entries.rules[entry.rule].allow) names.push_back(entry.name);
  return AllowedNames(names);
}

// A pattern that was refused, or told of, is reported once, not again with every later delta.
void forget_refused(std::vector<PatternEntry>& patterns, const std::vector<PatternError>& errors) {
  for (const PatternError& error : errors) {
    const auto is_meant = [&](const PatternEntry& entry) { return entry.rule == error.rule; };
    if (error.is_left_out)
      std::erase_if(patterns, is_meant);
    else
      for (PatternEntry& entry : patterns) entry.is_told = entry.is_told || is_meant(entry);
  }
}

template <typename Value>
void forget(std::vector<Value>& values) {
  std::vector<Value>().swap(values);
}

}  // namespace

void LayerEntries::append_without(const LayerEntries& other, const std::vector<std::uint64_t>& removed_ids) {
  std::vector<std::uint32_t> new_index(other.rules.size(), kGone);
  for (std::size_t i = 0; i < other.rules.size(); ++i) {
    if (std::binary_search(removed_ids.begin(), removed_ids.end(), other.rules[i].id)) continue;
    new_index[i] = static_cast<std::uint32_t>(rules.size());
    rules.push_back(other.rules[i]);
  }
  append_renumbered(domains, other.domains, new_index);
  append_renumbered(numbers, other.numbers, new_index);
  append_renumbered(patterns, other.patterns, new_index);
}

Layer::Layer(LayerEntries entries, std::uint32_t first_rule, bool keep_entries, std::vector<PatternError>& rejected)
    : entries_(std::move(entries)),
      domains_(entries_.domains, first_rule),
      numbers_(entries_.numbers, first_rule),
      texts_(entries_.patterns, PatternSet::Subject::kText, first_rule, entries_.pattern_options, rejected),
      urls_(entries_.patterns, PatternSet::Subject::kUrl, first_rule, entries_.pattern_options, rejected),
      allowed_names_(allowed_names_of(entries_)) {
  forget_refused(entries_.patterns, rejected);
  if (keep_entries) return;
  forget(entries_.domains);
  forget(entries_.numbers);
  forget(entries_.patterns);
}

std::size_t Layer::bytes() const {
  std::size_t total = domains_.bytes() + numbers_.bytes() + texts_.bytes() + urls_.bytes() + allowed_names_.bytes();
  total += entries_.rules.capacity() * sizeof(Rule);
  for (const Rule& rule : entries_.rules) total += rule.value.capacity() + rule.source.capacity();
  return total;
}

}  // namespace telefence
