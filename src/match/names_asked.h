// SPDX-License-Identifier: Apache-2.0
#pragma once

// Of which of a burst's names anything may be listed, asked of the filters alone: as homes_asked.h, but each step is a loop over all names, of
// which nothing is searched, and most of which have one home to ask for. Worker thread; no allocation.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/uncleared.h"
#include "event/plain_name.h"
#include "match/domain_table.h"
#include "match/dotted_name.h"
#include "match/table_layer.h"

namespace telefence {

class NamesAsked {
 public:
  static constexpr std::size_t kMost = 64;  // names
  using Tables = std::span<const TableLayer<DomainTable>>;

  // Requires: no table is empty.
  explicit NamesAsked(Tables layers) : layers_(layers) {
    for (const TableLayer<DomainTable>& layer : layers) min_labels_ = std::min<std::size_t>(min_labels_, layer.table->min_labels());
  }

  // As bits, the first name the lowest. Requires: at most kMost names.
  std::uint64_t which_may_be_listed(std::span<const PlainName> names) {
    const TableSecret secret = table_secret();  // a copy that nothing written here can be
    const std::size_t min_labels = min_labels_;
    std::size_t shorter_count = 0;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::size_t labels = home_labels(names[i]);
      homes_[i] = home(secret, names[i], labels);
      // Which these are can't be foretold: they are noted without a branch.
      shorter_[shorter_count] = static_cast<std::uint8_t>(i);
      shorter_count += min_labels < labels ? 1 : 0;
    }
    std::size_t above_count = 0;
    for (const std::uint8_t i : shorter_.first(shorter_count))
      for (std::size_t labels = min_labels; labels < home_labels(names[i]); ++labels) above_[above_count++] = {home(secret, names[i], labels), i};
    // In loops that do nothing else, as in layer_probes.h.
    for (const TableLayer<DomainTable>& layer : layers_) {
      for (std::size_t i = 0; i < names.size(); ++i) layer.table->prefetch_filter(homes_[i]);
      for (std::size_t i = 0; i < above_count; ++i) layer.table->prefetch_filter(above_[i].home);
    }
    std::uint64_t which = 0;
    for (const TableLayer<DomainTable>& layer : layers_) {
      which |= layer.table->which_may_have_home(std::span<const std::uint64_t>(homes_.first(names.size())));
      for (const Above& above : above_.first(above_count)) which |= std::uint64_t{layer.table->may_have_home(above.home)} << above.name;
    }
    for (const TableLayer<DomainTable>& layer : layers_)
      for (std::uint64_t left = which; left != 0; left &= left - 1) layer.table->prefetch_home_line(homes_[static_cast<std::size_t>(std::countr_zero(left))]);
    return which;
  }

 private:
  // What stands above a home, where listed names are as short: a home of its own (com, com.cn).
  struct Above {
    std::uint64_t home;
    std::size_t name;
  };

  [[gnu::always_inline]] static std::uint64_t home(const TableSecret& secret, const PlainName& name, std::size_t labels) {
    static_assert(PlainName::kReadable >= SuffixHasher::kWhole);
    SuffixHasher hasher(secret);
    hasher.begin_where_all_is_readable(name.last(name.ends[labels - 1]));
    return hasher.home();
  }

  Tables layers_;
  std::size_t min_labels_ = 0xffff;
  Uncleared<std::uint64_t, kMost> homes_;
  Uncleared<std::uint8_t, kMost + 1> shorter_;
  Uncleared<Above, 2 * kMost> above_;
};

}  // namespace telefence
