// SPDX-License-Identifier: Apache-2.0
// Names of a burst in the tables of all layers. A name is asked for by its home first (keyed_hash.h), and by what stands above that where the
// shortest listed name is as short: where nothing of it is listed, as with nearly all innocent names, the other labels are not even hashed.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <functional>

#include "base/chunk.h"
#include "match/domain_table.h"
#include "match/layer_probes.h"

namespace telefence {
namespace {

constexpr std::size_t kLongestName = 253;

// A name of 1 to 63 octets, read in pieces of 16 that may overlap: nothing beside it is read, and no loop or branch depends on how long its
// labels are.
class ShortName {
 public:
  static constexpr std::size_t kMost = 63;

  explicit ShortName(std::string_view name) : name_(name) {
    if (name.size() < Chunk::kSize) {
      const FewOctets few(name);
      whole_ = wide(few.low, few.high);
      dots_ = Chunk::of_few(name).equal('.');
      return;
    }
    const std::size_t last = name.size() - Chunk::kSize;
    for (std::size_t at = 0; at < last; at += Chunk::kSize) mark(at);
    mark(last);
  }

  std::string_view text() const { return name_; }
  // Where the label begins that ends before `end`.
  std::size_t label_start(std::size_t end) const {
    return static_cast<std::size_t>(64 - std::countl_zero(dots_ & ((std::uint64_t{1} << end) - 1)));
  }
  void begin(SuffixHasher& hasher, std::size_t start) const {
    const std::size_t size = name_.size() - start;
    if (size > SuffixHasher::kWhole) return hasher.begin(name_.substr(start));
    const Wide home = from(start);
    hasher.begin(static_cast<std::uint64_t>(home), static_cast<std::uint64_t>(home >> 64), size);
  }
  void absorb(SuffixHasher& hasher, std::size_t start, std::size_t end) const {
    const std::size_t size = end - start;
    if (size > SuffixHasher::kWhole) [[unlikely]] return hasher.absorb(name_.substr(start, size));
    const Wide label = from(start) & ~Wide{0} >> 8 * (SuffixHasher::kWhole - size);
    hasher.absorb(static_cast<std::uint64_t>(label), static_cast<std::uint64_t>(label >> 64), size);
  }

 private:
  __extension__ using Wide = unsigned __int128;
  static Wide wide(std::uint64_t low, std::uint64_t high) { return static_cast<Wide>(high) << 64 | low; }

  void mark(std::size_t at) { dots_ |= std::uint64_t{Chunk::at(name_.data() + at).equal('.')} << at; }
  // The first octets from there on.
  Wide from(std::size_t start) const {
    if (name_.size() < Chunk::kSize) return whole_ >> 8 * start;
    const std::size_t at = std::min(start, name_.size() - Chunk::kSize);
    std::uint64_t low, high;
    std::memcpy(&low, name_.data() + at, 8);
    std::memcpy(&high, name_.data() + at + 8, 8);
    return wide(low, high) >> 8 * (start - at);
  }

  std::string_view name_;
  std::uint64_t dots_ = 0;  // bit 0: the first octet is one
  Wide whole_ = 0;          // of a name of fewer than 16
};

// The same of a name of any length.
class LongName {
 public:
  explicit LongName(std::string_view name) : name_(name) {}

  std::string_view text() const { return name_; }
  std::size_t label_start(std::size_t end) const { return name_.substr(0, end).rfind('.') + 1; }  // npos + 1 is 0
  void begin(SuffixHasher& hasher, std::size_t start) const { hasher.begin(name_.substr(start)); }
  void absorb(SuffixHasher& hasher, std::size_t start, std::size_t end) const { hasher.absorb(name_.substr(start, end - start)); }

 private:
  std::string_view name_;
};

class Search {
 public:
  Search(std::span<const DomainKey> keys, std::span<const TableLayer<DomainTable>> layers, std::int64_t now_s, HitList& hits)
      : keys_(keys), layers_(layers), now_s_(now_s), hits_(hits), probes_(layers) {
    for (const TableLayer<DomainTable>& layer : layers) {
      min_labels_ = std::min(min_labels_, layer.table->min_labels());
      max_labels_ = std::max(max_labels_, layer.table->max_labels());
    }
  }

  void run() {
    for (std::size_t first = 0; first < keys_.size(); first += kGroup) look_up_group(first, std::min(first + kGroup, keys_.size()));
    probes_.flush(std::ref(*this));
  }

  // What a layer says about a probe.
  void operator()(const DomainProbe& probe, std::uint32_t likely, const TableLayer<DomainTable>& layer, WordOrder& order) {
    if (layer.is_log && !order.wants_log()) return;
    const std::uint32_t place = layer.table->find(probe, likely);
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
  static constexpr std::size_t kGroup = 64;

  // The home of a name, or a suffix above it, which is a home of its own: com, com.cn.
  struct Asked {
    std::uint64_t home;
    std::size_t key;
  };

  // use(name): with one of the two ways to read it.
  template <typename Use>
  static void read(std::string_view name, Use use) {
    if (name.empty()) [[unlikely]] return;
    if (name.size() <= ShortName::kMost) [[likely]] return use(ShortName(name));
    if (name.size() <= kLongestName) use(LongName(name));
  }

  // visit(start, labels) for the suffixes above the home that may be listed.
  template <typename Name, typename Visit>
  void visit_above(const Name& name, const NameHome& home, Visit visit) {
    std::size_t end = name.text().size();
    for (std::uint16_t labels = 1; labels < home.labels; ++labels) {
      const std::size_t start = name.label_start(end);
      if (start == end) return;  // an empty label: no name that could be listed
      if (labels >= min_labels_) visit(start, labels);
      end = start - 1;
    }
  }
  template <typename Name>
  static NameHome home(const Name& name) {
    return home_of(name.text().size(), [&](std::size_t end) { return name.label_start(end); });
  }

  // In three loops, for the reason that LayerProbes has.
  void look_up_group(std::size_t first, std::size_t end) {
    asked_count_ = 0;
    for (std::size_t key = first; key < end; ++key) hash_homes(key);
    const std::span<const Asked> all = asked_.first(asked_count_);
    for (const Asked& asked : all)
      for (const TableLayer<DomainTable>& layer : layers_) layer.table->prefetch_filter(asked.home);
    std::size_t looked_up = first;  // keys before this one
    for (const Asked& asked : all) {
      bool may_be_listed = false;
      for (const TableLayer<DomainTable>& layer : layers_) may_be_listed |= layer.table->may_have_home(asked.home);
      if (!may_be_listed || asked.key < looked_up) [[likely]]
        continue;
      read(keys_[asked.key].name, [&](const auto& name) { look_up_suffixes(asked.key, name); });
      looked_up = asked.key + 1;
    }
  }

  void hash_homes(std::size_t key) {
    read(keys_[key].name, [&](const auto& name) {
      const NameHome registered = home(name);
      if (min_labels_ < registered.labels)
        visit_above(name, registered, [&](std::size_t start, std::uint16_t) { hash_home(key, name, start); });
      hash_home(key, name, registered.start);
    });
  }
  template <typename Name>
  void hash_home(std::size_t key, const Name& name, std::size_t start) {
    SuffixHasher hasher(secret_);
    name.begin(hasher, start);
    asked_[asked_count_++] = {hasher.home(), key};
  }

  template <typename Name>
  void look_up_suffixes(std::size_t key, const Name& name) {
    const NameHome registered = home(name);
    visit_above(name, registered, [&](std::size_t start, std::uint16_t labels) {
      SuffixHasher hasher(secret_);
      name.begin(hasher, start);
      look_up(key, hasher, start, labels);
    });
    SuffixHasher hasher(secret_);
    std::size_t start = registered.start;
    name.begin(hasher, start);
    for (std::uint16_t labels = registered.labels; labels <= max_labels_; ++labels) {
      if (labels >= min_labels_) look_up(key, hasher, start, labels);
      if (start == 0) return;
      const std::size_t end = start - 1;
      start = name.label_start(end);
      if (start == end) return;  // as above
      name.absorb(hasher, start, end);
    }
  }

  void look_up(std::size_t key, const SuffixHasher& hasher, std::size_t start, std::uint16_t labels) {
    // Filled where it stays: one that is put together elsewhere and copied whole has to wait for its pieces.
    DomainProbe& probe = probes_.next(std::ref(*this));
    probe.hash = hasher.value();
    probe.suffix = keys_[key].name.substr(start);
    probe.key = static_cast<std::uint16_t>(key);
    probe.labels = labels;
    probe.whole = start == 0;
    probes_.look(probe);
  }

  const TableSecret& secret_ = table_secret();
  std::span<const DomainKey> keys_;
  std::span<const TableLayer<DomainTable>> layers_;
  std::int64_t now_s_;
  HitList& hits_;
  std::uint16_t min_labels_ = 0xffff;
  std::uint16_t max_labels_ = 0;
  std::size_t asked_count_ = 0;
  Uncleared<Asked, 3 * kGroup> asked_;
  LayerProbes<DomainTable, DomainProbe> probes_;
};

}  // namespace

void find_domains(std::span<const DomainKey> keys, std::span<const TableLayer<DomainTable>> layers, std::int64_t now_s, HitList& hits) {
  if (keys.empty() || layers.empty()) return;
  DCHECK(layers.size() <= kMostLayers);
  Search(keys, layers, now_s, hits).run();
}

}  // namespace telefence
