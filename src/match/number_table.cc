// SPDX-License-Identifier: Apache-2.0
#include "match/number_table.h"

#include <algorithm>
#include <functional>

#include "match/layer_probes.h"

namespace telefence {
namespace {

constexpr std::size_t kFilterBits = 12;
constexpr unsigned kMostDigits = 20;

SlotKey apart_key(const NumberValue& value) {
  return {value.digits.value, value.digits.length | (value.digits.international ? 0x100U : 0U) | (value.prefix ? 0x200U : 0U)};
}

class Search {
 public:
  Search(std::span<const NumberKey> keys, std::span<const TableLayer<NumberTable>> layers, std::int64_t now_s, HitList& hits)
      : keys_(keys), now_s_(now_s), hits_(hits), probes_(layers) {
    for (const auto& layer : layers)
      for (const bool international : {false, true}) lengths_[international ? 1 : 0] |= layer.table->prefix_lengths(international);
  }

  void run() {
    for (std::size_t key = 0; key < keys_.size(); ++key) {
      const PhoneDigits& digits = keys_[key].digits;
      if (digits.length == 0 || digits.length > kMostDigits) continue;
      add_probe(key, {digits, false});
      // Longest first. A prefix as long as the number covers it, too.
      std::uint32_t lengths = lengths_[digits.international ? 1 : 0] & ((2U << digits.length) - 1);
      while (lengths != 0) {
        const auto length = 31U - static_cast<unsigned>(__builtin_clz(lengths));
        lengths &= ~(1U << length);
        const unsigned rest = digits.length - length;
        add_probe(key, {{rest < kPowersOfTen.size() ? digits.value / kPowersOfTen[rest] : 0, static_cast<std::uint8_t>(length),
                         digits.international}, true});
      }
    }
    probes_.flush(std::ref(*this));
  }

  // What a layer says about a probe.
  void operator()(const NumberTable::Probe& probe, const TableLayer<NumberTable>& layer, WordOrder& order) {
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
                  .key = probe.key,
                  .recipient = key.recipient,
                  .alias = key.alias,
                  .depth = static_cast<std::uint16_t>(2 * probe.value.digits.length + (probe.value.prefix ? 0 : 1)),
                  .rule = layer.first | (is_apart ? std::uint64_t{1} << 32 : 0) | at});
    });
    order = heard;
  }

 private:
  void add_probe(std::size_t key, const NumberValue& value) {
    NumberTable::Probe probe = NumberTable::probe_of(secret_, value);
    probe.key = static_cast<std::uint16_t>(key);
    probes_.add(probe, std::ref(*this));
  }

  const TableSecret& secret_ = table_secret();
  std::span<const NumberKey> keys_;
  std::int64_t now_s_;
  HitList& hits_;
  std::uint32_t lengths_[2] = {};
  LayerProbes<NumberTable, NumberTable::Probe> probes_;
};

}  // namespace

NumberTable::Probe NumberTable::probe_of(const TableSecret& secret, const NumberValue& value) {
  const SlotKey key = apart_key(value);
  return {.value = value, .hash = hash_number(secret, key.low, key.high), .in_slots = fits_slot(value)};
}

void NumberTable::prefetch_filter(const Probe& probe) const {
  if (probe.in_slots && slots_.room() != 0)
    slots_.prefetch_filter(probe.hash);
  else if (!probe.in_slots && others_index_.room() != 0)
    others_index_.prefetch_filter(probe.hash);
}

bool NumberTable::may_contain(const Probe& probe) const {
  if (probe.in_slots) return slots_.room() != 0 && slots_.may_contain(probe.hash);
  return others_index_.room() != 0 && others_index_.may_contain(probe.hash);
}

void NumberTable::prefetch_line(const Probe& probe) const {
  if (probe.in_slots)
    slots_.prefetch_line(probe.hash);
  else
    others_index_.prefetch_line(probe.hash);
}

void NumberTable::prefetch(const NumberValue& value) const {
  if (slots_.room() == 0 || !fits_slot(value)) return;
  const Probe probe = probe_of(table_secret(), value);
  slots_.prefetch_filter(probe.hash);
  slots_.prefetch_line(probe.hash);
}

std::uint32_t NumberTable::find_apart(const Probe& probe) const {
  return others_index_.room() == 0 ? 0 : others_index_.find(apart_key(probe.value), probe.hash);
}

void NumberTable::reserve(std::size_t whole_numbers) {
  if (whole_numbers > slots_.room()) grow(whole_numbers);
}

void NumberTable::grow(std::size_t whole_numbers) {
  SlotTable larger(whole_numbers, kFilterBits);
  for (std::size_t i = 0; i < slots_.slot_count(); ++i) {
    const std::uint64_t slot = slots_.slot(i);
    if (slot == SlotTable::kEmpty) continue;
    larger.insert(probe_of(table_secret(), {number_from_code(slot >> kPayloadBits), false}).hash, slot);
  }
  slots_ = std::move(larger);
}

void NumberTable::index_others(std::size_t room) {
  others_index_ = LineTable(room);
  for (const Other& other : others_) {
    if (!other.is_head) continue;
    const Probe probe = probe_of(table_secret(), other.value);
    others_index_.insert(apart_key(other.value), probe.hash, index_of(other) + 1);
  }
}

bool NumberTable::add(const NumberValue& value, const EntryNote& note) {
  EntryNotes notes = notes_of(value);
  if (std::find(notes.begin(), notes.end(), note) != notes.end()) return false;
  notes.push_back(note);
  set(value, notes);
  return true;
}

void NumberTable::set(const NumberValue& value, std::span<const EntryNote> notes) {
  DCHECK(value.digits.length != 0 && value.digits.length <= kMostDigits && !notes.empty());
  const Probe probe = probe_of(table_secret(), value);
  if (value.prefix) prefix_lengths_[value.digits.international ? 1 : 0] |= 1U << value.digits.length;
  if (!probe.in_slots) return put_apart(probe, notes);
  const bool is_short = notes.size() == 1 && fits_payload(notes[0]);
  const std::uint64_t slot =
      number_code(value.digits) << kPayloadBits | (is_short ? notes[0].terms + std::uint64_t{1} : kElsewhere);
  const std::uint64_t* there = slots_.room() == 0 ? nullptr : find_slot(probe);
  if (there == nullptr) {
    if (slots_.size() == slots_.room()) grow(std::max<std::size_t>(16, slots_.room() * 2));
    slots_.insert(probe.hash, slot);
    if (is_short) ++entries_;
  } else {
    if ((*there & kPayloadMask) == kElsewhere) return put_apart(probe, notes);
    --entries_;
    slots_.replace(slots_.number_of(there), slot);
    if (is_short) ++entries_;
  }
  if (!is_short) put_apart(probe, notes);
}

// In place of what stands apart about this value. The entries of before stay behind unused: few are ever set twice.
void NumberTable::put_apart(const Probe& probe, std::span<const EntryNote> notes) {
  const auto first = static_cast<std::uint32_t>(others_.size());
  for (std::size_t i = 0; i < notes.size(); ++i)
    others_.push_back({probe.value, notes[i], i + 1 < notes.size() ? first + static_cast<std::uint32_t>(i) + 2 : 0, i == 0});
  entries_ += notes.size();
  if (std::uint32_t* const head = others_index_.find_to_change(apart_key(probe.value), probe.hash)) {
    others_[*head - 1].is_head = false;
    for (std::uint32_t at = *head; at != 0; at = others_[at - 1].next) --entries_;
    *head = first + 1;
    return;
  }
  if (others_index_.size() == others_index_.room())
    return index_others(std::max<std::size_t>(16, others_index_.room() * 2));
  others_index_.insert(apart_key(probe.value), probe.hash, first + 1);
}

void NumberTable::finish() {
  if (slots_.room() > slots_.size() + slots_.size() / 8 + 16) grow(slots_.size());
  if (others_index_.room() > others_index_.size() + others_index_.size() / 8 + 16) index_others(others_index_.size());
  if (others_.capacity() > others_.size() + others_.size() / 8 + 16) others_.shrink_to_fit();
}

EntryNotes NumberTable::notes_of(const NumberValue& value) const {
  EntryNotes notes;
  const Probe probe = probe_of(table_secret(), value);
  if (!may_contain(probe)) return notes;
  look_up(probe, [&](const EntryNote& note, std::uint32_t, bool) { notes.push_back(note); });
  return notes;
}

NumberValue NumberTable::value(const Place& place) const {
  if (place.apart) return others_[place.at].value;
  return {number_from_code(slots_.slot(place.at) >> kPayloadBits), false};
}

EntryNote NumberTable::note(const Place& place) const {
  return place.apart ? others_[place.at].note : note_of_slot(slots_.slot(place.at));
}

void find_numbers(std::span<const NumberKey> keys, std::span<const TableLayer<NumberTable>> layers, std::int64_t now_s, HitList& hits) {
  if (keys.empty() || layers.empty()) return;
  DCHECK(layers.size() <= kMostLayers);
  Search(keys, layers, now_s, hits).run();
}

}  // namespace telefence
