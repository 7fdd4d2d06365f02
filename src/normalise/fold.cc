// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <bit>

#include "normalise/plain_units.h"
#include "normalise/sms_text.h"
#include "normalise/tables.h"

namespace telefence {
namespace {

bool is_high_surrogate(char16_t unit) { return unit >= 0xd800 && unit <= 0xdbff; }
bool is_low_surrogate(char16_t unit) { return unit >= 0xdc00 && unit <= 0xdfff; }
bool is_alphanumeric(char16_t unit) { return (unit >= u'0' && unit <= u'9') || (unit >= u'a' && unit <= u'z'); }
bool is_han(char16_t unit) { return (unit >= 0x3400 && unit <= 0x9fff) || unit == 0x3007; }
// A blank, and what is put between the characters of a Chinese word to break it up.
constexpr std::array<bool, 128> kSeparators = [] {
  std::array<bool, 128> separators{};
  for (const char c : std::string_view(" ._-*|~^`'\"/\\+=#")) separators[static_cast<std::size_t>(c)] = true;
  return separators;
}();
bool is_separator(char16_t unit) { return unit < kSeparators.size() && kSeparators[unit]; }

// Styled letters of plane 1 are letters, its pictures are decoration; other planes are ideographs and stay.
enum class Pair { kDropped, kUnit, kKept };
Pair fold_pair(std::uint32_t code, char16_t& unit) {
  unit = 0;
  if (code >= 0x1d400 && code <= 0x1d7ff) unit = kFoldMathematical[code - 0x1d400];
  if (code >= 0x1f100 && code <= 0x1f1ff) unit = kFoldEnclosed[code - 0x1f100];
  if (unit != 0) return Pair::kUnit;
  const bool decoration = (code >= 0x1d000 && code <= 0x1d7ff) || (code >= 0x1f000 && code <= 0x1fbff) || code >= 0xe0000;
  return decoration ? Pair::kDropped : Pair::kKept;
}

// Writes the folded text over the text itself; the write position never passes the read position.
class Folder {
 public:
  explicit Folder(std::span<char16_t> text) : text_(text) {}

  void put(char16_t unit) {
    if (is_separator(unit)) {
      text_[length_++] = unit;
      return;
    }
    settle_separators(unit);
    if (unit == u'信') latin_v_to_wei();
    text_[length_++] = unit;
    settled_ = length_;
  }

  // put() for the `count` units from `at` on, all of them plain, when no separator awaits its neighbour.
  bool is_settled() const { return length_ == settled_; }
  void append(std::size_t at, std::size_t count) {
    if (at != length_) std::copy_n(&text_[at], count, &text_[length_]);
    settled_ = length_ += count;
  }

  // Separators at the end: blanks go, the rest stays.
  std::size_t finish() {
    length_ = without_blanks();
    return length_;
  }

 private:
  std::size_t without_blanks() {
    const auto start = text_.begin() + static_cast<std::ptrdiff_t>(settled_);
    const auto end = text_.begin() + static_cast<std::ptrdiff_t>(length_);
    return static_cast<std::size_t>(std::remove(start, end, u' ') - text_.begin());
  }

  // Decides on what stands between the last character and `next`: nothing remains inside Chinese, one blank between Latin
  // words, and elsewhere what is not blank.
  void settle_separators(char16_t next) {
    if (length_ == settled_) return;
    const char16_t before = settled_ == 0 ? u'\0' : text_[settled_ - 1];
    if (is_han(before) && is_han(next)) {
      length_ = settled_;
      return;
    }
    length_ = without_blanks();
    if (length_ == settled_ && is_alphanumeric(before) && is_alphanumeric(next)) text_[length_++] = u' ';
  }

  // V信 is 微信 (WeChat), but TV信号 is not. What stands before the V is decided again, now that Chinese follows.
  void latin_v_to_wei() {
    if (length_ == 0 || text_[length_ - 1] != u'v') return;
    if (length_ >= 2 && is_alphanumeric(text_[length_ - 2])) return;
    settled_ = --length_;
    while (settled_ > 0 && is_separator(text_[settled_ - 1])) --settled_;
    settle_separators(u'微');
    text_[length_++] = u'微';
  }

  std::span<char16_t> text_;
  std::size_t length_ = 0;   // written so far
  std::size_t settled_ = 0;  // up to here nothing changes but a V; behind it only separators
};

}  // namespace

namespace {

// Folds what stands at `at`; returns how many units that is.
std::size_t fold_one(std::span<const char16_t> text, std::size_t at, Folder& folder) {
  const char16_t unit = text[at];
  if (!is_high_surrogate(unit) || at + 1 == text.size() || !is_low_surrogate(text[at + 1])) {
    const char16_t folded = kFoldTable[unit];
    if (folded != 0) folder.put(folded);
    return 1;
  }
  const char16_t low = text[at + 1];
  const std::uint32_t code = 0x10000U + ((unit & 0x3ffU) << 10) + (low & 0x3ffU);
  char16_t folded = 0;
  const Pair pair = fold_pair(code, folded);
  if (pair == Pair::kUnit) folder.put(folded);
  if (pair == Pair::kKept) {
    folder.put(unit);
    folder.put(low);
  }
  return 2;
}

}  // namespace

// Most of every text folds to itself and is taken in runs.
std::size_t fold_units(std::span<char16_t> text) {
  Folder folder(text);
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t size = std::min(text.size() - start, kMostPlainBits);
    const std::uint64_t plain = plain_bits(text.subspan(start, size));
    std::size_t i = 0;
    while (i < size) {
      const auto run = static_cast<std::size_t>(std::countr_one(plain >> i));  // what lies behind `size` is not plain
      if (run == 0 || !folder.is_settled()) {
        i += fold_one(text, start + i, folder);
      } else {
        folder.append(start + i, run);
        i += run;
      }
    }
    start += i;
  }
  return folder.finish();
}

void fold_partly(std::span<char16_t> text, TextFold fold) {
  const auto is_in = [](char16_t unit, char16_t first, char16_t last) { return unit >= first && unit <= last; };
  if (fold == TextFold::kCase) {
    for (char16_t& unit : text)
      if (is_in(unit, u'A', u'Z') || is_in(unit, 0xff21, 0xff3a)) unit = static_cast<char16_t>(unit + 0x20);
  } else if (fold == TextFold::kWidth) {
    for (char16_t& unit : text) {
      if (is_in(unit, 0xff01, 0xff5e)) unit = static_cast<char16_t>(unit - 0xfee0);
      if (unit == 0x3000) unit = u' ';
    }
  }
}

std::u16string fold_text(std::string_view utf8, TextFold fold) {
  std::u16string text(utf8.size(), u'\0');
  // In pieces: decode_sms stops at the longest short message.
  std::size_t length = 0;
  while (!utf8.empty()) {
    std::size_t piece = std::min(utf8.size(), kMaxSmsUnits);
    while (piece < utf8.size() && piece > kMaxSmsUnits - 4 && (static_cast<unsigned char>(utf8[piece]) & 0xc0) == 0x80) --piece;
    length += decode_sms(as_bytes(utf8.substr(0, piece)), TextCoding::kUtf8, std::span(text).subspan(length));
    utf8.remove_prefix(piece);
  }
  text.resize(length);
  if (fold == TextFold::kAll)
    text.resize(fold_units(text));
  else
    fold_partly(text, fold);
  return text;
}

}  // namespace telefence
