// SPDX-License-Identifier: Apache-2.0
#include "normalise/domain.h"

#include <algorithm>
#include <bit>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

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

// One octet at a time: what the fast way below does not take. `out` and the checks are the same.
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

#if defined(__SSE2__)
struct Chunk {
  __m128i octets;
  // Bits of the octets from `first` to `last`. Signed comparison: no octet above 0x7f is ever within.
  unsigned within(char first, char last) const {
    const __m128i above = _mm_cmpgt_epi8(octets, _mm_set1_epi8(static_cast<char>(first - 1)));
    const __m128i below = _mm_cmplt_epi8(octets, _mm_set1_epi8(static_cast<char>(last + 1)));
    return static_cast<unsigned>(_mm_movemask_epi8(_mm_and_si128(above, below)));
  }
  unsigned equal(char octet) const {
    return static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(octets, _mm_set1_epi8(octet))));
  }
  __m128i lowered() const {
    const __m128i above = _mm_cmpgt_epi8(octets, _mm_set1_epi8('A' - 1));
    const __m128i below = _mm_cmplt_epi8(octets, _mm_set1_epi8('Z' + 1));
    return _mm_or_si128(octets, _mm_and_si128(_mm_and_si128(above, below), _mm_set1_epi8(0x20)));
  }
};

// Sixteen octets at a time. What is no plain name (an escape, a literal) goes the slow way.
std::size_t canonical_fast(std::string_view name, char* out) {
  std::size_t label_start = 0;
  for (std::size_t at = 0; at < name.size(); at += 16) {
    const std::size_t count = std::min<std::size_t>(16, name.size() - at);
    alignas(16) char padded[16] = {};
    const char* const source = count == 16 ? name.data() + at : static_cast<const char*>(std::memcpy(padded, name.data() + at, count));
    const Chunk chunk{_mm_loadu_si128(reinterpret_cast<const __m128i*>(source))};
    if ((chunk.equal('\\') | chunk.equal(':') | chunk.equal('[')) != 0) [[unlikely]]
      return canonical_slowly(name, out);
    alignas(16) char lowered[16];
    _mm_store_si128(reinterpret_cast<__m128i*>(lowered), chunk.lowered());
    std::memcpy(out + at, lowered, count);
    for (unsigned dots = chunk.equal('.'); dots != 0; dots &= dots - 1) {
      const std::size_t dot = at + static_cast<std::size_t>(std::countr_zero(dots));
      if (dot == label_start || dot - label_start > kMaxLabel) return 0;
      label_start = dot + 1;
    }
  }
  if (label_start == name.size() || name.size() - label_start > kMaxLabel) return 0;
  const std::string_view last = name.substr(label_start);
  return std::all_of(last.begin(), last.end(), is_digit) ? 0 : name.size();
}
#endif

}  // namespace

std::size_t canonical_domain(std::string_view name, char* out) {
  if (!name.empty() && name.back() == '.') name.remove_suffix(1);
  if (name.empty()) return 0;
#if defined(__SSE2__)
  if (name.size() <= kMaxName) return canonical_fast(name, out);
#endif
  return canonical_slowly(name, out);
}

}  // namespace telefence
