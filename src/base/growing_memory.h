// SPDX-License-Identifier: Apache-2.0
#pragma once

// Memory that grows at its end and never moves once it is large: room for all that it may ever be is reserved (addresses only) and taken
// as it is needed, in pages of 2 MiB where the kernel has them (large_memory.h). realloc() would move the pages of a large table to where no
// page of 2 MiB can lie. Small memory comes from the heap, and so does large memory where so many addresses can't be had.
// Its octets are as they come. Control thread; read by any.

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace telefence {

class GrowingMemory {
 public:
  static constexpr std::size_t kPage = std::size_t{2} << 20;

  // most: octets that it may ever have.
  explicit GrowingMemory(std::size_t most) : most_(rounded(most, kPage)) {}
  GrowingMemory(GrowingMemory&& other) noexcept { *this = std::move(other); }
  GrowingMemory& operator=(GrowingMemory&& other) noexcept {
    std::swap(start_, other.start_);
    std::swap(room_, other.room_);
    std::swap(most_, other.most_);
    std::swap(reserved_, other.reserved_);
    std::swap(reserved_octets_, other.reserved_octets_);
    return *this;
  }
  ~GrowingMemory() { release(); }

  char* data() const { return start_; }
  std::size_t room() const { return room_; }
  bool is_reserved() const { return reserved_ != nullptr; }

  // Makes room for so many octets; what there is stays. The process ends when there is no memory. Requires: at most `most`.
  void grow(std::size_t octets) {
    CHECK(octets <= most_);
    if (octets <= room_) return;
    if (reserved_ == nullptr && octets >= kPage) reserve();
    if (reserved_ == nullptr) return resize_heap(octets);
    const std::size_t room = rounded(octets, kPage);
    CHECK(mprotect(start_, room, PROT_READ | PROT_WRITE) == 0);
    room_ = room;
  }

  // Gives back what lies behind so many octets.
  void shrink(std::size_t octets) {
    if (reserved_ == nullptr) {
      if (octets < room_) resize_heap(octets);
      return;
    }
    const std::size_t room = rounded(octets, kSmallPage);
    if (room >= room_) return;
    CHECK(mprotect(start_ + room, room_ - room, PROT_NONE) == 0);
    (void)madvise(start_ + room, room_ - room, MADV_DONTNEED);
    room_ = room;
  }

 private:
  static constexpr std::size_t kSmallPage = 4096;
  static std::size_t rounded(std::size_t octets, std::size_t page) { return (octets + page - 1) / page * page; }

  void resize_heap(std::size_t octets) {
    if (octets == 0) return release();
    char* const moved = static_cast<char*>(std::realloc(start_, octets));
    CHECK(moved != nullptr);
    start_ = moved;
    room_ = octets;
  }

  void reserve() {
    void* const reserved = mmap(nullptr, most_ + kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (reserved == MAP_FAILED) return;
    char* const first = static_cast<char*>(reserved);
    char* const start = first + (kPage - reinterpret_cast<std::uintptr_t>(first) % kPage) % kPage;
    (void)madvise(start, most_, MADV_HUGEPAGE);
    if (room_ != 0) {
      const std::size_t room = rounded(room_, kPage);
      CHECK(mprotect(start, room, PROT_READ | PROT_WRITE) == 0);
      std::memcpy(start, start_, room_);
      std::free(start_);
      room_ = room;
    }
    start_ = start;
    reserved_ = reserved;
    reserved_octets_ = most_ + kPage;
  }

  void release() {
    if (reserved_ != nullptr) {
      (void)munmap(reserved_, reserved_octets_);
    } else {
      std::free(start_);
    }
    start_ = nullptr;
    room_ = 0;
    reserved_ = nullptr;
  }

  char* start_ = nullptr;
  std::size_t room_ = 0;
  std::size_t most_ = 0;
  void* reserved_ = nullptr;
  std::size_t reserved_octets_ = 0;
};

}  // namespace telefence
