// SPDX-License-Identifier: Apache-2.0
#pragma once

// Rules between keys, and between the file and this machine. Each says what would be right. Nothing is opened but files that are
// named; no NIC is touched.

#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "yaml/node.h"

namespace telefence {

// What the rules look at and where they put what they find. `root`: the document that `config` was read from.
struct Checked {
  const Config& config;
  const YamlNode& root;
  std::vector<YamlProblem>& mistakes;
  std::vector<YamlProblem>& warnings;

  // Places: the key at `path`, or the file as a whole when it isn't there.
  void mistake(std::string_view path, std::string message) const;
  void warn(std::string_view path, std::string message) const;
  static void add(std::vector<YamlProblem>& to, const YamlNode& node, std::string message);
};

// All of the rules below.
void check_rules(const Checked& checked);

// Ports, wires, mirrors, cores.
void check_links(const Checked& checked);
void check_cores(const Checked& checked);
// Sizes of what workers remember.
void check_engine(const Checked& checked);
// Protocols, lists, answers.
void check_policy(const Checked& checked);
// Servers, logins, who may sign.
void check_redis(const Checked& checked);
// Redis, records, addresses to listen on.
void check_outside(const Checked& checked);

// Why the file can't be read, with what to do; empty when it can.
std::string why_unreadable(const std::string& file);

}  // namespace telefence
