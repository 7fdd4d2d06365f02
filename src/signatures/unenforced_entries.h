// SPDX-License-Identifier: Apache-2.0
#pragma once

// Entries of kinds that this version does not enforce (ip, account, app): counted for people, and carried on by snapshots for later
// versions. Values are taken as written. Pure; one thread.

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_map>

#include "signatures/signature.h"

namespace telefence {

class UnenforcedEntries {
 public:
  using Counts = std::array<std::uint64_t, kUnenforcedKinds>;

  // `keeps_lines`: for who writes snapshots; edges only count.
  explicit UnenforcedEntries(bool keeps_lines) : keeps_lines_(keeps_lines) {}
  UnenforcedEntries(UnenforcedEntries&&) = default;  // entries point to their source: no copies
  UnenforcedEntries& operator=(UnenforcedEntries&&) = default;

  // Requires: a change of such a kind.
  void apply(const Change& change);
  // Drops what is over. Looks at all of them, but at most once in ten seconds. Returns whether it looked.
  bool sweep(std::int64_t now_s);
  void forget_all();

  const Counts& counts() const { return counts_; }  // by UnenforcedKind
  std::size_t sources() const { return sources_.size(); }  // that have entries
  // visit(line) of each that is not over, as op lines, in no order.
  template <typename Visit>
  void for_each_line(std::int64_t now_s, Visit visit) const {
    for (const auto& [key, entry] : entries_)
      if (!is_over(entry, now_s)) visit(entry.line);
  }

 private:
  // Of who has entries. The number is never given again, so a key of an entry is of its own source only.
  struct Source {
    std::size_t number = 0;
    std::size_t entries = 0;
  };
  using Sources = std::unordered_map<std::string, Source>;
  struct Entry {
    std::int64_t expires_s = 0;  // 0 = never
    Source* source = nullptr;    // in sources_, where it stays as long as it has entries
    UnenforcedKind kind = UnenforcedKind::kNone;
    std::string line;
  };
  static bool is_over(const Entry& entry, std::int64_t now_s) { return entry.expires_s != 0 && entry.expires_s <= now_s; }
  void remove(const Change& change);
  void erase(UnenforcedKind kind, std::string_view value, Source& source);
  void forget_idle_sources();
  template <typename IsUnwanted>
  void erase_if(IsUnwanted is_unwanted);

  bool keeps_lines_;
  std::unordered_map<std::uint64_t, Entry> entries_;  // by kind, value and source
  Counts counts_{};
  Sources sources_;
  std::size_t last_number_ = 0;
  std::int64_t look_at_s_ = std::numeric_limits<std::int64_t>::max();
};

}  // namespace telefence
