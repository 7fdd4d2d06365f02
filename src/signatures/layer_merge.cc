// SPDX-License-Identifier: Apache-2.0
#include "signatures/layer_merge.h"

#include <algorithm>
#include <optional>

namespace telefence {
namespace {

// Adds what one layer says and no newer one does.
class Merger {
 public:
  explicit Merger(const LayerMerge& merge) : merge_(merge) {
    std::size_t domains = 0, numbers = 0;
    for (const auto& layer : merge.layers) {
      domains += layer->domains().names();
      numbers += layer->numbers().size();
    }
    out_->domains().reserve(domains);
    out_->numbers().reserve(numbers);
  }

  std::shared_ptr<const Layer> run() {
    for (std::size_t i = 0; i < merge_.layers.size(); ++i) take(i);
    out_->finish();
    return std::move(out_);
  }

 private:
  void take(std::size_t index) {
    const Layer& layer = *merge_.layers[index];
    new_terms_.assign(layer.terms().size(), std::nullopt);
    layer.domains().for_each_place([&](std::uint32_t place) {
      expect(index, hash_name(layer.domains().name_at(place)), place);
      if (expected_.size() == kAtOnce) take_expected(index);
    });
    take_expected(index);
    layer.numbers().for_each([&](const NumberValue& value, std::span<const EntryNote> notes) {
      const auto is_newer = [&](const auto& newer) { return !newer->numbers().notes_of(value).empty(); };
      if (std::any_of(merge_.layers.begin(), merge_.layers.begin() + static_cast<std::ptrdiff_t>(index), is_newer)) return;
      if (keep(layer, notes)) out_->numbers().set(value, kept_);
    });
  }

  // The lines of all tables that a name needs are on their way from memory before the first of a few is taken.
  void expect(std::size_t index, const NameHash& hash, std::uint32_t place) {
    expected_.push_back({hash, place});
    for (std::size_t i = 0; i < index; ++i)
      if (merge_.layers[i]->domains().names() != 0) merge_.layers[i]->domains().prefetch_filter(hash.home);
    out_->domains().prefetch(hash);
  }

  void take_expected(std::size_t index) {
    const Layer& layer = *merge_.layers[index];
    for (const Expected& one : expected_) {
      const std::string_view name = layer.domains().name_at(one.place);
      const auto is_newer = [&](const auto& newer) { return newer->domains().has(name, one.hash); };
      if (std::any_of(merge_.layers.begin(), merge_.layers.begin() + static_cast<std::ptrdiff_t>(index), is_newer)) continue;
      layer.domains().read_notes(one.place, notes_);
      if (keep(layer, notes_)) out_->domains().add_new(name, one.hash, kept_);
    }
    expected_.clear();
  }

  // Into kept_, with the terms of the new layer. False: nothing is left.
  bool keep(const Layer& layer, std::span<const EntryNote> notes) {
    kept_.clear();
    for (EntryNote note : notes) {
      if (note.word == EntryNote::Word::kEntry) {
        std::optional<std::uint16_t>& known = new_terms_[note.terms];
        if (!known) known = out_->intern(layer.terms()[note.terms]);
        note.terms = *known;
      } else if (note.word == EntryNote::Word::kEnded) {
        continue;
      }
      kept_.push_back(note);
    }
    if (kept_.empty() && !merge_.is_lowest) kept_.push_back({.word = EntryNote::Word::kEnded});
    return !kept_.empty();
  }

  const LayerMerge& merge_;
  std::shared_ptr<Layer> out_ = std::make_shared<Layer>();
  std::vector<std::optional<std::uint16_t>> new_terms_;
  EntryNotes notes_;
  EntryNotes kept_;

  struct Expected {
    NameHash hash;
    std::uint32_t place;
  };
  static constexpr std::size_t kAtOnce = 16;
  std::vector<Expected> expected_;
};

}  // namespace

std::shared_ptr<const Layer> merged(const LayerMerge& merge) { return Merger(merge).run(); }

}  // namespace telefence
