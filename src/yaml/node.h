// SPDX-License-Identifier: Apache-2.0
#pragma once

// A YAML text as a tree that keeps what a strict reader must know: where every key and value stands, and whether a
// scalar was written in quotes. Nothing is converted here: `010`, `no` and `1e3` stay the characters that were written
// (read.h converts). Own copy of everything; no yaml-cpp type is visible. Control threads only.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace telefence {

struct YamlProblem {
  int line = 0;         // 1-based; 0 = the text as a whole
  int column = 0;       // 1-based, in characters
  std::string path;     // e.g. ports[0].device; "" = the text as a whole
  std::string message;  // what is wrong and what would be right
};

struct YamlEntry;

struct YamlNode {
  enum class Kind { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  int line = 0;
  int column = 0;
  std::string path;
  std::string text;                // kScalar: as written, escapes resolved
  bool quoted = false;             // kScalar: "..." '...' | or >
  std::vector<YamlNode> items;     // kList
  std::vector<YamlEntry> entries;  // kMap, in the order of the file; each key once

  // The value of a key of this map; nullptr when it is absent or this is no map.
  const YamlNode* find(std::string_view key) const;
  // The same along a path of keys: "cpu.workers".
  const YamlNode* find_path(std::string_view path) const;
};

struct YamlEntry {
  std::string key;
  int line = 0;  // of the key
  int column = 0;
  YamlNode value;
};

struct YamlDocument {
  YamlNode root;                      // kNull when the text is empty or can't be parsed
  std::vector<YamlProblem> problems;  // syntax, duplicate keys, unterminated quotes, anchors, tags, a second document
};

// Never throws. A syntax error ends the reading; everything else is collected.
YamlDocument parse_yaml(std::string_view text);

// Fails only when the file can't be read.
Result<YamlDocument> parse_yaml_file(const std::string& file);

}  // namespace telefence
