// SPDX-License-Identifier: Apache-2.0
#pragma once

// A regular expression as a tree, for the part of the syntax (PCRE's, as Hyperscan reads it) that is evaluated here: characters,
// `.` (any one, line ends too), classes, groups, alternatives, repetition, ^ $ \A \Z and \b. Where letters are compared without
// regard to case, texts come in lower case, so a tree holds only lower case. What else the syntax has (look-around, references,
// Unicode properties, possessive repetition) is not read; the expression then goes to Hyperscan as it is. Control thread.

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace telefence {

// One set of characters.
class UnitClass {
 public:
  void add(char16_t first, char16_t last);
  void add(const UnitClass& other);
  void complement();
  // Without upper-case letters, which folded texts don't have; their small ones must have been added.
  void drop_upper_case();
  bool has(char16_t unit) const {
    if (unit < 128) return (ascii_[unit / 64] >> (unit % 64) & 1) != 0;
    for (const auto& [first, last] : ranges_)
      if (unit >= first && unit <= last) return true;
    return false;
  }
  // First and last member when all between them are members, too.
  std::optional<std::pair<char16_t, char16_t>> only_range() const;
  friend auto operator<=>(const UnitClass&, const UnitClass&) = default;
  // The members when there are at most `most` of them, without U+0000.
  std::optional<std::u16string> members(std::size_t most) const;

 private:
  std::array<std::uint64_t, 2> ascii_{};
  std::vector<std::pair<char16_t, char16_t>> ranges_;  // of units above ASCII, sorted, apart from one another
};

struct PatternNode {
  enum class Kind : std::uint8_t {
    kText,      // text
    kClass,     // unit_class
    kAny,       // one unit
    kSequence,  // children, one after the other; without children: nothing, which is always there
    kChoice,    // one of the children
    kRepeat,    // the one child, least to most times
    kStart, kEnd, kWordEdge, kNoWordEdge,
  };
  static constexpr std::uint32_t kUnbounded = 0xffffffff;

  Kind kind = Kind::kSequence;
  std::u16string text;
  UnitClass unit_class;
  std::vector<PatternNode> children;
  std::uint32_t least = 1;
  std::uint32_t most = 1;
};

enum class Letters : std::uint8_t { kAnyCase, kExact };

// The tree of an expression; nullopt when it is not well-formed, or more than what is read here. Its depth is bounded.
std::optional<PatternNode> parse_pattern(std::u16string_view expression, Letters letters = Letters::kAnyCase);

// The tree of a plain text.
PatternNode plain_text(std::u16string_view text, Letters letters = Letters::kAnyCase);

// How many units a match has at most; kUnbounded.
std::uint32_t longest_match(const PatternNode& tree);

// The tree that is walked from the end of a match to its begin: what follows one another does so in reverse order, texts stay.
PatternNode mirrored(PatternNode tree);

inline bool is_word_unit(char16_t unit) {
  return (unit >= u'0' && unit <= u'9') || (unit >= u'a' && unit <= u'z') || (unit >= u'A' && unit <= u'Z') || unit == u'_';
}

}  // namespace telefence
