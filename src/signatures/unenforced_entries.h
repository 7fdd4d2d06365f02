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
#include <vector>

#include "signatures/signature.h"

namespace telefence {

class UnenforcedEntries {
 public:
  using Counts = std::array<std::uint64_t, kUnenforcedKinds>;

  // `keeps_lines`: for who writes snapshots; edges only count.
  explicit UnenforcedEntries(bool keeps_lines) : keeps_lines_(keeps_lines) {}

  // Requires: a change of such a kind.
  void apply(const Change& change);
  // Drops what is over. Looks at all of them, but at most once in ten seconds. Returns whether it looked.
  bool sweep(std::int64_t now_s);
  void forget_all();

  const Counts& counts() const { return counts_; }  // by UnenforcedKind
  // visit(line) of each that is not over, as op lines, in no order.
  template <typename Visit>
  void for_each_line(std::int64_t now_s, Visit visit) const {
    for (const auto& [key, entry] : entries_)
      if (!is_over(entry, now_s)) visit(entry.line);
  }

 private:
  struct Entry {
    std::int64_t expires_s = 0;  // 0 = never
    std::size_t source = 0;
    UnenforcedKind kind = UnenforcedKind::kNone;
    std::string line;
  };
  static bool is_over(const Entry& entry, std::int64_t now_s) { return entry.expires_s != 0 && entry.expires_s <= now_s; }
  std::size_t source_of(const std::string& source);
  void erase(UnenforcedKind kind, std::string_view value, std::size_t source);
  template <typename IsUnwanted>
  void erase_if(IsUnwanted is_unwanted);

  bool keeps_lines_;
  std::unordered_map<std::uint64_t, Entry> entries_;  // by kind, value and source
  Counts counts_{};
  std::vector<std::string> sources_;
  std::int64_t look_at_s_ = std::numeric_limits<std::int64_t>::max();
};

}  // namespace telefence
