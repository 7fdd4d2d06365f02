// SPDX-License-Identifier: Apache-2.0
#pragma once

// Compiles many expressions into one Hyperscan database and finds those that spoil it. Control thread.

#include <cstdint>
#include <string>
#include <vector>

struct hs_database;

namespace telefence {

struct Expression {
  std::string text;        // in Hyperscan's syntax, folded
  std::uint32_t rule = 0;  // carried along
  std::string refused;     // why it can't be taken; empty = not known to be bad
};

// Compiles `expressions`; what is refused is moved to `refused`, so that the id of a pattern in the database is its index in
// what remains. nullptr when nothing remains. `flags`: of Hyperscan, for all.
hs_database* compile_expressions(std::vector<Expression>& expressions, unsigned flags, std::vector<Expression>& refused);

}  // namespace telefence
