// SPDX-License-Identifier: Apache-2.0
#pragma once

// The warning page in the one language that node.language asks for. The page in both is that of protocols/http, which is sent when
// this is empty.

#include <string_view>

namespace telefence {

// `language`: auto, en or zh-CN. Short enough for one packet with its header.
std::string_view warning_page(std::string_view language);

}  // namespace telefence
