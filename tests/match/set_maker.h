// SPDX-License-Identifier: Apache-2.0
#pragma once

// Makes sets and keys for tests of match/ and decide/ in one line each. The value of a rule says what it is; ids count from 1
// or are given.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "match/match_set.h"
#include "normalise/phone.h"

namespace telefence {

class SetMaker {
 public:
  // The rule of what is added next.
  Rule& next() { return next_; }

  SetMaker& domain(std::string_view name, bool subdomains = true) {
    builder_.add_domain(name, subdomains, rule(SignatureKind::kDomain, name));
    return *this;
  }
  SetMaker& allow_domain(std::string_view name, bool subdomains = true) {
    next_.allow = true;
    return domain(name, subdomains);
  }
  SetMaker& number(std::string_view text, MatchSetBuilder::Sides sides = MatchSetBuilder::Sides::kEither) {
    const NumberPattern pattern = number_from_text(text, "86").value();
    builder_.add_number(pattern.digits, pattern.prefix, sides, rule(SignatureKind::kNumber, text));
    return *this;
  }
  SetMaker& allow_number(std::string_view text, MatchSetBuilder::Sides sides = MatchSetBuilder::Sides::kEither) {
    next_.allow = true;
    return number(text, sides);
  }
  SetMaker& pattern(std::string_view expression, bool literal = false, bool over_url = false) {
    builder_.add_pattern({std::string(expression), literal, over_url}, rule(SignatureKind::kPattern, expression));
    return *this;
  }
  SetMaker& with_id(std::uint64_t id) {
    next_.id = id;
    return *this;
  }

  MatchSetBuilder::Built base() { return builder_.build_base(1); }

 private:
  std::uint32_t rule(SignatureKind kind, std::string_view value) {
    Rule out = std::exchange(next_, Rule{});
    out.kind = kind;
    out.value = value;
    if (out.id == 0) out.id = ++last_id_;
    return builder_.add_rule(std::move(out));
  }

  MatchSetBuilder builder_;
  Rule next_;
  std::uint64_t last_id_ = 0;
};

}  // namespace telefence
