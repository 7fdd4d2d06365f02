// SPDX-License-Identifier: Apache-2.0
#pragma once

// The inside of MatchScratch: the worker's Hyperscan scratch, its buffers and what was found in the text at hand, and how a larger scratch gets from the control
// thread to the worker without a lock: the control thread leaves it in `offered_`, the worker takes it at its next burst and
// leaves its old one in `returned_`, which the control thread empties at the next prepare().

#include <array>
#include <atomic>
#include <memory>
#include <span>

#include "match/id_set.h"
#include "match/match_set.h"
#include "match/pattern_program.h"
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
  std::span<char16_t> spread_units() { return {spread_units_.get(), kLongestText}; }
  PatternWorkspace& workspace() { return workspace_; }

  // The anchors found in one text, and the patterns that they call for.
  void begin_anchors() {
    anchors_.clear();
    candidates_.clear();
  }
  void note_anchor(std::uint32_t anchor) { anchors_.add(anchor); }
  bool has_lost_anchors() const { return anchors_.is_incomplete(); }
  bool add_candidate(std::uint32_t pattern) { return candidates_.add(pattern); }
  std::span<const std::uint32_t> anchors() const { return anchors_.ids(); }
  std::span<const std::uint32_t> candidates() const { return candidates_.ids(); }

  // Control thread.
  Result<void> prepare(const MatchSetParts& parts);

 private:
  static constexpr std::size_t kTextBytes = kMaxSmsUnits * 3;
  // A URL may be longer than a message; servers take some 8,000 octets.
  static constexpr std::size_t kLongestText = 16 * 1024;
  static_assert(kMaxSmsUnits <= kLongestText);
  void free_returned();

  std::unique_ptr<char[]> characters_;
  std::unique_ptr<char16_t[]> units_;
  std::unique_ptr<char16_t[]> spread_units_;
  PatternWorkspace workspace_{kLongestText};
  IdSet<1024> anchors_;
  IdSet<4096> candidates_;
  hs_scratch* current_ = nullptr;  // worker's
  hs_scratch* model_ = nullptr;    // control thread's: fits all sets so far, cloned for the worker
  std::atomic<hs_scratch*> offered_{nullptr};
  // Between two calls of prepare() the worker can take the earlier offer and the new one: two places suffice.
  std::array<std::atomic<hs_scratch*>, 2> returned_{};
};

}  // namespace telefence
