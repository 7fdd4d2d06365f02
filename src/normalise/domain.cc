// SPDX-License-Identifier: Apache-2.0
#include "normalise/domain.h"

namespace telefence {
namespace {

constexpr std::size_t kMaxName = 253;
constexpr std::size_t kMaxLabel = 63;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// An IPv6 literal, in brackets or bare: hexadecimal digits, dots and at least two colons.
bool is_ipv6_literal(std::string_view name) {
  if (name.front() == '[') return true;
  int colons = 0;
  for (const char c : name) {
    const char small = lower(c);
    if (c == ':')
      ++colons;
    else if (!is_digit(c) && !(small >= 'a' && small <= 'f') && c != '.' && c != '%')
      return false;
  }
  return colons >= 2;
}

}  // namespace

std::size_t canonical_domain(std::string_view name, char* out) {
  if (!name.empty() && name.back() == '.') name.remove_suffix(1);
  if (name.empty() || name.size() > kMaxName || is_ipv6_literal(name)) return 0;
  std::size_t label = 0;
  bool digits_only = true;  // of the last label: no top-level domain is a number, so this is an IPv4 literal
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    out[i] = lower(c);
    if (c == '.') {
      if (label == 0) return 0;
      label = 0;
      digits_only = true;
      continue;
    }
    if (++label > kMaxLabel) return 0;
    digits_only = digits_only && is_digit(c);
  }
  return label == 0 || digits_only ? 0 : name.size();
}

}  // namespace telefence
