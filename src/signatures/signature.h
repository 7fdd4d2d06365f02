// SPDX-License-Identifier: Apache-2.0
#pragma once

// One entry of the anti-fraud centre, as read from a list file, a pattern file or the change log, before it is
// compiled. Values are as written; compiler.h makes them canonical.

#include <cstdint>
#include <string>
#include <string_view>

#include "match/pattern_source.h"
#include "match/rule.h"
#include "verdict/verdict.h"

namespace telefence {

struct Signature {
  SignatureKind kind = SignatureKind::kDomain;
  std::string value;
  std::string name;        // patterns of files: their id; "" = known by its value
  std::uint64_t id = 0;    // 0 = made from kind, value and source
  bool subdomains = true;  // domains: "suffix" or "exact"
  bool prefix = false;     // numbers (also told by a final *); urls: and everything that begins with it
  bool literal = false;    // patterns and urls: plain text instead of a regular expression
  TextFold fold = TextFold::kAll;  // patterns over texts
  PatternWords words;              // patterns: beside the value, or instead of it
  enum class Sides : std::uint8_t { kCalling = 1, kCalled = 2, kEither = 3 };
  Sides sides = Sides::kEither;  // numbers
  bool allow = false;
  bool shadow = false;
  std::string action;  // "" = by category and tier
  Category category = Category::kOther;
  Tier tier = 2;
  std::int64_t expires_s = 0;
  std::int64_t valid_from_s = 0;  // of the log: kept back until then (waiting_changes.h)
  std::int64_t shadow_until_s = 0;  // of the log: only recorded until then, but at the nodes that go first; 0 = never
  std::uint8_t canary = 0;          // so many percent of the nodes go first
  std::string source;             // publisher, or file
  std::string campaign;           // what it belongs to, for people; not compiled
  std::string note;               // for people; not compiled
  std::string where;   // file:line or log seq, for messages
};

// Kinds that the centre may send and this version does not enforce: read, checked and reported, never compiled.
enum class UnenforcedKind : std::uint8_t { kNone, kIp, kAccount, kApp };
inline constexpr std::size_t kUnenforcedKinds = 4;

// One change: add (also allow), remove by kind and value, or an end of all that a source has said of a kind, whose new list the
// lines that follow are. A removal with a source takes away what that source has said; without one, what anybody has, files too.
struct Change {
  enum class Op : std::uint8_t { kAdd, kRemove, kReplaceList };
  Op op = Op::kAdd;
  Signature signature;
  UnenforcedKind unenforced = UnenforcedKind::kNone;  // else signature.kind says nothing
};

// What was wrong with one line of a list or one pattern; the rest loads.
struct Complaint {
  std::string where;  // file:line or log:seq:line
  std::string value;
  std::string reason;       // what is wrong and what would be right
  bool is_left_out = true;  // false: it is in force in spite of it
  bool is_of_same = false;  // of the same pattern as the complaint before
};

}  // namespace telefence
