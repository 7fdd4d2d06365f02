// SPDX-License-Identifier: Apache-2.0
#pragma once

// What people read at the screen, in English and 简体中文: words and sentences (Text) where they are said, and the words of JSON and
// metrics as people of each language call them (word_of). JSON output is never translated.

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "verdict/verdict.h"

namespace telefence {

enum class Language : std::uint8_t { kEnglish, kChinese };

// `wanted`: "en", "zh", "zh-CN" or "" (then LC_ALL, LC_MESSAGES, LANG in this order; Chinese when it starts with zh).
Language language_of(std::string_view wanted);
// The same for a program that has not read its arguments yet: --lang among them.
Language language_of(int argc, const char* const* argv);
// The option --lang, else node.language of a configuration, else the environment.
Language language_of(std::string_view wanted, std::string_view configured);

// One thing to say in both languages; {} or {0} stand for what is put in.
struct Text {
  std::string_view english;
  std::string_view chinese;
  // A place that only one of the two has would only be found when somebody of the other language reads it.
  consteval Text(const char* in_english, const char* in_chinese) : english(in_english), chinese(in_chinese) {
    if (std::count(english.begin(), english.end(), '{') != std::count(chinese.begin(), chinese.end(), '{'))
      throw "both languages must have the same places";
  }
};

inline std::string_view say(Language language, const Text& text) {
  return language == Language::kChinese ? text.chinese : text.english;
}
template <typename... Arguments>
  requires(sizeof...(Arguments) > 0)
std::string say(Language language, const Text& text, const Arguments&... arguments) {
  return fmt::vformat(say(language, text), fmt::make_format_args(arguments...));
}

// Words that several verbs say.
struct Word {
  static constexpr Text kPushed{"pushed", "已下发"};
  static constexpr Text kSequence{"sequence", "序号"};
  static constexpr Text kMonitor{"monitor", "监测"};
  static constexpr Text kEnforce{"enforce", "拦截"};
  static constexpr Text kDomain{"domain", "条域名"}, kDomains{"domains", "条域名"};
  static constexpr Text kUrl{"URL", "条网址"}, kUrls{"URLs", "条网址"};
  static constexpr Text kNumber{"number", "个号码"}, kNumbers{"numbers", "个号码"};
  static constexpr Text kPattern{"pattern", "条文本特征"}, kPatterns{"patterns", "条文本特征"};
  static constexpr Text kAllowEntry{"allow entry", "条白名单"}, kAllowEntries{"allow entries", "条白名单"};
};

// A word of JSON, metrics or the configuration (a fate, reason, part, channel, action, a sentence of an explanation) as people of
// the language call it; itself in English, and when it is not known.
std::string_view word_of(Language language, std::string_view word);

// The category as people of this language call it.
std::string_view say(Language language, Category category);

// How many columns the text takes on a terminal: Chinese characters take two.
std::size_t columns(std::string_view utf8);
// With blanks behind, or before, up to so many columns; at least one blank separates from what follows.
std::string padded(std::string_view utf8, std::size_t width);
std::string right_aligned(std::string_view utf8, std::size_t width);

// Of text that somebody else wrote, what a terminal shows without doing anything: control characters, what turns the direction of writing
// and octets that are no UTF-8 become \xNN or \u{NNNN}. Beyond `most` octets it ends with "...".
std::string printable(std::string_view text, std::size_t most = std::string_view::npos);
inline constexpr std::size_t kMostOfProblem = 300;

// 1234567 as 1,234,567.
std::string grouped(std::uint64_t number);
// "2026-11-26 14:18:05", of this machine's zone.
std::string local_time(std::int64_t unix_s);
// "1 domain", "2 domains"; in Chinese a number needs no plural.
std::string counted(Language language, std::uint64_t number, const Text& one, const Text& several);
// What the memory of one worker may come to.
std::string memory_of(Language language, std::uint64_t bytes);
// "2 d 3 h", "3 min 20 s".
std::string duration(Language language, std::uint64_t seconds);

}  // namespace telefence
