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

void NameStore::resize(std::size_t octets) {
  char* const moved = static_cast<char*>(std::realloc(memory_.get(), octets));
  CHECK(moved != nullptr);
  (void)memory_.release();
  memory_.reset(moved);
  room_ = octets;
}

void NameStore::make_room(std::size_t octets) {
  if (size_ + octets <= room_) return;
  resize(std::max(size_ + octets, room_ + room_ / 4 + 64));
}

std::uint32_t NameStore::append(std::string_view name, std::span<const EntryNote> notes) {
  DCHECK(!name.empty() && name.size() <= 253 && !notes.empty());
  make_room(1 + name.size() + notes.size() * kLargestNote);
  const auto place = static_cast<std::uint32_t>(size_);
  char* at = memory_.get() + size_;
  *at++ = static_cast<char>(name.size());
  at = std::copy(name.begin(), name.end(), at);
  if (const EntryNote& one = notes[0]; notes.size() == 1 && one.id == 0 && one.expires_s == 0 && one.word == EntryNote::Word::kEntry && one.terms <= kShortTerms) {
    *at++ = static_cast<char>(kShort | (one.subdomains ? kShortSubdomains : 0) | one.terms);
    size_ = static_cast<std::size_t>(at - memory_.get());
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
  size_ = static_cast<std::size_t>(at - memory_.get());
  return place;
}

void NameStore::finish() {
  if (room_ > size_ + 4096) resize(size_);
}

char* NameStore::memory_to_fill(std::size_t octets) {
  resize(std::max<std::size_t>(octets, kFirst));
  size_ = std::max<std::size_t>(octets, kFirst);
  return memory_.get();
}

}  // namespace telefence
