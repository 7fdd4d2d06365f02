// SPDX-License-Identifier: Apache-2.0
#pragma once

// A bounded set of small numbers, in order of arrival, emptied in one step. For what was found in one text. Worker thread.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace telefence {

// Most: a power of two.
template <std::size_t Most>
class IdSet {
 public:
  void clear() {
    count_ = 0;
    lost_ = false;
    ++round_;
  }

  // False when there is no room; is_incomplete() then stays true until clear().
  bool add(std::uint32_t id) {
    std::size_t at = id * kMix >> kShift;
    for (; slots_[at].round == round_; at = (at + 1) % slots_.size())
      if (slots_[at].id == id) return true;
    if (count_ == Most) {
      lost_ = true;
      return false;
    }
    slots_[at] = {round_, id};
    ids_[count_++] = id;
    return true;
  }

  bool has(std::uint32_t id) const {
    for (std::size_t at = id * kMix >> kShift; slots_[at].round == round_; at = (at + 1) % slots_.size())
      if (slots_[at].id == id) return true;
    return false;
  }

  bool is_incomplete() const { return lost_; }
  std::span<const std::uint32_t> ids() const { return {ids_.data(), count_}; }

 private:
  static constexpr std::uint32_t kMix = 0x9e3779b1;
  static constexpr std::size_t kSlots = 2 * Most;
  static constexpr unsigned kShift = 32 - static_cast<unsigned>(__builtin_ctzll(kSlots));
  static_assert((Most & (Most - 1)) == 0);

  struct Slot {
    std::uint64_t round = 0;
    std::uint32_t id = 0;
  };
  std::array<Slot, kSlots> slots_{};
  std::array<std::uint32_t, Most> ids_{};
  std::uint64_t round_ = 1;
  std::size_t count_ = 0;
  bool lost_ = false;
};

}  // namespace telefence
