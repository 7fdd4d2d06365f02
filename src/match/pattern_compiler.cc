// SPDX-License-Identifier: Apache-2.0
#include "match/pattern_compiler.h"

#include <hs/hs.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <numeric>
#include <span>
#include <string_view>
#include <utility>

namespace telefence {
namespace {

// Hyperscan's words about an error, and which expression it is about (-1: not told).
struct CompileError {
  std::string words;
  int expression = -1;
};

CompileError take(hs_compile_error_t* error) {
  CompileError out;
  if (error != nullptr) {
    out = {error->message == nullptr ? "unknown error" : error->message, error->expression};
    hs_free_compile_error(error);
  }
  return out;
}

// Parses one expression without compiling it; says what is wrong. Plain texts can only be empty.
std::string parse_error(const Expression& expression, const CompileTerms& terms) {
  if (expression.text.empty()) return "nothing is left of this pattern after folding";
  if (terms.literal) return {};
  hs_expr_info_t* info = nullptr;
  hs_compile_error_t* error = nullptr;
  if (hs_expression_info(expression.text.c_str(), terms.flags, &info, &error) != HS_SUCCESS) return take(error).words;
  const bool matches_nothing_too = info->min_width == 0;
  std::free(info);  // Hyperscan's default allocator
  return matches_nothing_too ? "Pattern matches empty buffer" : "";
}

hs_database_t* compile_some(std::span<const Expression> expressions, const CompileTerms& terms, CompileError& error) {
  std::vector<const char*> texts;
  std::vector<std::size_t> lengths;
  for (const Expression& expression : expressions) {
    texts.push_back(expression.text.c_str());
    lengths.push_back(expression.text.size());
  }
  const std::vector<unsigned> flags(texts.size(), terms.flags);
  std::vector<unsigned> ids(texts.size());
  std::iota(ids.begin(), ids.end(), 0U);
  const auto count = static_cast<unsigned>(texts.size());
  hs_database_t* database = nullptr;
  hs_compile_error_t* raw = nullptr;
  const hs_error_t status =
      terms.literal ? hs_compile_lit_multi(texts.data(), flags.data(), ids.data(), lengths.data(), count, HS_MODE_BLOCK, nullptr, &database, &raw)
                    : hs_compile_multi(texts.data(), flags.data(), ids.data(), count, HS_MODE_BLOCK, nullptr, &database, &raw);
  if (status != HS_SUCCESS) error = take(raw);
  return database;
}

// Marks what does not compile alone. For errors that Hyperscan does not pin on one expression.
bool mark_alone(std::vector<Expression>& expressions, const CompileTerms& terms) {
  bool any = false;
  for (Expression& expression : expressions) {
    CompileError error;
    hs_database_t* database = compile_some({&expression, 1}, terms, error);
    if (database == nullptr) expression.refused = error.words;
    any = any || database == nullptr;
    hs_free_database(database);
  }
  return any;
}

// Texts that have no character in common (but what every URL has): a pattern that matches all of them matches everything.
constexpr const char* kTextProbes[] = {"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
                                       "0123456789012345678901234567890123456789012345678901",
                                       "天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏",
                                       ",;:!?,;:!?,;:!?,;:!?,;:!?,;:!?,;:!?,;:!?,;:!?,;:!?"};
constexpr const char* kUrlProbes[] = {"www.abc.ab/cdefghijklmnopqrstuvwxyzcdefghijklmnopqrstuvwxyz", "0-1.9zz/2345?678=90123456789012345",
                                      "xn--55qx5d.xn--io0a7i/a", "q.tv/"};

int count_match(unsigned id, unsigned long long, unsigned long long, unsigned, void* context) {
  ++(*static_cast<std::vector<std::size_t>*>(context))[id];
  return 0;
}

bool mark_everything(const hs_database_t* database, std::vector<Expression>& expressions, const CompileTerms& terms) {
  hs_scratch_t* scratch = nullptr;
  if (hs_alloc_scratch(database, &scratch) != HS_SUCCESS) return false;
  std::vector<std::size_t> matches(expressions.size());
  for (const char* probe : terms.over_url ? kUrlProbes : kTextProbes)
    (void)hs_scan(database, probe, static_cast<unsigned>(std::string_view(probe).size()), 0, scratch, count_match, &matches);
  hs_free_scratch(scratch);
  bool any = false;
  for (std::size_t i = 0; i < matches.size(); ++i) {
    if (matches[i] < std::size(kTextProbes)) continue;
    expressions[i].refused = "Pattern matches everything";
    any = true;
  }
  return any;
}

void move_refused(std::vector<Expression>& expressions, std::vector<Expression>& refused) {
  const auto bad = std::stable_partition(expressions.begin(), expressions.end(), [](const Expression& e) { return e.refused.empty(); });
  std::move(bad, expressions.end(), std::back_inserter(refused));
  expressions.erase(bad, expressions.end());
}

}  // namespace

hs_database* compile_expressions(std::vector<Expression>& expressions, const CompileTerms& terms, std::vector<Expression>& refused) {
  for (Expression& expression : expressions) expression.refused = parse_error(expression, terms);
  move_refused(expressions, refused);
  while (!expressions.empty()) {
    CompileError error;
    hs_database_t* database = compile_some(expressions, terms, error);
    if (database != nullptr) {
      if (!mark_everything(database, expressions, terms)) return database;
      hs_free_database(database);
    } else if (error.expression >= 0) {
      expressions[static_cast<std::size_t>(error.expression)].refused = error.words;
    } else if (!mark_alone(expressions, terms)) {
      // Each is fine alone, together they are too much: the last half goes.
      for (std::size_t i = expressions.size() / 2; i < expressions.size(); ++i) expressions[i].refused = error.words;
    }
    move_refused(expressions, refused);
  }
  return nullptr;
}

}  // namespace telefence
