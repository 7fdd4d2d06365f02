// SPDX-License-Identifier: Apache-2.0
#include "base/writer.h"

#include <gtest/gtest.h>

#include <array>

#include "base/reader.h"

namespace telefence {
namespace {

TEST(Writer, ReaderReadsBackWhatWasWritten) {
  std::array<std::uint8_t, 32> buffer{};
  Writer writer(buffer);
  writer.u8(1), writer.u16(0x0203), writer.u32(0x04050607), writer.text("ab"), writer.decimal(0), writer.decimal(4096);
  writer.patch_u16(1, 0xbeef);
  ASSERT_TRUE(writer.ok());
  Reader reader(writer.written());
  EXPECT_EQ(reader.u8(), 1);
  EXPECT_EQ(reader.u16(), 0xbeef);
  EXPECT_EQ(reader.u32(), 0x04050607u);
  EXPECT_EQ(as_text(reader.rest()), "ab04096");
}

TEST(Writer, RefusesToOverflowAndWritesNothingMore) {
  std::array<std::uint8_t, 4> buffer{};
  Writer writer(MutableBytes(buffer).first(3));
  writer.u16(0x0102);
  writer.u16(0x0304);
  EXPECT_FALSE(writer.ok());
  EXPECT_EQ(writer.room(), 0u);
  writer.u8(9);
  writer.all(std::uint8_t{9});
  writer.bytes({});
  writer.bytes(Bytes(buffer).first(1));
  writer.patch_u16(0, 0x0909);
  EXPECT_FALSE(writer.ok());
  EXPECT_EQ(writer.size(), 2u);
  EXPECT_EQ(buffer[1], 2);
  EXPECT_EQ(buffer[2], 0);
  EXPECT_EQ(buffer[3], 0);
}

TEST(Writer, PatchBeyondWhatWasWrittenFails) {
  std::array<std::uint8_t, 4> buffer{};
  Writer writer(buffer);
  writer.u16(1);
  writer.patch_u16(1, 5);
  EXPECT_FALSE(writer.ok());
}

}  // namespace
}  // namespace telefence
