// SPDX-License-Identifier: Apache-2.0
#pragma once

// Octets that more are put behind, up to hundreds of MB, without being moved or copied: address space for eight times as much is reserved when
// there are many, and memory comes as it is touched, in large pages where the kernel has them. Where so much address space is not to be had (a
// limit on it, or no overcommitment), it is copied as it grows. Never without memory: the process ends. Control thread; read by any.

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/large_memory.h"

namespace telefence {

class GrowingMemory {
 public:
  // most: octets that it will ever hold.
  explicit GrowingMemory(std::size_t most) : most_(in_whole(kLargePage, most)) {}
  GrowingMemory(GrowingMemory&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), room_(std::exchange(other.room_, 0)), mapped_(std::exchange(other.mapped_, 0)), most_(other.most_) {}
  GrowingMemory& operator=(GrowingMemory&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(room_, other.room_);
    std::swap(mapped_, other.mapped_);
    std::swap(most_, other.most_);
    return *this;
  }
  ~GrowingMemory() { release(); }

  char* data() { return data_; }
  const char* data() const { return data_; }
  // Octets that may be used now.
  std::size_t room() const { return room_; }

  // Room for so many, of which `kept` are in use. Requires: octets <= most.
  void grow(std::size_t octets, std::size_t kept) {
    DCHECK(octets <= most_ && kept <= room_);
    if (octets <= room_) return;
    if (octets <= mapped_) {
      room_ = std::min(mapped_, in_whole(kLargePage, octets));
    } else if (mapped_ == 0 && octets < kLargePage) {
      room_ = std::min(kLargePage - 1, std::max(octets, room_ + room_ / 4 + 64));
      data_ = static_cast<char*>(std::realloc(data_, room_));
      CHECK(data_ != nullptr);
    } else {
      map(octets, kept);
    }
  }

  // Gives back what lies behind so many octets; they stay where they are if they are many.
  void trim(std::size_t octets) {
    DCHECK(octets <= room_);
    if (mapped_ == 0) {
      if (octets + kSmallPage >= room_) return;
      data_ = static_cast<char*>(std::realloc(data_, std::max<std::size_t>(octets, 1)));
      CHECK(data_ != nullptr);
      room_ = std::max<std::size_t>(octets, 1);
      return;
    }
    const std::size_t left = std::max(in_whole(kSmallPage, octets), kSmallPage);
    if (left < mapped_) CHECK(munmap(data_ + left, mapped_ - left) == 0);
    mapped_ = room_ = std::min(left, mapped_);
  }

 private:
  static constexpr std::size_t kSmallPage = 4096;
  static constexpr std::size_t kReserved = std::size_t{512} << 20;  // at least

  void map(std::size_t octets, std::size_t kept) {
    std::size_t mapped = std::min(most_, in_whole(kLargePage, std::max(8 * octets, kReserved)));
    void* memory = reserve_large(mapped);
    if (memory == nullptr) {
      mapped = std::min(most_, in_whole(kLargePage, std::max(octets, room_ + room_ / 4)));
      memory = reserve_large(mapped);
      CHECK(memory != nullptr);
    }
    if (kept != 0) std::memcpy(memory, data_, kept);
    release();
    data_ = static_cast<char*>(memory);
    mapped_ = mapped;
    room_ = std::min(mapped, in_whole(kLargePage, octets));
  }

  void release() {
    if (mapped_ == 0)
      std::free(data_);
    else
      CHECK(munmap(data_, mapped_) == 0);
  }

  char* data_ = nullptr;
  std::size_t room_ = 0;
  std::size_t mapped_ = 0;  // octets of address space; 0: of the heap
  std::size_t most_;
};

}  // namespace telefence
