// SPDX-License-Identifier: Apache-2.0
#include "support/guarded_bytes.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace telefence::testing {
namespace {
constexpr std::size_t kFence = 64;
constexpr std::uint8_t kFenceByte = 0xa5;
}  // namespace

GuardedBytes::GuardedBytes(std::size_t capacity) {
  const std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  usable_ = (capacity + page - 1) / page * page;
  mapped_ = usable_ + page;
  void* memory = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(memory != MAP_FAILED);
  memory_ = static_cast<std::uint8_t*>(memory);
  CHECK(mprotect(memory_ + usable_, page, PROT_NONE) == 0);
}

GuardedBytes::~GuardedBytes() { munmap(memory_, mapped_); }

MutableBytes GuardedBytes::take(std::size_t size) {
  CHECK(size + kFence <= usable_);
  taken_ = size;
  std::memset(memory_ + usable_ - size - kFence, kFenceByte, kFence);
  return {memory_ + usable_ - size, size};
}

MutableBytes GuardedBytes::copy(Bytes bytes) {
  MutableBytes room = take(bytes.size());
  std::copy(bytes.begin(), bytes.end(), room.begin());
  return room;
}

bool GuardedBytes::fence_is_whole() const {
  const std::uint8_t* fence = memory_ + usable_ - taken_ - kFence;
  return std::all_of(fence, fence + kFence, [](std::uint8_t byte) { return byte == kFenceByte; });
}

}  // namespace telefence::testing
