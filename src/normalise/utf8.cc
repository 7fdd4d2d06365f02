// SPDX-License-Identifier: Apache-2.0
#include "normalise/sms_text.h"

namespace telefence {
namespace {

struct CodePoint {
  std::uint32_t code;
  std::size_t units;
};

CodePoint code_point_at(std::u16string_view text, std::size_t at) {
  const char16_t unit = text[at];
  if (unit < 0xd800 || unit > 0xdfff) return {unit, 1};
  if (unit <= 0xdbff && at + 1 < text.size() && text[at + 1] >= 0xdc00 && text[at + 1] <= 0xdfff)
    return {0x10000U + ((unit & 0x3ffU) << 10) + (text[at + 1] & 0x3ffU), 2};
  return {0xfffd, 1};
}

std::size_t octets_of(std::uint32_t code) { return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4; }

void write(std::uint32_t code, std::size_t octets, char* out) {
  if (octets == 1) {
    *out = static_cast<char>(code);
    return;
  }
  static constexpr std::uint32_t kLead[5] = {0, 0, 0xc0, 0xe0, 0xf0};
  for (std::size_t i = octets - 1; i > 0; --i, code >>= 6) out[i] = static_cast<char>(0x80 | (code & 0x3f));
  out[0] = static_cast<char>(kLead[octets] | code);
}

}  // namespace

std::size_t to_utf8(std::u16string_view text, std::span<char> out) {
  std::size_t used = 0;
  for (std::size_t i = 0; i < text.size();) {
    // Nearly all of a Chinese text.
    if (text[i] >= 0x800 && (text[i] < 0xd800 || text[i] > 0xdfff) && out.size() - used >= 3) [[likely]] {
      write(text[i++], 3, out.data() + used);
      used += 3;
      continue;
    }
    const CodePoint at = code_point_at(text, i);
    const std::size_t octets = octets_of(at.code);
    if (octets > out.size() - used) break;  // whole characters only
    write(at.code, octets, out.data() + used);
    used += octets;
    i += at.units;
  }
  return used;
}

std::string to_utf8(std::u16string_view text) {
  std::string out(text.size() * 3, '\0');
  out.resize(to_utf8(text, std::span(out)));
  return out;
}

}  // namespace telefence
