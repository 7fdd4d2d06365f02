// SPDX-License-Identifier: Apache-2.0
#pragma once

// What changes would change of what the log says now: for `telefence push apply`, before it publishes millions of them. 16 bytes a
// change; each entry of the log is shown to it once. Pure.

#include <compare>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "signatures/compiler.h"

namespace telefence {

// What one source says of one kind, and a replace-list ends.
struct ListName {
  std::string source, kind;
  auto operator<=>(const ListName&) const = default;
};

struct PlanCounts {
  std::uint64_t added = 0, changed = 0, removed = 0, same = 0;
  std::uint64_t needless = 0;      // removals of what the log does not have
  std::uint64_t unenforced = 0;    // of kinds that are not enforced: not compared
};

struct ListSizes {
  std::uint64_t had = 0, has = 0;
  double lost() const { return had == 0 || has >= had ? 0 : 1 - static_cast<double>(has) / static_cast<double>(had); }
};

class PushPlan {
 public:
  // `publisher`: the source of changes that name none.
  PushPlan(const CompileTerms& terms, std::string publisher) : terms_(terms), publisher_(std::move(publisher)) {}

  // What is added from now on is all that is left of this list.
  void replace(const ListName& list);
  // In order; the last one about a value counts. `is_canonical`: its value is.
  void add(const Change& change, bool is_canonical);
  // No more will come.
  void finish();
  // An entry that is in force, or waits.
  void hear(const Change& entry);

  // Requires: all of the log was heard.
  PlanCounts counts() const;
  // Those that are replaced.
  struct Replaced {
    ListName name;
    ListSizes sizes;
  };
  const std::vector<Replaced>& lists() const { return lists_; }
  // Not as the log says it already.
  bool is_news(const Change& change, bool is_canonical) const;

 private:
  static constexpr std::uint8_t kNoList = 0xff;
  struct Planned {
    std::uint64_t key = 0;      // of kind, value and source
    std::uint32_t meaning = 0;  // of all that an entry says beside them
    std::uint8_t list = kNoList;
    bool is_add = false, is_heard = false, is_same = false;
  };
  std::uint64_t key_of(const Change& change, bool is_canonical, bool of_all_sources) const;
  const Planned* find(std::uint64_t key) const;
  std::uint8_t list_of(const Change& change) const;
  const std::string& source_of(const Change& change) const {
    return change.signature.source.empty() ? publisher_ : change.signature.source;
  }

  const CompileTerms& terms_;
  const std::string publisher_;
  std::vector<Planned> planned_;
  bool has_removals_of_all_ = false;
  std::vector<Replaced> lists_;
  PlanCounts counts_;
};

}  // namespace telefence
