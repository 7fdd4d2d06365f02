// SPDX-License-Identifier: Apache-2.0
#include "match/domain_table.h"

#include <algorithm>

#include "base/check.h"

namespace telefence {
namespace {

// For each name. One that stands below its home has two marks in the filter, so that of a table of nothing but such ones it lets through 2.5%
// of what is not there (0.1% where all are homes; both calculated).
constexpr std::size_t kFilterBits = 16;

}  // namespace

std::uint16_t count_labels(std::string_view name) {
  return static_cast<std::uint16_t>(name.empty() ? 0 : std::count(name.begin(), name.end(), '.') + 1);
}

void DomainTable::reserve(std::size_t names) {
  if (names > slots_.room()) grow(names);
}

void DomainTable::grow(std::size_t names) {
  SlotTable larger(names, kFilterBits);
  store_.for_each([&](std::uint32_t place) {
    const NameHash hash = hash_name(store_.name(place));
    larger.insert(hash.home, hash.place, std::uint64_t{hash.tag} << 32 | place);
  });
  slots_ = std::move(larger);
}

bool DomainTable::add(std::string_view name, const NameHash& hash, const EntryNote& note) {
  DCHECK(!name.empty() && name.size() <= 253);
  const std::uint32_t place = slots_.room() == 0 ? 0 : find(hash, name);
  if (place == 0) {
    add_new(name, hash, {&note, 1});
    return true;
  }
  EntryNotes notes = notes_of(name);
  if (std::find(notes.begin(), notes.end(), note) != notes.end()) return false;
  notes.push_back(note);
  set(name, notes);
  return true;
}

void DomainTable::set(std::string_view name, std::span<const EntryNote> notes) {
  const NameHash hash = hash_name(name);
  const std::uint64_t* slot = slots_.room() == 0 ? nullptr : slot_of(hash, name);
  if (slot == nullptr) return add_new(name, hash, notes);
  const auto old = static_cast<std::uint32_t>(*slot);
  NameStore::Reader reader = store_.read(old);
  while (reader.next()) --entries_;
  store_.retire(old);
  CHECK(store_.has_room(notes.size() * 32));
  const std::uint32_t place = store_.append(name, notes);
  slots_.replace(slots_.number_of(slot), std::uint64_t{hash.tag} << 32 | place);
  entries_ += notes.size();
}

void DomainTable::add_new(std::string_view name, const NameHash& hash, std::span<const EntryNote> notes) {
  if (slots_.size() == slots_.room()) grow(std::max<std::size_t>(16, slots_.room() * 2));
  CHECK(store_.has_room(name.size() + notes.size() * 32));
  const std::uint32_t place = store_.append(name, notes);
  slots_.insert(hash.home, hash.place, std::uint64_t{hash.tag} << 32 | place);
  entries_ += notes.size();
  const std::uint16_t labels = count_labels(name);
  min_labels_ = std::min(min_labels_, labels);
  max_labels_ = std::max(max_labels_, labels);
}

void DomainTable::finish() {
  store_.finish();
  if (slots_.room() > slots_.size() + slots_.size() / 8 + 16) grow(slots_.size());
}

EntryNotes DomainTable::notes_of(std::string_view name, const NameHash& hash) const {
  EntryNotes notes;
  if (slots_.room() == 0 || name.empty()) return notes;
  if (!may_contain(hash)) return notes;
  const std::uint32_t place = find(hash, name);
  if (place == 0) return notes;
  NameStore::Reader reader = store_.read(place);
  while (reader.next()) notes.push_back(reader.note());
  return notes;
}

std::string_view DomainTable::name_of(const NameHash& hash) const {
  if (slots_.room() == 0) return {};
  const std::uint64_t* slot = slots_.find(hash.place, std::uint64_t{hash.tag} << 32, kTagMask, [&](std::uint64_t found) {
    return hash_name(store_.name(static_cast<std::uint32_t>(found))).place == hash.place;
  });
  return slot == nullptr ? std::string_view() : store_.name(static_cast<std::uint32_t>(*slot));
}

EntryNote DomainTable::note(const Place& place) const {
  NameStore::Reader reader = store_.read(place.name);
  for (std::uint32_t i = 0; i <= place.number && reader.next(); ++i) {
  }
  return reader.note();
}

}  // namespace telefence
