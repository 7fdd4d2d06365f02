// SPDX-License-Identifier: Apache-2.0
#include "match/pattern_set.h"

#include <hs/hs.h>

#include "match/pattern_compiler.h"
#include "normalise/pattern_text.h"

namespace telefence {
namespace {

constexpr unsigned kFlags = HS_FLAG_SINGLEMATCH | HS_FLAG_CASELESS | HS_FLAG_DOTALL;

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool word = static_cast<unsigned char>(c) >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!word) out += '\\';
    out += c;
  }
  return out;
}

// Texts are folded, so their patterns are; URLs are only compared without regard to case.
std::string in_hyperscan_syntax(const PatternEntry& entry) {
  if (entry.literal) return escaped(entry.over_url ? entry.expression : fold_literal(entry.expression));
  return entry.over_url ? entry.expression : fold_expression(entry.expression);
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
  std::vector<Expression> expressions;
  for (const PatternEntry& entry : entries)
    if (entry.over_url == (subject == Subject::kUrl)) expressions.push_back({in_hyperscan_syntax(entry), entry.rule, {}});
  std::vector<Expression> refused;
  // URLs may hold any octet, and Hyperscan must never get invalid UTF-8 under HS_FLAG_UTF8.
  const unsigned flags = subject == Subject::kText ? kFlags | HS_FLAG_UTF8 : kFlags;
  database_.reset(compile_expressions(expressions, flags, refused));
  for (const Expression& expression : expressions) rules_.push_back(expression.rule + first_rule);
  for (const Expression& expression : refused) rejected.push_back({expression.rule, expression.refused});
}

PatternSet::~PatternSet() = default;

std::size_t PatternSet::bytes() const {
  std::size_t size = 0;
  if (database_ != nullptr) (void)hs_database_size(database_.get(), &size);
  return size + rules_.capacity() * sizeof(std::uint32_t);
}

void PatternSet::scan(std::string_view text, hs_scratch* scratch, const Hit& hit, HitList& hits) const {
  if (database_ == nullptr || scratch == nullptr) return;
  Found found{&rules_, hit, &hits};
  (void)hs_scan(database_.get(), text.data(), static_cast<unsigned>(text.size()), 0, scratch, push_hit, &found);
}

}  // namespace telefence
