// SPDX-License-Identifier: Apache-2.0
#include "match/text_rarity.h"

#include <string>

#include "match/innocent_texts.h"
#include "normalise/sms_text.h"

namespace telefence {
namespace {

// A unit that the sample does not have is still met now and then.
constexpr double kUnseen = 0.3;
// So many sightings of the first unit outweigh what is known of the second alone.
constexpr double kTrust = 4;

std::uint32_t pair_of(char16_t first, char16_t second) { return std::uint32_t{first} << 16 | second; }

}  // namespace

void TextRarity::add(std::u16string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    ++counts_[text[i]];
    if (i > 0) ++pairs_[pair_of(text[i - 1], text[i])];
  }
  total_ += static_cast<double>(text.size());
}

double TextRarity::chance_of(char16_t unit) const { return (counts_[unit] + kUnseen) / (total_ + 1); }

double TextRarity::chance_behind(char16_t before, char16_t unit) const {
  const auto pair = pairs_.find(pair_of(before, unit));
  const double seen = pair == pairs_.end() ? 0 : pair->second;
  return (seen + kTrust * chance_of(unit)) / (counts_[before] + kTrust);
}

double TextRarity::chance(std::u16string_view text) const {
  if (text.empty()) return 1;
  double out = chance_of(text.front());
  for (std::size_t i = 1; i < text.size(); ++i) out *= chance_behind(text[i - 1], text[i]);
  return out;
}

const TextRarity& TextRarity::of_texts() {
  static const TextRarity made = [] {
    TextRarity out;
    for (const std::string_view text : innocent_texts()) out.add(fold_text(text));
    return out;
  }();
  return made;
}

const TextRarity& TextRarity::of_urls() {
  static const TextRarity made = [] {
    TextRarity out;
    for (const std::string_view url : innocent_urls()) {
      std::u16string units;
      for (const char octet : url) units += static_cast<char16_t>(octet >= 'A' && octet <= 'Z' ? octet + ('a' - 'A') : octet & 0x7f);
      out.add(units);
    }
    return out;
  }();
  return made;
}

}  // namespace telefence
