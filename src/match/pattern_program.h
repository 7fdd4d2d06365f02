// SPDX-License-Identifier: Apache-2.0
#pragma once

// Expressions as short programs, and whether one is found in a text. A program is run over sets of positions (position_set.h):
// each step turns "where the expression may be now" into "where it may be after this step", so alternatives and gaps cost no
// backtracking, and a text can not make a run longer than steps x length / 64. Built on a control thread, run by workers
// without allocation.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fetch_ahead.h"
#include "match/pattern_tree.h"
#include "match/position_set.h"

namespace telefence {

// What a worker needs to run programs: one per worker.
class PatternWorkspace {
 public:
  static constexpr std::size_t kSets = 96;  // that a run may hold at once

  // longest: units of the longest text.
  explicit PatternWorkspace(std::size_t longest);

  // Before the programs of one text: bounds what they may cost together, so that no text stalls the worker.
  void begin_text(std::size_t length);
  // The bound was reached since begin_text: an expression may be there though the answer was no.
  bool is_exhausted() const { return budget_ < 0; }

 private:
  friend class PatternRun;
  friend class NearbyRun;
  std::size_t longest_;
  std::size_t words_per_set_;
  std::unique_ptr<std::uint64_t[]> words_;
  std::size_t used_ = 0;
  std::int64_t budget_ = 0;
};

class PatternPrograms {
 public:
  // The number of the new program; nullopt when the tree needs more sets at once than a workspace has.
  std::optional<std::uint32_t> add(const PatternNode& tree);

  // Requires: text.size() <= the workspace's longest.
  bool found_in(std::uint32_t program, std::u16string_view text, PatternWorkspace& workspace) const;

  // Parts of expressions that are looked for beside a place (nearby_run.cc), where at most kNearby units can matter: whether the
  // part stands right behind `place`, or, added mirrored() (pattern_tree.h), right before it. The part at `program` as given by
  // add_part, which needs longest_match() <= kNearby.
  static constexpr std::uint32_t kNearby = 63;
  std::uint32_t add_part(const PatternNode& tree);
  bool stands_behind(std::uint32_t part, std::u16string_view text, std::size_t place, PatternWorkspace& workspace) const;
  bool stands_before(std::uint32_t part, std::u16string_view text, std::size_t place, PatternWorkspace& workspace) const;
  // Starts to bring the beginning of a part from memory.
  void fetch(std::uint32_t part) const { fetch_ahead(&steps_[part]); }

  std::size_t bytes() const;

 private:
  friend class PatternRun;
  friend class NearbyRun;
  // One step; the steps of its children follow it, one child after the other.
  struct Step {
    PatternNode::Kind kind = PatternNode::Kind::kSequence;
    std::uint32_t size = 1;   // steps, with those of the children
    std::uint32_t first = 0;  // kText: where its units start; kClass: which class; kRepeat: least
    std::uint32_t count = 0;  // kText: how many units; kSequence, kChoice: children; kRepeat: most; kClass: its one range, or kManyRanges
  };
  static constexpr std::uint32_t kManyRanges = 0x0000ffff;  // from 0xffff to 0: no range
  void append(const PatternNode& node);
  std::uint32_t number_of(const UnitClass& unit_class);

  std::vector<Step> steps_;
  std::vector<std::uint32_t> starts_;
  std::u16string units_;
  std::vector<UnitClass> classes_;
  std::map<UnitClass, std::uint32_t> class_numbers_;  // each once
};

}  // namespace telefence
