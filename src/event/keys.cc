// SPDX-License-Identifier: Apache-2.0
#include "event/keys.h"

namespace telefence {

KeyList::KeyList()
    : domains_(std::make_unique<DomainKey[]>(kMaxDomains)),
      numbers_(std::make_unique<NumberKey[]>(kMaxNumbers)),
      texts_(std::make_unique<TextKey[]>(kMaxTexts)),
      urls_(std::make_unique<UrlKey[]>(kMaxUrls)),
      arena_(std::make_unique<std::byte[]>(kArenaBytes)) {}

}  // namespace telefence
