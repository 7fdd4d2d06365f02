// SPDX-License-Identifier: Apache-2.0
#include "yaml/read.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "yaml/syntax_error.h"

namespace telefence {
namespace {

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  std::string lower(word);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return std::find(words.begin(), words.end(), lower) != words.end();
}

bool looks_like_bool(std::string_view text) {
  return is_one_of(text, {"true", "false", "yes", "no", "on", "off", "y", "n"});
}

bool looks_like_number(std::string_view text) {
  if (!text.empty() && (text.front() == '+' || text.front() == '-')) text.remove_prefix(1);
  if (text.empty() || text.front() < '0' || text.front() > '9') return false;
  if (text.starts_with("0x") || text.starts_with("0X") || text.starts_with("0o"))
    return text.find_first_not_of("0123456789abcdefABCDEF", 2) == std::string_view::npos && text.size() > 2;
  return text.find_first_not_of("0123456789_.eE") == std::string_view::npos &&
         std::count(text.begin(), text.end(), '.') <= 1;
}

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};
constexpr std::array<Unit, 5> kSizeUnits = {
    {{"B", 1}, {"KiB", 1ull << 10}, {"MiB", 1ull << 20}, {"GiB", 1ull << 30}, {"TiB", 1ull << 40}}};
constexpr std::array<Unit, 5> kDurationUnits = {
    {{"ms", 1}, {"s", 1000}, {"min", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};

// "<digits><unit>" in the smallest unit.
std::optional<std::uint64_t> with_unit(std::string_view text, std::span<const Unit> units) {
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{} || (text.front() == '0' && end - text.data() > 1)) return std::nullopt;
  const std::string_view name = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const Unit& unit : units) {
    if (unit.name != name) continue;
    if (count > std::numeric_limits<std::uint64_t>::max() / unit.factor) return std::nullopt;
    return count * unit.factor;
  }
  return std::nullopt;
}

std::string joined(std::span<const std::string_view> words) {
  std::string text;
  for (const std::string_view word : words) text += (text.empty() ? "" : ", ") + std::string(word);
  return text;
}

// Optimal string alignment: insert, delete, replace, swap of neighbours.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

}  // namespace

std::string_view closest_word(std::string_view word, std::span<const std::string_view> words) {
  // A third of the letters may be wrong; a word of three letters or fewer may have one wrong.
  const std::size_t limit = std::max<std::size_t>(1, word.size() / 3);
  std::string_view best;
  std::size_t best_distance = limit + 1;
  for (const std::string_view candidate : words) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string describe(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return "nothing";
    case YamlNode::Kind::kList:
      return "a list";
    case YamlNode::Kind::kMap:
      return "a map";
    case YamlNode::Kind::kScalar:
      break;
  }
  if (node.quoted) return "the text \"" + node.text + "\"";
  if (looks_like_number(node.text)) return "the number " + node.text;
  return "'" + node.text + "'";
}

void YamlReader::complain(const YamlNode& node, std::string message) {
  problems_.push_back({node.line, node.column, short_path(node.path), std::move(message)});
}

bool YamlReader::expect_map(const YamlNode& node) {
  if (node.kind == YamlNode::Kind::kMap) return true;
  complain(node, "expected a map (key: value), found " + describe(node));
  return false;
}

bool YamlReader::expect_list(const YamlNode& node) {
  if (node.kind == YamlNode::Kind::kList) return true;
  const std::string hint = node.kind == YamlNode::Kind::kScalar ? "; write [" + node.text + "]" : "";
  complain(node, "expected a list, found " + describe(node) + hint);
  return false;
}

bool YamlReader::check_keys(const YamlNode& node, std::span<const std::string_view> known) {
  if (!expect_map(node)) return false;
  for (const YamlEntry& entry : node.entries) {
    if (std::find(known.begin(), known.end(), entry.key) != known.end()) continue;
    const std::string_view meant = closest_word(entry.key, known);
    std::string message = "unknown key '" + entry.key + "'; ";
    message += meant.empty() ? "known here: " + joined(known) : "did you mean '" + std::string(meant) + "'?";
    problems_.push_back({entry.line, entry.column, short_path(entry.value.path), std::move(message)});
  }
  return true;
}

const YamlNode* YamlReader::require(const YamlNode& map, std::string_view key) {
  const YamlNode* node = map.find(key);
  if (node == nullptr || node->kind == YamlNode::Kind::kNull) {
    complain(node == nullptr ? map : *node, "'" + std::string(key) + "' is missing: it must be given here");
    return nullptr;
  }
  return node;
}

std::optional<std::string> YamlReader::read_string(const YamlNode& node) {
  if (node.kind != YamlNode::Kind::kScalar) {
    complain(node, "expected a text, found " + describe(node));
    return std::nullopt;
  }
  if (!node.quoted && (looks_like_number(node.text) || looks_like_bool(node.text))) {
    complain(node, "expected a text, found " + describe(node) + "; write it in quotes: \"" + node.text + "\"");
    return std::nullopt;
  }
  return node.text;
}

std::optional<bool> YamlReader::read_bool(const YamlNode& node) {
  if (node.kind == YamlNode::Kind::kScalar && !node.quoted) {
    if (node.text == "true") return true;
    if (node.text == "false") return false;
  }
  std::string hint;
  if (node.kind == YamlNode::Kind::kScalar) {
    if (is_one_of(node.text, {"yes", "on", "y", "true", "1"})) hint = "; write true";
    if (is_one_of(node.text, {"no", "off", "n", "false", "0"})) hint = "; write false";
  }
  complain(node, "expected true or false, found " + describe(node) + hint);
  return std::nullopt;
}

std::optional<std::int64_t> YamlReader::read_integer(const YamlNode& node, std::int64_t least, std::int64_t greatest) {
  const std::string range = "a whole number from " + std::to_string(least) + " to " + std::to_string(greatest);
  const std::string_view text = node.text;
  std::int64_t value = 0;
  if (node.kind != YamlNode::Kind::kScalar || node.quoted || text.empty()) {
    complain(node, "expected " + range + ", found " + describe(node) + (node.quoted ? "; leave out the quotes" : ""));
    return std::nullopt;
  }
  const std::string_view digits = text.front() == '-' ? text.substr(1) : text;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (digits.size() > 1 && digits.front() == '0' && digits.find_first_not_of("0123456789") == std::string_view::npos) {
    complain(node,
             "expected " + range + "; leading zeros are not allowed (some readers take " + node.text + " for octal)");
    return std::nullopt;
  }
  if (error != std::errc{} || end != text.data() + text.size() || value < least || value > greatest) {
    complain(node, "expected " + range + ", found " + describe(node));
    return std::nullopt;
  }
  return value;
}

std::optional<std::size_t> YamlReader::read_word(const YamlNode& node, std::span<const std::string_view> words) {
  if (node.kind == YamlNode::Kind::kScalar) {
    const auto found = std::find(words.begin(), words.end(), node.text);
    if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  }
  const std::string_view meant =
      node.kind == YamlNode::Kind::kScalar ? closest_word(node.text, words) : std::string_view{};
  complain(node, "expected one of " + joined(words) + ", found " + describe(node) +
                     (meant.empty() ? "" : "; did you mean '" + std::string(meant) + "'?"));
  return std::nullopt;
}

std::optional<std::uint64_t> YamlReader::read_size(const YamlNode& node) {
  if (node.kind == YamlNode::Kind::kScalar && !node.text.empty())
    if (const auto bytes = with_unit(node.text, kSizeUnits)) return bytes;
  complain(node, "expected a size with its unit (B, KiB, MiB, GiB, TiB), as 64MiB, found " + describe(node));
  return std::nullopt;
}

std::optional<std::uint64_t> YamlReader::read_duration_ms(const YamlNode& node) {
  if (node.kind == YamlNode::Kind::kScalar && !node.text.empty())
    if (const auto milliseconds = with_unit(node.text, kDurationUnits)) return milliseconds;
  complain(node, "expected a duration with its unit (ms, s, min, h, d), as 10min, found " + describe(node));
  return std::nullopt;
}

std::optional<std::vector<std::string>> YamlReader::read_strings(const YamlNode& node) {
  if (!expect_list(node)) return std::nullopt;
  std::vector<std::string> values;
  for (const YamlNode& item : node.items)
    if (auto value = read_string(item)) values.push_back(std::move(*value));
  return values;
}

std::optional<std::vector<std::int64_t>> YamlReader::read_integers(const YamlNode& node, std::int64_t least,
                                                                   std::int64_t greatest) {
  if (!expect_list(node)) return std::nullopt;
  std::vector<std::int64_t> values;
  for (const YamlNode& item : node.items)
    if (const auto value = read_integer(item, least, greatest)) values.push_back(*value);
  return values;
}

}  // namespace telefence
