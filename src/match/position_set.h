// SPDX-License-Identifier: Apache-2.0
#pragma once

// Sets of positions in a text, one bit each, and the few operations from which an expression is evaluated: each works on 64
// positions at a time. Position i stands before unit i; the end of the text is a position too. A set does not own its words.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/check.h"

namespace telefence {

class PositionSet {
 public:
  PositionSet(std::uint64_t* words, std::size_t count) : words_(words), count_(count) {}

  static std::size_t words_for(std::size_t text_length) { return text_length / 64 + 1; }

  std::size_t word_count() const { return count_; }
  std::uint64_t word(std::size_t index) const { return words_[index]; }
  void set_word(std::size_t index, std::uint64_t word) { words_[index] = word; }

  void clear() { std::fill_n(words_, count_, 0); }
  void add(std::size_t position) { words_[position / 64] |= std::uint64_t{1} << (position % 64); }
  bool has(std::size_t position) const { return (words_[position / 64] >> (position % 64) & 1) != 0; }
  // All positions of a text of this length.
  void fill(std::size_t text_length) {
    std::fill_n(words_, count_, ~std::uint64_t{0});
    words_[count_ - 1] = ~std::uint64_t{0} >> (63 - text_length % 64);
  }

  bool is_empty() const {
    std::uint64_t any = 0;
    for (std::size_t i = 0; i < count_; ++i) any |= words_[i];
    return any == 0;
  }
  std::size_t size() const {
    std::size_t bits = 0;
    for (std::size_t i = 0; i < count_; ++i) bits += static_cast<std::size_t>(std::popcount(words_[i]));
    return bits;
  }

  void copy(const PositionSet& other) { std::copy_n(other.words_, count_, words_); }
  void unite(const PositionSet& other) {
    for (std::size_t i = 0; i < count_; ++i) words_[i] |= other.words_[i];
  }
  void intersect(const PositionSet& other) {
    for (std::size_t i = 0; i < count_; ++i) words_[i] &= other.words_[i];
  }
  bool equals(const PositionSet& other) const { return std::equal(words_, words_ + count_, other.words_); }

  // Every position moves up by `distance`; what goes past the last word is gone.
  void move_up(std::size_t distance) {
    const std::size_t whole = distance / 64;
    const std::size_t rest = distance % 64;
    for (std::size_t i = count_; i-- > 0;) {
      std::uint64_t word = i >= whole ? words_[i - whole] << rest : 0;
      if (rest != 0 && i > whole) word |= words_[i - whole - 1] >> (64 - rest);
      words_[i] = word;
    }
  }

  // Calls visit(position) for each, lowest first.
  template <typename Visit>
  void each(Visit visit) const {
    for (std::size_t i = 0; i < count_; ++i)
      for (std::uint64_t word = words_[i]; word != 0; word &= word - 1)
        visit(i * 64 + static_cast<std::size_t>(std::countr_zero(word)));
  }

 private:
  std::uint64_t* words_;
  std::size_t count_;
};

}  // namespace telefence
