// SPDX-License-Identifier: Apache-2.0
#include "app/sentences.h"

#include <optional>
#include <span>
#include <vector>

#include "app/sentence_table.h"
#include "decide/never_block.h"

namespace telefence {
namespace {

constexpr std::string_view kPlace = "{}";
constexpr int kDeepest = 6;  // sentences within sentences

std::string chinese_of(std::string_view english, int depth);

// What stands at the places of the pattern, when the text is of its kind.
std::optional<std::vector<std::string_view>> parts_of(std::string_view text, std::string_view pattern) {
  std::vector<std::string_view> parts;
  std::size_t place = pattern.find(kPlace);
  if (!text.starts_with(pattern.substr(0, place))) return std::nullopt;
  if (place == std::string_view::npos) return text == pattern ? std::optional(parts) : std::nullopt;
  text.remove_prefix(place);
  for (;;) {
    pattern.remove_prefix(place + kPlace.size());
    place = pattern.find(kPlace);
    const std::string_view literal = pattern.substr(0, place);
    const bool is_last = place == std::string_view::npos;
    if (is_last && !text.ends_with(literal)) return std::nullopt;
    const std::size_t end = is_last ? text.size() - literal.size() : text.find(literal);
    if (end == std::string_view::npos) return std::nullopt;
    parts.push_back(text.substr(0, end));
    if (is_last) return parts;
    text.remove_prefix(end + literal.size());
  }
}

// The places of the Chinese sentence are numbered: its order is another.
std::string filled(std::string_view chinese, std::span<const std::string_view> parts, int depth) {
  std::string out;
  for (std::size_t i = 0; i < chinese.size(); ++i) {
    const bool is_place = chinese[i] == '{' && i + 2 < chinese.size() && chinese[i + 2] == '}';
    if (!is_place) {
      out += chinese[i];
      continue;
    }
    const auto index = static_cast<std::size_t>(chinese[i + 1] - '0');
    if (index < parts.size()) out += chinese_of(parts[index], depth + 1);
    i += 2;
  }
  return out;
}

std::string chinese_of(std::string_view english, int depth) {
  if (depth < kDeepest && !english.empty())
    for (const Sentence& sentence : sentences())
      if (const auto parts = parts_of(english, sentence.english)) return filled(sentence.chinese, *parts, depth);
  for (const NeverBlockNumber& number : never_block_numbers())
    if (number.what_en == english) return std::string(number.what_zh);
  // What no sentence knows as a whole ("file:3: key: what is wrong") has parts that may be known.
  constexpr std::string_view kColon = ": ";
  const std::size_t colon = depth < kDeepest ? english.find(kColon) : std::string_view::npos;
  if (colon == std::string_view::npos) return std::string(english);
  return (chinese_of(english.substr(0, colon), depth + 1) += kColon) += chinese_of(english.substr(colon + kColon.size()), depth + 1);
}

}  // namespace

std::string translated(Language language, std::string_view english) {
  return language == Language::kEnglish ? std::string(english) : chinese_of(english, 0);
}

}  // namespace telefence
