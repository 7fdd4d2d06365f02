// SPDX-License-Identifier: Apache-2.0
#include "config/cores.h"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/allowed_cores.h"

namespace telefence {
namespace {

constexpr unsigned kMaxCore = CPU_SETSIZE - 1;

std::optional<unsigned> core_number(std::string_view digits) {
  unsigned core = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), core);
  if (failure != std::errc() || end != digits.data() + digits.size() || core > kMaxCore) return std::nullopt;
  return core;
}

Error wrong(std::string_view part, const std::string& why) {
  return {ErrorCode::kInvalid, "\"" + std::string(part) + "\" " + why + "; write cores as \"2-9\" or \"2,4,6\""};
}

}  // namespace

Result<std::vector<unsigned>> cores_from(std::string_view text) {
  std::vector<unsigned> cores;
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    const std::size_t dash = part.find('-');
    const auto first = core_number(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : core_number(part.substr(dash + 1));
    if (!first || !last) return wrong(part, "is no core and no range of cores");
    if (*first > *last) return wrong(part, "ends before it begins");
    for (unsigned core = *first; core <= *last; ++core) {
      if (std::find(cores.begin(), cores.end(), core) != cores.end())
        return wrong(part, "names core " + std::to_string(core) + " a second time");
      cores.push_back(core);
    }
    if (comma == std::string_view::npos) return cores;
    text.remove_prefix(comma + 1);
  }
}

const std::vector<unsigned>& usable_cores() {
  static const std::vector<unsigned> cores = [] {
    std::vector<unsigned> allowed = allowed_cores();
    return allowed.empty() ? std::vector<unsigned>{0} : allowed;
  }();
  return cores;
}

std::string describe_cores(const std::vector<unsigned>& cores) {
  std::string text;
  for (std::size_t i = 0; i < cores.size();) {
    std::size_t end = i + 1;
    while (end < cores.size() && cores[end] == cores[end - 1] + 1) ++end;
    if (!text.empty()) text += ',';
    text += std::to_string(cores[i]);
    if (end > i + 1) text += '-' + std::to_string(cores[end - 1]);
    i = end;
  }
  return text;
}

}  // namespace telefence
