// SPDX-License-Identifier: Apache-2.0
#include "signatures/newest_words.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace telefence {

template <typename IsIt>
const NewestWords::Item* NewestWords::find_if(const NameHash& hash, IsIt is_it) const {
  if (index_.empty()) return nullptr;
  for (std::size_t at = first_of(hash); index_[at] != 0; at = (at + 1) & (index_.size() - 1)) {
    const Item& item = items_[index_[at] - 1];
    if (item.value.hash() == hash && is_it(item)) return &item;
  }
  return nullptr;
}

NewestWords::Item* NewestWords::item_of(const WordValue& value) {
  return const_cast<Item*>(find_if(value.hash(), [&](const Item& item) { return item.value.key() == value.key(); }));
}

std::span<const EntryNote> NewestWords::find(const WordValue& value) const {
  const Item* item = find_if(value.hash(), [&](const Item& one) { return one.value.key() == value.key(); });
  return item == nullptr || !item->is_said ? std::span<const EntryNote>() : item->notes();
}

const WordValue* NewestWords::domain_of(const NameHash& hash) const {
  const Item* item = find_if(hash, [](const Item& one) { return !one.value.is_number(); });
  return item == nullptr || !item->is_said ? nullptr : &item->value;
}

void NewestWords::make_index(std::size_t room) {
  std::erase_if(items_, [](const Item& item) { return !item.is_said; });
  index_.assign(room, 0);
  for (std::size_t i = 0; i < items_.size(); ++i) {
    std::size_t at = first_of(items_[i].value.hash());
    while (index_[at] != 0) at = (at + 1) & (index_.size() - 1);
    index_[at] = static_cast<std::uint32_t>(i + 1);
  }
}

void NewestWords::set(const WordValue& value, EntryNotes notes) {
  DCHECK(!notes.empty());
  Item* item = item_of(value);
  if (item == nullptr) {
    // At most half full. Where most is said no more, the same room does.
    if (2 * (items_.size() + 1) > index_.size()) make_index(std::max<std::size_t>(64, 4 * size_ < index_.size() ? index_.size() : 2 * index_.size()));
    std::size_t at = first_of(value.hash());
    while (index_[at] != 0) at = (at + 1) & (index_.size() - 1);
    items_.push_back({.value = value, .one = {}, .many = {}, .is_said = false});
    index_[at] = static_cast<std::uint32_t>(items_.size());
    item = &items_.back();
  }
  if (!std::exchange(item->is_said, true)) ++size_;
  item->one = notes[0];
  item->many = notes.size() == 1 ? EntryNotes() : std::move(notes);
}

void NewestWords::erase(const WordValue& value) {
  Item* item = item_of(value);
  if (item != nullptr && std::exchange(item->is_said, false)) --size_;
}

}  // namespace telefence
