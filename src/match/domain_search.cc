// SPDX-License-Identifier: Apache-2.0
// Names of a burst in the tables of all layers. A name is asked for by its home first (keyed_hash.h), and by what stands above that where the
// shortest listed name is as short: where nothing of it is listed, as with nearly all innocent names, the other labels are not even hashed. Only
// of a few names all is asked for at once.
#include <algorithm>
#include <functional>

#include "match/domain_table.h"
#include "match/homes_asked.h"
#include "match/layer_probes.h"

namespace telefence {
namespace {

class Search {
 public:
  Search(std::span<const DomainKey> keys, std::span<const TableLayer<DomainTable>> layers, std::int64_t now_s, HitList& hits)
      : keys_(keys), now_s_(now_s), hits_(hits), homes_(layers), probes_(layers) {
    for (const TableLayer<DomainTable>& layer : layers) max_labels_ = std::max(max_labels_, layer.table->max_labels());
  }

  void run() {
    for (std::size_t first = 0; first < keys_.size(); first += HomesAsked::kGroup)
      look_up_group(first, std::min(first + HomesAsked::kGroup, keys_.size()));
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
      const Terms& terms = layer.terms[note.terms];
      if (!layer.is_log && !order.wants_blocks_of_files() && !terms.allow) continue;
      if (!note.subdomains && !probe.whole) continue;
      hits_.push({.event = key.event,
                  .part = key.embedded ? HitPart::kEmbeddedDomain : HitPart::kDomain,
                  .key = probe.key,
                  .depth = static_cast<std::uint16_t>(2 * probe.labels + (note.subdomains ? 0 : 1)),
                  .ends = note.expires_s != 0,
                  .rule = layer.first | number << 32 | place,
                  .terms = &terms});
    }
    order = heard;
  }

 private:
  // Few are mostly those that the pipeline's sieve left, which has asked for their homes: nearly all of them are listed.
  static constexpr std::size_t kFew = 16;

  void look_up_group(std::size_t first, std::size_t end) {
    if (end - first <= kFew) {
      for (std::size_t key = first; key < end; ++key) read_name(keys_[key].name, [&](const auto& name) { look_up_name(key, name); });
      return;
    }
    for (std::size_t key = first; key < end; ++key) homes_.add(key, keys_[key].name);
    homes_.visit_listed([&](const HomesAsked::Name& name) {
      if (name.is_long) [[unlikely]] return look_up_name(name.key, LongName(keys_[name.key].name));
      look_up_suffixes(name.key, name.read, name.home, SuffixHasher(secret_, name.hashed));
    });
  }

  template <typename Name>
  void look_up_name(std::size_t key, const Name& name) {
    const NameHome home = home_of_name(name);
    SuffixHasher hasher(secret_);
    name.begin(hasher, home.start);
    look_up_suffixes(key, name, home, hasher);
  }

  // hasher: of the home.
  template <typename Name>
  void look_up_suffixes(std::size_t key, const Name& name, const NameHome& home, SuffixHasher hasher) {
    visit_above(name, home, homes_.min_labels(), [&](std::size_t start, std::uint16_t labels) {
      SuffixHasher above(secret_);
      name.begin(above, start);
      look_up(key, above, start, labels);
    });
    std::size_t start = home.start;
    for (std::uint16_t labels = home.labels; labels <= max_labels_; ++labels) {
      if (labels >= homes_.min_labels()) look_up(key, hasher, start, labels);
      if (start == 0) return;
      const std::size_t end = start - 1;
      start = name.label_start(end);
      if (start == end) return;  // an empty label: no name that could be listed
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
  std::int64_t now_s_;
  HitList& hits_;
  std::uint16_t max_labels_ = 0;
  HomesAsked homes_;
  LayerProbes<DomainTable, DomainProbe> probes_;
};

}  // namespace

void find_domains(std::span<const DomainKey> keys, std::span<const TableLayer<DomainTable>> layers, std::int64_t now_s, HitList& hits) {
  if (keys.empty() || layers.empty()) return;
  DCHECK(layers.size() <= kMostLayers);
  Search(keys, layers, now_s, hits).run();
}

}  // namespace telefence
