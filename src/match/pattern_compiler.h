// SPDX-License-Identifier: Apache-2.0
#pragma once

// Compiles many expressions into one Hyperscan database and finds those that spoil it. Control thread.

#include <cstdint>
#include <string>
#include <vector>

struct hs_database;

namespace telefence {

struct Expression {
  std::string text;        // folded; in Hyperscan's syntax unless literal
  std::uint32_t rule = 0;  // carried along
  std::string refused;     // why it can't be taken; empty = not known to be bad
};

// What all expressions of a database have in common.
struct CompileTerms {
  unsigned flags = 0;    // Hyperscan's
  bool literal = false;  // the texts are plain: no syntax, and compiled some hundred times faster
  bool over_url = false;
};

// Compiles `expressions`; what is refused is moved to `refused`, so that the id of a pattern in the database is its index in
// what remains. nullptr when nothing remains.
hs_database* compile_expressions(std::vector<Expression>& expressions, const CompileTerms& terms, std::vector<Expression>& refused);

}  // namespace telefence
