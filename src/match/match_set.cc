// SPDX-License-Identifier: Apache-2.0
#include "match/match_set.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <tuple>

#include "base/check.h"
#include "match/names_asked.h"
#include "match/layer.h"
#include "match/made_id.h"
#include "match/rule_ref.h"
#include "match/scratch_state.h"

namespace telefence {
namespace {

// Hits of one key each: its index is where the key stands in its list.
void scan_urls(const PatternSet& patterns, std::span<const UrlKey> keys, MatchScratch::State& state, HitList& hits) {
  if (patterns.size() == 0) return;
  for (std::size_t i = 0; i < keys.size(); ++i)
    patterns.scan(keys[i].url, state, {.event = keys[i].event, .part = HitPart::kUrl, .key = static_cast<std::uint16_t>(i)}, hits);
}

bool comes_before(const Hit& a, const Hit& b) {
  return std::tie(a.event, a.part, a.key, b.depth, a.rule) < std::tie(b.event, b.part, b.key, a.depth, b.rule);
}

// "+8613812345678", "1069*".
std::string_view written(const NumberValue& number, std::array<char, 32>& room) {
  char* at = room.data();
  if (number.digits.international) *at++ = '+';
  for (std::uint64_t power = number.digits.length; power > 1 && number.digits.value < kPowersOfTen[power - 1]; --power) *at++ = '0';
  at = std::to_chars(at, room.data() + room.size(), number.digits.value).ptr;
  if (number.prefix) *at++ = '*';
  return {room.data(), static_cast<std::size_t>(at - room.data())};
}

DomainTable::Place domain_place(RuleRef ref) {
  const RuleRef place = ref & kRulePlaceMask;
  return {static_cast<std::uint32_t>(place), static_cast<std::uint32_t>(place >> 32)};
}

NumberTable::Place number_place(RuleRef ref) {
  return {static_cast<std::uint32_t>(ref), (ref >> 32 & 1) != 0};
}

}  // namespace

// What is asked, without what is empty.
struct MatchSet::Tables {
  explicit Tables(const MatchSetParts& parts);
  const Layer& layer(RuleRef ref) const { return *layers[layer_of(ref)]; }
  std::size_t pattern_index(RuleRef ref) const { return static_cast<std::size_t>(ref & kRulePlaceMask); }
  const Rule& pattern(RuleRef ref) const { return patterns[layer_of(ref)]->rules()[pattern_index(ref)]; }

  std::vector<const Layer*> layers;  // all, newest first
  std::vector<TableLayer<DomainTable>> domains;
  std::vector<TableLayer<NumberTable>> numbers;
  std::vector<const AllowedNames*> allowed;
  std::vector<const PatternLayer*> patterns;                // delta and base
  std::vector<std::vector<Terms>> pattern_terms;  // by rule
};

MatchSet::Tables::Tables(const MatchSetParts& parts) {
  const auto add = [&](const Layer& layer, bool is_log) {
    const std::size_t index = layers.size();
    CHECK(index < kMostLayers);
    layers.push_back(&layer);
    if (layer.domains().names() != 0)
      domains.push_back({&layer.domains(), rule_ref(index, RuleTable::kDomains), is_log, layer.terms().all()});
    if (!layer.allowed_names().is_empty()) allowed.push_back(&layer.allowed_names());
    if (!layer.numbers().is_empty())
      numbers.push_back({&layer.numbers(), rule_ref(index, RuleTable::kNumbers), is_log, layer.terms().all()});
  };
  for (const auto& layer : parts.log) add(*layer, true);
  if (parts.files != nullptr) add(*parts.files, false);
  for (const PatternLayer* layer : {parts.pattern_delta.get(), parts.patterns.get()}) {
    if (layer == nullptr) continue;
    patterns.push_back(layer);
    pattern_terms.emplace_back();
    for (const Rule& rule : layer->rules()) pattern_terms.back().push_back(terms_of(rule));
  }
}

MatchSet::MatchSet(MatchSetParts parts)
    : parts_(std::make_unique<const MatchSetParts>(std::move(parts))), tables_(std::make_unique<const Tables>(*parts_)) {}
MatchSet::~MatchSet() = default;

std::unique_ptr<const MatchSet> MatchSet::empty() { return std::make_unique<const MatchSet>(MatchSetParts{}); }

void MatchSet::match(const KeyList& keys, MatchScratch& scratch, HitList& hits, std::int64_t now_s) const {
  MatchScratch::State& state = *scratch.state_;
  state.take_over();
  const std::size_t before = hits.hits().size();
  find_domains(keys.domains(), tables_->domains, now_s, hits);
  find_numbers(keys.numbers(), tables_->numbers, now_s, hits);
  for (std::size_t i = 0; i < tables_->patterns.size(); ++i) {
    const PatternLayer& layer = *tables_->patterns[i];
    const std::size_t first = hits.hits().size();
    layer.texts().scan(keys.texts(), HitPart::kText, state, hits);
    scan_urls(layer.urls(), keys.urls(), state, hits);
    std::span<Hit> found = hits.to_change().subspan(first);
    if (&layer == parts_->patterns.get() && !parts_->removed_patterns.empty()) {
      const auto is_removed = [&](const Hit& hit) {
        return std::binary_search(parts_->removed_patterns.begin(), parts_->removed_patterns.end(), hit.rule);
      };
      const auto end = std::remove_if(found.begin(), found.end(), is_removed);
      hits.shrink(first + static_cast<std::size_t>(end - found.begin()));
      found = hits.to_change().subspan(first);
    }
    for (Hit& hit : found) {
      hit.ends = layer.rules()[hit.rule].expires_s != 0;
      hit.terms = &tables_->pattern_terms[i][hit.rule];
      hit.rule = rule_ref(i, RuleTable::kPatterns, hit.rule);
    }
  }
  const std::span<Hit> found = hits.to_change().subspan(before);
  // Those of names alone are in order as they come.
  if (!std::is_sorted(found.begin(), found.end(), comes_before)) std::sort(found.begin(), found.end(), comes_before);
}

std::size_t MatchSet::may_be_listed(std::span<const PlainName> names, std::span<std::uint16_t> indexes) const {
  static_assert(kMostAsked == NamesAsked::kMost);
  DCHECK(names.size() <= kMostAsked && indexes.size() >= names.size());
  if (tables_->domains.empty()) return 0;
  std::size_t count = 0;
  for (std::uint64_t listed = NamesAsked(tables_->domains).which_may_be_listed(names); listed != 0; listed &= listed - 1)
    indexes[count++] = static_cast<std::uint16_t>(std::countr_zero(listed));
  return count;
}

bool MatchSet::has_allowed_below(std::string_view name) const {
  return std::any_of(tables_->allowed.begin(), tables_->allowed.end(), [name](const AllowedNames* names) { return names->has_below(name); });
}

const Terms& MatchSet::terms(RuleRef rule) const {
  if (table_of(rule) == RuleTable::kPatterns) return tables_->pattern_terms[layer_of(rule)][tables_->pattern_index(rule)];
  const Layer& layer = tables_->layer(rule);
  if (table_of(rule) == RuleTable::kDomains) return layer.terms()[layer.domains().terms(domain_place(rule))];
  return layer.terms()[layer.numbers().note(number_place(rule)).terms];
}

bool MatchSet::may_be_lifted(RuleRef rule) const {
  if (table_of(rule) != RuleTable::kPatterns) return false;
  const auto allows = [](const std::shared_ptr<const PatternLayer>& layer) { return layer != nullptr && layer->has_allowed_texts(); };
  return allows(parts_->patterns) || allows(parts_->pattern_delta) || tables_->patterns[layer_of(rule)]->needs_whole(tables_->pattern_index(rule));
}

std::int64_t MatchSet::expires_s(RuleRef rule) const {
  switch (table_of(rule)) {
    case RuleTable::kDomains: return tables_->layer(rule).domains().expires_s(domain_place(rule));
    case RuleTable::kNumbers: return tables_->layer(rule).numbers().note(number_place(rule)).expires_s;
    case RuleTable::kPatterns: return tables_->pattern(rule).expires_s;
  }
  return 0;
}

std::uint64_t MatchSet::id(RuleRef rule) const {
  RuleText text;
  tell(rule, text);
  return text.id;
}

void MatchSet::tell(RuleRef ref, RuleText& out) const {
  if (table_of(ref) == RuleTable::kPatterns) {
    const Rule& rule = tables_->pattern(ref);
    out.kind = rule.kind;
    out.source = rule.source;
    out.value = rule.value;
    out.id = rule.id != 0 ? rule.id : made_id(rule.kind, rule.allow, rule.source, rule.value);
    return;
  }
  const Layer& layer = tables_->layer(ref);
  std::uint16_t index;
  if (table_of(ref) == RuleTable::kDomains) {
    const DomainTable::Place place = domain_place(ref);
    index = layer.domains().terms(place);
    out.id = layer.domains().id(place);
    out.value = layer.domains().name(place);
  } else {
    const NumberTable::Place place = number_place(ref);
    const EntryNote& note = layer.numbers().note(place);
    index = note.terms;
    out.id = note.id;
    out.value = written(layer.numbers().value(place), out.room);
  }
  const Terms& what = layer.terms()[index];
  out.kind = what.kind;
  out.source = what.source;
  if (out.id == 0) out.id = made_id(layer.terms().id_start(index), out.value);
}

Rule MatchSet::rule(RuleRef ref) const {
  RuleText text;
  tell(ref, text);
  const Terms& what = terms(ref);
  return {.id = text.id,
          .kind = what.kind,
          .allow = what.allow,
          .shadow = what.shadow,
          .action = what.action,
          .category = what.category,
          .tier = what.tier,
          .sides = what.sides,
          .expires_s = expires_s(ref),
          .value = std::string(text.value),
          .source = what.source};
}

std::uint64_t MatchSet::version() const { return parts_->version; }

MatchSet::Size MatchSet::size() const {
  Size total;
  for (const Layer* layer : tables_->layers) {
    total.domains += layer->domains().size();
    total.numbers += layer->numbers().size();
    total.bytes += layer->bytes();
  }
  for (const PatternLayer* layer : tables_->patterns) {
    total.patterns += layer->texts().size();
    total.urls += layer->urls().size();
    total.bytes += layer->bytes();
  }
  return total;
}

}  // namespace telefence
