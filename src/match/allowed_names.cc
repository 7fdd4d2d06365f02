// SPDX-License-Identifier: Apache-2.0
#include "match/allowed_names.h"

#include <algorithm>
#include <array>

namespace telefence {

AllowedNames::AllowedNames(std::span<const std::string_view> names) {
  for (const std::string_view name : names) reversed_.emplace_back(name.rbegin(), name.rend());
  std::sort(reversed_.begin(), reversed_.end());
}

bool AllowedNames::has_below(std::string_view name) const {
  constexpr std::size_t kLongestName = 253;
  if (reversed_.empty() || name.size() > kLongestName) return false;
  std::array<char, kLongestName + 1> buffer;
  const auto end = std::copy(name.rbegin(), name.rend(), buffer.begin());
  *end = '.';
  const std::string_view start(buffer.data(), name.size() + 1);
  const auto found = std::lower_bound(reversed_.begin(), reversed_.end(), start);
  return found != reversed_.end() && std::string_view(*found).starts_with(start);
}

std::size_t AllowedNames::bytes() const {
  std::size_t total = reversed_.capacity() * sizeof(std::string);
  for (const std::string& name : reversed_) total += name.capacity();
  return total;
}

}  // namespace telefence
