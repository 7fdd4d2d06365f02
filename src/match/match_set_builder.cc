// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "match/layer.h"
#include "match/match_set.h"

namespace telefence {

struct MatchSetBuilder::Entries {
  std::unique_ptr<Layer> layer = std::make_unique<Layer>();
  std::vector<Rule> rules;
  std::vector<PatternEntry> patterns;
  PatternOptions pattern_options;

  EntryNote note_of(std::uint32_t index, SignatureKind kind, std::uint8_t sides) {
    CHECK(index < rules.size());
    const Rule& rule = rules[index];
    Terms terms = terms_of(rule);
    terms.kind = kind;
    terms.sides = sides;
    return {.terms = layer->intern(terms), .id = rule.id, .expires_s = rule.expires_s};
  }
};

MatchSetBuilder::MatchSetBuilder() : entries_(std::make_unique<Entries>()) {}
MatchSetBuilder::~MatchSetBuilder() = default;

std::uint32_t MatchSetBuilder::add_rule(Rule rule) {
  entries_->rules.push_back(std::move(rule));
  return static_cast<std::uint32_t>(entries_->rules.size() - 1);
}

void MatchSetBuilder::add_domain(std::string_view name, bool subdomains, std::uint32_t rule) {
  EntryNote note = entries_->note_of(rule, SignatureKind::kDomain, 3);
  note.subdomains = subdomains;
  if (!name.empty() && name.size() <= 253) entries_->layer->domains().add(name, note);
}

void MatchSetBuilder::add_number(const PhoneDigits& digits, bool prefix, Sides sides, std::uint32_t rule) {
  const EntryNote note = entries_->note_of(rule, SignatureKind::kNumber, static_cast<std::uint8_t>(sides));
  if (digits.length != 0 && digits.length <= 20) entries_->layer->numbers().add({digits, prefix}, note);
}

void MatchSetBuilder::add_pattern(PatternSource pattern, std::uint32_t rule) {
  CHECK(rule < entries_->rules.size());
  entries_->patterns.push_back({std::move(pattern), rule, entries_->rules[rule].allow});
}

void MatchSetBuilder::set_pattern_options(PatternOptions options) { entries_->pattern_options = std::move(options); }

MatchSetBuilder::Built MatchSetBuilder::build_base(std::uint64_t version) {
  const std::unique_ptr<Entries> entries = std::move(entries_);
  entries_ = std::make_unique<Entries>();
  entries_->pattern_options = entries->pattern_options;
  entries->layer->finish();
  Built built;
  MatchSetParts parts;
  parts.version = version;
  parts.files = std::move(entries->layer);
  if (!entries->patterns.empty())
    parts.patterns = std::make_shared<const PatternLayer>(std::move(entries->rules), entries->patterns, entries->pattern_options, built.rejected);
  built.set = std::make_unique<const MatchSet>(std::move(parts));
  return built;
}

}  // namespace telefence
