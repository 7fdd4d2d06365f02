// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which values were seen, by their 64-bit keyed hash, and a small number for each: ten bytes a place, at most seven of eight in use.
// Of 7.5 million values two have the same hash with a chance of one in 650,000, and nobody outside can make them. Control thread.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace telefence {

class ValueSet {
 public:
  using Mark = std::uint16_t;  // 0 = not there

  // Room for so many without growing.
  explicit ValueSet(std::size_t expected = 0) { resize(expected + expected / 4); }

  // The mark of the value that is there already; 0: it was not, and now is. Requires: mark != 0.
  Mark insert(std::uint64_t hash, Mark mark) {
    if ((count_ + 1) * 8 > hashes_.size() * 7) resize(hashes_.size() * 2);
    const std::size_t at = place_of(hash);
    if (marks_[at] != 0) return marks_[at];
    hashes_[at] = hash;
    marks_[at] = mark;
    ++count_;
    return 0;
  }
  Mark find(std::uint64_t hash) const { return marks_[place_of(hash)]; }
  std::size_t size() const { return count_; }
  std::size_t bytes() const { return hashes_.capacity() * (sizeof(std::uint64_t) + sizeof(Mark)); }

 private:
  // Of the value, or of the free place where it belongs.
  std::size_t place_of(std::uint64_t hash) const {
    const std::size_t mask = hashes_.size() - 1;
    std::size_t at = static_cast<std::size_t>(hash) & mask;
    while (marks_[at] != 0 && hashes_[at] != hash) at = (at + 1) & mask;
    return at;
  }
  void resize(std::size_t least) {
    std::size_t places = 1024;
    while (places < least) places *= 2;
    std::vector<std::uint64_t> hashes(places);
    std::vector<Mark> marks(places);
    hashes.swap(hashes_);
    marks.swap(marks_);
    for (std::size_t i = 0; i < hashes.size(); ++i) {
      if (marks[i] == 0) continue;
      const std::size_t at = place_of(hashes[i]);
      hashes_[at] = hashes[i];
      marks_[at] = marks[i];
    }
  }

  std::vector<std::uint64_t> hashes_;
  std::vector<Mark> marks_;
  std::size_t count_ = 0;
};

}  // namespace telefence
