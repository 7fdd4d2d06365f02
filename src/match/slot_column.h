// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a slot of a SlotTable has no room for: one more value for each, by its number. Nothing is taken before the first value but 0 comes, so
// that a table whose entries have none costs nothing for it. Filled on a control thread, then read by any number of workers.

#include <cstddef>
#include <utility>

#include "base/fetch_ahead.h"
#include "base/large_memory.h"

namespace telefence {

template <typename Value>
class SlotColumn {
 public:
  bool is_there() const { return values_ != nullptr; }
  std::size_t used() const { return used_; }  // slots with another value than 0
  std::size_t bytes() const { return values_ == nullptr ? 0 : slots_ * sizeof(Value); }

  Value operator[](std::size_t slot) const { return values_ == nullptr ? Value{} : values_[slot]; }
  void prefetch(std::size_t slot) const {
    if (values_ != nullptr) fetch_ahead(&values_[slot]);
  }

  // slots: of the table, the same each time.
  void put(std::size_t slot, Value value, std::size_t slots) {
    if (values_ == nullptr) {
      if (value == Value{}) return;
      make(slots);
    }
    const Value before = std::exchange(values_[slot], value);
    used_ = used_ - (before != Value{} ? 1 : 0) + (value != Value{} ? 1 : 0);
  }

  // For a snapshot on disk: the values as they lie in memory, and the same to be filled.
  const Value* memory() const { return values_.get(); }
  Value* memory_to_fill(std::size_t slots, std::size_t used) {
    make(slots);
    used_ = used;
    return values_.get();
  }

 private:
  void make(std::size_t slots) {
    slots_ = slots;
    values_ = make_large<Value>(slots);
  }

  LargeArray<Value> values_;
  std::size_t slots_ = 0;
  std::size_t used_ = 0;
};

}  // namespace telefence
