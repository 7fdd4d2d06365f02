// SPDX-License-Identifier: Apache-2.0
#pragma once

// The inside of MatchScratch: the worker's Hyperscan scratch and text buffer, and how a larger scratch gets from the control
// thread to the worker without a lock: the control thread leaves it in `offered_`, the worker takes it at its next burst and
// leaves its old one in `returned_`, which the control thread empties at the next prepare().

#include <array>
#include <atomic>
#include <memory>
#include <span>

#include "match/match_set.h"
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
  std::span<char> text() { return {text_.get(), kTextBytes}; }

  // Control thread.
  Result<void> prepare(const MatchSet::Parts& parts);

 private:
  static constexpr std::size_t kTextBytes = kMaxSmsUnits * 3;
  void free_returned();

  std::unique_ptr<char[]> text_;
  hs_scratch* current_ = nullptr;  // worker's
  hs_scratch* model_ = nullptr;    // control thread's: fits all sets so far, cloned for the worker
  std::atomic<hs_scratch*> offered_{nullptr};
  // Between two calls of prepare() the worker can take the earlier offer and the new one: two places suffice.
  std::array<std::atomic<hs_scratch*>, 2> returned_{};
};

}  // namespace telefence
