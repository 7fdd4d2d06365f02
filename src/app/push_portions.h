// SPDX-License-Identifier: Apache-2.0
#pragma once

// Asks the edges that keep a live sample about very many entries, portion by portion, three portions a second: so that one place of the
// four that an edge answers stays for others. Memory is that of one portion.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "app/push_trial.h"
#include "base/result.h"
#include "redis/connection.h"
#include "signatures/signature.h"
#include "signatures/trial.h"

namespace telefence {

struct PortionsReport {
  TrialReport trial;           // its lines: of those that would hit, the worst
  std::uint64_t asked = 0;     // entries that were asked about
  std::uint64_t of = 0;        // that it was about
  std::uint64_t unknown = 0;   // of those asked about: no edge has sampled enough of their kind
  std::uint64_t hit = 0;       // would hit kLeastHits times or more somewhere
  std::uint64_t over = 0;      // more than the limit
  std::uint64_t problems = 0;  // an edge would leave out
};

class PushPortions {
 public:
  static constexpr std::size_t kMostLines = 20;  // told
  // A pattern is run over each text of a sample; a name is looked up.
  static constexpr std::uint64_t kTextWeight = kMostPortionLines / kMostPortionTexts;

  PushPortions(RedisConnection& connection, std::vector<std::string> nodes, double limit, const SigningKey* key);

  // An entry that would block.
  Result<void> add(const Change& change);
  Result<PortionsReport> finish();
  std::uint64_t asked() const { return report_.asked; }
  // Nobody answers any more: what is added is not asked.
  bool is_over() const { return wanted_.empty(); }

 private:
  using Clock = std::chrono::steady_clock;

  Result<void> ask(std::vector<std::string>& lines);
  Result<void> ask_lines(std::span<const std::string> lines);
  void note_silent(const std::map<std::string, Json>& answers);
  void take(std::span<const std::string> lines, const std::map<std::string, Json>& answers);
  void keep(LineTrial line);

  RedisConnection& connection_;
  std::vector<std::string> wanted_;  // nodes
  const SigningKey* const key_;
  PortionsReport report_;
  std::map<std::string, int> missed_;  // portions in a row, by node
  std::set<std::string> silent_;
  std::vector<std::string> values_, texts_;  // lines of the next portions
  Clock::time_point next_;
};

// How much an entry might hit, by its looks: less is wider. Patterns before names and numbers; of these, those with the fewest labels and
// digits; of equals, by chance that stays the same.
std::uint64_t narrowness(const Signature& signature);
inline bool is_weighty(const Signature& signature) {
  return signature.kind == SignatureKind::kPattern || signature.kind == SignatureKind::kUrl;
}

}  // namespace telefence
