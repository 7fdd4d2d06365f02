// SPDX-License-Identifier: Apache-2.0
#include "lists/pattern_trial.h"

#include <algorithm>
#include <map>
#include <utility>

#include "match/match_set.h"

namespace telefence {

std::vector<PatternTrial::Finding> PatternTrial::run(const std::string& home_country) {
  const std::vector<Pattern> patterns = std::exchange(patterns_, {});
  std::vector<Finding> findings;
  if (patterns.empty()) return findings;
  const auto find = [&](const Pattern& pattern, std::string reason, bool is_left_out) {
    findings.push_back({pattern.ordinal, pattern.file, pattern.line, pattern.entry.rule.value, std::move(reason), is_left_out});
  };
  MatchSetBuilder builder;
  std::map<std::uint32_t, const Pattern*> by_rule;
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    if (i < kMost)
      by_rule.emplace(add_to(builder, patterns[i].entry), &patterns[i]);
    else
      find(patterns[i], "more than 200000 patterns: make it several lists", true);
  }
  const MatchSetBuilder::Built built = builder.build_base(0);
  for (const PatternError& error : built.rejected) {
    const auto found = by_rule.find(error.rule);
    if (found == by_rule.end()) continue;
    find(*found->second, error.is_left_out ? "this pattern is left out: " + error.reason : error.reason, error.is_left_out);
    if (error.is_left_out) by_rule.erase(found);
  }
  SampleRunner runner(*built.set, home_country);
  for (const auto& [rule, pattern] : by_rule) {
    if (const std::string* hit = runner.first_hit(rule, pattern->samples.must_not_match))
      find(*pattern, "this pattern is left out: it matches its own innocent sample \"" + shortened(*hit) + "\" (must_not_match)", true);
    else if (const std::string* missed = runner.first_missed(rule, pattern->samples.must_match))
      find(*pattern, "it does not match its own sample \"" + shortened(*missed) + "\" (must_match): mend the pattern or the sample", false);
  }
  std::sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) { return a.ordinal < b.ordinal; });
  return findings;
}

}  // namespace telefence
