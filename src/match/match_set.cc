// SPDX-License-Identifier: Apache-2.0
#include "match/match_set.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "base/check.h"
#include "match/layer.h"
#include "match/scratch_state.h"

namespace telefence {
namespace {

// Hits of one key each: its index is where the key stands in its list.
template <typename Key, typename View>
void scan_all(const PatternSet& patterns, std::span<const Key> keys, HitPart part, View view, MatchScratch::State& state,
              HitList& hits) {
  if (patterns.size() == 0) return;
  for (std::size_t i = 0; i < keys.size(); ++i)
    patterns.scan(view(keys[i]), state, {.event = keys[i].event, .part = part, .key = static_cast<std::uint16_t>(i)}, hits);
}

void match_layer(const Layer& layer, const KeyList& keys, MatchScratch::State& state, HitList& hits) {
  layer.numbers().find(keys.numbers(), hits);
  scan_all(layer.texts(), keys.texts(), HitPart::kText, [](const TextKey& key) { return key; }, state, hits);
  scan_all(layer.urls(), keys.urls(), HitPart::kUrl, [](const UrlKey& key) { return key.url; }, state, hits);
}

bool comes_before(const Hit& a, const Hit& b) {
  return std::tie(a.event, a.part, a.key, b.depth, a.rule) < std::tie(b.event, b.part, b.key, a.depth, b.rule);
}

}  // namespace

MatchSet::MatchSet(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
MatchSet::~MatchSet() = default;

std::unique_ptr<const MatchSet> MatchSet::empty() { return MatchSetBuilder().build_base(0).set; }

void MatchSet::match(const KeyList& keys, MatchScratch& scratch, HitList& hits) const {
  MatchScratch::State& state = *scratch.state_;
  state.take_over();
  const std::size_t before = hits.hits().size();
  const Layer& base = *parts_->base;
  const std::array<const DomainTable*, 2> tables = {&base.domains(), parts_->delta ? &parts_->delta->domains() : nullptr};
  find_domains(keys.domains(), std::span(tables).first(parts_->delta ? 2 : 1), hits);
  match_layer(base, keys, state, hits);
  if (parts_->delta) match_layer(*parts_->delta, keys, state, hits);
  std::span<Hit> found = hits.to_change().subspan(before);
  if (!parts_->removed_ids.empty()) {
    const auto removed = [&](const Hit& hit) {
      return hit.rule < base.rules().size() &&
             std::binary_search(parts_->removed_ids.begin(), parts_->removed_ids.end(), base.rules()[hit.rule].id);
    };
    const auto end = std::remove_if(found.begin(), found.end(), removed);
    hits.shrink(before + static_cast<std::size_t>(end - found.begin()));
    found = hits.to_change().subspan(before);
  }
  std::sort(found.begin(), found.end(), comes_before);
}

bool MatchSet::has_allowed_below(std::string_view name) const {
  return parts_->base->allowed_names().has_below(name) ||
         (parts_->delta != nullptr && parts_->delta->allowed_names().has_below(name));
}

const Rule& MatchSet::rule(std::uint32_t index) const {
  const std::vector<Rule>& base = parts_->base->rules();
  if (index < base.size()) return base[index];
  CHECK(parts_->delta != nullptr && index - base.size() < parts_->delta->rules().size());
  return parts_->delta->rules()[index - base.size()];
}

std::uint64_t MatchSet::version() const { return parts_->version; }

MatchSet::Size MatchSet::size() const {
  Size total;
  for (const Layer* layer : {parts_->base.get(), parts_->delta.get()}) {
    if (layer == nullptr) continue;
    total.domains += layer->domains().size();
    total.numbers += layer->numbers().size();
    total.patterns += layer->texts().size();
    total.urls += layer->urls().size();
    total.bytes += layer->bytes();
  }
  return total;
}

}  // namespace telefence
