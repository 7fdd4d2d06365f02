// SPDX-License-Identifier: Apache-2.0
#pragma once

// Changes of the log whose time has not come yet (valid_from, shadow_until). The last word of a source about a value counts here too: a
// later change takes the place of the one that waits. Pure; one thread (the feed's).

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "signatures/compiler.h"
#include "signatures/signature.h"

namespace telefence {

class WaitingChanges {
 public:
  // `home_country`: as the store has it; what is the same value is told in canonical form. `node`: the name by which an edge is, or is
  // not, among those that enforce an entry at once which the others only record until its shadow_until.
  WaitingChanges(std::string home_country, std::string node) : node_(std::move(node)) { terms_.home_country = std::move(home_country); }
  // For who writes down what the log says: what is not the same at all nodes waits as a whole.
  static WaitingChanges of_all_nodes(std::string home_country) {
    WaitingChanges out(std::move(home_country), "");
    out.is_of_all_nodes_ = true;
    return out;
  }

  // Takes out of `changes` those that have to wait, and forgets those that waited about a value in it. What is only to be recorded for a
  // time is in force so, and what it is to become waits.
  void sort_out(std::vector<Change>& changes, std::int64_t now_s);
  // Those whose time has come, the earliest first; to be sorted out again.
  std::vector<Change> take_due(std::int64_t now_s);
  void forget_all();
  // visit(change) of each, in no order.
  template <typename Visit>
  void for_each(Visit visit) const {
    for (const auto& [key, waiting] : waiting_) visit(waiting.change);
  }
  std::size_t count() const { return waiting_.size(); }
  std::uint64_t count_of(const std::string& source) const;

  // Whether a node is among the first so many percent for a value.
  static bool goes_first(const std::string& node, std::uint64_t key, std::uint8_t percent);

 private:
  struct Waiting {
    Change change;
    std::int64_t due_s = 0;
  };
  void forget(std::uint64_t key, const Change& change);
  void hold(std::uint64_t key, Change change, std::int64_t due_s);
  bool take(Change& change, std::int64_t now_s);

  CompileTerms terms_;
  std::string node_;
  bool is_of_all_nodes_ = false;
  std::unordered_multimap<std::uint64_t, Waiting> waiting_;  // by key of the canonical value
  std::int64_t next_s_ = 0;                                  // the earliest; 0 = none
};

}  // namespace telefence
