// SPDX-License-Identifier: Apache-2.0
#include "redis/connection.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "redis/address.h"
#include "redis/private_redis.h"
#include "redis/refusal.h"

namespace telefence {
namespace {

TEST(RedisAddress, ReadsWhatPeopleWrite) {
  EXPECT_EQ(parse_redis_address("unix:/run/redis.sock").value().path, "/run/redis.sock");
  EXPECT_EQ(parse_redis_address("centre.example:6379").value().host, "centre.example");
  EXPECT_EQ(parse_redis_address("[::1]:6380").value().host, "::1");
  EXPECT_EQ(parse_redis_address("[::1]:6380").value().port, 6380);
  EXPECT_EQ(to_text(parse_redis_address("[::1]:6380").value()), "[::1]:6380");
  EXPECT_TRUE(parse_redis_address("rediss://centre.example:6380").value().tls);
  EXPECT_EQ(parse_redis_address("rediss://centre.example:6380").value().host, "centre.example");
  EXPECT_EQ(to_text(parse_redis_address("rediss://[::1]:6380").value()), "rediss://[::1]:6380");
  for (const char* text : {"", "unix:", "localhost", "localhost:", "localhost:0", "localhost:65536", "localhost:6379x",
                           ":6379", "::1:6379", "rediss://x", "rediss://:1", "redis://x:1:2"})
    EXPECT_FALSE(parse_redis_address(text).ok()) << text;
  EXPECT_FALSE(parse_redis_address("unix:" + std::string(200, 'x')).ok());
}

TEST(RedisConnection, CommandsAndRepliesOfEveryKind) {
  PrivateRedis redis;
  RedisConnection connection;
  ASSERT_TRUE(connection.connect(redis.login(), 1000).ok());
  const std::string binary("a\0b\r\n\xff", 6);
  EXPECT_EQ(connection.command({"SET", "key", binary}, 1000).value().kind, RedisReply::Kind::kStatus);
  EXPECT_EQ(connection.command({"GET", "key"}, 1000).value().text, binary);
  EXPECT_TRUE(connection.command({"GET", "none"}, 1000).value().is_null());
  EXPECT_EQ(connection.command({"INCR", "count"}, 1000).value().integer, 1);
  EXPECT_TRUE(connection.command({"INCR", "key"}, 1000).value().is_error());
  ASSERT_FALSE(connection.command({"XADD", "s", "7-0", "h", "1", "b", ""}, 1000).value().is_error());
  const RedisReply range = connection.command({"XRANGE", "s", "-", "+"}, 1000).value();
  ASSERT_TRUE(range.is_list());
  EXPECT_EQ(range.items.at(0).items.at(0).text, "7-0");
  EXPECT_EQ(range.items.at(0).items.at(1).field("h")->text, "1");
  EXPECT_EQ(range.items.at(0).items.at(1).field("b")->text, "");
  EXPECT_EQ(range.items.at(0).items.at(1).field("s"), nullptr);
}

TEST(RedisConnection, AReplyOfManyMegabytesComesWhole) {
  PrivateRedis redis;
  RedisConnection connection;
  ASSERT_TRUE(connection.connect(redis.login(), 1000).ok());
  const std::string large(8u << 20, 'x');
  ASSERT_TRUE(connection.command({"SET", "large", large}, 10'000).ok());
  EXPECT_EQ(connection.command({"GET", "large"}, 10'000).value().text, large);
}

TEST(RedisConnection, NoServerIsUnreachableAndSaysWhere) {
  RedisConnection connection;
  const Result<void> result = connection.connect({"unix:/nonexistent/redis.sock", "", ""}, 500);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kUnreachable);
  EXPECT_EQ(result.error().message, "Redis at unix:/nonexistent/redis.sock: can't connect: No such file or directory");
  EXPECT_FALSE(connection.command({"PING"}, 100).ok());
}

TEST(RedisConnection, WrongPasswordIsUnreachableAndRightOneWorks) {
  PrivateRedis redis({"--user", "edge", "on", ">secret", "~*", "+@all"});
  RedisConnection connection;
  EXPECT_TRUE(connection.connect({redis.server(), "edge", "secret"}, 1000).ok());
  EXPECT_FALSE(connection.command({"GET", "x"}, 1000).value().is_error());
  const Result<void> refused = connection.connect({redis.server(), "edge", "wrong"}, 1000);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnreachable);
  EXPECT_NE(refused.error().message.find("WRONGPASS"), std::string::npos);
  EXPECT_FALSE(connection.is_open());
}

TEST(RedisConnection, AUserWithoutAPasswordIsNotTheDefaultUser) {
  PrivateRedis redis;
  RedisConnection connection;
  const Result<void> result = connection.connect({redis.server(), "edge", ""}, 1000);
  ASSERT_FALSE(result.ok()) << "logged in as somebody else";
  EXPECT_EQ(result.error().code, ErrorCode::kInvalid);
  EXPECT_NE(result.error().message.find("edge"), std::string::npos);
}

TEST(RedisRefusal, IsReadFromWhatRedisReallySays) {
  PrivateRedis redis({"--requirepass", "secret", "--user", "edge", "on", ">word", "~tf:*", "+ping", "+xread"});
  RedisConnection connection;
  ASSERT_TRUE(connection.connect({redis.server(), "", ""}, 1000).ok());
  EXPECT_EQ(refusal_in(connection.command({"GET", "x"}, 1000).value().text), Refusal::kNoLogin);
  EXPECT_EQ(refusal_in(connection.connect({redis.server(), "", "wrong"}, 1000).error().message), Refusal::kWrongLogin);
  EXPECT_EQ(refusal_in(connection.connect({redis.server(), "edge", "wrong"}, 1000).error().message), Refusal::kWrongLogin);
  ASSERT_TRUE(connection.connect({redis.server(), "edge", "word"}, 1000).ok());
  EXPECT_EQ(refusal_in(connection.command({"XLEN", "tf:1:log"}, 1000).value().text), Refusal::kNoRight);
  EXPECT_EQ(refusal_in(connection.command({"XREAD", "STREAMS", "other", "0"}, 1000).value().text), Refusal::kNoRight);
  ASSERT_TRUE(connection.connect({redis.server(), "", "secret"}, 1000).ok());
  ASSERT_FALSE(connection.command({"REPLICAOF", "127.0.0.1", "1"}, 1000).value().is_error());
  EXPECT_EQ(refusal_in(connection.command({"SET", "x", "1"}, 1000).value().text), Refusal::kReadOnly);
  EXPECT_EQ(refusal_in("ERR unknown command"), Refusal::kNone);

  PrivateRedis open;
  EXPECT_EQ(refusal_in(connection.connect({open.server(), "", "needless"}, 1000).error().message), Refusal::kWrongLogin);
}

TEST(RedisConnection, NoReplyInTimeClosesTheConnection) {
  PrivateRedis redis;
  RedisConnection connection;
  ASSERT_TRUE(connection.connect(redis.login(), 1000).ok());
  const Result<RedisReply> reply = connection.command({"BLPOP", "none", "0"}, 20);
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().code, ErrorCode::kUnreachable);
  EXPECT_FALSE(connection.is_open());
}

TEST(RedisConnection, AnInterruptEndsTheWaitingAndTheReplyIsStillDue) {
  PrivateRedis redis;
  Interrupt interrupt;
  RedisConnection connection, other;
  ASSERT_TRUE(connection.connect(redis.login(), 1000, &interrupt).ok());
  ASSERT_TRUE(other.connect(redis.login(), 1000).ok());
  const std::string_view words[] = {"BLPOP", "queue", "0"};
  ASSERT_TRUE(connection.send(words, 1000).ok());
  interrupt.raise();
  const auto begin = std::chrono::steady_clock::now();
  Result<std::optional<RedisReply>> reply = connection.receive(10'000);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  ASSERT_TRUE(reply.ok());
  EXPECT_FALSE(reply.value().has_value());
  interrupt.clear();
  ASSERT_TRUE(other.command({"RPUSH", "queue", "value"}, 1000).ok());
  reply = connection.receive(5000);
  ASSERT_TRUE(reply.ok() && reply.value().has_value());
  EXPECT_EQ(reply.value()->items.at(1).text, "value");
}

TEST(RedisConnection, AServerThatDiesIsAnErrorAndConnectingAgainWorks) {
  PrivateRedis redis;
  RedisConnection connection;
  ASSERT_TRUE(connection.connect(redis.login(), 1000).ok());
  redis.stop();
  EXPECT_FALSE(connection.command({"PING"}, 1000).ok());
  EXPECT_FALSE(connection.is_open());
  redis.start();
  ASSERT_TRUE(connection.connect(redis.login(), 1000).ok());
  EXPECT_TRUE(connection.command({"PING"}, 1000).ok());
}

TEST(RedisPasswordFile, FirstLineWithoutItsEnd) {
  const std::string file = testing::TempDir() + "telefence_password";
  std::ofstream(file) << "secret \r\nmore\n";
  EXPECT_EQ(read_password_file(file).value(), "secret");
  EXPECT_FALSE(read_password_file(file + ".none").ok());
  // Else it would be a login without a password, and what Redis says of that does not lead to the file.
  std::ofstream(file) << " \nsecret\n";
  const Result<std::string> blank = read_password_file(file);
  ASSERT_FALSE(blank.ok());
  EXPECT_NE(blank.error().message.find("first line"), std::string::npos) << blank.error().message;
}

}  // namespace
}  // namespace telefence
