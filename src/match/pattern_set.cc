// SPDX-License-Identifier: Apache-2.0
#include "match/pattern_set.h"

#include <hs/hs.h>

#include "match/pattern_compiler.h"
#include "normalise/pattern_text.h"

namespace telefence {
namespace {

// Texts are folded, so their patterns are; URLs are only compared without regard to case.
std::string folded(const PatternEntry& entry) {
  if (entry.over_url) return entry.expression;
  return entry.literal ? fold_literal(entry.expression) : fold_expression(entry.expression);
}

// URLs may hold any octet, and Hyperscan must never get invalid UTF-8 under HS_FLAG_UTF8.
CompileTerms terms_for(PatternSet::Subject subject, bool literal) {
  const bool url = subject == PatternSet::Subject::kUrl;
  if (literal) return {HS_FLAG_SINGLEMATCH | HS_FLAG_CASELESS, true, url};
  const unsigned flags = HS_FLAG_SINGLEMATCH | HS_FLAG_CASELESS | HS_FLAG_DOTALL;
  return {url ? flags : flags | HS_FLAG_UTF8, false, url};
}

struct Found {
  const std::vector<std::uint32_t>* rules;
  Hit hit;
  HitList* hits;
};

int push_hit(unsigned id, unsigned long long, unsigned long long, unsigned, void* context) {
  Found& found = *static_cast<Found*>(context);
  found.hit.rule = (*found.rules)[id];
  found.hits->push(found.hit);
  return 0;
}

}  // namespace

void PatternSet::Release::operator()(hs_database* database) const { hs_free_database(database); }

PatternSet::PatternSet(std::span<const PatternEntry> entries, Subject subject, std::uint32_t first_rule,
                       std::vector<PatternError>& rejected) {
  for (const bool literal : {true, false}) {
    std::vector<Expression> expressions;
    for (const PatternEntry& entry : entries)
      if (entry.literal == literal && entry.over_url == (subject == Subject::kUrl))
        expressions.push_back({folded(entry), entry.rule, {}});
    std::vector<Expression> refused;
    Compiled& compiled = literal ? literals_ : expressions_;
    compiled.database.reset(compile_expressions(expressions, terms_for(subject, literal), refused));
    for (const Expression& expression : expressions) compiled.rules.push_back(expression.rule + first_rule);
    for (const Expression& expression : refused) rejected.push_back({expression.rule, expression.refused});
  }
}

PatternSet::~PatternSet() = default;

std::size_t PatternSet::bytes() const {
  std::size_t total = 0;
  for (const Compiled* compiled : {&literals_, &expressions_}) {
    std::size_t size = 0;
    if (compiled->database != nullptr) (void)hs_database_size(compiled->database.get(), &size);
    total += size + compiled->rules.capacity() * sizeof(std::uint32_t);
  }
  return total;
}

void PatternSet::scan(std::string_view text, hs_scratch* scratch, const Hit& hit, HitList& hits) const {
  if (scratch == nullptr) return;
  for (const Compiled* compiled : {&literals_, &expressions_}) {
    if (compiled->database == nullptr) continue;
    Found found{&compiled->rules, hit, &hits};
    (void)hs_scan(compiled->database.get(), text.data(), static_cast<unsigned>(text.size()), 0, scratch, push_hit, &found);
  }
}

}  // namespace telefence
