// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which values were seen, by their 64-bit keyed hash, and a small number for each: ten bytes a place, at most seven of eight in use.
// Of 7.5 million values two have the same hash with a chance of one in 650,000, and nobody outside can make them. Control thread.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/large_memory.h"

namespace telefence {

class ValueSet {
 public:
  using Mark = std::uint16_t;  // 0 = not there

  // Room for so many without growing.
  explicit ValueSet(std::size_t expected = 0) { resize(expected + expected / 4); }

  // The mark of the value that is there already; 0: it was not, and now is. Requires: mark != 0.
  Mark insert(std::uint64_t hash, Mark mark) {
    if ((count_ + 1) * 8 > places_.size() * 7) resize(places_.size() * 2);
    Place& place = places_[place_of(hash)];
    if (place.mark != 0) return place.mark;
    place = {hash, mark};
    ++count_;
    return 0;
  }
  Mark find(std::uint64_t hash) const { return places_[place_of(hash)].mark; }
  std::size_t size() const { return count_; }
  std::size_t bytes() const { return places_.capacity() * sizeof(Place); }

 private:
  // Side by side: each look-up waits for memory once.
  struct __attribute__((packed)) Place {
    std::uint64_t hash;
    Mark mark;
  };

  // Of the value, or of the free place where it belongs.
  std::size_t place_of(std::uint64_t hash) const {
    const std::size_t mask = places_.size() - 1;
    std::size_t at = static_cast<std::size_t>(hash) & mask;
    while (places_[at].mark != 0 && places_[at].hash != hash) at = (at + 1) & mask;
    return at;
  }
  void resize(std::size_t least) {
    std::size_t count = 1024;
    while (count < least) count *= 2;
    std::vector<Place, LargeAllocator<Place>> before(count, Place{0, 0});
    before.swap(places_);
    for (const Place& place : before)
      if (place.mark != 0) places_[place_of(place.hash)] = place;
  }

  std::vector<Place, LargeAllocator<Place>> places_;
  std::size_t count_ = 0;
};

}  // namespace telefence
