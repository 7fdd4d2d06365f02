// SPDX-License-Identifier: Apache-2.0
#pragma once

// Changes of the log whose time has not come yet (valid_from). The last word of a source about a value counts here too: a later
// change takes the place of the one that waits. Pure; one thread (the feed's).

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
  // `home_country`: as the store has it; what is the same value is told in canonical form.
  explicit WaitingChanges(std::string home_country) { terms_.home_country = std::move(home_country); }

  // Takes out of `changes` those that have to wait, and forgets those that waited about a value in it.
  void sort_out(std::vector<Change>& changes, std::int64_t now_s);
  // Those whose time has come, the earliest first.
  std::vector<Change> take_due(std::int64_t now_s);
  void forget_all() { *this = WaitingChanges(terms_.home_country); }
  // visit(change) of each, in no order.
  template <typename Visit>
  void for_each(Visit visit) const {
    for (const auto& [key, change] : waiting_) visit(change);
  }
  std::size_t count() const { return waiting_.size(); }

 private:
  void forget(std::uint64_t key, const Change& change);

  CompileTerms terms_;
  std::unordered_multimap<std::uint64_t, Change> waiting_;  // by key of the canonical value
  std::int64_t next_s_ = 0;                            // the earliest; 0 = none
};

}  // namespace telefence
