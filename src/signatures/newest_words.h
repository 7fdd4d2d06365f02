// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the change log said last, before it is put into a layer: values and the notes about them, in the order they came. Found by the
// same hash as in the tables, which is worked out once for each change. One control thread.

#include <cstdint>
#include <span>
#include <vector>

#include "base/fetch_ahead.h"
#include "match/entry_note.h"
#include "signatures/word_value.h"

namespace telefence {

class NewestWords {
 public:
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  void prefetch(const WordValue& value) const {
    if (!index_.empty()) fetch_ahead(&index_[first_of(value.hash())]);
  }
  // Empty: nothing is said about it. A view until the next set() or erase().
  std::span<const EntryNote> find(const WordValue& value) const;
  // The domain with this hash; nullptr: there is none.
  const WordValue* domain_of(const NameHash& hash) const;
  // Requires: notes not empty.
  void set(const WordValue& value, EntryNotes notes);
  void erase(const WordValue& value);

  // visit(value, notes)
  template <typename Visit>
  void for_each(Visit visit) const {
    for (const Item& item : items_)
      if (item.is_said) visit(item.value, item.notes());
  }

 private:
  struct Item {
    WordValue value;
    EntryNote one;    // for most
    EntryNotes many;  // else
    bool is_said = true;
    std::span<const EntryNote> notes() const { return many.empty() ? std::span(&one, 1) : std::span<const EntryNote>(many); }
  };

  std::size_t first_of(const NameHash& hash) const { return hash.place & (index_.size() - 1); }
  template <typename IsIt>
  const Item* find_if(const NameHash& hash, IsIt is_it) const;
  Item* item_of(const WordValue& value);
  void make_index(std::size_t room);

  std::vector<Item> items_;           // those that nothing is said about any more go when there is no room
  std::vector<std::uint32_t> index_;  // open addressing; index of an item + 1; a power of two
  std::size_t size_ = 0;              // of those about which something is said
};

}  // namespace telefence
