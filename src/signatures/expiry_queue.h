// SPDX-License-Identifier: Apache-2.0
#pragma once

// When which entry ends, the earliest first, in 24 octets each: values are known by their hash or number. An entry that was replaced or
// removed leaves its old moment behind; who takes an item out looks whether it is still so. One thread.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace telefence {

struct ExpiryItem {
  enum class Kind : std::uint8_t { kDomain, kNumber, kPattern };
  std::uint32_t expires_s = 0;  // Unix time; what is beyond its range never ends while this program runs
  Kind kind = Kind::kDomain;
  std::uint8_t length = 0;      // numbers: digits
  std::uint8_t flags = 0;       // numbers: 1 international, 2 prefix
  std::uint64_t value = 0;      // NameHash::place, the number, or the key of a pattern
  std::uint32_t tag = 0;        // domains
  bool ends_after(const ExpiryItem& other) const { return expires_s > other.expires_s; }
};

class ExpiryQueue {
 public:
  using Item = ExpiryItem;

  void add(const Item& item) {
    items_.push_back(item);
    std::push_heap(items_.begin(), items_.end(), later);
  }
  // One whose time is over at now_s, taken out.
  std::optional<Item> take_due(std::int64_t now_s) {
    if (!has_due(now_s)) return std::nullopt;
    std::pop_heap(items_.begin(), items_.end(), later);
    const Item item = items_.back();
    items_.pop_back();
    return item;
  }
  bool has_due(std::int64_t now_s) const { return !items_.empty() && items_.front().expires_s <= now_s; }
  std::size_t size() const { return items_.size(); }
  // Gives memory back that many more needed.
  void shrink() {
    if (items_.capacity() > 4 * (items_.size() + 256)) items_.shrink_to_fit();
  }
  // Drops what is not wanted any more.
  template <typename IsWanted>
  void keep_if(IsWanted is_wanted) {
    std::erase_if(items_, [&](const Item& item) { return !is_wanted(item); });
    std::make_heap(items_.begin(), items_.end(), later);
  }

 private:
  static bool later(const Item& a, const Item& b) { return a.ends_after(b); }
  std::vector<Item> items_;
};

}  // namespace telefence
