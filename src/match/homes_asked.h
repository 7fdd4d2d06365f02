// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether anything may be listed of the names of a group, asked of the filters alone: by the home of each (keyed_hash.h), and by what
// stands above that where the shortest listed name is as short, which is a home of its own (com, com.cn). Where the answer is no, as
// with nearly all innocent names, nothing else of a name is even hashed. Worker thread; no allocation.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/uncleared.h"
#include "match/domain_table.h"
#include "match/dotted_name.h"
#include "match/table_layer.h"

namespace telefence {

class HomesAsked {
 public:
  static constexpr std::size_t kGroup = 64;  // names
  using Tables = std::span<const TableLayer<DomainTable>>;

  // Requires: no table is empty.
  explicit HomesAsked(Tables layers) : layers_(layers) {
    for (const TableLayer<DomainTable>& layer : layers) min_labels_ = std::min(min_labels_, layer.table->min_labels());
  }

  std::uint16_t min_labels() const { return min_labels_; }

  // Of at most kGroup names between two visits; keys rise.
  void add(std::size_t key, std::string_view name) {
    read_name(name, [&](const auto& read) {
      const NameHome home = home_of_name(read);
      if (min_labels_ < home.labels)
        visit_above(read, home, min_labels_, [&](std::size_t start, std::uint16_t) { ask(key, read, start); });
      ask(key, read, home.start);
    });
  }

  // visit(key) for each name of which something may be listed. What was added is done with then.
  template <typename Visit>
  void visit_listed(Visit visit) {
    const std::span<const Asked> all = asked_.first(count_);
    count_ = 0;
    // In a loop that does nothing else, as in layer_probes.h.
    for (const TableLayer<DomainTable>& layer : layers_)
      for (const Asked& asked : all) layer.table->prefetch_filter(asked.home);
    std::size_t visited_before = 0;  // keys before this one are done with
    for (std::size_t first = 0; first < all.size(); first += kGroup) {
      const std::span<const Asked> some = all.subspan(first, std::min(all.size() - first, kGroup));
      for (std::uint64_t listed = which_may_be_listed(some); listed != 0; listed &= listed - 1) {
        const std::size_t key = some[static_cast<std::size_t>(std::countr_zero(listed))].key;
        if (key < visited_before) continue;
        visit(key);
        visited_before = key + 1;
      }
    }
  }

 private:
  struct Asked {
    std::uint64_t home;
    std::size_t key;
  };

  // As bits.
  std::uint64_t which_may_be_listed(std::span<const Asked> some) const {
    static_assert(kGroup <= 64);
    std::uint64_t which = 0;
    for (const TableLayer<DomainTable>& layer : layers_)
      for (std::size_t i = 0; i < some.size(); ++i) which |= std::uint64_t{layer.table->may_have_home(some[i].home)} << i;
    return which;
  }

  template <typename Name>
  void ask(std::size_t key, const Name& name, std::size_t start) {
    SuffixHasher hasher(secret_);
    name.begin(hasher, start);
    ask(key, hasher.home());
  }
  void ask(std::size_t key, std::uint64_t home) {
    asked_[count_++] = {home, key};
  }

  const TableSecret& secret_ = table_secret();
  Tables layers_;
  std::uint16_t min_labels_ = 0xffff;
  std::size_t count_ = 0;
  Uncleared<Asked, 3 * kGroup> asked_;
};

}  // namespace telefence
