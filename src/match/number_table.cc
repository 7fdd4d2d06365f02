// SPDX-License-Identifier: Apache-2.0
#include "match/number_table.h"

#include <algorithm>
#include <array>
#include <bit>
#include <functional>

#include "match/layer_probes.h"

namespace telefence {
namespace {

constexpr std::size_t kFilterBits = 12;
constexpr unsigned kMostDigits = 20;
// Of so many numbers one at least is to have something in a column: one that stands apart takes as much as a column does for some 20.
constexpr std::size_t kSparse = 20;

// Bits of the lengths that the index of prefixes leaves out.
constexpr std::uint32_t kBeyondIndex = ~std::uint32_t{0} << (PrefixIndex::kLongest + 1);

// What a prefix of so many digits of a number is.
NumberValue prefix_of(const PhoneDigits& digits, unsigned length) {
  const unsigned rest = digits.length - length;
  const std::uint64_t value = rest < kPowersOfTen.size() ? digits.value / kPowersOfTen[rest] : 0;
  return {{value, static_cast<std::uint8_t>(length), digits.international}, true};
}

class Search {
 public:
  Search(std::span<const NumberKey> keys, std::span<const TableLayer<NumberTable>> layers, std::int64_t now_s, HitList& hits)
      : keys_(keys), layers_(layers), now_s_(now_s), hits_(hits), probes_(layers) {
    for (const auto& layer : layers) has_prefixes_ |= layer.table->has_prefixes();
  }

  void run() {
    for (std::size_t first = 0; first < keys_.size(); first += kChunk) {
      const std::size_t count = std::min(kChunk, keys_.size() - first);
      for (std::size_t key = first; key < first + count; ++key)
        if (is_asked(keys_[key].digits)) add_probe(key, {keys_[key].digits, false});
      probes_.fetch_filters();
      if (has_prefixes_) add_prefixes(first, count);  // while what is asked of whole numbers is on its way from memory
    }
    probes_.flush(std::ref(*this));
  }

  // What a layer says about a probe.
  void operator()(const NumberTable::Probe& probe, std::uint32_t, const TableLayer<NumberTable>& layer, WordOrder& order) {
    if (layer.is_log && !order.wants_log()) return;
    const NumberKey& key = keys_[probe.key];
    const std::uint8_t side = key.side == Side::kCalling ? 1 : 2;
    WordOrder heard = order;
    layer.table->look_up(probe, [&](const EntryNote& note, std::uint32_t at, bool is_apart) {
      if (layer.is_log) heard.hear(note, now_s_);
      if (note.word != EntryNote::Word::kEntry) return;
      const Terms& terms = layer.terms[note.terms];
      if (!layer.is_log && !order.wants_blocks_of_files() && !terms.allow) return;
      if ((terms.sides & side) == 0) return;
      hits_.push({.event = key.event,
                  .part = key.side == Side::kCalling ? HitPart::kCalling : HitPart::kCalled,
                  .alias = key.alias,
                  .key = probe.key,
                  .recipient = key.recipient,
                  .depth = static_cast<std::uint16_t>(2 * probe.length() + (probe.is_prefix() ? 0 : 1)),
                  .ends = note.expires_s != 0,
                  .rule = layer.first | (is_apart ? std::uint64_t{1} << 32 : 0) | at,
                  .terms = &terms});
    });
    order = heard;
  }

 private:
  static constexpr std::size_t kChunk = PrefixIndex::kMostKeys;

  static bool is_asked(const PhoneDigits& digits) { return digits.length != 0 && digits.length <= kMostDigits; }

  void add_probe(std::size_t key, const NumberValue& value) {
    NumberTable::Probe probe = NumberTable::probe_of(secret_, value);
    probe.key = static_cast<std::uint16_t>(key);
    probes_.add(probe, std::ref(*this));
  }

  void add_prefixes(std::size_t first, std::size_t count) {
    std::array<std::uint32_t, kChunk> lengths{};
    const std::span<const NumberKey> keys = keys_.subspan(first, count);
    for (const auto& layer : layers_)
      if (layer.table->has_prefixes()) layer.table->add_prefix_lengths(keys, lengths);
    for (std::size_t i = 0; i < count; ++i) {
      const PhoneDigits& digits = keys[i].digits;
      if (lengths[i] == 0 || !is_asked(digits)) [[likely]]
        continue;
      // A prefix as long as the number covers it, too.
      for (std::uint32_t left = lengths[i] & ((2U << digits.length) - 1); left != 0; left &= left - 1)
        add_probe(first + i, prefix_of(digits, static_cast<unsigned>(std::countr_zero(left))));
    }
  }

  const TableSecret& secret_ = table_secret();
  std::span<const NumberKey> keys_;
  std::span<const TableLayer<NumberTable>> layers_;
  std::int64_t now_s_;
  HitList& hits_;
  bool has_prefixes_ = false;
  LayerProbes<NumberTable, NumberTable::Probe> probes_;
};

}  // namespace

void NumberTable::prefetch(const NumberValue& value) const {
  const Probe probe = probe_of(table_secret(), value);
  if (slots_.room() == 0 || !probe.in_slots()) return;
  slots_.prefetch_filter(probe.hash);
  prefetch_line(probe);
}

void NumberTable::reserve(std::size_t whole_numbers) {
  if (whole_numbers > slots_.room()) grow(whole_numbers);
}

void NumberTable::grow(std::size_t whole_numbers) {
  SlotTable larger(whole_numbers, kFilterBits);
  SlotColumn<std::uint32_t> ends;
  SlotColumn<std::uint64_t> ids;
  for (std::size_t i = 0; i < slots_.slot_count(); ++i) {
    const std::uint64_t slot = slots_.slot(i);
    if (slot == SlotTable::kEmpty) continue;
    const std::size_t number = larger.insert(probe_of(table_secret(), {number_from_code(slot >> kPayloadBits), false}).hash, slot);
    ends.put(number, ends_[i], larger.slot_count());
    ids.put(number, ids_[i], larger.slot_count());
  }
  slots_ = std::move(larger);
  ends_ = std::move(ends);
  ids_ = std::move(ids);
}

void NumberTable::index_others(std::size_t room) {
  others_index_ = LineTable(room);
  for (const Other& other : others_) {
    if (!other.is_head) continue;
    const Probe probe = probe_of(table_secret(), other.value);
    others_index_.insert(apart_key(probe), probe.hash, index_of(other) + 1);
  }
}

void NumberTable::index_prefixes() {
  std::vector<PhoneDigits> prefixes;
  for (const Other& other : others_)
    if (other.is_head && other.value.prefix) prefixes.push_back(other.value.digits);
  prefix_index_.build(prefixes);
  prefixes_are_indexed_ = true;
}

void NumberTable::add_prefix_lengths(std::span<const NumberKey> keys, std::span<std::uint32_t> lengths) const {
  std::uint32_t beyond[2] = {prefix_lengths_[0], prefix_lengths_[1]};
  if (prefixes_are_indexed_) {
    prefix_index_.find(keys, lengths);
    for (std::uint32_t& length : beyond) length &= kBeyondIndex;
  }
  if ((beyond[0] | beyond[1]) == 0) return;
  for (std::size_t i = 0; i < keys.size(); ++i) lengths[i] |= beyond[keys[i].digits.international ? 1 : 0];
}

bool NumberTable::add(const NumberValue& value, const EntryNote& note) {
  const Probe probe = probe_of(table_secret(), value);
  if (!may_contain(probe)) [[likely]] {
    set(value, probe, {&note, 1});
    return true;
  }
  EntryNotes notes = notes_of(probe);
  if (std::find(notes.begin(), notes.end(), note) != notes.end()) return false;
  notes.push_back(note);
  set(value, probe, notes);
  return true;
}

void NumberTable::set(const NumberValue& value, const Probe& probe, std::span<const EntryNote> notes) {
  DCHECK(value.digits.length != 0 && value.digits.length <= kMostDigits && !notes.empty());
  if (value.prefix) {
    prefix_lengths_[value.digits.international ? 1 : 0] |= 1U << value.digits.length;
    prefixes_are_indexed_ = false;
  }
  if (!probe.in_slots()) return put_apart(value, probe, notes);
  const bool is_short = notes.size() == 1 && fits_slot(notes[0]);
  const std::uint64_t slot =
      number_code(value.digits) << kPayloadBits | (is_short ? notes[0].terms + std::uint64_t{1} : kElsewhere);
  const std::uint64_t* there = slots_.room() == 0 ? nullptr : find_slot(probe);
  std::size_t number;
  if (there == nullptr) {
    if (slots_.size() == slots_.room()) grow(std::max<std::size_t>(16, slots_.room() * 2));
    number = slots_.insert(probe.hash, slot);
  } else {
    if ((*there & kPayloadMask) == kElsewhere) return put_apart(value, probe, notes);
    --entries_;
    number = slots_.number_of(there);
    slots_.replace(number, slot);
  }
  put_beside(number, is_short ? notes[0] : EntryNote());
  if (!is_short) return put_apart(value, probe, notes);
  ++entries_;
}

void NumberTable::put_beside(std::size_t number, const EntryNote& note) {
  ends_.put(number, static_cast<std::uint32_t>(note.expires_s), slots_.slot_count());
  ids_.put(number, note.id, slots_.slot_count());
}

// In place of what stands apart about this value. The entries of before stay behind unused: few are ever set twice.
void NumberTable::put_apart(const NumberValue& value, const Probe& probe, std::span<const EntryNote> notes) {
  const auto first = static_cast<std::uint32_t>(others_.size());
  for (std::size_t i = 0; i < notes.size(); ++i)
    others_.push_back({value, notes[i], i + 1 < notes.size() ? first + static_cast<std::uint32_t>(i) + 2 : 0, i == 0});
  entries_ += notes.size();
  if (std::uint32_t* const head = others_index_.find_to_change(apart_key(probe), probe.hash)) {
    others_[*head - 1].is_head = false;
    for (std::uint32_t at = *head; at != 0; at = others_[at - 1].next) --entries_;
    *head = first + 1;
    return;
  }
  if (others_index_.size() == others_index_.room())
    return index_others(std::max<std::size_t>(16, others_index_.room() * 2));
  others_index_.insert(apart_key(probe), probe.hash, first + 1);
}

// Columns that few numbers need: these stand apart instead.
void NumberTable::drop_sparse_columns() {
  const auto is_sparse = [&](const auto& column) { return column.is_there() && kSparse * column.used() < slots_.size(); };
  const bool few_end = is_sparse(ends_), few_have_ids = is_sparse(ids_);
  if (!few_end && !few_have_ids) return;
  for (std::size_t i = 0; i < slots_.slot_count(); ++i) {
    if (!(few_end && ends_[i] != 0) && !(few_have_ids && ids_[i] != 0)) continue;
    const EntryNote note = note_of_slot(i);
    const NumberValue value{number_from_code(slots_.slot(i) >> kPayloadBits), false};
    slots_.replace(i, slots_.slot(i) | kElsewhere);
    put_beside(i, {});
    --entries_;
    put_apart(value, probe_of(table_secret(), value), {&note, 1});
  }
  if (few_end) ends_ = {};
  if (few_have_ids) ids_ = {};
}

void NumberTable::finish() {
  drop_sparse_columns();
  if (slots_.room() > slots_.size() + slots_.size() / 8 + 16) grow(slots_.size());
  if (others_index_.room() > others_index_.size() + others_index_.size() / 8 + 16) index_others(others_index_.size());
  if (others_.capacity() > others_.size() + others_.size() / 8 + 16) others_.shrink_to_fit();
  if (has_prefixes() && !prefixes_are_indexed_) index_prefixes();
}

EntryNotes NumberTable::notes_of(const Probe& probe) const {
  EntryNotes notes;
  if (!may_contain(probe)) return notes;
  look_up(probe, [&](const EntryNote&, std::uint32_t at, bool is_apart) { notes.push_back(note({at, is_apart})); });
  return notes;
}

NumberValue NumberTable::value(const Place& place) const {
  if (place.apart) return others_[place.at].value;
  return {number_from_code(slots_.slot(place.at) >> kPayloadBits), false};
}

EntryNote NumberTable::note(const Place& place) const {
  return place.apart ? others_[place.at].note : note_of_slot(place.at);
}

void find_numbers(std::span<const NumberKey> keys, std::span<const TableLayer<NumberTable>> layers, std::int64_t now_s, HitList& hits) {
  if (keys.empty() || layers.empty()) return;
  DCHECK(layers.size() <= kMostLayers);
  Search(keys, layers, now_s, hits).run();
}

}  // namespace telefence
