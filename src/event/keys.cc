// SPDX-License-Identifier: Apache-2.0
#include "event/keys.h"

#include "base/check.h"

namespace telefence {

KeyList::KeyList()
    : domains_(std::make_unique<DomainKey[]>(kMaxDomains)),
      numbers_(std::make_unique<NumberKey[]>(kMaxNumbers)),
      texts_(std::make_unique<TextKey[]>(kMaxTexts)),
      urls_(std::make_unique<UrlKey[]>(kMaxUrls)),
      arena_(std::make_unique<std::byte[]>(kArenaBytes)) {}

void KeyList::clear() {
  domain_count_ = number_count_ = text_count_ = url_count_ = 0;
  arena_used_ = 0;
}

char* KeyList::characters(std::size_t count) {
  if (count > kArenaBytes - arena_used_) [[unlikely]] {
    ++dropped_;
    return nullptr;
  }
  std::byte* start = arena_.get() + arena_used_;
  arena_used_ += count;
  return reinterpret_cast<char*>(start);
}

char16_t* KeyList::wide_characters(std::size_t count) {
  arena_used_ += arena_used_ % 2;
  return reinterpret_cast<char16_t*>(characters(count * 2));
}

void KeyList::give_back(std::size_t bytes) {
  DCHECK(bytes <= arena_used_);
  arena_used_ -= bytes;
}

}  // namespace telefence
