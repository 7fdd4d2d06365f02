// SPDX-License-Identifier: Apache-2.0
#pragma once

// The page at /: what this address offers, in the reader's language. No script, no outside resource: carriers' networks are closed.

#include <string>
#include <string_view>

namespace telefence {

// `accept_language`: the request's header of that name (RFC 9110, 12.5.4); Chinese when it names zh before en.
std::string front_page(std::string_view accept_language);

}  // namespace telefence
