// SPDX-License-Identifier: Apache-2.0
#pragma once

// The response that stands in for a blocked site: 302 to the warning page, or 451 (RFC 7725) with a small page of our
// own. The connection is to be closed after it.

#include <array>
#include <string_view>

#include "base/writer.h"
#include "protocols/protocol.h"

namespace telefence::http {

inline constexpr std::array<std::string_view, 2> kAnswers{"redirect", "page"};

// Protocol::refuse. `redirect` without a usable address of a page says `page`; a page that does not fit the room is
// replaced by the built-in one.
WrittenRefusal refuse(const Event& event, const Payload& payload, const RefusalTerms& terms, Writer& out);

}  // namespace telefence::http
