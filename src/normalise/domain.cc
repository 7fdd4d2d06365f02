// SPDX-License-Identifier: Apache-2.0
#include "normalise/domain.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/chunk.h"

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

// One octet at a time: what the fast ways below do not take. `out` and the checks are the same.
std::size_t canonical_slowly(std::string_view name, char* out) {
  if (is_ipv6_literal(name)) return 0;
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

// Where the dots of a name stand, bit 0 for the first octet.
struct Marks {
  std::uint64_t dots = 0;
  unsigned odd = 0;  // some are, wherever
  void add(const Chunk& chunk, std::size_t at) {
    dots |= std::uint64_t{chunk.equal('.')} << at;
    odd |= chunk.equal_any('\\', ':', '[');
  }
};

// The longest name whose marks fit: and in so few octets no label is too long.
constexpr std::size_t kMarked = kMaxLabel;

bool is_number(std::string_view label) { return std::all_of(label.begin(), label.end(), is_digit); }

// As canonical_domain() of a name whose octets were copied already, by its marks. Requires: none of them is odd.
std::size_t checked_length(const Marks& marks, std::string_view name) {
  const std::uint64_t last_octet = std::uint64_t{1} << (name.size() - 1);
  const bool has_empty_label = (marks.dots & (marks.dots << 1 | 1 | last_octet)) != 0;
  if (has_empty_label) [[unlikely]] return 0;
  if (!is_digit(name.back())) [[likely]] return name.size();
  return is_number(name.substr(static_cast<std::size_t>(64 - std::countl_zero(marks.dots)))) ? 0 : name.size();
}

// Whole chunks, of which the last may cover some octets again: nothing depends on how long the name is, so no branch is missed.
// Requires: 16 <= name.size() <= kMarked.
Marks lower_and_mark(std::string_view name, char* out) {
  Marks marks;
  const Chunk first = Chunk::at(name.data());
  const std::size_t end = name.size() - 16;
  const Chunk last = Chunk::at(name.data() + end);
  first.lowered().store(out);
  marks.add(first, 0);
  for (std::size_t at = 16; at < end; at += 16) {
    const Chunk chunk = Chunk::at(name.data() + at);
    chunk.lowered().store(out + at);
    marks.add(chunk, at);
  }
  last.lowered().store(out + end);
  marks.add(last, end);
  return marks;
}

void store_few(const Chunk& chunk, char* out, std::size_t size) {
  char octets[Chunk::kSize];
  chunk.store(octets);
  if (size >= 8) {
    std::memcpy(out, octets, 8);
    std::memcpy(out + size - 8, octets + size - 8, 8);
  } else if (size >= 4) {
    std::memcpy(out, octets, 4);
    std::memcpy(out + size - 4, octets + size - 4, 4);
  } else {
    for (std::size_t i = 0; i < size; ++i) out[i] = octets[i];
  }
}

Marks lower_and_mark_few(std::string_view name, char* out) {
  const Chunk chunk = Chunk::of_few(name);
  Marks marks;
  marks.add(chunk, 0);
  store_few(chunk.lowered(), out, name.size());
  return marks;
}

// Names longer than kMarked: sixteen octets at a time, the labels by the way.
std::size_t canonical_long(std::string_view name, char* out) {
  std::size_t label_start = 0;
  for (std::size_t at = 0; at < name.size(); at += 16) {
    const std::size_t count = std::min<std::size_t>(16, name.size() - at);
    const Chunk chunk = count == 16 ? Chunk::at(name.data() + at) : Chunk::of_few(name.substr(at));
    Marks marks;
    marks.add(chunk, 0);
    if (marks.odd != 0) [[unlikely]] return canonical_slowly(name, out);
    store_few(chunk.lowered(), out + at, count);
    for (std::uint64_t dots = marks.dots; dots != 0; dots &= dots - 1) {
      const std::size_t dot = at + static_cast<std::size_t>(std::countr_zero(dots));
      if (dot == label_start || dot - label_start > kMaxLabel) return 0;
      label_start = dot + 1;
    }
  }
  if (label_start == name.size() || name.size() - label_start > kMaxLabel) return 0;
  const std::string_view last = name.substr(label_start);
  return is_number(last) ? 0 : name.size();
}

// What is no plain name (an escape, a literal) goes the slow way.
std::size_t canonical_fast(std::string_view name, char* out) {
  if (name.size() > kMarked) [[unlikely]] return canonical_long(name, out);
  const Marks marks = name.size() < 16 ? lower_and_mark_few(name, out) : lower_and_mark(name, out);
  if (marks.odd != 0) [[unlikely]] return canonical_slowly(name, out);
  return checked_length(marks, name);
}
}  // namespace

std::size_t canonical_domain(std::string_view name, char* out) {
  if (!name.empty() && name.back() == '.') name.remove_suffix(1);
  if (name.empty()) return 0;
  return name.size() <= kMaxName ? canonical_fast(name, out) : canonical_slowly(name, out);
}

}  // namespace telefence
