// SPDX-License-Identifier: Apache-2.0
#pragma once

// The one table of what may stand in the configuration file: path, type, default and one sentence for each key. The loader
// reads by it, so a key that is not here is unknown; docs/config.md is made from it. Paths: `ports[].name` is a key of each
// item of the list `ports`; `protocols.NAME.on` a key of each entry, NAME being a word from a registry.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace telefence {

struct Key {
  enum class Type : std::uint8_t {
    kText,      // may be empty only when that is its default
    kFile,      // text; relative to the folder of the configuration file
    kBool,
    kInteger,   // least .. greatest
    kPorts,     // list of integers, least .. greatest
    kWord,      // one of `words`
    kSize,      // 1GiB; least .. greatest in bytes
    kDuration,  // 10min; least .. greatest in seconds
    kMilliseconds,  // 500ms; least .. greatest in milliseconds
    kCores,     // "2-9,12" or auto
    kTexts,     // list of texts
    kFiles,     // list of files; * stands for any part of a file name
    kPairs,     // list of pairs of texts
    kAction,    // an action of this build
    kAnswer,    // an answer of the protocol
  };

  std::string_view path;
  Type type = Type::kText;
  std::string_view fallback;  // the default as it would be written; "" = none
  std::string_view words;     // kWord: separated by |
  std::int64_t least = 0;
  std::int64_t greatest = 0;
  bool live = false;      // taken over by a reload (SIGHUP); else sealed at start
  bool required = false;  // must be given wherever its map is
  std::string_view en;
  std::string_view zh;
};

std::span<const Key> all_keys();

// nullptr when there is none.
const Key* key_at(std::string_view path);

// The names that may stand directly under `path` ("" = the top level; "ports[]"; "protocols.NAME").
std::vector<std::string_view> children_of(std::string_view path);

// `words` of a key, cut.
std::vector<std::string_view> words_of(const Key& key);

}  // namespace telefence
