// SPDX-License-Identifier: Apache-2.0
#pragma once

// Typed values out of YamlNodes, strictly: a value of the wrong type or out of range becomes a problem with its place
// and what would be right, and nullopt. No guessing: booleans are true and false; a string that looks like a number or
// a boolean must be in quotes (a phone number 010... would lose its zero elsewhere); sizes and durations carry their
// unit.
//
//   YamlReader reader(document.problems);
//   reader.check_keys(root, {"mode", "ports"});
//   if (const YamlNode* node = root.find("mode")) mode = reader.read_word(*node, {"monitor", "enforce"}).value_or(0);

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "yaml/node.h"

namespace telefence {

class YamlReader {
 public:
  // `problems` is appended to and must outlive the reader.
  explicit YamlReader(std::vector<YamlProblem>& problems) : problems_(problems) {}

  // Whether the node is a map; each key that is not in `known` is a problem with the nearest known key as suggestion.
  bool check_keys(const YamlNode& node, std::span<const std::string_view> known);
  bool check_keys(const YamlNode& node, std::initializer_list<std::string_view> known) {
    return check_keys(node, std::span<const std::string_view>(known.begin(), known.size()));
  }
  // A key that must be there: its value, or a problem at the map and nullptr.
  const YamlNode* require(const YamlNode& map, std::string_view key);

  bool expect_map(const YamlNode& node);
  bool expect_list(const YamlNode& node);

  std::optional<std::string> read_string(const YamlNode& node);
  std::optional<bool> read_bool(const YamlNode& node);
  std::optional<std::int64_t> read_integer(const YamlNode& node, std::int64_t least, std::int64_t greatest);
  // Index in `words`.
  std::optional<std::size_t> read_word(const YamlNode& node, std::span<const std::string_view> words);
  std::optional<std::size_t> read_word(const YamlNode& node, std::initializer_list<std::string_view> words) {
    return read_word(node, std::span<const std::string_view>(words.begin(), words.size()));
  }
  // "512B", "64KiB", "2MiB", "4GiB" in bytes.
  std::optional<std::uint64_t> read_size(const YamlNode& node);
  // "250ms", "5s", "10min", "2h", "7d" in milliseconds.
  std::optional<std::uint64_t> read_duration_ms(const YamlNode& node);
  // A list of strings, or of integers; one bad item is a problem of that item.
  std::optional<std::vector<std::string>> read_strings(const YamlNode& node);
  std::optional<std::vector<std::int64_t>> read_integers(const YamlNode& node, std::int64_t least,
                                                         std::int64_t greatest);

  // A problem at this value, in the caller's words.
  void complain(const YamlNode& node, std::string message);

 private:
  std::vector<YamlProblem>& problems_;
};

// The word of `words` that was probably meant: nearest by edit distance (insert, delete, replace, swap), "" when none
// is near.
std::string_view closest_word(std::string_view word, std::span<const std::string_view> words);

// What the node is, for messages: "a list", "the number 5", "the text \"x\"".
std::string describe(const YamlNode& node);

}  // namespace telefence
