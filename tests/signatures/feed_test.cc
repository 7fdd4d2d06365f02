// SPDX-License-Identifier: Apache-2.0
#include "signatures/feed.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <ctime>
#include <thread>

#include "centre/publish_batch.h"
#include "publish/guarded.h"
#include "redis/private_redis.h"
#include "signatures/as_reader.h"
#include "signatures/batch.h"
#include "signatures/match_helpers.h"

namespace telefence {
namespace {

using Values = std::vector<std::string>;

const std::string kAddBad = R"({"op":"add","kind":"domain","value":"bad.example"})";

// Asks until it is true; 20 s is far beyond what a loaded machine needs.
template <typename Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 4000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

class FeedTest : public testing::Test {
 protected:
  FeedTest() : published_(readers_, MatchSet::empty()) {}
  ~FeedTest() override {
    if (feed_) feed_->stop();
  }

  void start(bool accept_unsigned = true) {
    options_.redis.server = redis_.server();
    options_.redis.trust.accept_unsigned = accept_unsigned;
    start_as_it_is();
  }
  void start_as_it_is() {
    feed_ = std::make_unique<Feed>(options_, std::make_unique<SignatureStore>(test_terms()), published_, readers_,
                                   [this](const MatchSet&) -> Result<void> {
                                     if (is_preparing_refused_) return Error{ErrorCode::kFailed, "no memory"};
                                     ++prepared_;
                                     return {};
                                   },
                                   [this](const std::string& line) {
                                     lines_.with([&](Values& lines) { lines.push_back(line); });
                                   });
    feed_->start();
  }
  std::uint64_t push(const std::vector<std::string>& lines) {
    RedisConnection connection;
    EXPECT_TRUE(connection.connect(redis_.login(), 5000).ok());
    const Result<PublishedBatch> published = publish_batch(connection, options_.redis.log, lines, "tester");
    EXPECT_TRUE(published.ok()) << (published.ok() ? "" : published.error().message);
    if (published.ok()) note_.with([&](std::string& note) { note = published.value().note; });
    return published.ok() ? published.value().sequence : 0;
  }
  void raw_command(std::initializer_list<std::string_view> words) {
    RedisConnection connection;
    ASSERT_TRUE(connection.connect(redis_.login(), 5000).ok());
    const Result<RedisReply> reply = connection.command(words, 5000);
    ASSERT_TRUE(reply.ok());
    ASSERT_FALSE(reply.value().is_error()) << reply.value().text;
  }
  // In one moment, another log in place of the one there is: batches 1 to `last` add new1.example and so on.
  void replace_log(int last) {
    RedisConnection connection;
    ASSERT_TRUE(connection.connect(redis_.login(), 5000).ok());
    ASSERT_FALSE(connection.command({"MULTI"}, 5000).value().is_error());
    connection.command({"DEL", "tf:1:log"}, 5000).value();
    std::string previous;
    for (int i = 1; i <= last; ++i) {
      const std::vector<std::string> lines = {R"({"op":"add","kind":"domain","value":"new)" + std::to_string(i) +
                                              R"(.example"})"};
      const PackedBatch packed = pack_batch(static_cast<std::uint64_t>(i), 1, "p", previous, lines).value();
      previous = batch_hash(packed.header, packed.body);
      const std::string id = std::to_string(i) + "-0";
      connection.command({"XADD", "tf:1:log", id, "h", packed.header, "b", packed.body}, 5000).value();
    }
    ASSERT_TRUE(connection.command({"EXEC"}, 5000).value().is_list());
  }
  Values lines() const {
    return lines_.with([](const Values& lines) { return lines; });
  }
  std::string note() const {
    return note_.with([](const std::string& note) { return note; });
  }
  bool has_line(const std::string& part) const {
    for (const std::string& line : lines())
      if (line.find(part) != std::string::npos) return true;
    return false;
  }
  std::uint64_t breaks(LogBreak reason) const {
    return feed_->state().log_breaks[static_cast<std::size_t>(reason)];
  }
  bool reaches(std::uint64_t sequence) {
    return eventually([&] { return feed_->state().sequence >= sequence; });
  }
  Values domain(std::string_view name) {
    const AsReader reading(readers_);
    return Asker(published_.read()).domain(name);
  }
  Values sms(std::string_view text) {
    const AsReader reading(readers_);
    return Asker(published_.read()).sms(text);
  }
  std::uint64_t version() {
    const AsReader reading(readers_);
    return published_.read().version();
  }
  std::size_t domains() {
    const AsReader reading(readers_);
    return published_.read().size().domains;
  }

  PrivateRedis redis_;
  Readers readers_;
  Published<MatchSet> published_;
  SignatureOptions options_;
  std::unique_ptr<Feed> feed_;
  std::atomic<int> prepared_{0};
  std::atomic<bool> is_preparing_refused_{false};
  Guarded<Values> lines_;  // of the daemon's log
  Guarded<std::string> note_;  // of the newest push
};

TEST_F(FeedTest, APushedChangeIsPublishedAndMeasured) {
  start();
  ASSERT_TRUE(eventually([&] { return feed_->state().connected && feed_->state().last_contact_s > 0; }));
  EXPECT_EQ(push({kAddBad, R"({"op":"add","kind":"pattern","value":"恭喜您中奖了"})"}), 1u);
  ASSERT_TRUE(reaches(1));
  EXPECT_EQ(domain("www.bad.example"), Values{"bad.example"});
  EXPECT_EQ(sms("恭喜您中奖了"), Values{"恭喜您中奖了"});
  EXPECT_EQ(version(), 1u);
  EXPECT_EQ(prepared_.load(), 1);
  const FeedState state = feed_->state();
  EXPECT_TRUE(state.configured);
  EXPECT_TRUE(state.connected);
  EXPECT_EQ(state.problem, "");
  EXPECT_EQ(state.batches_applied, 1u);
  EXPECT_GT(state.last_apply_us, 0u);
  EXPECT_GT(state.last_applied_s, 0);
  EXPECT_EQ(state.counts.domains, 1u);

  push({R"({"op":"remove","kind":"domain","value":"bad.example"})"});
  ASSERT_TRUE(reaches(2));
  EXPECT_EQ(domain("www.bad.example"), Values{});
}

TEST_F(FeedTest, TheWholeLogIsReplayedAtTheStart) {
  for (int i = 1; i <= 150; ++i)
    push({R"({"op":"add","kind":"domain","value":"n)" + std::to_string(i) + R"(.example"})"});
  start();
  ASSERT_TRUE(reaches(150));
  EXPECT_EQ(domain("n1.example"), Values{"n1.example"});
  EXPECT_EQ(domain("n150.example"), Values{"n150.example"});
  EXPECT_EQ(feed_->state().problem, "");
  EXPECT_LE(prepared_.load(), 4) << "in chunks, not one version per batch";
  EXPECT_EQ(feed_->state().last_propagation_us, 0u) << "old batches tell nothing of the way";
}

TEST_F(FeedTest, ManyBatchesInARowAreAskedForTogether) {
  start();
  ASSERT_TRUE(eventually([&] { return feed_->state().connected; }));
  RedisConnection connection;
  ASSERT_TRUE(connection.connect(redis_.login(), 5000).ok());
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 1; i <= 200; ++i) {
    const std::string line = R"({"op":"add","kind":"domain","value":"n)" + std::to_string(i) + R"(.example"})";
    ASSERT_TRUE(publish_batch(connection, "tf:1:log", {&line, 1}, "tester").ok());
  }
  ASSERT_TRUE(reaches(200));
  const auto taken = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
  const std::string statistics = connection.command({"INFO", "commandstats"}, 5000).value().text;
  const std::size_t calls = statistics.find("cmdstat_xread:calls=");
  ASSERT_NE(calls, std::string::npos) << statistics;
  EXPECT_LE(std::stoll(statistics.substr(calls + 20)), taken.count() / 5 + 10) << "in " << taken.count() << " ms";
  EXPECT_EQ(feed_->state().counts.domains, 200u);
}

TEST_F(FeedTest, UnsignedBatchesAreRefusedWholeWithoutAcceptUnsigned) {
  start(false);
  push({kAddBad});
  ASSERT_TRUE(eventually([&] { return feed_->state().batches_refused == 1; }));
  const FeedState state = feed_->state();
  EXPECT_EQ(state.sequence, 0u);
  EXPECT_EQ(state.problem, "batch 1-0 refused: it has no signature, and accept_unsigned is false");
  EXPECT_EQ(state.recent_complaints.back().where, "log:1-0");
  EXPECT_EQ(domain("bad.example"), Values{});
  EXPECT_EQ(prepared_.load(), 0);
  EXPECT_TRUE(has_line("feed: batch 1-0 refused: it has no signature"));
  for (int i = 0; i < 20; ++i) push({kAddBad});
  ASSERT_TRUE(eventually([&] { return feed_->state().batches_refused == 21; }));
  feed_->stop();
  EXPECT_LE(lines().size(), 3u) << "a line for each refused batch floods the log: " << testing::PrintToString(lines());
  EXPECT_TRUE(has_line("batch 21-0 refused"));
}

TEST_F(FeedTest, ABadLineIsReportedAndTheRestOfTheBatchApplies) {
  start();
  raw_command({"XADD", "tf:1:log", "1-0", "h", R"({"seq":1,"ts":1,"publisher":"p","n":4})", "b",
               kAddBad + "\n" + R"({"op":"add","kind":"domain","value":"com.cn"})" + "\n" +
                   R"({"op":"add","kind":"planet","value":"Mars"})" + "\n" +
                   R"({"op":"add","kind":"pattern","match":"regex","value":"a(b"})"});
  ASSERT_TRUE(reaches(1));
  EXPECT_EQ(domain("bad.example"), Values{"bad.example"});
  ASSERT_TRUE(eventually([&] { return feed_->state().recent_complaints.size() == 3; }));
  const FeedState state = feed_->state();
  EXPECT_EQ(state.recent_complaints[0].where, "log:1:3");
  EXPECT_EQ(state.recent_complaints[1].where, "log:1:2");
  EXPECT_EQ(state.recent_complaints[2].value, "a(b");
  EXPECT_EQ(state.operations_refused, 3u);
  EXPECT_TRUE(has_line("feed: batch 1: 2 of its changes left out; the first: log:1:3:"));
}

TEST_F(FeedTest, AGapInTheLogIsToldAndReadingGoesOn) {
  start();
  push({kAddBad});
  ASSERT_TRUE(reaches(1));
  const PackedBatch packed = pack_batch(5, 1, "p", "", std::vector<std::string>{kAddBad}).value();
  raw_command({"XADD", "tf:1:log", "5-0", "h", packed.header, "b", packed.body});
  ASSERT_TRUE(reaches(5));
  EXPECT_NE(feed_->state().problem.find("gap in the log before batch 5"), std::string::npos);
  EXPECT_EQ(feed_->state().log_problem, feed_->state().problem);
  EXPECT_EQ(breaks(LogBreak::kGap), 1u);
  EXPECT_TRUE(has_line("feed: gap in the log before batch 5 (the last one was 1)"));
}

TEST_F(FeedTest, ATrimmedLogAtFirstContactIsANoteAndNoLastingProblem) {
  for (int i = 0; i < 5; ++i) push({kAddBad});
  raw_command({"XTRIM", "tf:1:log", "MAXLEN", "2"});
  start();
  ASSERT_TRUE(reaches(5));
  const FeedState state = feed_->state();
  EXPECT_EQ(state.problem, "");
  EXPECT_EQ(state.log_problem, "");
  EXPECT_NE(state.note.find("begins at batch 4"), std::string::npos) << state.note;
  EXPECT_EQ(breaks(LogBreak::kGap), 0u);
  EXPECT_TRUE(has_line("begins at batch 4"));
}

TEST_F(FeedTest, ABatchThatDoesNotFollowTheOneBeforeIsTold) {
  start();
  push({kAddBad});
  const PackedBatch packed = pack_batch(2, 1, "p", std::string(64, '0'), std::vector<std::string>{kAddBad}).value();
  raw_command({"XADD", "tf:1:log", "2-0", "h", packed.header, "b", packed.body});
  ASSERT_TRUE(reaches(2));
  EXPECT_NE(feed_->state().problem.find("forked"), std::string::npos);
  EXPECT_EQ(breaks(LogBreak::kFork), 1u);
  EXPECT_EQ(breaks(LogBreak::kReset), 0u);
  EXPECT_TRUE(has_line("forked"));
}

TEST_F(FeedTest, RedisKilledAndRestartedIsReconnectedAndFilteringGoesOn) {
  start();
  push({kAddBad});
  push({R"({"op":"add","kind":"domain","value":"second.example"})"});
  ASSERT_TRUE(reaches(2));
  redis_.stop();
  ASSERT_TRUE(eventually([&] { return !feed_->state().connected; }));
  EXPECT_NE(feed_->state().problem, "");
  EXPECT_EQ(domain("bad.example"), Values{"bad.example"}) << "filtering goes on with what is there";
  redis_.start();  // without persistence: the log is gone
  ASSERT_TRUE(eventually([&] { return feed_->state().connected; }));
  push({R"({"op":"add","kind":"domain","value":"later.example"})"});
  ASSERT_TRUE(eventually([&] { return feed_->state().batches_applied == 3; }));
  ASSERT_TRUE(eventually([&] { return feed_->state().sequence == 1; }));
  EXPECT_EQ(domain("later.example"), Values{"later.example"});
  EXPECT_EQ(domain("bad.example"), Values{"bad.example"});
  EXPECT_NE(feed_->state().problem.find("Redis lost data"), std::string::npos);
  EXPECT_EQ(breaks(LogBreak::kReset), 1u);
  // Redis lost, and found again within the pause: the second is held back until the pause or the feed ends.
  feed_->stop();
  EXPECT_TRUE(has_line("connected to Redis at unix:"));
  EXPECT_TRUE(has_line("is back after"));
  EXPECT_TRUE(has_line("the log ends before batch 2-0"));
  EXPECT_EQ(lines().size(), 3u) << testing::PrintToString(lines());
}

TEST_F(FeedTest, ALogDeletedUnderTheConnectionIsNoticedAndReadAnew) {
  start();
  for (int i = 1; i <= 6; ++i)
    push({R"({"op":"add","kind":"domain","value":"n)" + std::to_string(i) + R"(.example"})"});
  ASSERT_TRUE(reaches(6));
  raw_command({"DEL", "tf:1:log"});
  EXPECT_EQ(push({R"({"op":"add","kind":"domain","value":"lost.example"})"}), 1u);
  ASSERT_TRUE(eventually([&] { return feed_->state().batches_applied == 7; })) << "the block was silently lost";
  EXPECT_EQ(domain("lost.example"), Values{"lost.example"});
  EXPECT_EQ(domain("n6.example"), Values{"n6.example"}) << "what was in force stays";
  EXPECT_NE(feed_->state().problem.find("Redis lost data"), std::string::npos) << feed_->state().problem;
}

TEST_F(FeedTest, ALogRestoredFromABackupUnderTheConnectionIsNoticed) {
  start();
  push({kAddBad});
  RedisConnection connection;
  ASSERT_TRUE(connection.connect(redis_.login(), 5000).ok());
  const std::string backup = connection.command({"DUMP", "tf:1:log"}, 5000).value().text;
  push({R"({"op":"add","kind":"domain","value":"second.example"})"});
  push({R"({"op":"add","kind":"domain","value":"third.example"})"});
  ASSERT_TRUE(reaches(3));
  raw_command({"RESTORE", "tf:1:log", "0", backup, "REPLACE"});
  EXPECT_EQ(push({R"({"op":"add","kind":"domain","value":"later.example"})"}), 2u);
  ASSERT_TRUE(eventually([&] { return feed_->state().batches_applied == 4 && feed_->state().counts.domains == 4; })) << "the new 2";
  EXPECT_EQ(domain("later.example"), Values{"later.example"});
  EXPECT_NE(feed_->state().problem.find("Redis lost data"), std::string::npos) << feed_->state().problem;
}

TEST_F(FeedTest, ALogReplacedByALongerOneIsReadAnewFromItsBegin) {
  start();
  push({kAddBad});
  push({R"({"op":"add","kind":"domain","value":"second.example"})"});
  ASSERT_TRUE(reaches(2));
  replace_log(3);
  ASSERT_TRUE(reaches(3));
  ASSERT_TRUE(eventually([&] { return feed_->state().batches_applied == 5; }));
  EXPECT_EQ(domain("new1.example"), Values{"new1.example"}) << "it lies before the position that was read to";
  EXPECT_NE(feed_->state().problem.find("different logs"), std::string::npos) << feed_->state().problem;
  EXPECT_EQ(breaks(LogBreak::kReset), 1u);
  EXPECT_EQ(breaks(LogBreak::kFork), 0u);
}

TEST_F(FeedTest, ALogReplacedWhileAwayIsReadAnewFromItsBegin) {
  start();
  push({kAddBad});
  ASSERT_TRUE(reaches(1));
  redis_.stop();
  ASSERT_TRUE(eventually([&] { return !feed_->state().connected; }));
  redis_.start();
  replace_log(3);
  ASSERT_TRUE(reaches(3));
  EXPECT_EQ(domain("new1.example"), Values{"new1.example"});
  EXPECT_EQ(domain("bad.example"), Values{"bad.example"});
}

TEST_F(FeedTest, ATrimmedLogIsNoOtherLog) {
  start();
  for (int i = 0; i < 5; ++i) push({kAddBad});
  ASSERT_TRUE(reaches(5));
  raw_command({"XTRIM", "tf:1:log", "MAXLEN", "1"});
  std::this_thread::sleep_for(std::chrono::milliseconds(2500));
  raw_command({"XTRIM", "tf:1:log", "MAXLEN", "0"});
  push({kAddBad});
  ASSERT_TRUE(reaches(6));
  EXPECT_EQ(feed_->state().batches_applied, 6u);
  EXPECT_EQ(feed_->state().problem, "");
}

TEST_F(FeedTest, NoServerIsToldAndStopIsQuick) {
  options_.redis.server = "unix:/nonexistent/redis.sock";
  start_as_it_is();
  ASSERT_TRUE(eventually([&] { return !feed_->state().problem.empty(); }));
  EXPECT_FALSE(feed_->state().connected);
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  const auto begin = std::chrono::steady_clock::now();
  feed_->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
  EXPECT_EQ(lines().size(), 1u) << "one line for a state, not one for each try: " << testing::PrintToString(lines());
  EXPECT_TRUE(has_line("feed: Redis at unix:/nonexistent/redis.sock: can't connect: No such file or directory"));
}

TEST_F(FeedTest, StopIsQuickWhileRedisBlocks) {
  start();
  ASSERT_TRUE(eventually([&] { return feed_->state().connected; }));
  const auto begin = std::chrono::steady_clock::now();
  feed_->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(900));
}

TEST_F(FeedTest, ReloadWorksWithoutRedisAndKeepsTheOldOnFailure) {
  TestFiles files;
  start_as_it_is();
  EXPECT_FALSE(feed_->state().configured);
  ListOptions list;
  list.file = files.write("list", "listed.example\ncom.cn\n");
  SignatureOptions fresh;
  fresh.lists.push_back(list);
  std::vector<Complaint> complaints;
  ASSERT_TRUE(feed_->reload(fresh, complaints).ok());
  EXPECT_EQ(complaints.size(), 1u);
  EXPECT_EQ(domain("listed.example"), Values{"listed.example"});
  fresh.lists[0].file = "/nonexistent/list";
  EXPECT_FALSE(feed_->reload(fresh, complaints).ok());
  EXPECT_EQ(domain("listed.example"), Values{"listed.example"});
}

TEST_F(FeedTest, ReloadKeepsTheChangesOfTheLogOnTop) {
  TestFiles files;
  start();
  push({kAddBad});
  ASSERT_TRUE(reaches(1));
  ListOptions list;
  list.file = files.write("list", "listed.example\n");
  SignatureOptions fresh;
  fresh.lists.push_back(list);
  std::vector<Complaint> complaints;
  ASSERT_TRUE(feed_->reload(fresh, complaints).ok());
  EXPECT_EQ(domain("listed.example"), Values{"listed.example"});
  EXPECT_EQ(domain("bad.example"), Values{"bad.example"});
  EXPECT_EQ(version(), 1u);
}

TEST_F(FeedTest, AReloadThatCantBePreparedChangesNothingNorDoesTheNextBatch) {
  TestFiles files;
  ListOptions list;
  list.file = files.write("list", "listed.example\n");
  options_.lists.push_back(list);
  start();
  std::vector<Complaint> complaints;
  ASSERT_TRUE(feed_->reload(options_, complaints).ok());
  SignatureOptions fresh = options_;
  fresh.lists[0].file = files.write("other", "other.example\n");
  is_preparing_refused_ = true;
  ASSERT_FALSE(feed_->reload(fresh, complaints).ok());
  is_preparing_refused_ = false;
  EXPECT_EQ(feed_->state().counts.domains, 1u);
  push({kAddBad});
  ASSERT_TRUE(reaches(1));
  EXPECT_EQ(domain("listed.example"), Values{"listed.example"});
  EXPECT_EQ(domain("other.example"), Values{}) << "the reload was refused";
}

TEST_F(FeedTest, ExpiredEntriesLeaveAndPushesDoNotWaitForThem) {
  start();
  const std::string expires = std::to_string(std::time(nullptr) + 3);
  constexpr int kBatches = 60;
  for (int b = 0; b < kBatches; ++b) {
    std::vector<std::string> lines;
    for (int i = 0; i < 1000; ++i)
      lines.push_back(R"({"op":"add","kind":"domain","value":"n)" + std::to_string(b * 1000 + i) +
                      R"(.example","expires":)" + expires + "}");
    push(lines);
  }
  ASSERT_TRUE(reaches(kBatches));
  EXPECT_GT(feed_->state().counts.domains, 0u);
  std::uint64_t sequence = kBatches;
  std::uint64_t slowest_us = 0;
  ASSERT_TRUE(eventually([&] {
    sequence = push({R"({"op":"add","kind":"domain","value":"p)" + std::to_string(sequence) + R"(.example"})"});
    EXPECT_TRUE(reaches(sequence));
    slowest_us = std::max(slowest_us, feed_->state().last_apply_us);
    return feed_->state().counts.domains == sequence - kBatches;
  })) << feed_->state().counts.domains;
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));  // no batch: now the base is made anew
  EXPECT_TRUE(eventually([&] { return feed_->state().connected && domains() < 5000; })) << domains();
  RecordProperty("slowest_apply_us", std::to_string(slowest_us));
}

TEST_F(FeedTest, OldVersionsAreKeptUntilTheWorkerQuiesces) {
  readers_.online(0);
  start();
  const MatchSet& held = published_.read();
  push({kAddBad});
  ASSERT_TRUE(eventually([&] { return feed_->state().batches_applied == 1 && &published_.read() != &held; }));
  EXPECT_EQ(held.version(), 0u) << "still alive";
  EXPECT_EQ(feed_->state().last_apply_us, 0u) << "not all workers use it";
  readers_.quiesce(0);
  push({R"({"op":"add","kind":"domain","value":"second.example"})"});
  ASSERT_TRUE(eventually([&] {
    readers_.quiesce(0);
    return feed_->state().last_apply_us > 0;
  }));
  readers_.offline(0);
}

TEST_F(FeedTest, PublishersThatRaceGetDifferentSequences) {
  std::vector<std::thread> publishers;
  for (int p = 0; p < 4; ++p) {
    publishers.emplace_back([this, p] {
      for (int i = 0; i < 10; ++i)
        push({R"({"op":"add","kind":"domain","value":"p)" + std::to_string(p) + "n" + std::to_string(i) +
              R"(.example"})"});
    });
  }
  for (std::thread& publisher : publishers) publisher.join();
  start();
  ASSERT_TRUE(reaches(40));
  EXPECT_EQ(feed_->state().problem, "") << "no gap, and every batch names the one before";
  EXPECT_EQ(feed_->state().counts.domains, 40u);
}

TEST_F(FeedTest, APublisherRefusesAWrongChangeAndSendsNothing) {
  RedisConnection connection;
  ASSERT_TRUE(connection.connect(redis_.login(), 5000).ok());
  const std::vector<std::string> lines = {kAddBad, "nonsense"};
  const Result<PublishedBatch> published = publish_batch(connection, "tf:1:log", lines, "tester");
  ASSERT_FALSE(published.ok());
  EXPECT_EQ(published.error().message, "change 2: not a JSON object");
  EXPECT_EQ(connection.command({"XLEN", "tf:1:log"}, 1000).value().integer, 0);
}

TEST_F(FeedTest, AnEntryMadeByHandStopsNeitherPublishersNorEdges) {
  start();
  push({kAddBad});
  raw_command({"XADD", "tf:1:log", "52-3", "hello", "world"});
  EXPECT_EQ(push({R"({"op":"add","kind":"domain","value":"second.example"})"}), 53u);
  EXPECT_NE(note().find("redis-cli XDEL tf:1:log 52-3"), std::string::npos) << note();
  ASSERT_TRUE(reaches(53));
  EXPECT_EQ(domain("second.example"), Values{"second.example"});
  const FeedState state = feed_->state();
  EXPECT_EQ(state.batches_refused, 1u);
  EXPECT_EQ(state.log_problem, "") << "the gap is the foreign entry's";
  raw_command({"XDEL", "tf:1:log", "52-3"});
  EXPECT_EQ(push({kAddBad}), 54u);
  EXPECT_EQ(note(), "");
  raw_command({"XADD", "tf:1:log", "1795300200123-0", "hello", "world"});
  EXPECT_EQ(push({kAddBad}), 1795300200124u);
  ASSERT_TRUE(reaches(1795300200124u));
}

TEST_F(FeedTest, ALogThatNobodyCanContinueIsToldWithAWayOut) {
  raw_command({"XADD", "tf:1:log", "18446744073709551615-3", "hello", "world"});
  RedisConnection connection;
  ASSERT_TRUE(connection.connect(redis_.login(), 5000).ok());
  const Result<PublishedBatch> published = publish_batch(connection, "tf:1:log", std::vector<std::string>{kAddBad}, "t");
  ASSERT_FALSE(published.ok());
  EXPECT_NE(published.error().message.find("another key"), std::string::npos) << published.error().message;
}

class LockedFeedTest : public FeedTest {
 protected:
  LockedFeedTest() {
    locked_ = std::make_unique<PrivateRedis>(std::vector<std::string>{
        "--requirepass", "secret", "--user", "reader", "on", ">word", "~tf:*", "+ping", "+xread", "+xinfo|stream"});
    options_.redis.server = locked_->server();
    options_.redis.trust.accept_unsigned = true;
  }
  void push_locked() {
    RedisConnection connection;
    ASSERT_TRUE(connection.connect({locked_->server(), "", "secret"}, 5000).ok());
    ASSERT_TRUE(publish_batch(connection, "tf:1:log", std::vector<std::string>{kAddBad}, "t").ok());
  }
  TestFiles files_;
  std::unique_ptr<PrivateRedis> locked_;
};

TEST_F(LockedFeedTest, AMissingPasswordIsToldWithTheKeyToSet) {
  start_as_it_is();
  ASSERT_TRUE(eventually([&] { return feed_->state().problem.find("NOAUTH") != std::string::npos; }));
  EXPECT_NE(feed_->state().problem.find("redis.password_file"), std::string::npos) << feed_->state().problem;
  feed_->stop();
  EXPECT_EQ(lines().size(), 1u) << testing::PrintToString(lines());
}

TEST_F(LockedFeedTest, AReaderWithFewRightsFollowsTheLogAndStaysConnected) {
  options_.redis.user = "reader";
  options_.redis.password_file = files_.write("password", "word\n");
  start_as_it_is();
  push_locked();
  ASSERT_TRUE(reaches(1));
  std::this_thread::sleep_for(std::chrono::milliseconds(2500));  // some looks at a log without news
  push_locked();
  ASSERT_TRUE(reaches(2));
  locked_->stop();
  ASSERT_TRUE(eventually([&] { return !feed_->state().connected; }));
  locked_->start();
  push_locked();
  ASSERT_TRUE(eventually([&] { return feed_->state().batches_applied == 3; }));
  feed_->stop();
  EXPECT_EQ(lines().size(), 4u) << "connected, no right to ask for snapshots, reset, lost and back: " << testing::PrintToString(lines());
}

TEST_F(LockedFeedTest, APublisherWithoutLoginIsUnreachable) {
  RedisConnection connection;
  ASSERT_TRUE(connection.connect({locked_->server(), "", ""}, 5000).ok());
  const Result<PublishedBatch> published = publish_batch(connection, "tf:1:log", std::vector<std::string>{kAddBad}, "t");
  ASSERT_FALSE(published.ok());
  EXPECT_EQ(published.error().code, ErrorCode::kUnreachable);
  RedisConnection reader;
  ASSERT_TRUE(reader.connect({locked_->server(), "reader", "word"}, 5000).ok());
  EXPECT_EQ(publish_batch(reader, "tf:1:log", std::vector<std::string>{kAddBad}, "t").error().code, ErrorCode::kUnreachable);
}

TEST_F(FeedTest, FamiliesShowTheState) {
  start();
  push({kAddBad});
  ASSERT_TRUE(reaches(1));
  Catalog catalog;
  feed_->add_families(catalog);
  bool found = false;
  for (const Family& family : catalog.families()) {
    std::vector<Sample> samples;
    family.collect(samples);
    EXPECT_FALSE(samples.empty()) << family.name;
    if (family.name == "telefence_policy_sequence") found = samples[0].value == 1.0;
  }
  EXPECT_TRUE(found);
}

TEST_F(FeedTest, NoSampleOfRedisWhereNoneIsNamed) {
  start_as_it_is();
  Catalog catalog;
  feed_->add_families(catalog);
  for (const Family& family : catalog.families()) {
    std::vector<Sample> samples;
    family.collect(samples);
    const bool is_of_redis = family.name == "telefence_redis_up" ||
                             family.name == "telefence_policy_last_contact_timestamp_seconds" || family.name == "telefence_policy_signed_timestamp_seconds" ||
                             family.name == "telefence_policy_state_ok" || family.name == "telefence_policy_state_bytes";
    EXPECT_EQ(samples.empty(), is_of_redis) << family.name;
  }
}

}  // namespace
}  // namespace telefence
