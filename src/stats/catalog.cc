// SPDX-License-Identifier: Apache-2.0
#include "stats/catalog.h"

#include <algorithm>
#include <string_view>

#include "base/check.h"

namespace telefence {
namespace {

constexpr std::string_view kPrefix = "telefence_";

bool is_name_character(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }

}  // namespace

std::string problem_of(const Family& family) {
  const std::string_view name = family.name;
  if (!name.starts_with(kPrefix)) return "the name must start with " + std::string(kPrefix);
  if (!std::all_of(name.begin(), name.end(), is_name_character)) return "only a-z, 0-9 and _ may be in the name";
  const bool is_total = name.ends_with("_total");
  if (family.type == Family::Type::kCounter && !is_total) return "a counter must end in _total";
  if (family.type == Family::Type::kGauge && is_total) return "only a counter may end in _total";
  if (family.help.empty()) return "there is no help sentence";
  if (!family.collect) return "there is no collect function";
  return {};
}

void Catalog::add(Family family) {
  const std::string problem = problem_of(family);
  if (!problem.empty()) std::fprintf(stderr, "metric %s: %s\n", family.name.c_str(), problem.c_str());
  CHECK(problem.empty());
  const bool is_new = std::none_of(families_.begin(), families_.end(),
                                   [&](const Family& other) { return other.name == family.name; });
  if (!is_new) std::fprintf(stderr, "metric %s is added twice\n", family.name.c_str());
  CHECK(is_new);
  families_.push_back(std::move(family));
}

}  // namespace telefence
