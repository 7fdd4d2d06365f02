// SPDX-License-Identifier: Apache-2.0
#include "match/domain_table.h"

#include <algorithm>

#include "base/uncleared.h"

namespace telefence {
namespace {

// Probes in flight at a time: enough to hide memory latency, few enough for the stack and the first-level cache.
constexpr std::size_t kChunk = 128;

SlotKey slot_key(const Hash128& hash) { return {hash.high, static_cast<std::uint32_t>(hash.low * 0xff51afd7ed558ccd >> 32)}; }

}  // namespace

std::uint16_t count_labels(std::string_view name) {
  return static_cast<std::uint16_t>(name.empty() ? 0 : std::count(name.begin(), name.end(), '.') + 1);
}

DomainTable::DomainTable(std::span<const DomainEntry> entries, std::uint32_t first_rule) : table_(entries.size()) {
  records_.reserve(entries.size());
  std::size_t octets = 0;
  for (const DomainEntry& entry : entries) octets += entry.name.size() + 1;
  names_.reserve(octets);
  for (const DomainEntry& entry : entries) add(entry, first_rule);
}

void DomainTable::add(const DomainEntry& entry, std::uint32_t first_rule) {
  if (entry.name.empty() || entry.name.size() > 253) return;
  const Hash128 hash = keyed_hash(entry.name);
  const std::uint16_t labels = count_labels(entry.name);
  min_labels_ = std::min(min_labels_, labels);
  max_labels_ = std::max(max_labels_, labels);
  Record record{.rule = entry.rule + first_rule, .subdomains = entry.subdomains ? 1U : 0U};
  if (std::uint32_t* first = table_.find_to_change(slot_key(hash), hash.low)) {
    record.name = records_[*first - 1].name;
    record.next = *first & 0x7fffffffU;
    records_.push_back(record);
    *first = static_cast<std::uint32_t>(records_.size());
    return;
  }
  record.name = static_cast<std::uint32_t>(names_.size());
  names_ += static_cast<char>(entry.name.size());
  names_ += entry.name;
  records_.push_back(record);
  table_.insert(slot_key(hash), hash.low, static_cast<std::uint32_t>(records_.size()));
}

std::string_view DomainTable::name_of(const Record& record) const {
  return std::string_view(names_).substr(record.name + 1, static_cast<unsigned char>(names_[record.name]));
}

std::size_t DomainTable::bytes() const {
  return table_.bytes() + records_.capacity() * sizeof(Record) + names_.capacity();
}

void DomainTable::find(std::span<const DomainKey> keys, std::span<DomainProbe> probes, HitList& hits) const {
  for (const DomainProbe& probe : probes) table_.prefetch_filter(probe.hash.low);
  for (DomainProbe& probe : probes) {
    probe.wanted = table_.may_contain(probe.hash.low);
    if (probe.wanted) table_.prefetch_line(probe.hash.low);
  }
  for (const DomainProbe& probe : probes) {
    if (!probe.wanted) continue;
    std::uint32_t at = table_.find(slot_key(probe.hash), probe.hash.low);
    if (at == LineTable::kAbsent || name_of(records_[at - 1]) != probe.suffix) continue;
    for (; at != 0; at = records_[at - 1].next) {
      const Record& record = records_[at - 1];
      if (record.subdomains == 0 && !probe.whole) continue;
      const DomainKey& key = keys[probe.key];
      hits.push({.event = key.event,
                 .part = key.embedded ? HitPart::kEmbeddedDomain : HitPart::kDomain,
                 .key = probe.key,
                 .depth = static_cast<std::uint16_t>(2 * probe.labels + (record.subdomains != 0 ? 0 : 1)),
                 .rule = record.rule});
    }
  }
}

void find_domains(std::span<const DomainKey> keys, std::span<const DomainTable* const> tables, HitList& hits) {
  std::uint16_t min_labels = 0xffff;
  std::uint16_t max_labels = 0;
  for (const DomainTable* table : tables) {
    min_labels = std::min(min_labels, table->min_labels());
    max_labels = std::max(max_labels, table->max_labels());
  }
  if (keys.empty()) return;
  Uncleared<DomainProbe, kChunk> probes;
  std::size_t count = 0;
  const auto look_up = [&] {
    for (const DomainTable* table : tables)
      if (table->size() != 0) table->find(keys, probes.first(count), hits);
    count = 0;
  };
  for (std::size_t key = 0; key < keys.size(); ++key) {
    std::string_view suffix = keys[key].name;
    for (std::uint16_t labels = count_labels(suffix); labels >= min_labels; --labels) {
      if (labels <= max_labels) {
        if (count == kChunk) look_up();
        DomainProbe& probe = probes[count++];
        probe.hash = keyed_hash(suffix);
        probe.suffix = suffix;
        probe.key = static_cast<std::uint16_t>(key);
        probe.labels = labels;
        probe.whole = suffix.size() == keys[key].name.size();
      }
      const std::size_t dot = suffix.find('.');
      if (dot == std::string_view::npos) break;
      suffix.remove_prefix(dot + 1);
    }
  }
  if (count != 0) look_up();
}

}  // namespace telefence
