// SPDX-License-Identifier: Apache-2.0
#pragma once

// What `telefence rules` can be asked, with its help.

#include <string>
#include <vector>

#include "app/command_line.h"
#include "app/tool_verbs.h"

namespace telefence {

void add_rules(CommandLine& line, RulesArguments& arguments);

// How lists are read, for other verbs: their format, and what an entry is when its list does not say. With --json and --lang.
void add_list_reading(CommandLine& line, CLI::App* verb, RulesArguments& arguments);

// The categories of fraud, as options take them.
std::vector<std::string> category_words();
// --protected: names that nothing may block.
void add_protected(CommandLine& line, CLI::App* verb, std::string& file);

}  // namespace telefence
