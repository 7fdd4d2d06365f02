// SPDX-License-Identifier: Apache-2.0
#pragma once

// yaml-cpp's words for a text that is no YAML, in plain sentences that say what would be right. Control threads only.

#include <string>
#include <string_view>

namespace telefence {

// `said`: yaml-cpp's message (exceptions.h of 0.7). `open_line`: where the list or map begins that is still open at the error;
// 0 = none.
std::string explain_syntax_error(std::string_view said, int open_line);

inline constexpr std::string_view kTabIndents = "a tab indents this line, which YAML does not allow: use blanks";

// A path that is too long for a message, without its middle.
std::string short_path(std::string path);

}  // namespace telefence
