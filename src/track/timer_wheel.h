// SPDX-License-Identifier: Apache-2.0
#pragma once

// Wakes numbered things up at a time, each at most once at a time: a ring of slots of half a millisecond, with the things that
// are due in one chained through an array. Setting and waking cost a few writes each. A time further off than the ring is long
// wakes early: the woken sets it anew. Worker thread.

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>

namespace telefence {

class TimerWheel {
 public:
  static constexpr std::uint64_t kSlotNs = 500'000;
  static constexpr std::uint32_t kNone = 0xffffffff;

  explicit TimerWheel(std::uint32_t things) : next_(std::make_unique<std::uint32_t[]>(things)), set_(std::make_unique<bool[]>(things)) {
    slots_.fill(kNone);
  }

  bool is_set(std::uint32_t thing) const { return set_[thing]; }
  bool is_idle() const { return count_ == 0; }

  // Wakes at the first advance() that reaches `at_ns`, or up to one slot later. Requires: !is_set(thing).
  void set(std::uint32_t thing, std::uint64_t at_ns) {
    const std::uint64_t slot = std::clamp(at_ns / kSlotNs + 1, now_ + 1, now_ + kSlots - 1);
    std::uint32_t& first = slots_[slot % kSlots];
    next_[thing] = first;
    first = thing;
    set_[thing] = true;
    ++count_;
  }

  // Calls wake(thing) for all whose time has come. wake may set it anew.
  template <typename Wake>
  void advance(std::uint64_t now_ns, Wake wake) {
    const std::uint64_t target = now_ns / kSlotNs;
    if (count_ == 0 || target > now_ + kSlots) now_ = std::max(now_, count_ == 0 ? target : target - kSlots);
    while (now_ < target) {
      ++now_;
      std::uint32_t thing = slots_[now_ % kSlots];
      slots_[now_ % kSlots] = kNone;
      while (thing != kNone) {
        const std::uint32_t following = next_[thing];
        set_[thing] = false;
        --count_;
        wake(thing);
        thing = following;
      }
    }
  }

 private:
  static constexpr std::uint64_t kSlots = 64;
  std::array<std::uint32_t, kSlots> slots_;
  std::unique_ptr<std::uint32_t[]> next_;
  std::unique_ptr<bool[]> set_;
  std::uint64_t now_ = 0;  // the newest slot that was emptied
  std::uint64_t count_ = 0;
};

}  // namespace telefence
