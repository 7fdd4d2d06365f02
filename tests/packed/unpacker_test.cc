// SPDX-License-Identifier: Apache-2.0
#include "packed/unpacker.h"

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <string>

namespace telefence {
namespace {

std::string gzipped(const std::string& text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  std::string in = text;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstd(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);  // as the program zstd does
  out.resize(ZSTD_compress2(context, out.data(), out.size(), text.data(), text.size()));
  ZSTD_freeCCtx(context);
  return out;
}

// All it holds, or "error: ...". Read in small pieces.
std::string unpacked(const std::string& packed, UnpackLimits limits = {}) {
  Unpacker unpacker(source_of(std::string_view(packed)), limits);
  std::string out;
  char piece[977];
  for (;;) {
    const Result<std::size_t> count = unpacker.read(piece);
    if (!count) {
      EXPECT_FALSE(unpacker.read(piece).ok()) << "an error must stay";
      return "error: " + count.error().message;
    }
    if (count.value() == 0) return out;
    out.append(piece, count.value());
  }
}

std::string text() {
  std::string out;
  for (int i = 0; i < 50'000; ++i) out += "name" + std::to_string(i * 7919 % 100'003) + ".example\n";
  return out;
}

TEST(Unpacker, ReadsWhatIsPackedAndWhatIsNot) {
  EXPECT_EQ(unpacked(""), "");
  EXPECT_EQ(unpacked("ab"), "ab");
  EXPECT_EQ(unpacked(text()), text());
  EXPECT_EQ(unpacked(gzipped(text())), text());
  EXPECT_EQ(unpacked(zstd(text())), text());
}

TEST(Unpacker, SeveralMembersAndFramesAreOne) {
  EXPECT_EQ(unpacked(gzipped("a\n") + gzipped("") + gzipped("b\n")), "a\nb\n");
  EXPECT_EQ(unpacked(zstd("a\n") + zstd("b\n")), "a\nb\n");
  EXPECT_EQ(unpacked(gzipped("a\n") + std::string(512, '\0')), "a\n");  // padding
}

TEST(Unpacker, EveryCutIsAnError) {
  for (const std::string& whole : {gzipped("some names of a list"), zstd("some names of a list")}) {
    for (std::size_t size = 4; size < whole.size(); ++size)
      EXPECT_EQ(unpacked(whole.substr(0, size)), "error: the packed file is cut off: fetch it again") << size;
  }
}

TEST(Unpacker, DamageIsAnError) {
  for (std::string whole : {gzipped(text()), zstd(text())}) {
    for (std::size_t i = 0; i < 64; ++i) whole[whole.size() / 2 + i] = static_cast<char>(whole[whole.size() / 2 + i] ^ 0x5a);
    EXPECT_TRUE(unpacked(whole).starts_with("error: the ")) << unpacked(whole).substr(0, 60);
  }
}

TEST(Unpacker, ABombIsStopped) {
  const std::string bomb(90u << 20, 'a');
  for (const std::string& packed : {gzipped(bomb), zstd(bomb)}) {
    ASSERT_LT(packed.size(), 400'000u);
    EXPECT_TRUE(unpacked(packed, {0, 200}).starts_with("error: unpacks to far more"));
  }
  EXPECT_TRUE(unpacked(gzipped(text()), {100'000, 0}).starts_with("error: unpacks to far more"));
  EXPECT_EQ(unpacked(gzipped(text()), {10'000'000, 200}), text());
}

}  // namespace
}  // namespace telefence
