// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>

#include "base/check.h"
#include "match/layer.h"
#include "match/match_set.h"

namespace telefence {

struct MatchSetBuilder::Entries : LayerEntries {};

MatchSetBuilder::MatchSetBuilder() : entries_(std::make_unique<Entries>()) {}
MatchSetBuilder::~MatchSetBuilder() = default;

std::uint32_t MatchSetBuilder::add_rule(Rule rule) {
  entries_->rules.push_back(std::move(rule));
  return static_cast<std::uint32_t>(entries_->rules.size() - 1);
}

void MatchSetBuilder::add_domain(std::string_view name, bool subdomains, std::uint32_t rule) {
  CHECK(rule < entries_->rules.size());
  entries_->domains.push_back({std::string(name), subdomains, rule});
}

void MatchSetBuilder::add_number(const PhoneDigits& digits, bool prefix, Sides sides, std::uint32_t rule) {
  CHECK(rule < entries_->rules.size());
  entries_->numbers.push_back({digits, prefix, static_cast<std::uint8_t>(sides), rule});
}

void MatchSetBuilder::add_pattern(PatternSource pattern, std::uint32_t rule) {
  CHECK(rule < entries_->rules.size());
  entries_->patterns.push_back({std::move(pattern), rule, entries_->rules[rule].allow});
}

void MatchSetBuilder::set_pattern_options(PatternOptions options) { entries_->pattern_options = std::move(options); }

MatchSetBuilder::Built MatchSetBuilder::build_base(std::uint64_t version) {
  LayerEntries entries = std::move(*entries_);
  entries_ = std::make_unique<Entries>();
  entries_->pattern_options = entries.pattern_options;
  Built built;
  auto parts = std::make_unique<MatchSet::Parts>();
  parts->base = std::make_shared<const Layer>(std::move(entries), 0, false, built.rejected);
  parts->version = version;
  built.set.reset(new MatchSet(std::move(parts)));
  return built;
}

MatchSetBuilder::Built MatchSetBuilder::build_delta(const MatchSet& below, const std::vector<std::uint64_t>& removed_ids,
                                                    std::uint64_t version) {
  LayerEntries entries = std::move(*entries_);
  entries_ = std::make_unique<Entries>();
  entries_->pattern_options = entries.pattern_options;
  std::vector<std::uint64_t> removed = removed_ids;
  std::sort(removed.begin(), removed.end());
  Built built;
  auto parts = std::make_unique<MatchSet::Parts>();
  parts->base = below.parts_->base;
  parts->version = version;
  std::set_union(removed.begin(), removed.end(), below.parts_->removed_ids.begin(), below.parts_->removed_ids.end(),
                 std::back_inserter(parts->removed_ids));
  // New rules come first, so that rejected patterns carry the indexes that add_rule gave.
  if (below.parts_->delta) entries.append_without(below.parts_->delta->entries(), removed);
  const auto first_rule = static_cast<std::uint32_t>(parts->base->rules().size());
  if (!entries.rules.empty())
    parts->delta = std::make_shared<const Layer>(std::move(entries), first_rule, true, built.rejected);
  built.set.reset(new MatchSet(std::move(parts)));
  return built;
}

}  // namespace telefence
