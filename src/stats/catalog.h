// SPDX-License-Identifier: Apache-2.0
#pragma once

// Every figure the daemon shows, by name: /metrics, `telefence status` and the generated docs/metrics.md read the same
// list. A component adds its families once, at start, from the control thread; collect functions are called from the web and
// control threads and must only read (Counter::read, Guarded, atomics).

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace telefence {

struct Sample {
  std::vector<std::pair<std::string, std::string>> labels;  // label name, value; values from fixed lists only
  double value = 0;
};

struct Family {
  enum class Type { kCounter, kGauge };
  std::string name;  // telefence_..._total for counters; base units
  std::string help;  // one sentence
  Type type = Type::kCounter;
  std::function<void(std::vector<Sample>&)> collect;
};

// Why a family would be refused by `promtool check metrics` (prometheus.io, "Metric and label naming"): prefix, characters,
// _total on counters and on nothing else, help. Empty when it is fine.
std::string problem_of(const Family& family);

class Catalog {
 public:
  // A wrong or second name is a mistake of ours and stops the program.
  void add(Family family);
  const std::vector<Family>& families() const { return families_; }

 private:
  std::vector<Family> families_;
};

}  // namespace telefence
