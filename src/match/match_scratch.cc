// SPDX-License-Identifier: Apache-2.0
#include <hs/hs.h>

#include <vector>

#include "base/check.h"
#include "match/layer.h"
#include "match/scratch_state.h"

namespace telefence {
namespace {

Error no_memory() {
  return {ErrorCode::kFailed, "not enough memory for Hyperscan's work space; the earlier signatures stay in force"};
}

}  // namespace

MatchScratch::State::State()
    : characters_(std::make_unique<char[]>(kTextBytes)),
      units_(std::make_unique<char16_t[]>(kLongestText)),
      folded_units_(std::make_unique<char16_t[]>(kLongestText)),
      places_(std::make_unique<TextFinder::Places>()) {}

MatchScratch::State::~State() {
  free_returned();
  hs_free_scratch(offered_.load());
  hs_free_scratch(current_);
  hs_free_scratch(model_);
}

void MatchScratch::State::take_over() {
  if (offered_.load(std::memory_order_relaxed) == nullptr) [[likely]]
    return;
  hs_scratch* const larger = offered_.exchange(nullptr, std::memory_order_acquire);
  if (larger == nullptr) return;
  hs_scratch* const old = current_;
  current_ = larger;
  if (old == nullptr) return;
  for (std::atomic<hs_scratch*>& place : returned_) {
    if (place.load(std::memory_order_relaxed) != nullptr) continue;
    place.store(old, std::memory_order_release);
    return;
  }
  DCHECK(false);
}

void MatchScratch::State::free_returned() {
  for (std::atomic<hs_scratch*>& place : returned_) hs_free_scratch(place.exchange(nullptr, std::memory_order_acquire));
}

Result<void> MatchScratch::State::prepare(const MatchSetParts& parts) {
  std::vector<const hs_database*> databases;
  for (const PatternLayer* layer : {parts.patterns.get(), parts.pattern_delta.get()}) {
    if (layer == nullptr) continue;
    for (const PatternSet* patterns : {&layer->texts(), &layer->urls()})
      for (const hs_database* database : patterns->databases()) databases.push_back(database);
  }
  return prepare(databases);
}

Result<void> MatchScratch::State::prepare(std::span<const hs_database* const> databases) {
  free_returned();
  std::size_t before = 0;
  if (model_ != nullptr) (void)hs_scratch_size(model_, &before);
  for (const hs_database* database : databases)
    if (database != nullptr && hs_alloc_scratch(database, &model_) != HS_SUCCESS) return no_memory();
  std::size_t after = 0;
  if (model_ != nullptr) (void)hs_scratch_size(model_, &after);
  if (after == before) return {};
  hs_scratch* copy = nullptr;
  if (hs_clone_scratch(model_, &copy) != HS_SUCCESS)
    return no_memory();
  hs_free_scratch(offered_.exchange(copy, std::memory_order_acq_rel));
  return {};
}

MatchScratch::MatchScratch() : state_(std::make_unique<State>()) {}
MatchScratch::~MatchScratch() = default;

Result<void> MatchScratch::prepare(const MatchSet& set) { return state_->prepare(*set.parts_); }

}  // namespace telefence
