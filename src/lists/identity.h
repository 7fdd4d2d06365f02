// SPDX-License-Identifier: Apache-2.0
#pragma once

// By what two entries are the same: kind, value, how much it covers, whose number, allow or block. And which entries would take one in.

#include <bitset>
#include <cstdint>
#include <optional>
#include <string>

#include "lists/value_set.h"
#include "signatures/signature.h"

namespace telefence {

// Everything about an identity but its value.
class IdentityTag {
 public:
  // Requires: the signature's value is canonical.
  static IdentityTag of(const Signature& signature);
  std::uint8_t byte() const { return byte_; }

 private:
  explicit IdentityTag(std::uint8_t byte) : byte_(byte) {}
  std::uint8_t byte_;
};

std::uint64_t identity_hash(IdentityTag tag, std::string_view value);
// With the words of a pattern, which may stand in place of its value.
std::uint64_t identity_hash(const Signature& signature);

// All values that were seen, with a mark for each: what it means (meanings.h).
class SeenValues {
 public:
  explicit SeenValues(std::size_t expected) : set_(expected) {}

  // The mark that is there already; 0: it was not, and now is.
  ValueSet::Mark insert(const Signature& signature, ValueSet::Mark mark);
  // 0: it is not there.
  ValueSet::Mark find(const Signature& signature) const { return set_.find(identity_hash(signature)); }

  // Whether the nearest entry that takes this one in means the same as this one, `mark`: then nothing changes without it. One between
  // that means something else (an allowed name below a blocked one) makes a difference.
  bool is_covered(const Signature& signature, ValueSet::Mark mark) const;

  std::size_t size() const { return set_.size(); }
  std::size_t bytes() const { return set_.bytes(); }

 private:
  bool is_domain_covered(const Signature& signature, ValueSet::Mark mark) const;
  bool is_number_covered(const Signature& signature, ValueSet::Mark mark) const;

  // What all entries of this value say: nothing; the same as `mark` with the same tag; something else.
  enum class Finding { kNothing, kSame, kOther };
  Finding at(std::string_view value, std::uint8_t own, std::initializer_list<std::uint8_t> others, ValueSet::Mark mark) const;

  ValueSet set_;
  std::bitset<256> tags_;            // that were seen
  std::bitset<64> prefix_lengths_;   // of number prefixes, with their sign
  bool has_top_level_ = false;
};

}  // namespace telefence
