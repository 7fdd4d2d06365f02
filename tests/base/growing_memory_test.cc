// SPDX-License-Identifier: Apache-2.0
#include "base/growing_memory.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <string>

namespace telefence {
namespace {

constexpr std::size_t kMost = std::size_t{1} << 32;

char octet_at(std::size_t i) { return static_cast<char>(i * 131 + i / 253); }

// Grows by `step` up to `end`, and looks at all of it then. The number of moves on the way; -1: something was lost.
int fill(GrowingMemory& memory, std::size_t step, std::size_t end) {
  int moves = 0;
  const char* before = nullptr;
  for (std::size_t used = 0; used < end;) {
    const std::size_t next = std::min(end, used + step);
    memory.grow(next, used);
    if (memory.room() < next) return -1;
    if (memory.data() != before) ++moves;
    before = memory.data();
    for (; used < next; ++used) memory.data()[used] = octet_at(used);
  }
  for (std::size_t i = 0; i < end; ++i)
    if (memory.data()[i] != octet_at(i)) return -1;
  return moves;
}

TEST(GrowingMemory, KeepsWhatItHasWhileItGrows) {
  for (const std::size_t end : {std::size_t{1}, std::size_t{4096}, kLargePage - 1, kLargePage, kLargePage + 1, 5 * kLargePage + 17}) {
    GrowingMemory memory(kMost);
    EXPECT_GE(fill(memory, 1021, end), 1) << end;
  }
}

TEST(GrowingMemory, StaysWhereItIsOnceItIsLarge) {
  GrowingMemory memory(kMost);
  EXPECT_EQ(fill(memory, 8 * kLargePage, 64 * kLargePage), 1);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory.data()) % kLargePage, 0u);
}

TEST(GrowingMemory, GivesBackWhatLiesBehind) {
  for (const std::size_t octets : {std::size_t{0}, std::size_t{10'000}, 3 * kLargePage + 5}) {
    GrowingMemory memory(kMost);
    ASSERT_GE(fill(memory, 99'991, 4 * kLargePage), 1);
    memory.trim(octets);
    EXPECT_GE(memory.room(), octets);
    EXPECT_LE(memory.room(), octets + 4096);
    for (std::size_t i = 0; i < octets; ++i) ASSERT_EQ(memory.data()[i], octet_at(i)) << i;
    memory.grow(5 * kLargePage, octets);  // and more may come
    for (std::size_t i = 0; i < octets; ++i) ASSERT_EQ(memory.data()[i], octet_at(i)) << i;
    memory.data()[5 * kLargePage - 1] = 'x';
  }
}

TEST(GrowingMemory, MovesToANewOwner) {
  GrowingMemory one(kMost);
  ASSERT_GE(fill(one, 4096, 2 * kLargePage), 1);
  const char* const at = one.data();
  GrowingMemory other = std::move(one);
  EXPECT_EQ(other.data(), at);
  other = GrowingMemory(kMost);
  EXPECT_EQ(other.room(), 0u);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // they need address space of their own
// In a process of its own, which has address space for what is needed, and none to spare.
TEST(GrowingMemory, CopiesWhereAddressSpaceIsLimited) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const rlimit limit{std::size_t{300} << 20, std::size_t{300} << 20};
    if (setrlimit(RLIMIT_AS, &limit) != 0) _exit(2);
    GrowingMemory memory(kMost);
    _exit(fill(memory, 1 << 20, 40 * kLargePage) > 2 ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}
#endif

}  // namespace
}  // namespace telefence
