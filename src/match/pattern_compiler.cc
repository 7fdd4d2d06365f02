// SPDX-License-Identifier: Apache-2.0
#include "match/pattern_compiler.h"

#include <hs/hs.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <numeric>

#include "base/check.h"
#include "match/database_cache.h"

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
unsigned flags_of(ExpressionMode mode) {
  const unsigned flags = HS_FLAG_SINGLEMATCH | HS_FLAG_DOTALL | (mode.any_case ? HS_FLAG_CASELESS : 0U);
  return mode.over_url ? flags : flags | HS_FLAG_UTF8;
}

// Parses one expression without compiling it; says what is wrong.
std::string parse_error(const Expression& expression, ExpressionMode mode) {
  hs_expr_info_t* info = nullptr;
  hs_compile_error_t* error = nullptr;
  if (hs_expression_info(expression.text.c_str(), flags_of(mode), &info, &error) != HS_SUCCESS)
    return refused_by_hyperscan(take(error).words);
  const bool matches_nothing_too = info->min_width == 0;
  std::free(info);  // Hyperscan's default allocator
  return matches_nothing_too ? kMatchesNothing : "";
}

HsDatabase compile_some(std::span<const Expression> expressions, ExpressionMode mode, CompileError& error) {
  std::vector<const char*> texts;
  for (const Expression& expression : expressions) texts.push_back(expression.text.c_str());
  const std::vector<unsigned> flags(texts.size(), flags_of(mode));
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
bool mark_alone(std::vector<Expression>& expressions, ExpressionMode mode) {
  bool any = false;
  for (Expression& expression : expressions) {
    CompileError error;
    if (compile_some({&expression, 1}, mode, error) != nullptr) continue;
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

// What the cache keeps beside the database: which expressions were refused and why, one a line.
std::string notes_of(const std::vector<Expression>& all) {
  std::string out;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (!all[i].refused.empty()) out += std::to_string(i) + ' ' + all[i].refused + '\n';
  return out;
}

bool take_notes(std::string_view notes, std::vector<Expression>& all) {
  while (!notes.empty()) {
    const std::size_t end = std::min(notes.find('\n'), notes.size());
    const std::string_view line = notes.substr(0, end);
    const std::size_t blank = line.find(' ');
    const std::size_t index = std::strtoull(std::string(line.substr(0, blank)).c_str(), nullptr, 10);
    if (blank == std::string_view::npos || index >= all.size()) return false;
    all[index].refused = line.substr(blank + 1);
    notes.remove_prefix(std::min(end + 1, notes.size()));
  }
  return true;
}

std::string content_of(const std::vector<Expression>& expressions, ExpressionMode mode) {
  std::string out = std::to_string(flags_of(mode)) + '\n';
  for (const Expression& expression : expressions) (out += expression.text) += '\0';
  return out;
}

}  // namespace

void ReleaseHsDatabase::operator()(hs_database* database) const { hs_free_database(database); }

std::span<const char* const> everything_probes(bool over_url) {
  return over_url ? std::span<const char* const>(kUrlProbes) : std::span<const char* const>(kTextProbes);
}

namespace {

// Leaves those that are refused where they stand; the ids of the database count the others.
HsDatabase compile_all(std::vector<Expression>& expressions, ExpressionMode mode) {
  std::vector<std::size_t> places;  // of those that are still to be taken
  std::vector<Expression> left;
  for (std::size_t i = 0; i < expressions.size(); ++i) {
    expressions[i].refused = parse_error(expressions[i], mode);
    if (!expressions[i].refused.empty()) continue;
    places.push_back(i);
    left.push_back(expressions[i]);
  }
  while (!left.empty()) {
    CompileError error;
    HsDatabase database = compile_some(left, mode, error);
    if (database != nullptr) {
      if (!mark_everything(database.get(), left, mode.over_url)) return database;
    } else if (error.expression >= 0) {
      left[static_cast<std::size_t>(error.expression)].refused = refused_by_hyperscan(error.words);
    } else if (!mark_alone(left, mode)) {
      // Each is fine alone, together they are too much: the last half goes.
      for (std::size_t i = left.size() / 2; i < left.size(); ++i)
        left[i].refused = "with all the others it is too much: " + refused_by_hyperscan(error.words);
    }
    std::size_t kept = 0;
    for (std::size_t i = 0; i < left.size(); ++i) {
      expressions[places[i]].refused = left[i].refused;
      if (!left[i].refused.empty()) continue;
      places[kept] = places[i];
      if (kept != i) left[kept] = std::move(left[i]);
      ++kept;
    }
    left.resize(kept);
  }
  return nullptr;
}

}  // namespace

HsDatabase compile_expressions(std::vector<Expression>& expressions, ExpressionMode mode, const DatabaseCache& cache,
                               std::vector<Expression>& refused) {
  if (expressions.empty()) return nullptr;
  const std::string key = cache.is_in_use() ? DatabaseCache::key_of(content_of(expressions, mode)) : std::string();
  HsDatabase database;
  std::optional<DatabaseCache::Kept> kept = cache.find(key);
  if (kept && take_notes(kept->notes, expressions)) {
    database = std::move(kept->database);
  } else {
    database = compile_all(expressions, mode);
    cache.keep(key, database.get(), notes_of(expressions));
  }
  move_refused(expressions, refused);
  return database;
}

}  // namespace telefence
