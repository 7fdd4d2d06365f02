// SPDX-License-Identifier: Apache-2.0
// tf:1:head tells where the log ends, whoever publishes: with a real redis-server.
#include "centre/log_head.h"

#include <gtest/gtest.h>

#include <thread>

#include "centre/batch_stream.h"
#include "redis/private_redis.h"
#include "signatures/edge_feed.h"

namespace telefence {
namespace {

class TellingTheHead : public testing::Test {
 protected:
  // Publishes one change as this user.
  PublishedBatch push(const std::string& name, const std::string& user = "") {
    RedisConnection connection;
    EXPECT_TRUE(connection.connect(login_of(user), 5000).ok());
    const Result<PublishedBatch> published = publish_batch(connection, "tf:1:log", std::vector{add_domain(name)}, "centre");
    EXPECT_TRUE(published.ok()) << (published.ok() ? "" : published.error().message);
    return published.ok() ? published.value() : PublishedBatch{};
  }
  BatchStream::Progress push_many(unsigned count, const std::string& user = "") {
    RedisConnection connection;
    EXPECT_TRUE(connection.connect(login_of(user), 5000).ok());
    BatchStream stream(connection, "tf:1:log", {"centre"}, [](const BatchStream::Done&) {});
    EXPECT_TRUE(stream.begin().ok());
    for (unsigned i = 0; i < count; ++i) EXPECT_TRUE(stream.add(add_domain("n" + std::to_string(i) + ".example")).ok());
    const Result<void> finished = stream.finish();
    EXPECT_TRUE(finished.ok()) << (finished.ok() ? "" : finished.error().message);
    return stream.progress();
  }
  RedisLogin login_of(const std::string& user) {
    RedisLogin login = redis_.login();
    login.user = user;
    login.password = user.empty() ? "" : "secret";
    return login;
  }
  void make_user(const std::string& name, std::initializer_list<std::string_view> rights) {
    RedisConnection connection;
    ASSERT_TRUE(connection.connect(redis_.login(), 5000).ok());
    std::vector<std::string_view> words = {"ACL", "SETUSER", name, "on", ">secret", "resetkeys", "~tf:1:*", "-@all", "+auth"};
    words.insert(words.end(), rights);
    ASSERT_FALSE(connection.command(words, 5000).value().is_error());
  }
  // What is told agrees with the newest entry, its date too.
  void expect_agreement() {
    const RedisReply told = centre_.ask({"HGETALL", "tf:1:head"});
    const RedisReply newest = centre_.ask({"XREVRANGE", "tf:1:log", "+", "-", "COUNT", "1"}).items[0];
    const Result<Batch> batch = read_batch(newest.items[0].text, {newest.items[1].field("h")->text, newest.items[1].field("b")->text, ""});
    ASSERT_TRUE(batch.ok());
    const auto mark = read_mark(told);
    ASSERT_TRUE(mark.has_value());
    EXPECT_EQ(mark->sequence, batch.value().sequence);
    EXPECT_EQ(mark->hash, batch.value().hash);
    EXPECT_EQ(mark->timestamp_ms, batch.value().timestamp_ms);
  }

  PrivateRedis redis_;
  Centre centre_{redis_.server()};
};

TEST_F(TellingTheHead, WhoeverPublishesTellsIt) {
  EXPECT_EQ(push("a.example").note, "");
  expect_agreement();
  EXPECT_EQ(push_many(3'500).note, "");
  expect_agreement();
  EXPECT_EQ(push("b.example").sequence, 6u);
  expect_agreement();
  // What else is told there stays.
  centre_.ask({"HSET", "tf:1:head", "snapshots", "5"});
  push("c.example");
  expect_agreement();
  EXPECT_EQ(centre_.ask({"HGET", "tf:1:head", "snapshots"}).text, "5");
}

TEST_F(TellingTheHead, ManyAtOnceNeverLeaveItBehind) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&, i] {
      for (int n = 0; n < 40; ++n) push(std::to_string(i) + "-" + std::to_string(n) + ".example");
    });
  threads.emplace_back([&] { push_many(30'000); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(centre_.ask({"XLEN", "tf:1:log"}).integer, 150);
  expect_agreement();
}

TEST_F(TellingTheHead, WhoMayNotTellItPublishesAllTheSame) {
  push("first.example");
  make_user("old", {"+xadd", "+xinfo|stream", "+multi", "+exec", "+watch"});
  EXPECT_EQ(push("a.example", "old").note, kHeadUntold);
  const BatchStream::Progress many = push_many(2'500, "old");
  EXPECT_EQ(many.published, 2'500u);
  EXPECT_EQ(many.note, kHeadUntold);
  EXPECT_EQ(many.overtaken, 0u) << "sent once more, without: nobody was faster";
  make_user("oldest", {"+xadd", "+xinfo|stream"});
  EXPECT_EQ(push("b.example", "oldest").note, kHeadUntold);
  EXPECT_EQ(centre_.ask({"HGET", "tf:1:head", "seq"}).text, "1");
  EXPECT_EQ(centre_.ask({"XLEN", "tf:1:log"}).integer, 6);
  // Who may sees it, and sets it right.
  EXPECT_EQ(push("c.example").note, "tf:1:head tells of batch 1, and the log goes on to batch 6: somebody publishes without telling it there");
  EXPECT_EQ(push("d.example").note, "");
  expect_agreement();
}

// EXEC without MULTI would carry out each command by itself.
TEST_F(TellingTheHead, RightsToHalfOfATransactionAreNone) {
  make_user("half", {"+xadd", "+xinfo|stream", "+exec", "+watch", "+hset", "+hgetall"});
  EXPECT_EQ(push("a.example", "half").note, kHeadUntold);
  EXPECT_EQ(push_many(1'500, "half").published, 1'500u);
  EXPECT_EQ(centre_.ask({"EXISTS", "tf:1:head"}).integer, 0);
  EXPECT_EQ(centre_.ask({"XLEN", "tf:1:log"}).integer, 3);
}

TEST_F(TellingTheHead, WhatDisagreesIsTold) {
  push("a.example");
  push("b.example");
  centre_.ask({"HSET", "tf:1:head", "hash", std::string(64, 'f')});
  EXPECT_EQ(push("c.example").note, "tf:1:head tells of batch 2, and the log has another one under this number: one of the two was changed by hand");
  centre_.ask({"HSET", "tf:1:head", "seq", "nonsense"});
  EXPECT_EQ(push("d.example").note, "") << "it tells nothing";
  centre_.ask({"DEL", "tf:1:log"});
  EXPECT_EQ(push_many(1).note, "tf:1:head tells of batch 4, and the log is empty: Redis lost data, or the log was begun anew");
  expect_agreement();
  centre_.ask({"DEL", "tf:1:head"});
  centre_.ask({"SET", "tf:1:head", "not a hash"});
  EXPECT_EQ(push("e.example").note, kHeadUntold);
  EXPECT_EQ(push_many(1).note, kHeadUntold);
  EXPECT_EQ(centre_.ask({"XLEN", "tf:1:log"}).integer, 3);
}

// Whoever owns Redis can write anything there: edges read the log.
TEST_F(TellingTheHead, AnEdgeTakesNoWordOfIt) {
  push("a.example");
  centre_.ask({"HSET", "tf:1:head", "seq", "99", "hash", std::string(64, 'f'), "ts", "1"});
  SignatureOptions options;
  options.redis.server = redis_.server();
  options.redis.trust.accept_unsigned = true;
  EdgeFeed edge(options);
  ASSERT_TRUE(edge.reaches(1));
  centre_.ask({"HSET", "tf:1:head", "seq", "1"});
  push("b.example");
  ASSERT_TRUE(edge.reaches(2));
  EXPECT_EQ(edge.state().problem, "");
  EXPECT_EQ(edge.breaks(LogBreak::kReset) + edge.breaks(LogBreak::kGap) + edge.breaks(LogBreak::kFork), 0u);
}

}  // namespace
}  // namespace telefence
