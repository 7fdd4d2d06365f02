// SPDX-License-Identifier: Apache-2.0
#pragma once

// Finds the domains and URLs in the text of a short message, also when Chinese is glued to them, when dots or letters are
// full-width, and when there is no scheme. The domain of an e-mail address isn't a site to visit and is left out. Names that
// can't be told apart surely (evil.com.Thanks) give more than one. Worker thread, no allocation.

#include <cstdint>
#include <string_view>

#include "event/keys.h"

namespace telefence {

// `text`: decoded, not folded. Appends an embedded DomainKey per domain and a UrlKey per URL that has a path.
void find_embedded_urls(std::u16string_view text, std::uint16_t event, KeyList& keys);

}  // namespace telefence
