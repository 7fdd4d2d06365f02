// SPDX-License-Identifier: Apache-2.0
#include "match/layer.h"

#include <algorithm>

namespace telefence {

void Layer::finish() {
  domains_.finish();
  numbers_.finish();
  name_what_is_allowed();
}

void Layer::name_what_is_allowed() {
  std::vector<bool> allows(terms_.size());
  for (std::size_t i = 0; i < terms_.size(); ++i) allows[i] = terms_.all()[i].allow && terms_.all()[i].kind == SignatureKind::kDomain;
  std::vector<std::string_view> names;
  if (std::find(allows.begin(), allows.end(), true) != allows.end()) {
    domains_.for_each([&](std::string_view name, std::span<const EntryNote> notes) {
      const auto is_allowed = [&](const EntryNote& note) { return note.word == EntryNote::Word::kEntry && allows[note.terms]; };
      if (std::any_of(notes.begin(), notes.end(), is_allowed)) names.push_back(name);
    });
  }
  allowed_names_ = AllowedNames(names);
}

// A $ may stand for itself; then no more is lost than that a text is judged later.
void PatternLayer::note_what_needs_all(std::span<const PatternEntry> entries) {
  needs_whole_.resize(rules_.size());
  for (const PatternEntry& entry : entries) {
    if (entry.over_url) continue;
    has_allowed_texts_ = has_allowed_texts_ || (entry.allow && !rules_[entry.rule].shadow);
    const bool has_end = !entry.literal && (entry.expression.find('$') != std::string::npos || entry.expression.find("\\z") != std::string::npos ||
                                            entry.expression.find("\\Z") != std::string::npos);
    if (has_end || !entry.words.none.empty()) needs_whole_[entry.rule] = true;
  }
}

std::size_t PatternLayer::bytes() const {
  std::size_t total = texts_.bytes() + urls_.bytes() + rules_.capacity() * sizeof(Rule);
  for (const Rule& rule : rules_) total += rule.value.capacity() + rule.source.capacity();
  return total;
}

}  // namespace telefence
