// SPDX-License-Identifier: Apache-2.0
#pragma once

// When which entry ends, the earliest first. An entry that was replaced or removed leaves its old moment behind; who takes a
// key out looks whether it is still so. One thread.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace telefence {

class ExpiryQueue {
 public:
  using Item = std::pair<std::int64_t, std::uint64_t>;  // Unix seconds, key

  void add(std::int64_t expires_s, std::uint64_t key) {
    items_.push_back({expires_s, key});
    std::push_heap(items_.begin(), items_.end(), std::greater<>());
  }
  // One whose time is over at now_s, taken out.
  std::optional<Item> take_due(std::int64_t now_s) {
    if (items_.empty() || items_.front().first > now_s) return std::nullopt;
    std::pop_heap(items_.begin(), items_.end(), std::greater<>());
    const Item item = items_.back();
    items_.pop_back();
    return item;
  }
  bool has_due(std::int64_t now_s) const { return !items_.empty() && items_.front().first <= now_s; }
  std::size_t size() const { return items_.size(); }
  // Gives memory back that many more needed.
  void shrink() {
    if (items_.capacity() > 4 * (items_.size() + 256)) items_.shrink_to_fit();
  }
  // In place of all there is: to drop what was left behind.
  void assign(std::vector<Item> items) {
    items_ = std::move(items);
    std::make_heap(items_.begin(), items_.end(), std::greater<>());
  }

 private:
  std::vector<Item> items_;
};

}  // namespace telefence
