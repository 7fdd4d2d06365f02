// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the change log says about domains and numbers, in layers: a small newest one that is made anew with every change, older and
// larger ones below. Layers of similar size are merged, small ones at once and large ones by a thread of their own, so that a
// change never waits for millions of entries. One control thread.

#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "match/layer.h"
#include "signatures/layer_merge.h"
#include "signatures/newest_words.h"
#include "signatures/word_value.h"

namespace telefence {

// One entry or removal that is in force about a value.
struct LogWord {
  Terms terms;
  EntryNote note;  // without its terms
};
using LogWords = std::vector<LogWord>;

class LogLayers {
 public:
  static constexpr std::size_t kNewest = 1024;     // values in the newest layer before it is closed
  static constexpr std::size_t kQuickMerge = 8192;  // entries that are merged at once

  LogLayers() = default;
  ~LogLayers();

  // What is in force about a value; empty: the log says nothing.
  LogWords words_of(const WordValue& value) const;
  // The same for a value whose hash is known, with its name; nullopt: there is none.
  std::optional<WordValue> domain_of(const NameHash& hash) const;
  // It will be asked for or set soon.
  void prefetch(const WordValue& value) const;
  // All that the log now says about it, nothing when empty.
  void set(const WordValue& value, const LogWords& words);
  bool is_empty() const { return newest_.empty() && closed_.empty(); }

  // The layers in force now, the newest first.
  std::vector<std::shared_ptr<const Layer>> layers();
  // For who changes much and publishes nothing: the newest layer is closed when it has more than so many values.
  void close_above(std::size_t values);
  // A merge has ended since the last layers(): they want to be published.
  bool has_news() const;
  // Waits until no merge is under way and none is due. For tests and before a snapshot is written.
  void settle();
  // All into one, in the thread of its own; for when much is over or hidden. What is merged already stays.
  void fold();
  // Starts with this layer alone.
  void adopt(std::shared_ptr<const Layer> layer);

  // visit(value) of all values that it says something about.
  template <typename Visit>
  void for_each(Visit visit) const;
  std::uint64_t size() const;  // entries, about: those that newer ones hide count too

 private:
  const Layer* layer_with(const WordValue& value, EntryNotes& notes) const;
  std::shared_ptr<const Layer> build_newest() const;
  void close_newest();
  bool take_merged();
  void merge_where_due();
  void start(std::size_t first, std::size_t count);
  std::size_t due() const;

  TermsList terms_;  // of newest_
  NewestWords newest_;  // terms: index in terms_
  std::vector<std::shared_ptr<const Layer>> closed_;  // the newest first
  // The merge under way: of `merging_count_` layers, of which the newest is `merging_first_`.
  std::future<std::shared_ptr<const Layer>> merging_;
  std::shared_ptr<const Layer> merging_first_;
  std::size_t merging_count_ = 0;
};

template <typename Visit>
void LogLayers::for_each(Visit visit) const {
  newest_.for_each([&](const WordValue& value, std::span<const EntryNote>) { visit(value); });
  for (std::size_t i = 0; i < closed_.size(); ++i) {
    EntryNotes found;
    closed_[i]->domains().for_each([&](std::string_view name, std::span<const EntryNote>) {
      const WordValue value = WordValue::of_domain(name);
      if (layer_with(value, found) == closed_[i].get()) visit(value);
    });
    closed_[i]->numbers().for_each([&](const NumberValue& number, std::span<const EntryNote>) {
      const WordValue value = WordValue::of_number(number);
      if (layer_with(value, found) == closed_[i].get()) visit(value);
    });
  }
}

}  // namespace telefence
