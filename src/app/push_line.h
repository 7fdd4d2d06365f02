// SPDX-License-Identifier: Apache-2.0
#pragma once

// What `telefence push` is asked, as the line of the change log that says it. What every edge would refuse is refused here,
// before it is published: nobody should learn from a log at night that a block never was in force.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/tool_verbs.h"
#include "base/result.h"
#include "config/config.h"

namespace telefence {

// kUsage: arguments that don't go together. kInvalid: every edge would refuse it.
Result<std::string> push_line(const PushArguments& arguments, std::string_view publisher, std::int64_t now_s);

// The names that nothing may block, as an option says: a file, "off", or "" for the installed list. kUsage: it can't be read.
Result<void> set_protected(Config& config, const std::string& option);

// For people: with this option, and nothing installed, no name is protected. "" = some are, or "off" says that none shall be.
std::string why_unprotected(const std::string& option);

// "90s", "30min", "12h", "7d".
std::optional<std::int64_t> seconds_of(const std::string& text);

// domain, url or number, by how it is written; "" when that does not tell.
std::string kind_by_look(std::string_view value);

// Whether plain text is written as only a regular expression would be: "安全账户.{0,20}转账".
bool looks_like_regex(std::string_view text);

}  // namespace telefence
