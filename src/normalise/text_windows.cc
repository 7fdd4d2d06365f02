// SPDX-License-Identifier: Apache-2.0
#include "normalise/text_windows.h"

#include <algorithm>

#include "normalise/sms_text.h"

namespace telefence {
namespace {

constexpr std::size_t kOverlap = 512;  // units; patterns span a few dozen, domains 253
constexpr std::size_t kStride = kMaxSmsUnits - kOverlap;
constexpr std::size_t kLongestWord = 253;

// GB 18030 has no border that could be told from within: codes are walked through.
std::size_t gb18030_border(Bytes body, std::size_t least) {
  const auto is_digit = [](std::uint8_t octet) { return octet >= 0x30 && octet <= 0x39; };
  std::size_t i = 0;
  while (i < least) {
    const Bytes at = body.subspan(i);
    const bool is_lead = at[0] >= 0x81 && at[0] != 0xff && at.size() >= 2;
    if (is_lead && at.size() >= 4 && is_digit(at[1]) && at[2] >= 0x81 && at[2] != 0xff && is_digit(at[3]))
      i += 4;
    else
      i += is_lead && at[1] >= 0x40 && at[1] != 0x7f && at[1] != 0xff ? 2u : 1u;
  }
  return i;
}

std::size_t utf8_border(Bytes body, std::size_t most) {
  std::size_t i = most;
  while (i > most - 3 && (body[i] & 0xc0) == 0x80) --i;
  return i;
}

bool is_of_word(char16_t unit) {
  return unit < 0x80 && (unit == '.' || unit == '-' || unit == '_' || (unit >= '0' && unit <= '9') || (unit >= 'A' && unit <= 'Z') ||
                         (unit >= 'a' && unit <= 'z'));
}

}  // namespace

std::size_t next_text_window(Bytes body, TextCoding coding) {
  switch (coding) {
    case TextCoding::kBinary: return 0;
    case TextCoding::kUcs2: return body.size() <= 2 * kMaxSmsUnits ? 0 : 2 * kStride;
    case TextCoding::kGsm7Packed: return body.size() <= kMaxSmsUnits / 8 * 7 ? 0 : kStride / 8 * 7;  // eight septets in seven octets
    default: break;
  }
  if (body.size() <= kMaxSmsUnits) return 0;
  if (coding == TextCoding::kUtf8) return utf8_border(body, kStride);
  return coding == TextCoding::kGb18030 ? gb18030_border(body, kStride) : kStride;
}

std::span<char16_t> whole_words(std::span<char16_t> text, bool cut_before, bool cut_behind) {
  if (cut_before) {
    const auto most = text.begin() + static_cast<std::ptrdiff_t>(std::min(text.size(), kLongestWord));
    text = text.subspan(static_cast<std::size_t>(std::find_if_not(text.begin(), most, is_of_word) - text.begin()));
  }
  if (cut_behind)
    for (std::size_t i = 0; i < kLongestWord && !text.empty() && is_of_word(text.back()); ++i) text = text.first(text.size() - 1);
  return text;
}

}  // namespace telefence
