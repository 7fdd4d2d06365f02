// SPDX-License-Identifier: Apache-2.0
#pragma once

// Domains, exact and with all their subdomains, cut at label boundaries: evil.com covers a.evil.com, never notevil.com. Filled
// once on a control thread; looked up by workers for a whole burst, which is hashed once for all layers. What the hash
// finds is compared with the stored name, so a hit is exact.
//
// A slot is 32 bits of the hash and where the name stands among the stored ones, with what is said about it behind it: one octet, for
// most. 30.4 octets for a name of 17, all included (tests/match/tables_test.cc watches it).

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "event/keys.h"
#include "match/entry_note.h"
#include "match/hit.h"
#include "match/keyed_hash.h"
#include "match/name_store.h"
#include "match/slot_table.h"
#include "match/table_layer.h"

namespace telefence {

// One suffix of one key, to be looked up.
struct DomainProbe {
  NameHash hash;
  std::string_view suffix;
  std::uint16_t key = 0;
  std::uint16_t labels = 0;
  bool whole = false;  // the suffix is the name itself
};

class DomainTable {
 public:
  // Room for so many names; it grows when there are more.
  explicit DomainTable(std::size_t names = 0) { reserve(names); }

  // Filling. Requires: `name` canonical, 1 to 253 octets, no empty label.
  void reserve(std::size_t names);
  // One more entry of this name. The same again is no other one: false.
  bool add(std::string_view name, const EntryNote& note) { return add(name, hash_name(name), note); }
  // With the hash of the name, and its lines on their way from memory since prefetch().
  bool add(std::string_view name, const NameHash& hash, const EntryNote& note);
  void prefetch(const NameHash& hash) const {
    if (slots_.room() == 0) return;
    slots_.prefetch_filter(hash.home);
    slots_.prefetch_line(hash.place);
  }
  // These in place of what there is. Requires: notes not empty.
  void set(std::string_view name, std::span<const EntryNote> notes);
  // Requires: the name is not there, notes not empty.
  void add_new(std::string_view name, const NameHash& hash, std::span<const EntryNote> notes);
  // No more will come: room that is not needed is given back.
  void finish();

  std::uint64_t size() const { return entries_; }  // entries; those of one name count each
  std::uint64_t names() const { return slots_.size(); }
  std::size_t bytes() const { return slots_.bytes() + store_.bytes(); }
  // Labels of the shortest and longest name: suffixes outside need no probe.
  std::uint16_t min_labels() const { return min_labels_; }
  std::uint16_t max_labels() const { return max_labels_; }

  // Control thread. Empty: the name is not there.
  EntryNotes notes_of(std::string_view name) const { return notes_of(name, hash_name(name)); }
  EntryNotes notes_of(std::string_view name, const NameHash& hash) const;
  bool has(std::string_view name, const NameHash& hash) const {
    return slots_.room() != 0 && may_contain(hash) && find(hash, name) != 0;
  }
  // The name with this hash; "" when there is none.
  std::string_view name_of(const NameHash& hash) const;
  // visit(name, notes): views of the call.
  template <typename Visit>
  void for_each(Visit visit) const {
    EntryNotes notes;
    store_.for_each([&](std::uint32_t place) {
      read_notes(place, notes);
      visit(store_.name(place), std::span<const EntryNote>(notes));
    });
  }
  // visit(place), for name_at() and read_notes().
  template <typename Visit>
  void for_each_place(Visit visit) const {
    store_.for_each(visit);
  }
  std::string_view name_at(std::uint32_t place) const { return store_.name(place); }
  void read_notes(std::uint32_t place, EntryNotes& notes) const {
    notes.clear();
    NameStore::Reader reader = store_.read(place);
    while (reader.next()) notes.push_back(reader.note());
  }

  // One name of the table as a hit keeps it in mind: 32 bits of place, the number of its entry above them.
  struct Place {
    std::uint32_t name = 0;
    std::uint32_t number = 0;
  };
  std::string_view name(const Place& place) const { return store_.name(place.name); }
  EntryNote note(const Place& place) const;
  // Parts of it, of a note that has no more than its terms without reading the rest.
  std::uint16_t terms(const Place& place) const { return place.number == 0 ? store_.terms(place.name) : note(place).terms; }
  std::uint64_t id(const Place& place) const { return store_.has_terms_alone(place.name) ? 0 : note(place).id; }
  std::int64_t expires_s(const Place& place) const { return store_.has_terms_alone(place.name) ? 0 : note(place).expires_s; }

  // The steps of a look-up.
  void prefetch_filter(std::uint64_t home) const { slots_.prefetch_filter(home); }
  void prefetch_filter(const DomainProbe& probe) const { prefetch_filter(probe.hash.home); }
  // Whether a name with this home may be there.
  bool may_have_home(std::uint64_t home) const { return slots_.may_have_home(home); }
  // The same of at most 64, as bits, the first one the lowest.
  std::uint64_t which_may_have_home(std::span<const std::uint64_t> homes) const { return slots_.which_may_have_home(homes); }
  bool may_contain(const DomainProbe& probe) const { return may_contain(probe.hash); }
  bool may_contain(const NameHash& hash) const { return slots_.may_contain(hash.home, hash.place); }
  void prefetch_line(const DomainProbe& probe) const { slots_.prefetch_line(probe.hash.place); }
  // The same of a name that is a home itself.
  void prefetch_home_line(std::uint64_t home) const { slots_.prefetch_line(home); }
  // The place where it stands, if it does, as far as that can be told from its nth line, from 0 on; 0: it is not in this one.
  std::uint32_t likely_place(const DomainProbe& probe, std::size_t nth = 0) const {
    return static_cast<std::uint32_t>(slots_.likely(probe.hash.place, nth, std::uint64_t{probe.hash.tag} << 32, kTagMask));
  }
  // Where it is not, one more line may have it, or it is nowhere.
  bool goes_on(const DomainProbe& probe, std::size_t nth) const { return slots_.goes_on(probe.hash.place, nth); }
  void prefetch_line(const DomainProbe& probe, std::size_t nth) const { slots_.prefetch_line(probe.hash.place, nth); }
  // Requires of both: likely != 0.
  void prefetch_entry(const DomainProbe& probe, std::uint32_t likely) const {
    store_.prefetch(likely, probe.suffix.size());
  }
  std::uint32_t find(const DomainProbe& probe, std::uint32_t likely) const {
    if (store_.name(likely) == probe.suffix) [[likely]] return likely;
    return find(probe.hash, probe.suffix);
  }
  // 0 = not there.
  std::uint32_t find(const NameHash& hash, std::string_view name) const {
    const std::uint64_t* slot = slot_of(hash, name);
    return slot == nullptr ? 0 : static_cast<std::uint32_t>(*slot);
  }
  NameStore::Reader read(std::uint32_t place) const { return store_.read(place); }

  // For a snapshot on disk: the parts as they lie in memory, and the same to be filled.
  struct Shape {
    std::uint64_t room = 0, names = 0, entries = 0, stored = 0;
    std::uint16_t min_labels = 0, max_labels = 0;
  };
  Shape shape() const { return {slots_.room(), slots_.size(), entries_, store_.size(), min_labels_, max_labels_}; }
  template <typename Visit>
  void visit_memory(Visit visit) const {
    slots_.visit_memory(visit);
    visit(store_.memory(), store_.size());
  }
  template <typename Visit>
  void fill_memory(const Shape& shape, Visit visit) {
    *this = DomainTable(shape.room);
    slots_.visit_memory_to_fill(visit, shape.names);
    visit(store_.memory_to_fill(shape.stored), shape.stored);
    entries_ = shape.entries;
    min_labels_ = shape.min_labels;
    max_labels_ = shape.max_labels;
  }

 private:
  static constexpr std::uint64_t kTagMask = 0xffffffff00000000;

  const std::uint64_t* slot_of(const NameHash& hash, std::string_view name) const {
    return slots_.find(hash.place, std::uint64_t{hash.tag} << 32, kTagMask,
                       [&](std::uint64_t slot) { return store_.name(static_cast<std::uint32_t>(slot)) == name; });
  }
  void grow(std::size_t names);

  SlotTable slots_;
  NameStore store_;
  std::uint64_t entries_ = 0;
  std::uint16_t min_labels_ = 0xffff;
  std::uint16_t max_labels_ = 0;
};

std::uint16_t count_labels(std::string_view name);

// Looks up all keys in all layers, the newest first. Requires: no table is empty, at most kMostLayers. now_s: Unix time, to see what is over.
void find_domains(std::span<const DomainKey> keys, std::span<const TableLayer<DomainTable>> layers, std::int64_t now_s, HitList& hits);

}  // namespace telefence
