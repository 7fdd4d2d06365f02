// SPDX-License-Identifier: Apache-2.0
#pragma once

// Sampled keys from one worker to the thread that keeps them: single producer, single consumer, fixed memory, no waiting. When it is
// full the key is dropped and counted.

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "event/keys.h"
#include "stats/counter.h"

namespace telefence {

enum class SampledKind : std::uint8_t { kName, kCalling, kCalled, kText, kUrl };
inline constexpr std::size_t kSampledKinds = 5;

// A canonical key as traffic made it (event/keys.h). Texts and URLs that are longer are cut.
struct SampledKey {
  static constexpr std::size_t kOctets = 512;
  SampledKind kind = SampledKind::kName;
  std::uint16_t size = 0;  // octets
  PhoneDigits digits;      // of numbers
  alignas(2) std::array<char, kOctets> octets;  // names, URLs; texts as UTF-16 of this machine

  std::string_view text() const { return {octets.data(), size}; }
  std::size_t units() const { return size / sizeof(char16_t); }
};

class SampleRing {
 public:
  static constexpr std::size_t kSlots = 512;

  SampleRing() : slots_(std::make_unique<SampledKey[]>(kSlots)) {}

  // Worker.
  void put(SampledKind kind, std::string_view text) {
    if (SampledKey* const slot = claim(kind)) {
      slot->size = static_cast<std::uint16_t>(std::min(text.size(), SampledKey::kOctets));
      std::memcpy(slot->octets.data(), text.data(), slot->size);
      commit();
    }
  }
  void put(SampledKind kind, const PhoneDigits& digits) {
    if (SampledKey* const slot = claim(kind)) {
      slot->digits = digits;
      commit();
    }
  }
  void put(const TextKey& key) {
    if (SampledKey* const slot = claim(SampledKind::kText)) {
      const std::size_t units = std::min(key.text.size(), SampledKey::kOctets / sizeof(char16_t));
      slot->size = static_cast<std::uint16_t>(units * sizeof(char16_t));
      for (std::size_t i = 0; i < units; ++i) {
        const char16_t unit = key.is_swapped ? static_cast<char16_t>(key.text[i] << 8 | key.text[i] >> 8) : key.text[i];
        std::memcpy(slot->octets.data() + i * sizeof unit, &unit, sizeof unit);
      }
      commit();
    }
  }

  // The keeper: the oldest key, or nullptr; release() frees it.
  const SampledKey* front() const {
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    return tail == head_.load(std::memory_order_acquire) ? nullptr : &slots_[tail % kSlots];
  }
  void release() { tail_.store(tail_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }

  std::uint64_t taken() const { return taken_.read(); }
  std::uint64_t dropped() const { return dropped_.read(); }

 private:
  SampledKey* claim(SampledKind kind) {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    if (head - tail_.load(std::memory_order_acquire) == kSlots) [[unlikely]] {
      dropped_.add(1);
      return nullptr;
    }
    SampledKey* const slot = &slots_[head % kSlots];
    slot->kind = kind;
    slot->size = 0;
    return slot;
  }
  void commit() {
    head_.store(head_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    taken_.add(1);
  }

  std::unique_ptr<SampledKey[]> slots_;
  alignas(64) std::atomic<std::size_t> head_{0};
  Counter taken_;
  Counter dropped_;
  alignas(64) std::atomic<std::size_t> tail_{0};
};

}  // namespace telefence
