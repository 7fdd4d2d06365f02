// SPDX-License-Identifier: Apache-2.0
#pragma once

// Names one behind the other, each with the notes about it: the length of the name, its octets, then the notes. Flags of a note say
// what follows it: another note, an id, a moment. An entry that has none of these and is of the first 32 terms, as most are, takes one
// octet. Places are offsets, never 0. Filled on a control thread, then read by workers.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "base/fetch_ahead.h"
#include "base/growing_memory.h"
#include "match/entry_note.h"

namespace telefence {

class NameStore {
 public:
  static constexpr std::size_t kMost = 0xffffffff;  // places have 32 bits

  class Reader {
   public:
    explicit Reader(const char* at) : at_(at) {}
    bool next() {
      if (!has_more_) return false;
      const auto flags = static_cast<unsigned char>(*at_);
      if ((flags & kShort) != 0) {
        ++at_;
        note_ = {.terms = static_cast<std::uint16_t>(flags & kShortTerms), .subdomains = (flags & kShortSubdomains) != 0};
        has_more_ = false;
        return true;
      }
      std::memcpy(&note_.terms, at_ + 1, sizeof note_.terms);
      at_ += 3;
      note_.subdomains = (flags & kSubdomains) != 0;
      note_.word = (flags & kRemoved) != 0 ? EntryNote::Word::kRemoved : (flags & kEnded) != 0 ? EntryNote::Word::kEnded : EntryNote::Word::kEntry;
      note_.id = (flags & kHasId) != 0 ? take() : 0;
      note_.expires_s = (flags & kHasEnd) != 0 ? static_cast<std::int64_t>(take()) : 0;
      has_more_ = (flags & kMore) != 0;
      return true;
    }
    const EntryNote& note() const { return note_; }
    const char* end() const { return at_; }

   private:
    std::uint64_t take() {
      std::uint64_t value;
      std::memcpy(&value, at_, sizeof value);
      at_ += sizeof value;
      return value;
    }
    const char* at_;
    bool has_more_ = true;
    EntryNote note_;
  };

  // Where the name now stands. Requires: 1 to 253 octets, notes not empty, has_room().
  std::uint32_t append(std::string_view name, std::span<const EntryNote> notes);
  bool has_room(std::size_t octets) const { return size_ + octets + 64 < kMost; }
  // What stands there counts no more.
  void retire(std::uint32_t place) { memory_.data()[place + 1 + length(place)] |= static_cast<char>(kRetired); }
  void finish();

  std::string_view name(std::uint32_t place) const { return {memory_.data() + place + 1, length(place)}; }
  Reader read(std::uint32_t place) const { return Reader(memory_.data() + place + 1 + length(place)); }
  // Of the first note, without reading the rest of it.
  std::uint16_t terms(std::uint32_t place) const {
    const char* at = memory_.data() + place + 1 + length(place);
    const auto flags = static_cast<unsigned char>(*at);
    if ((flags & kShort) != 0) [[likely]] return flags & kShortTerms;
    std::uint16_t terms;
    std::memcpy(&terms, at + 1, sizeof terms);
    return terms;
  }
  bool has_terms_alone(std::uint32_t place) const { return (static_cast<unsigned char>(memory_.data()[place + 1 + length(place)]) & kShort) != 0; }
  // With the note behind it; a third of all names lie in two lines.
  void prefetch(std::uint32_t place, std::size_t size) const {
    fetch_ahead(memory_.data() + place);
    fetch_ahead(memory_.data() + place + 1 + size);
  }

  // visit(place) for all that count.
  template <typename Visit>
  void for_each(Visit visit) const {
    for (std::size_t at = kFirst; at < size_;) {
      const auto place = static_cast<std::uint32_t>(at);
      Reader reader = read(place);
      const bool counts = (static_cast<unsigned char>(memory_.data()[at + 1 + length(place)]) & kRetired) == 0;
      while (reader.next()) {
      }
      if (counts) visit(place);
      at = static_cast<std::size_t>(reader.end() - memory_.data());
    }
  }

  std::size_t size() const { return memory_.data() == nullptr ? 0 : size_; }
  std::size_t bytes() const { return memory_.room(); }
  const char* memory() const { return memory_.data(); }
  // For a snapshot: room for so many octets, all of them to be filled.
  char* memory_to_fill(std::size_t octets);

 private:
  static constexpr unsigned kSubdomains = 1, kMore = 2, kHasId = 4, kHasEnd = 8, kRemoved = 16, kEnded = 32, kRetired = 64;
  static constexpr unsigned kShort = 128, kShortSubdomains = 32, kShortTerms = 31;  // kRetired is the same in both
  static constexpr std::size_t kFirst = 1;

  std::size_t length(std::uint32_t place) const { return static_cast<unsigned char>(memory_.data()[place]); }

  GrowingMemory memory_{kMost};
  std::size_t size_ = kFirst;
};

}  // namespace telefence
