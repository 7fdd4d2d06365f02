// SPDX-License-Identifier: Apache-2.0
#pragma once

// Numbers, exact and by prefix, for the calling side, the called side or both. Length and country code or not are part of the key, so
// that 10086 is never the start of +86... and 010 never 10. Filled once on a control thread; looked up by workers for a whole burst.
//
// Whole numbers are a slot of 64 bits each: the number and the index of its terms, so a hit is exact (10.9 octets each, all included).
// Where many of them end, a column beside the slots says when (4.7 octets for each number of the table), and another has their ids (9.4).
// Prefixes, numbers beyond 15 digits, those of several entries and the few that end or have an id among many that don't stand apart (some 100
// octets each); which lengths of prefixes are worth asking for says prefix_index.h (3 to 35 octets for each prefix).

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "event/keys.h"
#include "match/entry_note.h"
#include "match/hit.h"
#include "match/keyed_hash.h"
#include "match/line_table.h"
#include "match/number_code.h"
#include "match/prefix_index.h"
#include "match/slot_column.h"
#include "match/slot_table.h"
#include "match/table_layer.h"

namespace telefence {

// What an entry is about. The sides it means are in its terms.
struct NumberValue {
  PhoneDigits digits;
  bool prefix = false;
  friend bool operator==(const NumberValue&, const NumberValue&) = default;
};

class NumberTable {
 public:
  explicit NumberTable(std::size_t whole_numbers = 0) { reserve(whole_numbers); }

  // Filling, as in DomainTable. Requires: 1 to 20 digits.
  void reserve(std::size_t whole_numbers);
  void prefetch(const NumberValue& value) const;
  bool add(const NumberValue& value, const EntryNote& note);
  void set(const NumberValue& value, std::span<const EntryNote> notes) { set(value, probe_of(table_secret(), value), notes); }
  void finish();

  std::uint64_t size() const { return entries_; }
  bool is_empty() const { return slots_.size() == 0 && others_.empty(); }
  std::size_t bytes() const {
    return slots_.bytes() + ends_.bytes() + ids_.bytes() + others_index_.bytes() + others_.capacity() * sizeof(Other) + prefix_index_.bytes();
  }

  EntryNotes notes_of(const NumberValue& value) const { return notes_of(probe_of(table_secret(), value)); }
  // visit(value, notes): views of the call. What slots hold first.
  template <typename Visit>
  void for_each(Visit visit) const {
    EntryNotes notes(1);
    for (std::size_t i = 0; i < slots_.slot_count(); ++i) {
      const std::uint64_t slot = slots_.slot(i);
      if (slot == SlotTable::kEmpty || (slot & kPayloadMask) == kElsewhere) continue;
      notes[0] = note_of_slot(i);
      visit(NumberValue{number_from_code(slot >> kPayloadBits), false}, std::span<const EntryNote>(notes));
    }
    for (const Other& head : others_) {
      if (!head.is_head) continue;
      notes.clear();
      for (std::uint32_t at = index_of(head) + 1; at != 0; at = others_[at - 1].next) notes.push_back(others_[at - 1].note);
      visit(head.value, std::span<const EntryNote>(notes));
    }
  }

  // What a hit keeps in mind: `place` of a slot, or of one that stands apart.
  struct Place {
    std::uint32_t at = 0;
    bool apart = false;
  };
  NumberValue value(const Place& place) const;
  EntryNote note(const Place& place) const;

  bool has_prefixes() const { return (prefix_lengths_[0] | prefix_lengths_[1]) != 0; }
  // Adds to lengths[i] bit n for each length n of a prefix that may cover keys[i]; bits above its own length mean nothing. Quick once
  // finish() was called. Requires: at most PrefixIndex::kMostKeys keys, as many lengths.
  void add_prefix_lengths(std::span<const NumberKey> keys, std::span<std::uint32_t> lengths) const;

  // What is asked for, packed: made and read a hundred times for a burst.
  struct Probe {
    static constexpr std::uint32_t kInternational = 0x100;
    static constexpr std::uint32_t kPrefix = 0x200;

    std::uint64_t digits = 0;
    std::uint64_t hash = 0;
    std::uint32_t form = 0;  // how many digits, and the two above
    std::uint16_t key = 0;
    unsigned length() const { return form & 0xff; }
    bool is_prefix() const { return (form & kPrefix) != 0; }
    // A whole number that fits a slot.
    bool in_slots() const { return (form & (kPrefix | 0xff)) <= kLongestCodedNumber; }
  };
  static Probe probe_of(const TableSecret& secret, const NumberValue& value) {
    const std::uint32_t form =
        value.digits.length | (value.digits.international ? Probe::kInternational : 0U) | (value.prefix ? Probe::kPrefix : 0U);
    return {.digits = value.digits.value, .hash = hash_number(secret, value.digits.value, form), .form = form};
  }
  void prefetch_filter(const Probe& probe) const {
    if (probe.in_slots()) {
      if (slots_.room() != 0) slots_.prefetch_filter(probe.hash);
    } else if (others_index_.room() != 0) {
      others_index_.prefetch_filter(probe.hash);
    }
  }
  bool may_contain(const Probe& probe) const {
    if (probe.in_slots()) return slots_.room() != 0 && slots_.may_contain(probe.hash);
    return others_index_.room() != 0 && others_index_.may_contain(probe.hash);
  }
  void prefetch_line(const Probe& probe) const {
    if (!probe.in_slots()) return others_index_.prefetch_line(probe.hash);
    slots_.prefetch_line(probe.hash);
    ends_.prefetch(slots_.first_slot(probe.hash));
  }
  // Entries lie in the line, and look_up() finds them: it is to be asked about each.
  std::uint32_t likely_place(const Probe&, std::size_t) const { return 1; }
  static constexpr bool goes_on(const Probe&, std::size_t) { return false; }
  void prefetch_line(const Probe&, std::size_t) const {}
  void prefetch_entry(const Probe&, std::uint32_t) const {}
  // visit(note, place, is_apart) of each entry. Its id may be missing: who only matches needs none.
  template <typename Visit>
  void look_up(const Probe& probe, Visit visit) const {
    std::uint32_t at = 0;
    if (probe.in_slots()) {
      const std::uint64_t* slot = find_slot(probe);
      if (slot == nullptr) return;
      if ((*slot & kPayloadMask) != kElsewhere) {
        const std::size_t number = slots_.number_of(slot);
        return visit(EntryNote{.terms = terms_of_slot(*slot), .expires_s = ends_[number]}, static_cast<std::uint32_t>(number), false);
      }
    }
    for (at = find_apart(probe); at != 0; at = others_[at - 1].next) visit(others_[at - 1].note, at - 1, true);
  }

  // For a snapshot on disk.
  struct Shape {
    std::uint64_t room = 0, numbers = 0, entries = 0, others = 0;
    std::uint64_t ends = 0, ids = 0;  // so many numbers; 0: there is no such column
    std::uint32_t prefix_lengths[2] = {};
  };
  Shape shape() const {
    return {slots_.room(), slots_.size(), entries_, others_.size(), ends_.used(), ids_.used(), {prefix_lengths_[0], prefix_lengths_[1]}};
  }
  template <typename Visit>
  void visit_memory(Visit visit) const {
    slots_.visit_memory(visit);
    if (ends_.used() != 0) visit(ends_.memory(), ends_.bytes());
    if (ids_.used() != 0) visit(ids_.memory(), ids_.bytes());
    visit(others_.data(), others_.size() * sizeof(Other));
  }
  template <typename Visit>
  void fill_memory(const Shape& shape, Visit visit) {
    *this = NumberTable(shape.room);
    slots_.visit_memory_to_fill(visit, shape.numbers);
    if (shape.ends != 0) visit(ends_.memory_to_fill(slots_.slot_count(), shape.ends), slots_.slot_count() * sizeof ends_[0]);
    if (shape.ids != 0) visit(ids_.memory_to_fill(slots_.slot_count(), shape.ids), slots_.slot_count() * sizeof ids_[0]);
    others_.resize(shape.others);
    visit(others_.data(), shape.others * sizeof(Other));
    prefix_lengths_[0] = shape.prefix_lengths[0];
    prefix_lengths_[1] = shape.prefix_lengths[1];
    entries_ = shape.entries;
  }
  // That each of `others` takes.
  static constexpr std::size_t other_bytes() { return sizeof(Other); }
  // What is not on disk. Requires: what was filled is known to be what visit_memory() gave.
  void index_filled() {
    index_others(others_.size());
    index_prefixes();
  }

 private:
  static constexpr unsigned kPayloadBits = 64 - kNumberCodeBits;
  static constexpr std::uint64_t kPayloadMask = (std::uint64_t{1} << kPayloadBits) - 1;
  static constexpr std::uint64_t kElsewhere = kPayloadMask;  // payload: its entries stand apart; else index of terms + 1

  struct Other {
    NumberValue value;
    EntryNote note;
    std::uint32_t next = 0;  // further entry of the same value, +1; 0 = none
    bool is_head = false;
  };

  static SlotKey apart_key(const Probe& probe) { return {probe.digits, probe.form}; }
  // In a slot and the columns.
  static bool fits_slot(const EntryNote& note) {
    return note.word == EntryNote::Word::kEntry && note.terms + std::uint64_t{1} < kElsewhere && note.expires_s >= 0 &&
           note.expires_s <= std::numeric_limits<std::uint32_t>::max();
  }
  static std::uint16_t terms_of_slot(std::uint64_t slot) { return static_cast<std::uint16_t>((slot & kPayloadMask) - 1); }
  EntryNote note_of_slot(std::size_t number) const {
    return {.terms = terms_of_slot(slots_.slot(number)), .id = ids_[number], .expires_s = ends_[number]};
  }
  std::uint32_t index_of(const Other& other) const { return static_cast<std::uint32_t>(&other - others_.data()); }
  const std::uint64_t* find_slot(const Probe& probe) const {
    const PhoneDigits digits{probe.digits, static_cast<std::uint8_t>(probe.length()), (probe.form & Probe::kInternational) != 0};
    return slots_.find(probe.hash, number_code(digits) << kPayloadBits, ~kPayloadMask, [](std::uint64_t) { return true; });
  }
  std::uint32_t find_apart(const Probe& probe) const {
    return others_index_.room() == 0 ? 0 : others_index_.find(apart_key(probe), probe.hash);
  }
  void set(const NumberValue& value, const Probe& probe, std::span<const EntryNote> notes);
  EntryNotes notes_of(const Probe& probe) const;
  void put_beside(std::size_t number, const EntryNote& note);
  void put_apart(const NumberValue& value, const Probe& probe, std::span<const EntryNote> notes);
  void drop_sparse_columns();
  void index_others(std::size_t room);
  void index_prefixes();
  void grow(std::size_t whole_numbers);

  SlotTable slots_;
  SlotColumn<std::uint32_t> ends_;  // Unix time; 0 = never
  SlotColumn<std::uint64_t> ids_;   // 0 = made from value and source
  std::vector<Other> others_;
  LineTable others_index_;  // value -> index in others_ of its first entry, +1
  std::uint64_t entries_ = 0;
  std::uint32_t prefix_lengths_[2] = {};  // bit n: there is a prefix of n digits
  PrefixIndex prefix_index_;
  bool prefixes_are_indexed_ = false;
};

// Looks up all keys in all layers, the newest first. Requires: no table is empty, at most kMostLayers. now_s: Unix time.
void find_numbers(std::span<const NumberKey> keys, std::span<const TableLayer<NumberTable>> layers, std::int64_t now_s, HitList& hits);

}  // namespace telefence
