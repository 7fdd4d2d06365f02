// SPDX-License-Identifier: Apache-2.0
#include "protocols/quic/crypto_stream.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>

namespace telefence::quic {
namespace {

class QuicCryptoStream : public ::testing::Test {
 protected:
  CryptoStream::Put put(std::uint64_t offset, std::string_view text) { return stream->put(offset, as_bytes(text)); }
  std::string beginning() const { return std::string(as_text(stream->beginning())); }
  std::unique_ptr<CryptoStream> stream = std::make_unique<CryptoStream>();
};

TEST_F(QuicCryptoStream, PiecesComeInAnyOrder) {
  put(6, "world");
  EXPECT_EQ(beginning(), "");
  put(0, "hel");
  EXPECT_EQ(beginning(), "hel");
  put(3, "lo ");
  EXPECT_EQ(beginning(), "hello world");
}

TEST_F(QuicCryptoStream, TheFirstCopyOfAByteStaysAndAnotherOneIsTold) {
  put(0, "abcdef");
  const CryptoStream::Put same = put(2, "cd");
  EXPECT_FALSE(same.conflicts);
  EXPECT_FALSE(same.is_new);
  const CryptoStream::Put other = put(4, "eXgh");
  EXPECT_TRUE(other.conflicts);
  EXPECT_TRUE(other.is_new);
  EXPECT_EQ(beginning(), "abcdefgh");
}

TEST_F(QuicCryptoStream, WhatLiesBeyondTheEndIsLeftOut) {
  EXPECT_FALSE(put(CryptoStream::kLongest, "c").is_new);
  EXPECT_FALSE(put(std::uint64_t{1} << 62, "c").is_new);
  EXPECT_FALSE(put(~std::uint64_t{0}, "c").is_new);
  EXPECT_TRUE(put(CryptoStream::kLongest - 2, "abc").is_new);
  EXPECT_FALSE(put(CryptoStream::kLongest - 1, "bcd").is_new);
  put(0, std::string(CryptoStream::kLongest - 2, '-'));
  EXPECT_EQ(beginning().substr(CryptoStream::kLongest - 3), "-ab");
}

TEST_F(QuicCryptoStream, IsEmptyAgainWhenCleared) {
  put(100, "x");
  stream->clear();
  put(0, "yz");
  EXPECT_EQ(beginning(), "yz");
  put(2, std::string(98, '-'));
  EXPECT_EQ(beginning().size(), 100u) << "what was there before is not";
}

TEST_F(QuicCryptoStream, ASavedOneIsReadBack) {
  put(0, "begin");
  put(64, std::string(130, 'm'));
  put(1000, "end");
  std::array<std::uint8_t, 400> room;
  Writer writer(room);
  ASSERT_TRUE(stream->save(writer));
  EXPECT_EQ(writer.size(), 3u * 4 + 5 + 130 + 3);
  CryptoStream other;
  Reader reader(writer.written());
  ASSERT_TRUE(other.load(reader));
  EXPECT_EQ(as_text(other.beginning()), "begin");
  EXPECT_TRUE(other.put(5, as_bytes(std::string(59, '-'))).is_new);
  EXPECT_EQ(as_text(other.beginning()), "begin" + std::string(59, '-') + std::string(130, 'm'));
  Writer narrow(MutableBytes(room).first(20));
  EXPECT_FALSE(stream->save(narrow));
}

// Against the plainest thing that does the same.
TEST_F(QuicCryptoStream, DoesWhatAModelDoes) {
  std::mt19937 random(5);
  for (int round = 0; round < 3000; ++round) {
    std::vector<int> model(1200, -1);
    stream->clear();
    for (auto count = 1 + random() % 12; count > 0; --count) {
      const std::size_t offset = random() % 1000;
      std::string text(random() % 200, '\0');
      for (char& c : text) c = static_cast<char>('a' + random() % 2);
      bool conflicts = false;
      bool is_new = false;
      for (std::size_t i = 0; i < text.size(); ++i) {
        int& place = model[offset + i];
        conflicts = conflicts || (place >= 0 && place != text[i]);
        is_new = is_new || place < 0;
        if (place < 0) place = text[i];
      }
      const CryptoStream::Put result = put(offset, text);
      ASSERT_EQ(result.conflicts, conflicts);
      ASSERT_EQ(result.is_new, is_new);
    }
    std::string expected;
    for (const int byte : model) {
      if (byte < 0) break;
      expected += static_cast<char>(byte);
    }
    ASSERT_EQ(beginning(), expected);
    std::array<std::uint8_t, 4000> room;
    Writer writer(room);
    ASSERT_TRUE(stream->save(writer));
    Reader reader(writer.written());
    ASSERT_TRUE(stream->load(reader));
    ASSERT_EQ(beginning(), expected);
    std::array<std::uint8_t, 4000> again;
    Writer rewriter(again);
    ASSERT_TRUE(stream->save(rewriter));
    ASSERT_TRUE(std::ranges::equal(writer.written(), rewriter.written()));
  }
}

TEST(CryptoStream, DoubtfulBytesGiveWayAndStayDoubtfulWhenSaved) {
  CryptoStream stream;
  stream.put(0, as_bytes("01234567"));
  EXPECT_FALSE(stream.put(8, as_bytes("89abcdef"), true).conflicts);
  EXPECT_FALSE(stream.put(4, as_bytes("XXXX"), true).replaces) << "they replace nothing";
  EXPECT_EQ(as_text(stream.beginning()), "0123456789abcdef");
  std::array<std::uint8_t, 100> room;
  Writer note(room);
  ASSERT_TRUE(stream.save(note));
  Reader reader(note.written());
  CryptoStream other;
  ASSERT_TRUE(other.load(reader));
  EXPECT_EQ(as_text(other.beginning()), "0123456789abcdef");
  EXPECT_TRUE(other.has_doubtful());
  const CryptoStream::Put same = other.put(8, as_bytes("89ab"));
  EXPECT_TRUE(same.is_new && !same.conflicts && !same.replaces) << "now they are sure";
  const CryptoStream::Put put = other.put(10, as_bytes("YYYYYY"));
  EXPECT_TRUE(put.conflicts && put.replaces);
  EXPECT_EQ(as_text(other.beginning()), "0123456789abYYYY");
  EXPECT_FALSE(other.has_doubtful());
  other.doubt_all();
  EXPECT_TRUE(other.put(0, as_bytes("zz")).replaces);
}

}  // namespace
}  // namespace telefence::quic
