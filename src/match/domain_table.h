// SPDX-License-Identifier: Apache-2.0
#pragma once

// Domains, exact and with all their subdomains, cut at label boundaries: evil.com covers a.evil.com, never notevil.com. Filled
// once on a control thread; looked up by workers for a whole burst, which is hashed once for base and delta. What the hash
// finds is compared with the stored name, so a hit is exact.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "event/keys.h"
#include "match/hit.h"
#include "match/keyed_hash.h"
#include "match/line_table.h"

namespace telefence {

struct DomainEntry {
  std::string name;  // canonical
  bool subdomains = false;
  std::uint32_t rule = 0;
};

// One suffix of one key, to be looked up.
struct DomainProbe {
  Hash128 hash;
  std::string_view suffix;
  std::uint16_t key = 0;
  std::uint16_t labels = 0;
  bool whole = false;  // the suffix is the name itself
  bool wanted = false;
};

class DomainTable {
 public:
  // Rule indexes in hits are entry.rule + first_rule.
  DomainTable(std::span<const DomainEntry> entries, std::uint32_t first_rule);

  std::uint64_t size() const { return records_.size(); }
  std::size_t bytes() const;

  // Appends the hits of one chunk of probes. `wanted` is scratch of the call.
  void find(std::span<const DomainKey> keys, std::span<DomainProbe> probes, HitList& hits) const;

  // Labels of the shortest and longest entry: suffixes outside need no probe.
  std::uint16_t min_labels() const { return min_labels_; }
  std::uint16_t max_labels() const { return max_labels_; }

 private:
  struct Record {
    std::uint32_t name = 0;  // where the name starts in names_, behind an octet with its length
    std::uint32_t rule = 0;
    std::uint32_t next : 31 = 0;  // further record of the same name, +1; 0 = none
    std::uint32_t subdomains : 1 = 0;
  };
  void add(const DomainEntry& entry, std::uint32_t first_rule);
  std::string_view name_of(const Record& record) const;

  LineTable table_;
  std::vector<Record> records_;
  std::string names_;
  std::uint16_t min_labels_ = 0xffff;
  std::uint16_t max_labels_ = 0;
};

std::uint16_t count_labels(std::string_view name);

// Looks up all keys in all tables: hashes every suffix once.
void find_domains(std::span<const DomainKey> keys, std::span<const DomainTable* const> tables, HitList& hits);

}  // namespace telefence
