// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether what `telefence push remove` or `withdraw` is to end stands in the log at all: a slip in a value or a source is published
// like anything else, and ends nothing.

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/language.h"
#include "app/tool_verbs.h"

namespace telefence {

struct Absence {
  std::set<std::string> others;  // sources that do say something of the value that is removed
};

// `lines`: one removal, or replace-lists of one source. nullopt: something stands, or it can't be known: the log is not whole, may not be
// read, or is too long to be read: what takes back must not wait.
std::optional<Absence> absence_of(const PushArguments& arguments, const std::vector<std::string>& lines);

std::string to_text(const Absence& absence, const PushArguments& arguments, bool is_withdrawal, Language language);

}  // namespace telefence
