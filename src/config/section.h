// SPDX-License-Identifier: Apache-2.0
#pragma once

// One map of the configuration file, read by the table of keys: what is not in the table is unknown, and types, words and
// ranges are the table's. A value that is wrong leaves the default in place and becomes a problem. Views of the document: it
// outlives every Section.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/keys.h"
#include "yaml/read.h"

namespace telefence {

// What reading one file shares.
struct ReadState {
  YamlReader reader;
  std::filesystem::path folder;  // of the file; relative names start here
};

class Section {
 public:
  // `node` may be null: then every read leaves its default. `table_path` is the path of the map in the table of keys.
  Section(ReadState& state, const YamlNode* node, std::string table_path);
  // The same with names that come from a registry instead of the table.
  static Section of_names(ReadState& state, const YamlNode* node, std::span<const std::string_view> names);

  bool is_there() const { return node_ != nullptr; }
  const YamlNode* find(std::string_view name) const;

  void read(std::string_view name, std::string& out);
  void read(std::string_view name, bool& out);
  void read(std::string_view name, std::vector<std::string>& out);
  void read(std::string_view name, std::optional<std::vector<std::uint16_t>>& out);
  void read(std::string_view name, std::vector<std::pair<std::string, std::string>>& out);
  template <typename Number>
    requires std::is_integral_v<Number>
  void read(std::string_view name, Number& out) {
    if (const auto value = number(name)) out = static_cast<Number>(*value);
  }
  template <typename Number>
  void read(std::string_view name, std::optional<Number>& out) {
    if (const auto value = number(name)) out = static_cast<Number>(*value);
  }
  // Index in the words of the key; nothing when absent or wrong.
  std::optional<std::size_t> word(std::string_view name);
  std::optional<std::size_t> word(std::string_view name, std::span<const std::string_view> words);

  Section section(std::string_view name);
  void each_item(std::string_view name, const std::function<void(Section&)>& read_item);

  void complain(std::string_view name, std::string message);

 private:
  Section(ReadState& state, const YamlNode* node) : state_(state), node_(node) {}
  const Key& key(std::string_view name) const;
  // kInteger, kDuration (seconds) and kSize (bytes), within the range of the table.
  std::optional<std::int64_t> number(std::string_view name);
  std::optional<std::int64_t> number_with_unit(const Key& key, const YamlNode& node);
  void read_files(const YamlNode& list, std::vector<std::string>& out);
  std::string resolved(const std::string& file) const;

  ReadState& state_;
  const YamlNode* node_;
  std::string path_;
};

}  // namespace telefence
