// SPDX-License-Identifier: Apache-2.0
#include "base/chunk.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "support/guarded_bytes.h"

namespace telefence {
namespace {

// The text at the end of memory, so that reading behind it stops the test.
std::string_view guarded(testing::GuardedBytes& memory, const std::string& text) { return as_text(memory.copy(as_bytes(text))); }

TEST(Chunk, FindsTheFirstOctetInTextsOfAnyLength) {
  testing::GuardedBytes memory(4096);
  for (std::size_t size = 0; size <= 70; ++size) {
    const std::string plain(size, 'a');
    EXPECT_EQ(find_octet(guarded(memory, plain), ':'), std::string_view::npos) << size;
    EXPECT_EQ(find_octet(guarded(memory, plain), '\0'), std::string_view::npos) << size;
    for (std::size_t at = 0; at < size; ++at) {
      std::string text = plain;
      text[at] = text[size - 1] = ':';
      EXPECT_EQ(find_octet(guarded(memory, text), ':'), at) << size;
    }
  }
}

TEST(Chunk, FewOctetsAreThoseAndZeros) {
  testing::GuardedBytes memory(4096);
  for (std::size_t size = 0; size < Chunk::kSize; ++size) {
    const std::string text = std::string("0123456789ABCDEF").substr(0, size);
    std::string out(Chunk::kSize, 'x');
    Chunk::of_few(guarded(memory, text)).store(out.data());
    EXPECT_EQ(out, text + std::string(Chunk::kSize - size, '\0'));
  }
}

TEST(Chunk, MarksAndLowersAnyOctetAsOneByOne) {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    std::string text(Chunk::kSize, ' ');
    for (char& c : text) c = static_cast<char>(random());
    const Chunk chunk = Chunk::at(text.data());
    std::string lowered(Chunk::kSize, ' ');
    chunk.lowered().store(lowered.data());
    std::string replaced(Chunk::kSize, ' ');
    unsigned which = 0;
    chunk.with_above('.', '-', ':', which).store(replaced.data());
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto c = static_cast<unsigned char>(text[i]);
      EXPECT_EQ(chunk.within('0', '9') >> i & 1, c >= '0' && c <= '9' ? 1u : 0u);
      EXPECT_EQ(chunk.within('\0', 0x1f) >> i & 1, c < 0x20 ? 1u : 0u);
      EXPECT_EQ(chunk.equal('\n') >> i & 1, c == '\n' ? 1u : 0u);
      EXPECT_EQ(static_cast<unsigned char>(lowered[i]), c >= 'A' && c <= 'Z' ? c + 32 : c);
      const bool goes = (c <= '.' && c != '-') || c > 0x7f;
      EXPECT_EQ(which >> i & 1, goes ? 1u : 0u);
      EXPECT_EQ(replaced[i], goes ? ':' : text[i]);
    }
  }
}

}  // namespace
}  // namespace telefence
