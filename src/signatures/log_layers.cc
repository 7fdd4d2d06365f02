// SPDX-License-Identifier: Apache-2.0
#include "signatures/log_layers.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/check.h"

namespace telefence {
namespace {

// Closed layers beside the newest and the files': more are merged even when their sizes differ much.
constexpr std::size_t kMostClosed = 4;
// A layer is merged with the next older one when that is at most so many times as large.
constexpr std::size_t kSimilar = 8;

EntryNotes notes_in(const Layer& layer, const WordValue& value) {
  return value.is_number() ? layer.numbers().notes_of(value.number()) : layer.domains().notes_of(value.name(), value.hash());
}

}  // namespace

LogLayers::~LogLayers() {
  if (merging_.valid()) merging_.wait();
}

// The newest layer that says something about the value, and what; terms as in that layer (nullptr: newest_, terms_).
const Layer* LogLayers::layer_with(const WordValue& value, EntryNotes& notes) const {
  notes.clear();
  if (const auto found = newest_.find(value); !found.empty()) {
    notes.assign(found.begin(), found.end());
    return nullptr;
  }
  for (const auto& layer : closed_) {
    notes = notes_in(*layer, value);
    if (!notes.empty()) return layer.get();
  }
  return nullptr;
}

LogWords LogLayers::words_of(const WordValue& value) const {
  EntryNotes notes;
  const Layer* layer = layer_with(value, notes);
  const TermsList& terms = layer == nullptr ? terms_ : layer->terms();
  LogWords words;
  for (const EntryNote& note : notes) {
    if (note.word == EntryNote::Word::kEnded) continue;
    words.push_back({note.word == EntryNote::Word::kEntry ? terms[note.terms] : Terms{}, note});
  }
  return words;
}

std::uint64_t LogLayers::size() const {
  std::uint64_t size = newest_.size();
  for (const auto& layer : closed_) size += layer->size();
  return size;
}

std::optional<WordValue> LogLayers::domain_of(const NameHash& hash) const {
  if (const WordValue* value = newest_.domain_of(hash)) return *value;
  for (const auto& layer : closed_)
    if (const std::string_view name = layer->domains().name_of(hash); !name.empty()) return WordValue::of_domain(name);
  return std::nullopt;
}

void LogLayers::set(const WordValue& value, const LogWords& words) {
  EntryNotes notes;
  for (const LogWord& word : words) {
    notes.push_back(word.note);
    notes.back().terms = word.note.word == EntryNote::Word::kEntry ? terms_.intern(word.terms) : std::uint16_t{0};
  }
  if (!notes.empty()) return newest_.set(value, std::move(notes));
  const bool is_below = std::any_of(closed_.begin(), closed_.end(), [&](const auto& layer) { return !notes_in(*layer, value).empty(); });
  if (is_below)
    newest_.set(value, {EntryNote{.word = EntryNote::Word::kEnded}});
  else
    newest_.erase(value);
}

void LogLayers::prefetch(const WordValue& value) const {
  newest_.prefetch(value);
  if (value.is_number()) return;
  for (const auto& layer : closed_)
    if (layer->domains().names() != 0) layer->domains().prefetch_filter(value.hash().home);
}

std::shared_ptr<const Layer> LogLayers::build_newest() const {
  auto layer = std::make_shared<Layer>();
  std::vector<std::optional<std::uint16_t>> index(terms_.size());
  std::size_t numbers = 0;
  newest_.for_each([&](const WordValue& value, std::span<const EntryNote>) { numbers += value.is_number() ? 1U : 0U; });
  layer->domains().reserve(newest_.size() - numbers);
  layer->numbers().reserve(numbers);
  EntryNotes own;
  newest_.for_each([&](const WordValue& value, std::span<const EntryNote> notes) {
    own.assign(notes.begin(), notes.end());
    for (EntryNote& note : own) {
      if (note.word != EntryNote::Word::kEntry) continue;
      if (!index[note.terms]) index[note.terms] = layer->intern(terms_[note.terms]);
      note.terms = *index[note.terms];
    }
    if (value.is_number())
      layer->numbers().set(value.number(), own);
    else
      layer->domains().add_new(value.name(), value.hash(), own);
  });
  layer->finish();
  return layer;
}

void LogLayers::close_newest() {
  closed_.insert(closed_.begin(), build_newest());
  newest_ = {};
  terms_ = {};
}

bool LogLayers::has_news() const {
  return merging_.valid() && merging_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

// The result of a merge that has ended takes the place of what it was made of.
bool LogLayers::take_merged() {
  if (!has_news()) return false;
  std::shared_ptr<const Layer> result = merging_.get();
  const auto first = std::find(closed_.begin(), closed_.end(), merging_first_);
  CHECK(first != closed_.end());
  const auto next = closed_.erase(first, first + static_cast<std::ptrdiff_t>(merging_count_));
  if (!result->is_empty()) closed_.insert(next, std::move(result));
  merging_first_ = nullptr;
  return true;
}

// How many of the newest closed layers are to be merged; 0 or 1: none.
std::size_t LogLayers::due() const {
  if (closed_.size() < 2) return 0;
  std::size_t count = 1;
  std::size_t entries = closed_[0]->size();
  while (count < closed_.size() && closed_[count]->size() <= kSimilar * entries) entries += closed_[count++]->size();
  return count == 1 && closed_.size() > kMostClosed ? 2 : count;
}

void LogLayers::start(std::size_t first, std::size_t count) {
  LayerMerge merge;
  merge.layers.assign(closed_.begin() + static_cast<std::ptrdiff_t>(first), closed_.begin() + static_cast<std::ptrdiff_t>(first + count));
  merge.is_lowest = first + count == closed_.size();
  std::size_t entries = 0;
  for (const auto& layer : merge.layers) entries += layer->size();
  merging_first_ = closed_[first];
  merging_count_ = count;
  if (entries <= kQuickMerge) {
    std::promise<std::shared_ptr<const Layer>> now;
    now.set_value(merged(merge));
    merging_ = now.get_future();
    return;
  }
  merging_ = std::async(std::launch::async, [merge = std::move(merge)] {
    pthread_setname_np(pthread_self(), "telefence:merge");
    return merged(merge);
  });
}

void LogLayers::merge_where_due() {
  while (take_merged() || !merging_.valid()) {
    const std::size_t count = due();
    if (count < 2) return;
    start(0, count);
  }
}

std::vector<std::shared_ptr<const Layer>> LogLayers::layers() {
  take_merged();
  // One more than may be closed: while a large merge is under way the newest one grows instead.
  if (newest_.size() > kNewest && (!merging_.valid() || closed_.size() <= kMostClosed)) close_newest();
  merge_where_due();
  std::vector<std::shared_ptr<const Layer>> out;
  if (!newest_.empty()) out.push_back(build_newest());
  out.insert(out.end(), closed_.begin(), closed_.end());
  return out;
}

void LogLayers::close_above(std::size_t values) {
  take_merged();
  if (newest_.size() <= values || (merging_.valid() && closed_.size() > kMostClosed)) return;
  close_newest();
  merge_where_due();
}

void LogLayers::settle() {
  while (true) {
    if (merging_.valid()) merging_.wait();
    take_merged();
    merge_where_due();
    if (!merging_.valid()) return;
  }
}

void LogLayers::fold() {
  take_merged();
  if (merging_.valid()) return;
  if (!newest_.empty()) close_newest();
  if (!closed_.empty()) start(0, closed_.size());
}

void LogLayers::adopt(std::shared_ptr<const Layer> layer) {
  if (merging_.valid()) merging_.wait();
  merging_ = {};
  newest_ = {};
  terms_ = {};
  closed_.clear();
  if (!layer->is_empty()) closed_.push_back(std::move(layer));
}

}  // namespace telefence
