// SPDX-License-Identifier: Apache-2.0
#pragma once

// The inside of MatchScratch: the worker's Hyperscan scratch, its buffers and what was found in the text at hand, and how a larger
// scratch gets from the control thread to the worker without a lock: the control thread leaves it in `offered_`, the worker takes it at its next burst and
// leaves its old one in `returned_`, which the control thread empties at the next prepare().

#include <array>
#include <atomic>
#include <memory>
#include <span>

#include "match/id_set.h"
#include "match/match_set.h"
#include "match/pattern_program.h"
#include "match/text_finder.h"
#include "normalise/sms_text.h"

struct hs_scratch;

namespace telefence {

struct MatchScratch::State {
 public:
  State();
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // Worker thread.
  void take_over();
  hs_scratch* scratch() const { return current_; }
  std::span<char> characters() { return {characters_.get(), kTextBytes}; }
  std::span<char16_t> units() { return {units_.get(), kLongestText}; }
  std::span<char16_t> folded_units() { return {folded_units_.get(), kLongestText}; }
  PatternWorkspace& workspace() { return workspace_; }

  TextFinder::Places& places() { return *places_; }

  // What is known of the patterns in one text: which were found, which are still to be run over the whole of it, and the
  // anchors that stand there so often that each further one is passed over.
  void begin_text(std::size_t length) {
    reported_.clear();
    deferred_.clear();
    crowd_.clear();
    workspace_.begin_text(length);
  }
  IdSet<1024>& reported() { return reported_; }
  IdSet<4096>& deferred() { return deferred_; }
  IdSet<1024>& crowd() { return crowd_; }

  // Control thread.
  Result<void> prepare(const MatchSetParts& parts);
  Result<void> prepare(std::span<const hs_database* const> databases);  // null: none

 private:
  // A message comes in windows of kMaxSmsUnits, a URL may be longer; what is longer than this is searched up to here.
  static constexpr std::size_t kLongestText = TextFinder::kLongestScan;
  static constexpr std::size_t kTextBytes = kLongestText * 3;
  static_assert(kMaxSmsUnits <= kLongestText);
  void free_returned();

  std::unique_ptr<char[]> characters_;
  std::unique_ptr<char16_t[]> units_;
  std::unique_ptr<char16_t[]> folded_units_;
  PatternWorkspace workspace_{kLongestText};
  std::unique_ptr<TextFinder::Places> places_;
  IdSet<1024> reported_;
  IdSet<4096> deferred_;
  IdSet<1024> crowd_;
  hs_scratch* current_ = nullptr;  // worker's
  hs_scratch* model_ = nullptr;    // control thread's: fits all sets so far, cloned for the worker
  std::atomic<hs_scratch*> offered_{nullptr};
  // Between two calls of prepare() the worker can take the earlier offer and the new one: two places suffice.
  std::array<std::atomic<hs_scratch*>, 2> returned_{};
};

}  // namespace telefence
