// SPDX-License-Identifier: Apache-2.0
#pragma once

// When which entry ends, the earliest first, in 16 octets each: values are known by their hash or number. An entry that was replaced or
// removed leaves its old moment behind; who takes an item out looks whether it is still so. One thread.

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/large_memory.h"

namespace telefence {

struct ExpiryItem {
  enum class Kind : std::uint8_t { kDomain, kNumber, kPattern };
  std::uint32_t expires_s = 0;  // Unix time; what is beyond its range never ends while this program runs
  Kind kind = Kind::kDomain;
  std::uint8_t length = 0;      // numbers: digits
  std::uint8_t flags = 0;       // numbers: 1 international, 2 prefix
  std::uint64_t value = 0;      // NameHash::place, the number, or the key of a pattern
  std::uint32_t tag = 0;        // domains
};

class ExpiryQueue {
 public:
  using Item = ExpiryItem;

  void add(const Item& item) {
    Heap& heap = heaps_[static_cast<std::size_t>(item.kind)];
    heap.push_back(packed(item));
    std::push_heap(heap.begin(), heap.end(), later);
  }
  // Many at once: each, in any order, and then order(), before anything else is asked of the queue. `most`: so many of its kind at the
  // most; room for them is taken at once, and memory for those that come.
  void append(const Item& item, std::size_t most) {
    Heap& heap = heaps_[static_cast<std::size_t>(item.kind)];
    if (heap.empty()) heap.reserve(most);
    heap.push_back(packed(item));
  }
  void order() {
    for (Heap& heap : heaps_) {
      if (heap.capacity() > 2 * heap.size()) heap.shrink_to_fit();
      std::make_heap(heap.begin(), heap.end(), later);
    }
  }
  // The earliest, when its time is over at now_s, taken out.
  std::optional<Item> take_due(std::int64_t now_s) {
    if (!has_due(now_s)) return std::nullopt;
    const std::size_t kind = earliest();
    Heap& heap = heaps_[kind];
    std::pop_heap(heap.begin(), heap.end(), later);
    const Item item = unpacked(heap.back(), static_cast<Item::Kind>(kind));
    heap.pop_back();
    return item;
  }
  bool has_due(std::int64_t now_s) const {
    const Heap& heap = heaps_[earliest()];
    return !heap.empty() && heap.front().expires_s <= now_s;
  }
  std::size_t size() const {
    std::size_t size = 0;
    for (const Heap& heap : heaps_) size += heap.size();
    return size;
  }
  // Gives memory back that many more needed.
  void shrink() {
    for (Heap& heap : heaps_)
      if (heap.capacity() > 4 * (heap.size() + 256)) heap.shrink_to_fit();
  }
  // Drops what is not wanted any more.
  template <typename IsWanted>
  void keep_if(IsWanted is_wanted) {
    for (std::size_t kind = 0; kind < heaps_.size(); ++kind) {
      Heap& heap = heaps_[kind];
      std::erase_if(heap, [&](const Packed& one) { return !is_wanted(unpacked(one, static_cast<Item::Kind>(kind))); });
      std::make_heap(heap.begin(), heap.end(), later);
    }
  }

 private:
  // Without its kind: each has a heap of its own.
  struct Packed {
    std::uint32_t expires_s;
    std::uint32_t rest;  // domains: tag; numbers: digits, and the flags above them
    std::uint64_t value;
  };
  static_assert(sizeof(Packed) == 16);
  using Heap = std::vector<Packed, LargeAllocator<Packed>>;  // millions, put in order all over
  static constexpr unsigned kFlagsShift = 8;

  static Packed packed(const Item& item) {
    const std::uint32_t form = item.length | std::uint32_t{item.flags} << kFlagsShift;
    return {item.expires_s, item.kind == Item::Kind::kDomain ? item.tag : form, item.value};
  }
  static Item unpacked(const Packed& one, Item::Kind kind) {
    Item item{.expires_s = one.expires_s, .kind = kind, .value = one.value};
    if (kind == Item::Kind::kDomain) {
      item.tag = one.rest;
    } else {
      item.length = static_cast<std::uint8_t>(one.rest);
      item.flags = static_cast<std::uint8_t>(one.rest >> kFlagsShift);
    }
    return item;
  }
  static bool later(const Packed& a, const Packed& b) { return a.expires_s > b.expires_s; }
  // The kind of the next to end.
  std::size_t earliest() const {
    std::size_t first = 0;
    for (std::size_t kind = 1; kind < heaps_.size(); ++kind)
      if (!heaps_[kind].empty() && (heaps_[first].empty() || heaps_[kind].front().expires_s < heaps_[first].front().expires_s)) first = kind;
    return first;
  }

  std::array<Heap, 3> heaps_;  // by kind
};

}  // namespace telefence
