// SPDX-License-Identifier: Apache-2.0
#pragma once

// Asks the edges that keep a live sample what changes would have hit, and what is in force there about their values: for
// `telefence push add --dry-run`, and before a push, which is held when an entry hits more than --most-hits of the sample.

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/json_lines.h"
#include "app/tool_verbs.h"
#include "base/result.h"
#include "signatures/key_file.h"

namespace telefence {

// What all edges together say of one change.
struct LineTrial {
  Json change;
  std::string sampled_kind;          // names, numbers or texts
  std::uint64_t sampled = 0;         // by those that tell
  std::uint64_t hits = 0;
  std::size_t edges = 0;             // that tell
  std::size_t below = 0;             // of them: fewer than kLeastHits
  std::size_t few = 0;               // have sampled something, and not enough
  std::size_t none = 0;              // have sampled nothing of it
  std::string most_node;             // where its share is highest
  double most = 0;
  std::int64_t period_s = 0;
  std::map<std::string, std::vector<std::string>> problems;  // what an edge does not take -> edges
  std::map<std::string, std::vector<std::string>> now;       // JSON of what is in force -> edges
  bool is_over = false;              // the limit

  double share() const { return sampled == 0 ? 0 : static_cast<double>(hits) / static_cast<double>(sampled); }
};

struct TrialReport {
  double limit = 0;
  std::vector<std::string> asked, silent;  // nodes
  bool is_unsigned = false;                // the question: nodes that know signers do not answer it
  std::vector<LineTrial> lines;

  bool is_over() const;
  const LineTrial* worst() const;  // over the limit; nullptr: none
};

// The share of --most-hits: "0.1%". kUsage.
Result<double> most_hits_of(const std::string& text);

// needs: ask only nodes that sample what the lines are about, and nobody when there are none; else all that can answer.
struct TrialTerms {
  double limit = 0;
  bool asks_all = false;
  const SigningKey* key = nullptr;  // nullptr: unsigned
};
Result<TrialReport> try_lines(const PushArguments& arguments, const std::vector<std::string>& lines, const TrialTerms& terms);

// names, numbers or texts: what of a sample an op line is about.
std::string kind_sampled(const Json& change);

// The answers of edges, by node, put together. Pure.
TrialReport report_of(const std::vector<std::string>& lines, const std::map<std::string, Json>& answers, double limit);

Json to_json(const TrialReport& report);
void print_for_people(const TrialReport& report, Language language);
// "5.0% of the names sampled at 2 edges".
std::string figure_of(const LineTrial& line, Language language);
std::string percent(double share);

}  // namespace telefence
