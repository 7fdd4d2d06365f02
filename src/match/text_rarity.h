// SPDX-License-Identifier: Apache-2.0
#pragma once

// How rare a text is in everyday messages, by the characters and pairs of characters in a sample of them (innocent_texts.h). For
// choosing what to look for first. Control thread.

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace telefence {

class TextRarity {
 public:
  // Of messages, folded; made once.
  static const TextRarity& of_texts();
  // Of URLs, in lower case.
  static const TextRarity& of_urls();

  // The chance that this text begins at a given place of a message.
  double chance(std::u16string_view text) const;

 private:
  TextRarity() : counts_(65536) {}
  void add(std::u16string_view text);
  double chance_of(char16_t unit) const;
  double chance_behind(char16_t before, char16_t unit) const;

  std::vector<std::uint32_t> counts_;
  std::unordered_map<std::uint32_t, std::uint32_t> pairs_;  // two units -> how often
  double total_ = 0;
};

}  // namespace telefence
