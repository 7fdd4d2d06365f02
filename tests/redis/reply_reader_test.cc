// SPDX-License-Identifier: Apache-2.0
#include "redis/reply_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace telefence {
namespace {

Result<void> feed(ReplyReader& reader, std::string_view bytes) { return reader.feed({bytes.data(), bytes.size()}); }

std::string shown(const RedisReply& reply) {
  using Kind = RedisReply::Kind;
  if (reply.kind == Kind::kNull) return "null";
  if (reply.kind == Kind::kInteger) return std::to_string(reply.integer);
  if (reply.kind != Kind::kList) return (reply.kind == Kind::kText ? "'" : reply.kind == Kind::kError ? "!" : "+") + reply.text;
  std::string out = "[";
  for (const RedisReply& item : reply.items) out += shown(item) + " ";
  return out + "]";
}

TEST(ReplyReader, ReadsListsWithinListsHoweverTheyAreCut) {
  const std::string whole("*4\r\n*2\r\n$3\r\n1-0\r\n*4\r\n$1\r\nh\r\n$5\r\na\0b\r\n\r\n$1\r\nb\r\n$0\r\n\r\n:-7\r\n$-1\r\n*0\r\n+OK\r\n-ERR no\r\n*-1\r\n", 85);
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    ReplyReader reader;
    std::string got;
    for (const std::string& piece : {whole.substr(0, cut), whole.substr(cut)}) {
      ASSERT_TRUE(feed(reader, piece).ok());
      for (auto reply = reader.next(); reply.ok() && reply.value(); reply = reader.next()) got += shown(*reply.value()) + ";";
    }
    EXPECT_EQ(got, std::string("[['1-0 ['h 'a\0b\r\n 'b ' ] ] -7 null [] ];+OK;!ERR no;null;", 57)) << cut;
  }
}

// A list longer than what is reserved grows while its items are read, and so do lists in it.
TEST(ReplyReader, LongListsAreWhole) {
  std::string bytes = "*3000\r\n";
  for (int i = 0; i < 3000; ++i) bytes += "*2\r\n:" + std::to_string(i) + "\r\n$2\r\nab\r\n";
  ReplyReader reader;
  for (std::size_t at = 0; at < bytes.size(); at += 777) ASSERT_TRUE(feed(reader, std::string_view(bytes).substr(at, 777)).ok());
  const auto reply = reader.next();
  ASSERT_TRUE(reply.ok() && reply.value());
  ASSERT_EQ(reply.value()->items.size(), 3000u);
  for (int i = 0; i < 3000; ++i) ASSERT_EQ(shown(reply.value()->items[static_cast<std::size_t>(i)]), "[" + std::to_string(i) + " 'ab ]");
}

TEST(ReplyReader, AListThatClaimsToBeLongTakesNoMemory) {
  ReplyReader reader;
  ASSERT_TRUE(feed(reader, "*2000000000\r\n:1\r\n").ok());
  const auto reply = reader.next();
  ASSERT_TRUE(reply.ok());
  EXPECT_FALSE(reply.value());
}

TEST(ReplyReader, TooManyPartsAreRefused) {
  ReplyReader reader;
  ASSERT_TRUE(feed(reader, "*100000000\r\n").ok());
  std::string some;
  for (int i = 0; i < 10'000; ++i) some += ":1\r\n";
  std::string why;
  for (int i = 0; i < 500 && why.empty(); ++i) {
    ASSERT_TRUE(feed(reader, some).ok());
    const auto reply = reader.next();
    if (!reply.ok()) why = reply.error().message;
    if (i < 398) {
      ASSERT_EQ(why, "") << i;
    }
  }
  EXPECT_EQ(why, "a reply of more than 4,000,000 parts");
  EXPECT_FALSE(feed(reader, "+OK\r\n").ok() && reader.next().ok());
}

TEST(ReplyReader, TheNextReplyBeginsToCountAnew) {
  ReplyReader reader;
  std::string some = "*1000000\r\n";
  for (int i = 0; i < 1'000'000; ++i) some += ":1\r\n";
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(feed(reader, some).ok());
    const auto reply = reader.next();
    ASSERT_TRUE(reply.ok() && reply.value()) << i;
    EXPECT_EQ(reply.value()->items.size(), 1'000'000u);
  }
}

TEST(ReplyReader, TooManyOctetsAreRefused) {
  ReplyReader reader;
  ASSERT_TRUE(feed(reader, "$400000000\r\n").ok());
  const std::string some(1 << 20, 'x');
  Result<void> fed;
  int mib = 0;
  for (; mib < 300 && fed.ok(); ++mib) fed = feed(reader, some);
  ASSERT_FALSE(fed.ok());
  EXPECT_EQ(mib, 256);
}

TEST(ReplyReader, WhatIsNoReplyIsRefused) {
  for (const std::string bytes : {"?\r\n", "HTTP/1.1 200 OK\r\n", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n"}) {
    ReplyReader reader;
    const bool is_fed = feed(reader, bytes).ok();
    EXPECT_FALSE(is_fed && reader.next().ok()) << bytes;
  }
}

}  // namespace
}  // namespace telefence
