// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which lengths of prefixes cover a number: what most numbers are asked before anything is hashed for them. A tree of digits: the first
// four choose a cell of an array, each node below reads two more and is half a cache line, so that 100,000 prefixes take 0.3 to
// 3.5 MB and most numbers are done after the cell. Where only one prefix is left the tree ends, and its length is told whether it covers
// the number or not: who asks looks up what is told, so an answer may hold too many lengths, never too few.
//
// Filled on a control thread, then asked by any number of workers; no allocation.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "event/keys.h"
#include "base/large_memory.h"

namespace telefence {

class PrefixIndex {
 public:
  static constexpr unsigned kLongest = 18;       // digits; longer ones are not kept here
  static constexpr std::size_t kMostKeys = 128;  // of one question

  // In place of what was there. In any order; what is too long is left out.
  void build(std::span<const PhoneDigits> prefixes);
  void clear() { *this = PrefixIndex(); }
  std::size_t bytes() const;

  // Adds to lengths[i], for keys[i]: bit n for a prefix of n digits. Those longer than the number itself may be among them.
  // Requires: at most kMostKeys keys, as many lengths.
  void find(std::span<const NumberKey> keys, std::span<std::uint32_t> lengths) const;

 private:
  static constexpr unsigned kRootDigits = 4;
  static constexpr std::size_t kCells = 10'000;
  static constexpr unsigned kPairBits = 36;  // of 100 pairs of digits, those in the second word; above them is room for more
  static constexpr unsigned kTailShift = kPairBits + 10;
  // A cell: four bits for lengths 1 to 4, above them the node + 1, or 0.
  static constexpr unsigned kCellBits = 4;
  static constexpr std::size_t kMostNodes = std::size_t{1} << 28;

  // What follows after `depth` digits, by the next two.
  struct alignas(32) Node {
    // Bit: longer prefixes go on with this pair. They are nodes side by side; the upper 28 bits of the second word: the first of them.
    std::uint64_t children[2];
    // Bit: a prefix ends with this pair. Above: ten bits, a prefix ends with the first digit of it; 14 bits, bit n - 5: tell of length n.
    std::uint64_t ends[2];
  };
  struct Entry;
  class Builder;
  struct Walk;

  static void add_short(std::vector<std::uint32_t>& cells, const Entry& entry);
  static std::uint32_t lengths_at(const Node& node, unsigned pair, unsigned depth);
  static bool has(const std::uint64_t (&bits)[2], unsigned pair) { return (bits[pair >> 6] >> (pair & 63) & 1) != 0; }
  static std::size_t child(const Node& node, unsigned pair);

  std::array<std::vector<std::uint32_t>, 2> cells_;  // by whether the number begins with a country code; empty: no prefixes
  std::size_t count_ = 0;
  LargeArray<Node> nodes_;
};

}  // namespace telefence
