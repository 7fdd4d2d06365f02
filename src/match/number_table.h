// SPDX-License-Identifier: Apache-2.0
#pragma once

// Numbers, exact and by prefix, for the calling side, the called side or both. Whole numbers and prefixes share one table:
// length, country code or not, and prefix or not are part of the key, so that 10086 is never the start of +86... and 010
// never 10. Filled once on a control thread; looked up by workers for a whole burst.

#include <cstdint>
#include <span>
#include <vector>

#include "event/keys.h"
#include "match/hit.h"
#include "match/line_table.h"

namespace telefence {

struct NumberEntry {
  PhoneDigits digits;
  bool prefix = false;
  std::uint8_t sides = 3;  // 1 calling, 2 called
  std::uint32_t rule = 0;
};

class NumberTable {
 public:
  NumberTable(std::span<const NumberEntry> entries, std::uint32_t first_rule);

  std::uint64_t size() const { return records_.size(); }
  std::size_t bytes() const { return table_.bytes() + records_.capacity() * sizeof(Record); }

  void find(std::span<const NumberKey> keys, HitList& hits) const;

 private:
  struct Record {
    std::uint32_t rule = 0;
    std::uint32_t next = 0;  // further record of the same digits, +1; 0 = none
    std::uint8_t sides = 3;
    bool prefix = false;
  };
  struct Probe;
  void report(const NumberKey& key, std::size_t index, const Probe& probe, HitList& hits) const;

  LineTable table_;
  std::vector<Record> records_;
  std::uint32_t prefix_lengths_[2] = {};  // [international]: bit n = there is a prefix of n digits
};

}  // namespace telefence
