// SPDX-License-Identifier: Apache-2.0
#include "match/pattern_compiler.h"

#include <hs/hs.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <numeric>

#include "base/check.h"

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

std::string refused_by_hyperscan(const std::string& words) { return "Hyperscan can't compile it: " + words; }

// HS_FLAG_UTF8 only where no invalid UTF-8 can come.
unsigned flags_of(bool over_url) {
  const unsigned flags = HS_FLAG_SINGLEMATCH | HS_FLAG_CASELESS | HS_FLAG_DOTALL;
  return over_url ? flags : flags | HS_FLAG_UTF8;
}

// Parses one expression without compiling it; says what is wrong.
std::string parse_error(const Expression& expression, bool over_url) {
  hs_expr_info_t* info = nullptr;
  hs_compile_error_t* error = nullptr;
  if (hs_expression_info(expression.text.c_str(), flags_of(over_url), &info, &error) != HS_SUCCESS)
    return refused_by_hyperscan(take(error).words);
  const bool matches_nothing_too = info->min_width == 0;
  std::free(info);  // Hyperscan's default allocator
  return matches_nothing_too ? kMatchesNothing : "";
}

HsDatabase compile_some(std::span<const Expression> expressions, bool over_url, CompileError& error) {
  std::vector<const char*> texts;
  for (const Expression& expression : expressions) texts.push_back(expression.text.c_str());
  const std::vector<unsigned> flags(texts.size(), flags_of(over_url));
  std::vector<unsigned> ids(texts.size());
  std::iota(ids.begin(), ids.end(), 0U);
  hs_database_t* database = nullptr;
  hs_compile_error_t* raw = nullptr;
  const hs_error_t status = hs_compile_multi(texts.data(), flags.data(), ids.data(), static_cast<unsigned>(texts.size()),
                                             HS_MODE_BLOCK, nullptr, &database, &raw);
  if (status != HS_SUCCESS) error = take(raw);
  return HsDatabase(database);
}

// Marks what does not compile alone. For errors that Hyperscan does not pin on one expression.
bool mark_alone(std::vector<Expression>& expressions, bool over_url) {
  bool any = false;
  for (Expression& expression : expressions) {
    CompileError error;
    if (compile_some({&expression, 1}, over_url, error) != nullptr) continue;
    expression.refused = refused_by_hyperscan(error.words);
    any = true;
  }
  return any;
}

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

bool mark_everything(const hs_database_t* database, std::vector<Expression>& expressions, bool over_url) {
  hs_scratch_t* scratch = nullptr;
  if (hs_alloc_scratch(database, &scratch) != HS_SUCCESS) return false;
  std::vector<std::size_t> matches(expressions.size());
  const std::span<const char* const> probes = everything_probes(over_url);
  for (const char* probe : probes)
    (void)hs_scan(database, probe, static_cast<unsigned>(std::string_view(probe).size()), 0, scratch, count_match, &matches);
  hs_free_scratch(scratch);
  bool any = false;
  for (std::size_t i = 0; i < matches.size(); ++i) {
    if (matches[i] < probes.size()) continue;
    expressions[i].refused = kMatchesEverything;
    any = true;
  }
  return any;
}

void move_refused(std::vector<Expression>& expressions, std::vector<Expression>& refused) {
  const auto bad = std::stable_partition(expressions.begin(), expressions.end(), [](const Expression& e) { return e.refused.empty(); });
  std::move(bad, expressions.end(), std::back_inserter(refused));
  expressions.erase(bad, expressions.end());
}

// Between some 800 and 5,500 texts Hyperscan steps two bytes at a time, which for two-character words leaves it almost nothing
// to tell them by (measured: three times slower at 5,000 than at 6,000). Above it steps one byte: texts of characters that no
// folded text holds (private use, U+E000 on) fill the set up.
constexpr std::size_t kFillFrom = 800;
constexpr std::size_t kFillTo = 6000;

std::u16string filler(std::size_t number) {
  constexpr std::size_t kPrivateUse = 6400;
  return {static_cast<char16_t>(0xe000 + number % kPrivateUse), static_cast<char16_t>(0xe000 + number * 7 % kPrivateUse)};
}

}  // namespace

void ReleaseHsDatabase::operator()(hs_database* database) const { hs_free_database(database); }

HsDatabase compile_texts(std::span<const std::u16string> texts) {
  if (texts.empty()) return nullptr;
  std::vector<std::u16string> all(texts.begin(), texts.end());
  if (all.size() >= kFillFrom)
    while (all.size() < kFillTo) all.push_back(filler(all.size()));
  std::vector<const char*> starts;
  std::vector<std::size_t> lengths;
  for (std::u16string& text : all) {
    for (char16_t& unit : text) unit = spread(unit);
    starts.push_back(reinterpret_cast<const char*>(text.data()));
    lengths.push_back(text.size() * sizeof(char16_t));
  }
  // No SINGLEMATCH: a match across units would take the place of the real one behind it.
  const std::vector<unsigned> flags(all.size(), 0);
  std::vector<unsigned> ids(all.size());
  std::iota(ids.begin(), ids.end(), 0U);
  hs_database_t* database = nullptr;
  hs_compile_error_t* error = nullptr;
  const hs_error_t status = hs_compile_lit_multi(starts.data(), flags.data(), ids.data(), lengths.data(),
                                                 static_cast<unsigned>(all.size()), HS_MODE_BLOCK, nullptr, &database, &error);
  // Plain texts of bounded length always compile; what remains is an exhausted memory.
  if (status != HS_SUCCESS) std::fprintf(stderr, "Hyperscan: %s\n", take(error).words.c_str());
  CHECK(status == HS_SUCCESS);
  return HsDatabase(database);
}

std::span<const char* const> everything_probes(bool over_url) {
  return over_url ? std::span<const char* const>(kUrlProbes) : std::span<const char* const>(kTextProbes);
}

HsDatabase compile_expressions(std::vector<Expression>& expressions, bool over_url, std::vector<Expression>& refused) {
  for (Expression& expression : expressions) expression.refused = parse_error(expression, over_url);
  move_refused(expressions, refused);
  while (!expressions.empty()) {
    CompileError error;
    HsDatabase database = compile_some(expressions, over_url, error);
    if (database != nullptr) {
      if (!mark_everything(database.get(), expressions, over_url)) return database;
    } else if (error.expression >= 0) {
      expressions[static_cast<std::size_t>(error.expression)].refused = refused_by_hyperscan(error.words);
    } else if (!mark_alone(expressions, over_url)) {
      // Each is fine alone, together they are too much: the last half goes.
      for (std::size_t i = expressions.size() / 2; i < expressions.size(); ++i)
        expressions[i].refused = "with all the others it is too much: " + refused_by_hyperscan(error.words);
    }
    move_refused(expressions, refused);
  }
  return nullptr;
}

}  // namespace telefence
