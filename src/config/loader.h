// SPDX-License-Identifier: Apache-2.0
#pragma once

// YAML to Config, strictly: every mistake of the file at once, each with its place. Control thread.

#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "yaml/node.h"

namespace telefence {

struct Mistake {
  std::string file;
  int line = 0;    // 1-based; 0 = the file as a whole
  int column = 0;
  std::string key;      // full path, e.g. ports[0].device
  std::string message;  // what is wrong, why, and what would be right
};

// "file:line:col: key: message"
std::string to_text(const Mistake& mistake);

struct Loaded {
  Config config;
  YamlNode root;                   // the document, for the places of its keys
  std::vector<Mistake> mistakes;   // the config may be used only when empty
  std::vector<Mistake> warnings;   // usable, but surely not meant so
};

// Reads and checks: syntax, unknown and duplicate keys (with a suggestion), types, ranges, and rules across keys (a wire names
// known ports; an action is one its protocol can do; named files exist). Touches no NIC.
Loaded load_config(const std::string& file);
Loaded load_config_text(std::string_view yaml, const std::string& name_for_messages);

// A configuration without any file: no ports, all protocols on, monitor. For replay, inspect and test.
Config default_config();

}  // namespace telefence
