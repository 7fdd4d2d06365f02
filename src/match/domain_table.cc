// SPDX-License-Identifier: Apache-2.0
#include "match/domain_table.h"

#include <algorithm>
#include <functional>

#include "match/layer_probes.h"

namespace telefence {
namespace {

constexpr std::size_t kFilterBits = 16;
constexpr std::size_t kLongestName = 253;

// Looks up the suffixes of many names, a chunk at a time.
class Search {
 public:
  Search(std::span<const DomainKey> keys, std::span<const TableLayer<DomainTable>> layers, std::int64_t now_s, HitList& hits)
      : keys_(keys), now_s_(now_s), hits_(hits), probes_(layers) {
    for (const TableLayer<DomainTable>& layer : layers) {
      min_labels_ = std::min(min_labels_, layer.table->min_labels());
      max_labels_ = std::max(max_labels_, layer.table->max_labels());
    }
  }

  void run() {
    for (std::size_t key = 0; key < keys_.size(); ++key) add_suffixes(key);
    probes_.flush(std::ref(*this));
  }

  // What a layer says about a probe.
  void operator()(const DomainProbe& probe, const TableLayer<DomainTable>& layer, WordOrder& order) {
    if (layer.is_log && !order.wants_log()) return;
    const std::uint32_t place = layer.table->find(probe.hash, probe.suffix);
    if (place == 0) return;
    const DomainKey& key = keys_[probe.key];
    NameStore::Reader reader = layer.table->read(place);
    WordOrder heard = order;
    for (std::uint64_t number = 0; reader.next(); ++number) {
      const EntryNote& note = reader.note();
      if (layer.is_log) heard.hear(note, now_s_);
      if (note.word != EntryNote::Word::kEntry) continue;
      if (!layer.is_log && !order.wants_blocks_of_files() && !layer.terms[note.terms].allow) continue;
      if (!note.subdomains && !probe.whole) continue;
      hits_.push({.event = key.event,
                  .part = key.embedded ? HitPart::kEmbeddedDomain : HitPart::kDomain,
                  .key = probe.key,
                  .depth = static_cast<std::uint16_t>(2 * probe.labels + (note.subdomains ? 0 : 1)),
                  .rule = layer.first | number << 32 | place});
    }
    order = heard;
  }

 private:
  void add_suffixes(std::size_t key) {
    const std::string_view name = keys_[key].name;
    if (name.empty() || name.size() > kLongestName) return;
    SuffixHasher hasher(secret_);
    std::size_t end = name.size();
    for (std::uint16_t labels = 1; labels <= max_labels_; ++labels) {
      std::size_t start = end;
      while (start != 0 && name[start - 1] != '.') --start;
      if (start == end) return;  // an empty label: no name that could be listed
      hasher.absorb(name.substr(start, end - start));
      if (labels >= min_labels_) probes_.add({hasher.value(), name.substr(start), static_cast<std::uint16_t>(key), labels, start == 0}, std::ref(*this));
      if (start == 0) return;
      end = start - 1;
    }
  }

  const TableSecret& secret_ = table_secret();
  std::span<const DomainKey> keys_;
  std::int64_t now_s_;
  HitList& hits_;
  std::uint16_t min_labels_ = 0xffff;
  std::uint16_t max_labels_ = 0;
  LayerProbes<DomainTable, DomainProbe> probes_;
};

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
    larger.insert(hash.place, std::uint64_t{hash.tag} << 32 | place);
  });
  slots_ = std::move(larger);
}

bool DomainTable::add(std::string_view name, const NameHash& hash, const EntryNote& note) {
  DCHECK(!name.empty() && name.size() <= kLongestName);
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
  const std::uint64_t* slot =
      slots_.room() == 0 ? nullptr : slots_.find(hash.place, std::uint64_t{hash.tag} << 32, kTagMask, [&](std::uint64_t found) {
        return store_.name(static_cast<std::uint32_t>(found)) == name;
      });
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
  slots_.insert(hash.place, std::uint64_t{hash.tag} << 32 | place);
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
  if (!slots_.may_contain(hash.place)) return notes;
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

void find_domains(std::span<const DomainKey> keys, std::span<const TableLayer<DomainTable>> layers, std::int64_t now_s, HitList& hits) {
  if (keys.empty() || layers.empty()) return;
  DCHECK(layers.size() <= kMostLayers);
  Search(keys, layers, now_s, hits).run();
}

}  // namespace telefence
