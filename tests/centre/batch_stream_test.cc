// SPDX-License-Identifier: Apache-2.0
#include "centre/batch_stream.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <thread>

#include "redis/private_redis.h"
#include "signatures/batch.h"
#include "signatures/edge_feed.h"

namespace telefence {
namespace {

// What one publisher sends, by a connection of its own.
struct Publisher {
  RedisConnection connection;
  std::vector<BatchStream::Done> done;
  std::unique_ptr<BatchStream> stream;

  explicit Publisher(const RedisLogin& login, BatchAuthor author = {"centre"}) {
    const Result<void> connected = connection.connect(login, 5000);
    EXPECT_TRUE(connected.ok());
    stream = std::make_unique<BatchStream>(connection, "tf:1:log", std::move(author), [this](const BatchStream::Done& one) { done.push_back(one); });
  }
  void add(const std::string& prefix, unsigned count) {
    for (unsigned i = 0; i < count; ++i) ASSERT_TRUE(stream->add(add_domain(prefix + std::to_string(i) + ".example")).ok());
  }
};

// Reads all of the log as an edge does; the number of batches. Fails when one does not follow the other.
std::size_t whole_chain(const std::string& server, std::multiset<std::string>& values) {
  Centre centre(server);
  std::string previous;
  const RedisReply entries = centre.ask({"XRANGE", "tf:1:log", "-", "+"});
  for (const RedisReply& entry : entries.items) {
    const RedisReply& fields = entry.items[1];
    const RedisReply* s = fields.field("s");
    const Result<Batch> batch = read_batch(entry.items[0].text, {fields.field("h")->text, fields.field("b")->text, s == nullptr ? "" : s->text});
    EXPECT_TRUE(batch.ok());
    if (!batch.ok()) continue;
    EXPECT_EQ(batch.value().previous, previous) << entry.items[0].text;
    previous = batch.value().hash;
    for (const Change& change : batch.value().changes) values.insert(change.signature.value);
  }
  return entries.items.size();
}

TEST(BatchStream, ManyChangesBecomeOneChain) {
  const PrivateRedis redis;
  const SigningKey key = make_signing_key("centre", "");
  Publisher one(redis.login(), {"centre", {&key}});
  ASSERT_TRUE(one.stream->begin().ok());
  one.add("a", 12'345);
  ASSERT_TRUE(one.stream->finish().ok());
  const BatchStream::Progress& progress = one.stream->progress();
  EXPECT_EQ(progress.published, 12'345u);
  EXPECT_EQ(progress.batches, 13u);
  EXPECT_EQ(progress.first_sequence, 1u);
  EXPECT_EQ(progress.last_sequence, 13u);
  EXPECT_EQ(progress.overtaken, 0u);
  std::multiset<std::string> values;
  EXPECT_EQ(whole_chain(redis.server(), values), 13u);
  EXPECT_EQ(values.size(), 12'345u);
  ASSERT_EQ(one.done.size(), 13u);
  EXPECT_EQ(one.done[0].first, "[" + add_domain("a0.example") + "," + add_domain("a1.example") + "," + add_domain("a2.example") + "]");
  EXPECT_EQ(one.done[12].changes, 345u);
  EXPECT_EQ(one.done[12].hash, progress.last_hash);
}

TEST(BatchStream, TwoPublishersAtOnceLoseNothingAndForkNothing) {
  const PrivateRedis redis;
  std::atomic<std::uint64_t> overtaken = 0;
  std::vector<std::thread> threads;
  for (const char* name : {"a", "b", "c"})
    threads.emplace_back([&, name] {
      Publisher one(redis.login());
      ASSERT_TRUE(one.stream->begin().ok());
      one.add(name, 60'000);
      ASSERT_TRUE(one.stream->finish().ok());
      overtaken += one.stream->progress().overtaken;
      EXPECT_EQ(one.stream->progress().published, 60'000u);
    });
  Centre centre(redis.server());  // and one who pushes a change now and then
  for (unsigned i = 0; i < 20; ++i) EXPECT_NE(centre.push({add_domain("single" + std::to_string(i) + ".example")}), 0u);
  for (std::thread& thread : threads) thread.join();
  std::multiset<std::string> values;
  EXPECT_EQ(whole_chain(redis.server(), values), 3u * 60 + 20);
  EXPECT_EQ(values.size(), 180'020u);
  EXPECT_EQ(std::set<std::string>(values.begin(), values.end()).size(), values.size());
  EXPECT_GT(overtaken.load(), 0u) << "they were never at it at once: the test shows nothing";
}

TEST(BatchStream, WhoMayNotUseTransactionsPublishesOneByOne) {
  const PrivateRedis redis;
  Centre(redis.server()).ask({"ACL", "SETUSER", "centre", "on", ">secret", "~tf:1:*", "+auth", "+xadd", "+xinfo|stream"});
  RedisLogin login = redis.login();
  login.user = "centre";
  login.password = "secret";
  Publisher one(login), two(login);
  ASSERT_TRUE(one.stream->begin().ok());
  ASSERT_TRUE(two.stream->begin().ok());
  EXPECT_NE(one.stream->progress().note, "");
  for (int round = 0; round < 5; ++round) {
    one.add("one" + std::to_string(round) + "-", 10'000);
    two.add("two" + std::to_string(round) + "-", 10'000);
  }
  ASSERT_TRUE(one.stream->finish().ok());
  ASSERT_TRUE(two.stream->finish().ok());
  EXPECT_GT(one.stream->progress().overtaken + two.stream->progress().overtaken, 0u);
  std::multiset<std::string> values;
  EXPECT_EQ(whole_chain(redis.server(), values), 100u);
  EXPECT_EQ(values.size(), 100'000u);
}

TEST(BatchStream, WhoMayNotTellTheHeadWasNotOvertaken) {
  const PrivateRedis redis;
  Centre(redis.server()).ask({"ACL", "SETUSER", "centre", "on", ">secret", "~tf:1:*", "+auth", "+xadd", "+xinfo|stream", "+multi", "+exec", "+watch", "+hgetall"});
  RedisLogin login = redis.login();
  login.user = "centre";
  login.password = "secret";
  Publisher one(login);
  ASSERT_TRUE(one.stream->begin().ok());
  one.add("a", 5'000);
  ASSERT_TRUE(one.stream->finish().ok());
  EXPECT_EQ(one.stream->progress().published, 5'000u);
  EXPECT_NE(one.stream->progress().note.find("tf:1:head"), std::string::npos);
  EXPECT_EQ(one.stream->progress().overtaken, 0u) << "nobody else publishes here";
}

TEST(BatchStream, WhatDoesNotFitIsCutSmallerOrRefused) {
  const PrivateRedis redis;
  Publisher one(redis.login());
  ASSERT_TRUE(one.stream->begin().ok());
  std::minstd_rand random(7);
  for (unsigned i = 0; i < 500; ++i) {  // that can't be packed
    std::string note;
    while (note.size() < 900) note += static_cast<char>('!' + 2 + random() % 55);
    ASSERT_TRUE(one.stream->add(add_domain("x" + std::to_string(i) + ".example", R"(,"note":")" + note + "\"")).ok());
  }
  ASSERT_TRUE(one.stream->finish().ok());
  EXPECT_GT(one.stream->progress().batches, 5u);
  std::multiset<std::string> values;
  whole_chain(redis.server(), values);
  EXPECT_EQ(values.size(), 500u);
  std::string huge;
  while (huge.size() < 90'000) huge += static_cast<char>('!' + 2 + random() % 55);
  Publisher other(redis.login());
  ASSERT_TRUE(other.stream->begin().ok());
  ASSERT_TRUE(other.stream->add(add_domain("huge.example", R"(,"note":")" + huge + "\"")).ok());
  const Result<void> refused = other.stream->finish();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
  EXPECT_EQ(other.stream->progress().published, 0u);
}

TEST(BatchStream, AFullRedisTakesAllOfATransactionOrNothing) {
  const PrivateRedis redis;
  Publisher one(redis.login());
  ASSERT_TRUE(one.stream->begin().ok());
  Centre centre(redis.server());
  one.add("a", 5'000);
  centre.ask({"CONFIG", "SET", "maxmemory", "1"});
  Result<void> sent;
  for (unsigned i = 0; i < 200'000 && sent.ok(); ++i) sent = one.stream->add(add_domain("b" + std::to_string(i) + ".example"));
  if (sent.ok()) sent = one.stream->finish();
  ASSERT_FALSE(sent.ok());
  EXPECT_NE(sent.error().message.find("OOM"), std::string::npos) << sent.error().message;
  EXPECT_EQ(one.stream->progress().unknown, 0u);
  centre.ask({"CONFIG", "SET", "maxmemory", "0"});
  std::multiset<std::string> values;
  whole_chain(redis.server(), values);
  EXPECT_EQ(values.size(), one.stream->progress().published);
}

TEST(BatchStream, BehindADeletedNewestEntryTheNextNumberIsTaken) {
  const PrivateRedis redis;
  Centre centre(redis.server());
  centre.push({add_domain("first.example")});
  centre.ask({"XADD", "tf:1:log", "7-3", "x", "y"});
  centre.ask({"XDEL", "tf:1:log", "7-3"});
  EXPECT_EQ(centre.push({add_domain("second.example")}), 8u);
}

}  // namespace
}  // namespace telefence
