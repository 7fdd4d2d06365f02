// SPDX-License-Identifier: Apache-2.0
#include "normalise/domain.h"

namespace telefence {
namespace {

constexpr std::size_t kMaxName = 253;
constexpr std::size_t kMaxLabel = 63;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A dot or backslash inside a label is written \DDD in traffic (protocols/dns/name.h), four characters for one octet of the wire.
// It becomes one octet that stands in no listed name: names and labels keep the lengths that they have on the wire.
constexpr char kOddOctet = '\x01';

bool is_escape(std::string_view name, std::size_t at) {
  return name[at] == '\\' && at + 3 < name.size() && is_digit(name[at + 1]) && is_digit(name[at + 2]) && is_digit(name[at + 3]);
}

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
  if (name.empty() || is_ipv6_literal(name)) return 0;
  std::size_t label = 0;
  std::size_t length = 0;
  bool digits_only = true;  // of the last label: no top-level domain is a number, so this is an IPv4 literal
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (length == kMaxName) return 0;
    const bool escape = is_escape(name, i);
    const char c = escape ? kOddOctet : name[i];
    if (escape) i += 3;
    out[length++] = lower(c);
    if (c == '.') {
      if (label == 0) return 0;
      label = 0;
      digits_only = true;
      continue;
    }
    if (++label > kMaxLabel) return 0;
    digits_only = digits_only && is_digit(c);
  }
  return label == 0 || digits_only ? 0 : length;
}

}  // namespace telefence
