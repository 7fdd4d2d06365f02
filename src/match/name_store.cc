// SPDX-License-Identifier: Apache-2.0
#include "match/name_store.h"

#include <algorithm>

#include "base/check.h"

namespace telefence {
namespace {

constexpr std::size_t kLargestNote = 3 + 8 + 8;

template <typename Value>
char* put(char* at, Value value) {
  std::memcpy(at, &value, sizeof value);
  return at + sizeof value;
}

}  // namespace

std::uint32_t NameStore::append(std::string_view name, std::span<const EntryNote> notes) {
  DCHECK(!name.empty() && name.size() <= 253 && !notes.empty());
  memory_.grow(size_ + 1 + name.size() + notes.size() * kLargestNote, size());
  const auto place = static_cast<std::uint32_t>(size_);
  char* at = memory_.data() + size_;
  *at++ = static_cast<char>(name.size());
  at = std::copy(name.begin(), name.end(), at);
  if (const EntryNote& one = notes[0]; notes.size() == 1 && one.id == 0 && one.expires_s == 0 && one.word == EntryNote::Word::kEntry && one.terms <= kShortTerms) {
    *at++ = static_cast<char>(kShort | (one.subdomains ? kShortSubdomains : 0) | one.terms);
    size_ = static_cast<std::size_t>(at - memory_.data());
    return place;
  }
  for (const EntryNote& note : notes) {
    unsigned flags = note.subdomains ? kSubdomains : 0;
    if (&note != &notes.back()) flags |= kMore;
    if (note.id != 0) flags |= kHasId;
    if (note.expires_s != 0) flags |= kHasEnd;
    if (note.word == EntryNote::Word::kRemoved) flags |= kRemoved;
    if (note.word == EntryNote::Word::kEnded) flags |= kEnded;
    *at++ = static_cast<char>(flags);
    at = put(at, note.terms);
    if (note.id != 0) at = put(at, note.id);
    if (note.expires_s != 0) at = put(at, note.expires_s);
  }
  size_ = static_cast<std::size_t>(at - memory_.data());
  return place;
}

void NameStore::finish() {
  if (memory_.data() != nullptr) memory_.trim(size_);
}

char* NameStore::memory_to_fill(std::size_t octets) {
  size_ = std::max<std::size_t>(octets, kFirst);
  memory_.grow(size_, 0);
  memory_.trim(size_);
  return memory_.data();
}

}  // namespace telefence
