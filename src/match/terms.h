// SPDX-License-Identifier: Apache-2.0
#pragma once

// What entries say is to happen, and where they come from. Millions of entries share a few of these, so a table keeps an index of
// 16 bits for each entry. Control thread fills, workers read.

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "match/rule.h"

namespace telefence {

struct Terms {
  SignatureKind kind = SignatureKind::kDomain;
  bool allow = false;
  bool shadow = false;
  ActionId action = kNoAction;
  Category category = Category::kOther;
  Tier tier = 2;
  std::uint8_t sides = 3;  // numbers: 1 calling, 2 called
  std::string source;      // the list, or the publisher

  friend bool operator==(const Terms&, const Terms&) = default;
  friend bool operator<(const Terms& a, const Terms& b) {
    const auto key = [](const Terms& t) { return std::tie(t.kind, t.allow, t.shadow, t.action, t.category, t.tier, t.sides, t.source); };
    return key(a) < key(b);
  }
};

Terms terms_of(const Rule& rule);

class TermsList {
 public:
  static constexpr std::size_t kMost = 65'535;

  // The index of these terms; the same for the same terms. When there are too many sources, those that come last share terms
  // without a source: what they block is blocked all the same.
  std::uint16_t intern(const Terms& terms);
  const Terms& operator[](std::uint16_t index) const { return terms_[index]; }
  // Of the ids that entries of these terms are given (made_id.h).
  std::uint64_t id_start(std::uint16_t index) const { return id_starts_[index]; }
  std::size_t size() const { return terms_.size(); }
  const std::vector<Terms>& all() const { return terms_; }

 private:
  std::vector<Terms> terms_;
  std::vector<std::uint64_t> id_starts_;
  std::map<Terms, std::uint16_t> known_;
  std::uint16_t last_ = 0;  // given last: most entries come with the same terms as the one before
};

}  // namespace telefence
