// SPDX-License-Identifier: Apache-2.0
#pragma once

// A pattern as its owner states it, how patterns are judged before they come into force, and what is said of those that are not
// taken. Control thread.

#include <cstdint>
#include <string>
#include <vector>

#include "normalise/sms_text.h"

namespace telefence {

// Plain texts that have to stand anywhere in a message: each of `all`, one of `any`, none of `none`.
struct PatternWords {
  std::vector<std::string> all, any, none;
  bool is_empty() const { return all.empty() && any.empty() && none.empty(); }
  friend bool operator==(const PatternWords&, const PatternWords&) = default;
};

// A pattern over the text of messages or over URLs. All that is stated has to hold.
struct PatternSource {
  std::string expression;            // UTF-8; regular expression, or plain text when `literal`. May be empty when there are words
  bool literal = false;
  bool over_url = false;             // matched against UrlKey instead of TextKey
  TextFold fold = TextFold::kAll;    // of texts
  PatternWords words;
};

struct PatternOptions {
  double most_innocent_share = 0.05;       // of the everyday messages (innocent_texts.h) that a pattern may hit
  std::uint32_t most_nanoseconds = 5000;   // that a pattern may cost at each of them
  std::string cache_directory;             // where compiled expressions are kept; "" = nowhere
};

struct PatternError {
  std::uint32_t rule = 0;    // index given by add_rule
  std::string reason;        // a clause about the pattern, for people
  bool is_left_out = true;   // false: it is in force, at a price
};

}  // namespace telefence
