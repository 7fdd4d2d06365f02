// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <cstring>

#include "base/reader.h"
#include "normalise/sms_text.h"
#include "normalise/tables.h"

namespace telefence {
namespace {

constexpr char16_t kReplacement = 0xfffd;
constexpr std::uint8_t kEscape = 0x1b;

// 3GPP TS 23.038, 6.2.1. Position 0x1b is the escape to the extension table.
constexpr char16_t kGsm7[129] =
    u"@\u00a3$\u00a5\u00e8\u00e9\u00f9\u00ec\u00f2\u00c7\n\u00d8\u00f8\r\u00c5\u00e5"
    u"\u0394_\u03a6\u0393\u039b\u03a9\u03a0\u03a8\u03a3\u0398\u039e \u00c6\u00e6\u00df\u00c9"
    u" !\"#\u00a4%&'()*+,-./0123456789:;<=>?"
    u"\u00a1ABCDEFGHIJKLMNOPQRSTUVWXYZ\u00c4\u00d6\u00d1\u00dc\u00a7"
    u"\u00bfabcdefghijklmnopqrstuvwxyz\u00e4\u00f6\u00f1\u00fc\u00e0";

// 3GPP TS 23.038, 6.2.1.1. What is not in the extension table shows as the character of the main table.
char16_t gsm7_extension(std::uint8_t septet) {
  switch (septet) {
    case 0x0a: return u'\f';
    case 0x14: return u'^';
    case 0x28: return u'{';
    case 0x29: return u'}';
    case 0x2f: return u'\\';
    case 0x3c: return u'[';
    case 0x3d: return u'~';
    case 0x3e: return u']';
    case 0x40: return u'|';
    case 0x65: return u'\u20ac';
    case kEscape: return u' ';  // reserved for a further table; to be shown as a space
    default: return kGsm7[septet];
  }
}

constexpr bool kHostIsLittle = std::endian::native == std::endian::little;

// Where decoded units go; never past the end.
class Units {
 public:
  explicit Units(std::span<char16_t> out) : out_(out) {}
  bool full() const { return count_ == out_.size(); }
  std::size_t count() const { return count_; }
  // Room to write to directly, and how much of it was used.
  std::span<char16_t> rest() const { return out_.subspan(count_); }
  void took(std::size_t count) { count_ += count; }
  void put(char16_t unit) {
    if (!full()) out_[count_++] = unit;
  }
  void put_code_point(std::uint32_t code) {
    if (code < 0x10000) return put(static_cast<char16_t>(code));
    if (out_.size() - count_ < 2) {  // no half pair at the end
      out_ = out_.first(count_);
      return;
    }
    put(static_cast<char16_t>(0xd7c0 + (code >> 10)));
    put(static_cast<char16_t>(0xdc00 + (code & 0x3ff)));
  }

 private:
  std::span<char16_t> out_;
  std::size_t count_ = 0;
};

class Gsm7 {
 public:
  explicit Gsm7(Units& out) : out_(out) {}
  void septet(std::uint8_t value) {
    if (escaped_) {
      out_.put(gsm7_extension(value));
      escaped_ = false;
    } else if (value == kEscape) {
      escaped_ = true;
    } else {
      out_.put(kGsm7[value]);
    }
  }

 private:
  Units& out_;
  bool escaped_ = false;
};

// An octet above 0x7f is no septet: centres that send them mean Latin-1.
void gsm7(Bytes body, Units& out) {
  Gsm7 alphabet(out);
  for (const std::uint8_t octet : body) {
    if (octet < 0x80)
      alphabet.septet(octet);
    else
      out.put(octet);
  }
}

// 3GPP TS 23.038, 6.1.2.1: the first septet lies in the low bits of the first octet. When the octets hold one septet more
// than the text had, that one is filled with 0 or CR (6.1.2.3.1); the number of septets isn't told here.
void gsm7_packed(Bytes body, Units& out) {
  Gsm7 alphabet(out);
  std::uint32_t bits = 0;
  unsigned have = 0;
  std::size_t left = body.size() * 8 / 7;
  const bool may_be_filled = body.size() % 7 == 0;
  for (const std::uint8_t octet : body) {
    bits |= static_cast<std::uint32_t>(octet) << have;
    have += 8;
    for (; have >= 7; have -= 7, bits >>= 7) {
      const auto septet = static_cast<std::uint8_t>(bits & 0x7f);
      const bool fill = --left == 0 && may_be_filled && (septet == 0 || septet == 0x0d);
      if (!fill) alphabet.septet(septet);
    }
  }
}

void latin1(Bytes body, Units& out) {
  for (const std::uint8_t octet : body) out.put(octet);
}

// Four units at a time.
void swap_octets(std::span<char16_t> units) {
  std::size_t i = 0;
  for (; i + 4 <= units.size(); i += 4) {
    std::uint64_t four = 0;
    std::memcpy(&four, &units[i], sizeof four);
    constexpr std::uint64_t kLow = 0x00ff00ff00ff00ff;
    four = (four & kLow) << 8 | (four >> 8 & kLow);
    std::memcpy(&units[i], &four, sizeof four);
  }
  for (; i < units.size(); ++i) units[i] = static_cast<char16_t>(units[i] << 8 | units[i] >> 8);
}

// Surrogates pass as they are: UTF-16BE is what handsets send for UCS-2. A byte order mark is obeyed and dropped.
void ucs2(Bytes body, Units& out) {
  constexpr char16_t kMark = 0xfeff;
  const bool little = body.size() >= 2 && body[0] == 0xff && body[1] == 0xfe;
  const std::span<char16_t> room = out.rest();
  const std::size_t count = std::min(body.size() / 2, room.size());
  if (count == 0) return;
  std::memcpy(room.data(), body.data(), count * 2);
  if (little != kHostIsLittle) swap_octets(room.first(count));
  std::uint32_t marks = 0;
  for (std::size_t i = 0; i < count; ++i) marks += room[i] == kMark ? 1u : 0u;
  const bool has_mark = marks != 0;
  const auto end = has_mark ? std::remove(room.begin(), room.begin() + static_cast<std::ptrdiff_t>(count), kMark)
                            : room.begin() + static_cast<std::ptrdiff_t>(count);
  out.took(static_cast<std::size_t>(end - room.begin()));
}

void utf8(Bytes body, Units& out) {
  std::size_t i = 0;
  while (i < body.size() && !out.full()) {
    const std::uint8_t lead = body[i++];
    if (lead < 0x80) {
      out.put(lead);
      continue;
    }
    const unsigned more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    if (lead < 0xc2 || lead > 0xf4) {
      out.put(kReplacement);
      continue;
    }
    std::uint32_t code = lead & (0x3fU >> more);
    unsigned taken = 0;
    for (; taken < more && i < body.size() && (body[i] & 0xc0) == 0x80; ++taken) code = code << 6 | (body[i++] & 0x3fU);
    const bool overlong = (more == 2 && code < 0x800) || (more == 3 && code < 0x10000);
    const bool bad = taken < more || overlong || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff);
    out.put_code_point(bad ? std::uint32_t{kReplacement} : code);
  }
}

std::uint32_t gb_four_bytes(std::uint32_t linear) {
  if (linear >= 189000) return linear - 189000 + 0x10000;  // 90 30 81 30 = U+10000
  if (linear >= 39420) return kReplacement;
  const GbRange* const end = kGbFourByteRanges + kGbFourByteRangeCount;
  const GbRange* const next = std::upper_bound(
      kGbFourByteRanges, end, linear, [](std::uint32_t value, const GbRange& range) { return value < range.linear; });
  const GbRange& range = next[-1];
  return range.code == kReplacement ? std::uint32_t{kReplacement} : range.code + (linear - range.linear);
}

bool within(std::uint8_t octet, std::uint8_t first, std::uint8_t last) { return octet >= first && octet <= last; }

// GB 18030-2005, and GBK and GB 2312 in it. An octet that starts no code is skipped alone.
void gb18030(Bytes body, Units& out) {
  std::size_t i = 0;
  while (i < body.size() && !out.full()) {
    const Bytes at = body.subspan(i);
    const std::uint8_t lead = at[0];
    if (lead < 0x80) {
      out.put(lead);
      ++i;
      continue;
    }
    if (at.size() >= 4 && within(lead, 0x81, 0xfe) && within(at[1], 0x30, 0x39) && within(at[2], 0x81, 0xfe) &&
        within(at[3], 0x30, 0x39)) {
      const std::uint32_t linear = ((lead - 0x81U) * 10 + at[1] - 0x30U) * 1260 + (at[2] - 0x81U) * 10 + at[3] - 0x30U;
      const std::uint32_t code = gb_four_bytes(linear);
      out.put_code_point(code > 0x10ffff ? std::uint32_t{kReplacement} : code);
      i += 4;
      continue;
    }
    if (at.size() >= 2 && within(lead, 0x81, 0xfe) && within(at[1], 0x40, 0xfe) && at[1] != 0x7f) {
      const std::size_t trail = at[1] - 0x40U - (at[1] > 0x7f ? 1 : 0);
      const char16_t unit = kGbTwoBytes[(lead - 0x81U) * 190 + trail];
      out.put(unit == 0 ? kReplacement : unit);
      i += 2;
      continue;
    }
    out.put(kReplacement);
    ++i;
  }
}

}  // namespace

std::size_t decode_sms(Bytes body, TextCoding coding, std::span<char16_t> out) {
  Units units(out.first(std::min(out.size(), kMaxSmsUnits)));
  switch (coding) {
    case TextCoding::kGsm7: gsm7(body, units); break;
    case TextCoding::kGsm7Packed: gsm7_packed(body, units); break;
    case TextCoding::kAscii:
    case TextCoding::kLatin1: latin1(body, units); break;
    case TextCoding::kUcs2: ucs2(body, units); break;
    case TextCoding::kGb18030: gb18030(body, units); break;
    case TextCoding::kUtf8: utf8(body, units); break;
    case TextCoding::kBinary: break;
  }
  return units.count();
}

}  // namespace telefence
