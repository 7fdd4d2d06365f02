// SPDX-License-Identifier: Apache-2.0
#include "match/domain_table.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>

#include "base/chunk.h"
#include "match/layer_probes.h"

namespace telefence {
namespace {

constexpr std::size_t kFilterBits = 16;
constexpr std::size_t kLongestName = 253;

// A name of 16 to 63 octets, read in pieces of 16 that may overlap: nothing beside it is read, and no loop or branch depends on how long
// its labels are.
class ShortName {
 public:
  static constexpr std::size_t kLeast = Chunk::kSize, kMost = 63;

  explicit ShortName(std::string_view name) : name_(name) {
    const std::size_t last = name.size() - Chunk::kSize;
    for (std::size_t at = 0; at < last; at += Chunk::kSize) mark(at);
    mark(last);
  }

  // Bit 0: the first octet is a dot.
  std::uint64_t dots() const { return dots_; }

  void label_to(SuffixHasher& hasher, std::size_t start, std::size_t end) const {
    const std::size_t size = end - start;
    if (size > SuffixHasher::kWhole) [[unlikely]] return hasher.absorb(name_.substr(start, size));
    const std::size_t at = std::min(start, name_.size() - SuffixHasher::kWhole);
    std::uint64_t low, high;
    std::memcpy(&low, name_.data() + at, 8);
    std::memcpy(&high, name_.data() + at + 8, 8);
    __extension__ using Wide = unsigned __int128;
    const Wide from_start = (static_cast<Wide>(high) << 64 | low) >> 8 * (start - at);
    const Wide label = from_start & ~Wide{0} >> 8 * (SuffixHasher::kWhole - size);
    hasher.absorb(static_cast<std::uint64_t>(label), static_cast<std::uint64_t>(label >> 64), size);
  }

 private:
  void mark(std::size_t at) { dots_ |= std::uint64_t{Chunk::at(name_.data() + at).equal('.')} << at; }

  std::string_view name_;
  std::uint64_t dots_ = 0;
};

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
    if (name.size() > ShortName::kMost || name.size() < ShortName::kLeast) [[unlikely]] return add_suffixes_slowly(key);
    const ShortName read(name);
    SuffixHasher hasher(secret_);
    std::uint64_t dots = read.dots();
    std::size_t end = name.size();
    for (std::uint16_t labels = 1; labels <= max_labels_; ++labels) {
      const auto start = static_cast<std::size_t>(64 - std::countl_zero(dots));
      if (start == end) return;  // an empty label: no name that could be listed
      read.label_to(hasher, start, end);
      if (labels >= min_labels_) add_probe(key, hasher, start, labels);
      if (dots == 0) return;
      end = start - 1;
      dots ^= std::uint64_t{1} << end;
    }
  }

  // Names of any length.
  void add_suffixes_slowly(std::size_t key) {
    const std::string_view name = keys_[key].name;
    if (name.empty() || name.size() > kLongestName) return;
    SuffixHasher hasher(secret_);
    std::size_t end = name.size();
    for (std::uint16_t labels = 1; labels <= max_labels_; ++labels) {
      std::size_t start = end;
      while (start != 0 && name[start - 1] != '.') --start;
      if (start == end) return;
      hasher.absorb(name.substr(start, end - start));
      if (labels >= min_labels_) add_probe(key, hasher, start, labels);
      if (start == 0) return;
      end = start - 1;
    }
  }

  // Filled where it stays: one that is put together elsewhere and copied whole has to wait for its pieces.
  void add_probe(std::size_t key, const SuffixHasher& hasher, std::size_t start, std::uint16_t labels) {
    DomainProbe& probe = probes_.next(std::ref(*this));
    probe.hash = hasher.value();
    probe.suffix = keys_[key].name.substr(start);
    probe.key = static_cast<std::uint16_t>(key);
    probe.labels = labels;
    probe.whole = start == 0;
    probes_.begin(probe);
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
    larger.insert(hash.home, hash.place, std::uint64_t{hash.tag} << 32 | place);
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

void find_domains(std::span<const DomainKey> keys, std::span<const TableLayer<DomainTable>> layers, std::int64_t now_s, HitList& hits) {
  if (keys.empty() || layers.empty()) return;
  DCHECK(layers.size() <= kMostLayers);
  Search(keys, layers, now_s, hits).run();
}

}  // namespace telefence
