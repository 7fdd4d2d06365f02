// SPDX-License-Identifier: Apache-2.0
#pragma once

// Makes Hyperscan databases (block mode) of expressions as they are, finding those that spoil it. Control thread.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

struct hs_database;

namespace telefence {

struct ReleaseHsDatabase {
  void operator()(hs_database* database) const;
};
using HsDatabase = std::unique_ptr<hs_database, ReleaseHsDatabase>;

struct Expression {
  std::string text;        // UTF-8, folded, in Hyperscan's syntax
  std::uint32_t rule = 0;  // carried along
  std::uint32_t words = 0; // carried along
  std::string refused;     // why it can't be taken; empty = not known to be bad
};

struct ExpressionMode {
  bool over_url = false;    // of URLs, which may hold any octet
  bool any_case = true;
};

class DatabaseCache;

// Compiles `expressions`; what is refused is moved to `refused`, so that the id of a pattern in the database is its index in
// what remains. nullptr when nothing remains. Taken from the cache when that has it.
HsDatabase compile_expressions(std::vector<Expression>& expressions, ExpressionMode mode, const DatabaseCache& cache,
                               std::vector<Expression>& refused);

// Texts that have no character in common (but what every URL has), as UTF-8: a pattern found in all of them is in everything.
std::span<const char* const> everything_probes(bool over_url);

inline constexpr const char* kMatchesEverything = "it matches everything";
inline constexpr const char* kMatchesNothing = "it matches an empty text";

}  // namespace telefence
