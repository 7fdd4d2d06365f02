// SPDX-License-Identifier: Apache-2.0
#include "match/line_table.h"

#include "base/check.h"

namespace telefence {

LineTable::LineTable(std::size_t entries) : room_(entries), filter_(entries, 16) {
  if (entries != 0) line_count_ = entries * 10 / (4 * 6) + 1;  // load 0.6
  lines_ = make_large<Line>(line_count_);
}

std::size_t LineTable::bytes() const { return line_count_ * sizeof(Line) + filter_.bytes(); }

std::uint32_t* LineTable::find_to_change(const SlotKey& key, std::uint64_t hash) {
  if (line_count_ == 0) return nullptr;
  for (std::size_t line = line_of(hash);; line = line + 1 == line_count_ ? 0 : line + 1) {
    for (Slot& slot : lines_[line].slots) {
      if (slot.payload == kAbsent) return nullptr;
      if (slot.key_low == key.low && slot.key_high == key.high) return &slot.payload;
    }
  }
}

void LineTable::insert(const SlotKey& key, std::uint64_t hash, std::uint32_t payload) {
  DCHECK(payload != kAbsent && size_ < room_);
  filter_.add(hash);
  ++size_;
  for (std::size_t line = line_of(hash);; line = line + 1 == line_count_ ? 0 : line + 1) {
    for (Slot& slot : lines_[line].slots) {
      if (slot.payload != kAbsent) continue;
      slot = {key.low, key.high, payload};
      return;
    }
  }
}

}  // namespace telefence
