// SPDX-License-Identifier: Apache-2.0
#pragma once

// Hashes of the batches that were read, so that an old one that comes again, in whatever place of whatever log, has no effect, and so
// that a server that is only behind is told from one whose log is another. 16 bytes or less a batch, for the life of the process.
// Pure; one thread (the feed's).

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace telefence {

class SeenBatches {
 public:
  enum class Seen : std::uint8_t { kNever, kRead, kApplied };

  // `hash`: 64 hexadecimal digits, of which 63 bits are kept. Two of a million batches share them once in 20 million logs.
  Seen find(std::string_view hash) const {
    if (slots_.empty()) return Seen::kNever;
    const std::uint64_t slot = slots_[place_of(slots_, key_of(hash))];
    return slot == 0 ? Seen::kNever : (slot & 1) != 0 ? Seen::kApplied : Seen::kRead;
  }
  void note(std::string_view hash, bool is_applied) {
    if (2 * (count_ + 1) > slots_.size()) grow();
    std::uint64_t& slot = slots_[place_of(slots_, key_of(hash))];
    if (slot == 0) {
      slot = key_of(hash);
      ++count_;
    }
    if (is_applied) slot |= 1;
  }
  std::size_t count() const { return count_; }

 private:
  static std::uint64_t key_of(std::string_view hash) {
    std::uint64_t key = 0;
    std::from_chars(hash.data(), hash.data() + std::min<std::size_t>(hash.size(), 16), key, 16);
    return (key | 2) & ~std::uint64_t{1};  // never 0, which is an empty slot
  }
  static std::size_t place_of(const std::vector<std::uint64_t>& slots, std::uint64_t key) {
    std::size_t place = static_cast<std::size_t>(key >> 20) & (slots.size() - 1);
    while (slots[place] != 0 && (slots[place] & ~std::uint64_t{1}) != key) place = (place + 1) & (slots.size() - 1);
    return place;
  }
  void grow() {
    std::vector<std::uint64_t> larger(slots_.empty() ? 64 : 2 * slots_.size());
    for (const std::uint64_t slot : slots_)
      if (slot != 0) larger[place_of(larger, slot & ~std::uint64_t{1})] = slot;
    slots_ = std::move(larger);
  }

  std::vector<std::uint64_t> slots_;  // a power of two; key, lowest bit: applied
  std::size_t count_ = 0;
};

}  // namespace telefence
