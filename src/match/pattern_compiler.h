// SPDX-License-Identifier: Apache-2.0
#pragma once

// Makes Hyperscan databases (block mode): of plain texts in the 16-bit coding that texts have here, and of expressions as they
// are, finding those that spoil it. Control thread.

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

// Units are scanned as two bytes each, after multiplication by this odd number: the bits that tell Chinese characters apart
// are then spread over all that Hyperscan's literal matcher hashes. A match that ends at an odd offset lies across units and is
// none.
inline constexpr std::uint16_t kUnitSpread = 0x9e37;
inline char16_t spread(char16_t unit) { return static_cast<char16_t>(std::uint32_t{unit} * kUnitSpread); }

// A database of these texts, their indexes being the ids; ids above them may be reported and mean nothing. nullptr when there
// are none. Requires: none is empty, at most 64 units each.
HsDatabase compile_texts(std::span<const std::u16string> texts);

struct Expression {
  std::string text;        // UTF-8, folded, in Hyperscan's syntax
  std::uint32_t rule = 0;  // carried along
  std::string refused;     // why it can't be taken; empty = not known to be bad
};

// Compiles `expressions`; what is refused is moved to `refused`, so that the id of a pattern in the database is its index in
// what remains. nullptr when nothing remains. over_url: of URLs, which may hold any octet.
HsDatabase compile_expressions(std::vector<Expression>& expressions, bool over_url, std::vector<Expression>& refused);

// Texts that have no character in common (but what every URL has), as UTF-8: a pattern found in all of them is in everything.
std::span<const char* const> everything_probes(bool over_url);

inline constexpr const char* kMatchesEverything = "it matches everything";
inline constexpr const char* kMatchesNothing = "it matches an empty text";

}  // namespace telefence
