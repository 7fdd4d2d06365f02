// SPDX-License-Identifier: Apache-2.0
#pragma once

// The names that a site allows, ordered so that those below a given name stand together. There are few of them.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace telefence {

class AllowedNames {
 public:
  // Canonical names, in any order.
  explicit AllowedNames(std::span<const std::string_view> names);

  // True when one of them is a proper subdomain of `name`. Worker thread, no allocation.
  bool has_below(std::string_view name) const;
  bool is_empty() const { return reversed_.empty(); }
  std::size_t bytes() const;

 private:
  std::vector<std::string> reversed_;  // spelled backwards, so that a domain is the beginning of all below it; sorted
};

}  // namespace telefence
