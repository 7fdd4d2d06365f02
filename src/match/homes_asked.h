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
#include <type_traits>
#include <utility>

#include "base/uncleared.h"
#include "match/domain_table.h"
#include "match/dotted_name.h"
#include "match/table_layer.h"

namespace telefence {

class HomesAsked {
 public:
  static constexpr std::size_t kGroup = 64;  // names
  using Tables = std::span<const TableLayer<DomainTable>>;

  // A name that was asked about, as far as it is read and hashed. One of more than ShortName::kMost octets is not.
  struct Name {
    std::size_t key = 0;
    ShortName read{{}};
    NameHome home;
    SuffixHasher::State hashed;  // its home
    bool is_long = false;
  };

  // Requires: no table is empty.
  explicit HomesAsked(Tables layers) : layers_(layers) {
    for (const TableLayer<DomainTable>& layer : layers) min_labels_ = std::min(min_labels_, layer.table->min_labels());
  }

  std::uint16_t min_labels() const { return min_labels_; }

  // Of at most kGroup names between two visits.
  void add(std::size_t key, std::string_view name) {
    read_name(name, [&](const auto& read) {
      const NameHome home = home_of_name(read);
      if (min_labels_ < home.labels)
        visit_above(read, home, min_labels_, [&](std::size_t start, std::uint16_t) { (void)ask(read, start); });
      Name& noted = names_[name_count_];
      noted.key = key;
      noted.home = home;
      noted.hashed = ask(read, home.start);
      constexpr bool kIsShort = std::is_same_v<decltype(read), const ShortName&>;
      noted.is_long = !kIsShort;
      if constexpr (kIsShort) noted.read = read;
      ++name_count_;
    });
  }

  // visit(name) for each of which something may be listed, in the order in which they were added. What was added is done with then.
  template <typename Visit>
  void visit_listed(Visit visit) {
    const std::size_t count = count_;
    count_ = name_count_ = 0;
    // In a loop that does nothing else, as in layer_probes.h.
    for (const TableLayer<DomainTable>& layer : layers_)
      for (const std::uint64_t home : homes_.first(count)) layer.table->prefetch_filter(home);
    std::size_t visited_before = 0;  // names before this one are done with
    for (std::size_t first = 0; first < count; first += kGroup) {
      for (std::uint64_t listed = which_may_be_listed(first, std::min(count - first, kGroup)); listed != 0; listed &= listed - 1) {
        const std::size_t name = names_of_[first + static_cast<std::size_t>(std::countr_zero(listed))];
        if (name < visited_before) continue;
        visit(std::as_const(names_)[name]);
        visited_before = name + 1;
      }
    }
  }

 private:
  // Homes from the first one on, as bits.
  std::uint64_t which_may_be_listed(std::size_t first, std::size_t count) const {
    static_assert(kGroup <= 64);
    std::uint64_t which = 0;
    for (const TableLayer<DomainTable>& layer : layers_)
      for (std::size_t i = 0; i < count; ++i) which |= std::uint64_t{layer.table->may_have_home(homes_[first + i])} << i;
    return which;
  }

  template <typename Read>
  SuffixHasher::State ask(const Read& name, std::size_t start) {
    SuffixHasher hasher(secret_);
    name.begin(hasher, start);
    homes_[count_] = hasher.home();
    names_of_[count_++] = static_cast<std::uint8_t>(name_count_);
    return hasher.state();
  }

  const TableSecret& secret_ = table_secret();
  Tables layers_;
  std::uint16_t min_labels_ = 0xffff;
  std::size_t name_count_ = 0;
  Uncleared<Name, kGroup> names_;
  std::size_t count_ = 0;
  Uncleared<std::uint64_t, 3 * kGroup> homes_;
  Uncleared<std::uint8_t, 3 * kGroup> names_of_;  // of these: indexes of `names_`
};

}  // namespace telefence
