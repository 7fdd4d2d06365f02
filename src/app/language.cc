// SPDX-License-Identifier: Apache-2.0
#include "app/language.h"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <iterator>

#include "base/json_text.h"

namespace telefence {
namespace {

bool is_chinese(std::string_view name) { return name.starts_with("zh"); }

Language from_environment() {
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return is_chinese(value) ? Language::kChinese : Language::kEnglish;
  }
  return Language::kEnglish;
}

}  // namespace

Language language_of(std::string_view wanted) {
  if (wanted.empty()) return from_environment();
  return is_chinese(wanted) ? Language::kChinese : Language::kEnglish;
}

Language language_of(int argc, const char* const* argv) {
  constexpr std::string_view kOption = "--lang";
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--") break;
    if (word == kOption && i + 1 < argc) return language_of(argv[i + 1]);
    if (word.starts_with(kOption) && word.substr(kOption.size(), 1) == "=") return language_of(word.substr(kOption.size() + 1));
  }
  return from_environment();
}

Language language_of(std::string_view wanted, std::string_view configured) {
  return language_of(wanted.empty() && configured != "auto" ? configured : wanted);
}

std::string_view say(Language language, Category category) {
  return language == Language::kChinese ? category_name_zh(category) : category_name(category);
}

std::size_t columns(std::string_view utf8) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < utf8.size();) {
    const std::size_t length = utf8_step(utf8, i).length;
    // Octets e3 and above begin U+3000 and what follows: East Asian characters, which terminals show wide.
    sum += length >= 3 && static_cast<std::uint8_t>(utf8[i]) >= 0xe3 ? 2u : 1u;
    i += length;
  }
  return sum;
}

std::string padded(std::string_view utf8, std::size_t width) {
  const std::size_t used = columns(utf8);
  return std::string(utf8) + std::string(used < width ? width - used : 1, ' ');
}

std::string right_aligned(std::string_view utf8, std::size_t width) {
  const std::size_t used = columns(utf8);
  return std::string(used < width ? width - used : 1, ' ') + std::string(utf8);
}

namespace {

// Of a well-formed character.
char32_t code_point(std::string_view octets) {
  constexpr std::uint8_t kLead[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
  char32_t out = static_cast<std::uint8_t>(octets[0]) & kLead[octets.size()];
  for (const char octet : octets.substr(1)) out = out << 6 | (static_cast<std::uint8_t>(octet) & 0x3f);
  return out;
}

// Does something to a terminal, or is not seen at all.
bool acts(char32_t point) {
  struct Range {
    char32_t first, last;
  };
  constexpr Range kActing[] = {{0, 0x1f},        {0x7f, 0x9f},     {0x61c, 0x61c},   {0x200b, 0x200b},    {0x200e, 0x200f}, {0x2028, 0x202e},
                               {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f}};
  return std::any_of(std::begin(kActing), std::end(kActing), [point](const Range& range) { return point >= range.first && point <= range.last; });
}

}  // namespace

std::string printable(std::string_view text, std::size_t most) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const Utf8Step step = utf8_step(text, i);
    const std::string_view octets = text.substr(i, step.length);
    const char32_t point = step.valid ? code_point(octets) : 0;
    std::string shown;
    if (step.valid && !acts(point))
      shown = octets;
    else if (step.valid && point >= 0x80)
      shown = fmt::format("\\u{{{:04x}}}", static_cast<std::uint32_t>(point));
    else
      for (const char octet : octets) shown += fmt::format("\\x{:02x}", static_cast<std::uint8_t>(octet));
    if (out.size() + shown.size() > most) return out + "...";
    out += shown;
    i += step.length;
  }
  return out;
}

std::string local_time(std::int64_t unix_s) {
  const std::time_t when = unix_s;
  std::tm parts{};
  localtime_r(&when, &parts);
  char text[40];
  std::string out{text, std::strftime(text, sizeof text, "%F %T %z", &parts)};
  return out.insert(out.size() - 2, ":");  // +08:00
}

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
  return digits;
}

std::string counted(Language language, std::uint64_t number, const Text& one, const Text& several) {
  return grouped(number) + " " + std::string(say(language, number == 1 ? one : several));
}

std::string memory_of(Language language, std::uint64_t bytes) {
  return say(language, {"{} MiB for each worker to remember connections and messages", "每个工作线程 {} MiB，用于记住连接和消息"},
             (bytes + (1u << 19)) >> 20);
}

std::string duration(Language language, std::uint64_t seconds) {
  struct Unit {
    std::uint64_t seconds;
    Text name;
  };
  constexpr Unit kUnits[] = {{86'400, {"d", "天"}}, {3'600, {"h", "小时"}}, {60, {"min", "分"}}, {1, {"s", "秒"}}};
  // The two greatest units that say something: nobody needs the seconds of a week.
  std::string out;
  int said = 0;
  for (const Unit& unit : kUnits) {
    const std::uint64_t count = seconds / unit.seconds;
    seconds %= unit.seconds;
    if (count == 0 && !(said == 0 && unit.seconds == 1)) continue;
    if (said == 2) break;
    out += (out.empty() ? "" : " ") + std::to_string(count) + " " + std::string(say(language, unit.name));
    ++said;
  }
  return out;
}

}  // namespace telefence
