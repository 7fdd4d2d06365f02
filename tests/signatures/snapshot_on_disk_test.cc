// SPDX-License-Identifier: Apache-2.0

// Snapshots on the disk of an edge: with a real redis-server.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "signatures/snapshot_edge.h"

namespace telefence {
namespace {

class SnapshotOnDisk : public SnapshotFeed {
 protected:
  // A snapshot of four with so many batches behind it, then one of one more. The writer was killed when the new snapshot was in its place
  // and the batches were not.
  void be_killed_between(int behind) {
    push_and_make(4);
    start();
    ASSERT_TRUE(edge_->reaches(4));
    for (int i = 0; i < behind; ++i) centre().push({add_domain("n" + std::to_string(++count_) + ".example")});
    ASSERT_TRUE(edge_->reaches(static_cast<std::uint64_t>(count_)));
    edge_->stop();
    const std::string applied = file("applied.log");
    push_and_make(1);
    std::filesystem::remove_all(folder_ / "policy");
    start();
    ASSERT_TRUE(edge_->reaches(last_));
    edge_->stop();
    std::ofstream(folder_ / "policy/applied.log", std::ios::binary) << applied;
  }
};

TEST_F(SnapshotOnDisk, OneThatCantBeKeptLeavesNoHoleOnDisk) {
  push_and_make(3);
  centre().ask({"XTRIM", "tf:1:log", "MINID", "4-0"});
  std::filesystem::create_directories(folder_ / "policy/snapshot.new");  // nothing can be written there
  start();
  ASSERT_TRUE(eventually([&] { return edge_->state().snapshots_loaded == 1; }));
  centre().push({add_domain("n4.example")});
  ASSERT_TRUE(edge_->reaches(4));
  EXPECT_NE(edge_->state().state_problem.find("after a restart this node begins with what was kept before"), std::string::npos) << edge_->state().state_problem;
  edge_->stop();
  std::filesystem::remove(folder_ / "policy/snapshot.new");
  start();
  ASSERT_TRUE(edge_->reaches(4));
  expect_blocks(1, 4);
  EXPECT_EQ(edge_->state().state_problem, "");
}

TEST_F(SnapshotOnDisk, AWriterKilledBetweenSnapshotAndBatchesLosesNothing) {
  be_killed_between(2);
  const std::string snapshot = file("snapshot");
  redis_.stop();
  start();
  ASSERT_TRUE(edge_->reaches(7));
  expect_blocks(1, 7);
  edge_->stop();
  // The snapshot on disk is spoilt: what there is filters, and Redis is asked for the rest.
  std::string spoilt = snapshot;
  spoilt[spoilt.size() - 3] = static_cast<char>(spoilt[spoilt.size() - 3] ^ 1);
  std::ofstream(folder_ / "policy/snapshot", std::ios::binary) << spoilt;
  std::filesystem::remove(folder_ / "policy/snapshot.compiled");
  start();
  ASSERT_TRUE(eventually([&] { return edge_->state().snapshots_refused == 1; }));
}

// Redis is away, and what the snapshot on disk says of domains can't be read as text any more: they are in force where they were compiled.
class CompiledSnapshotOnDisk : public SnapshotOnDisk {
 protected:
  void compile_and_spoil_the_text() {
    push_and_make(4);
    start();
    ASSERT_TRUE(edge_->reaches(4));
    edge_->stop();  // which waits until what it compiled is written
    ASSERT_TRUE(std::filesystem::exists(compiled()));
    redis_.stop();
    spoil_the_text();
  }
  void spoil_the_text() {
    std::string text = file("snapshot");
    text[text.size() - 3] = static_cast<char>(text[text.size() - 3] ^ 1);
    std::ofstream(folder_ / "policy/snapshot", std::ios::binary) << text;
  }
  void expect_refused() {
    start();
    ASSERT_TRUE(eventually([&] { return edge_->state().snapshots_refused == 1; })) << edge_->told();
    EXPECT_FALSE(edge_->blocks("n1.example"));
  }
  std::string compiled() const { return folder_ / "policy/snapshot.compiled"; }
};

TEST_F(CompiledSnapshotOnDisk, IsReadInPlaceOfTheText) {
  compile_and_spoil_the_text();
  const auto written = std::filesystem::last_write_time(compiled());
  for (int i = 0; i < 2; ++i) {
    start();
    ASSERT_TRUE(edge_->reaches(4)) << edge_->told();
    expect_blocks(1, 4);
    EXPECT_EQ(edge_->state().state_problem, "");
    edge_->stop();
  }
  EXPECT_EQ(std::filesystem::last_write_time(compiled()), written);
}

TEST_F(CompiledSnapshotOnDisk, IsNotReadWhenItIsDamaged) {
  compile_and_spoil_the_text();
  std::fstream stream(compiled(), std::ios::in | std::ios::out | std::ios::binary);
  stream.seekp(static_cast<std::streamoff>(std::filesystem::file_size(compiled()) / 2));
  stream.put('\x55');
  stream.close();
  expect_refused();
}

TEST_F(CompiledSnapshotOnDisk, IsNotReadWhenOthersAreTrusted) {
  compile_and_spoil_the_text();
  options_.redis.trust.signers.erase(options_.redis.trust.signers.begin() + 2);
  expect_refused();
}

TEST_F(CompiledSnapshotOnDisk, IsOfNoUseWithoutASignerOfTheSnapshot) {
  compile_and_spoil_the_text();
  options_.redis.trust.signers.pop_back();  // the maker
  expect_refused();
}

TEST_F(CompiledSnapshotOnDisk, ThatCantBeWrittenIsTold) {
  push_and_make(4);
  std::filesystem::create_directories(compiled() + ".new");  // nothing can be written there
  start();
  ASSERT_TRUE(edge_->reaches(4));
  expect_blocks(1, 4);
  EXPECT_TRUE(eventually([&] { return edge_->state().state_problem.ends_with("until then a start reads the snapshot from its text"); })) << edge_->state().state_problem;
  std::filesystem::remove_all(compiled() + ".new");
  EXPECT_TRUE(eventually([&] { return std::filesystem::exists(compiled()) && edge_->state().state_problem.empty(); })) << edge_->state().state_problem;
}

TEST_F(CompiledSnapshotOnDisk, IsNotMadeOfOneThatCantBeKept) {
  push_and_make(4);
  std::filesystem::create_directories(folder_ / "policy/snapshot.new");
  start();
  ASSERT_TRUE(edge_->reaches(4));
  expect_blocks(1, 4);
  EXPECT_TRUE(eventually([&] { return edge_->state().state_problem.ends_with("this node begins with what was kept before"); })) << edge_->state().state_problem;
  edge_->stop();  // which waits for what is compiled
  EXPECT_FALSE(std::filesystem::exists(compiled()));
}

// Once many batches have gathered behind a snapshot, the newest takes their place: it was never in force here as such.
TEST_F(CompiledSnapshotOnDisk, IsMadeOfOneThatTakesThePlaceOfBatches) {
  options_.redis.compact_above = 20'000;
  start_at_an_empty_log();
  push_and_make(30);
  ASSERT_TRUE(edge_->reaches(last_));
  ASSERT_FALSE(std::filesystem::exists(compiled()));
  // It looks at the size whenever something comes.
  const auto has_compacted = [&] { return file("audit.jsonl").find("\"what\":\"compacted\"") != std::string::npos; };
  while (count_ < 500 && !has_compacted()) {
    last_ = centre().push({add_domain("n" + std::to_string(++count_) + ".example")});
    ASSERT_TRUE(edge_->reaches(last_));
  }
  ASSERT_TRUE(has_compacted()) << edge_->told();
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(compiled()); }));
  edge_->stop();
  redis_.stop();
  spoil_the_text();
  start();
  ASSERT_TRUE(edge_->reaches(last_)) << edge_->told();
  expect_blocks(1, count_);
}

// With Redis away the node has next to nothing in force: nobody may take that for the whole.
class SnapshotOnDiskLost : public SnapshotOnDisk {
 protected:
  const std::string there_ = options_.redis.server, away_ = "unix:" + folder_ / "nobody.sock";

  void start_with(const std::string& server) {
    if (edge_) edge_->stop();
    options_.redis.server = server;
    start();
  }
  // A snapshot of four, and so many batches behind it. Then the snapshot on disk is as `how` says, and the node starts with Redis away.
  void lose_it(const std::string& how, int behind) {
    push_and_make(4);
    start_with(there_);
    ASSERT_TRUE(edge_->reaches(4));
    if (behind > 0) centre().push({add_domain("n5.example"), remove_domain("n2.example")});
    if (behind > 1) centre().push({add_domain("n6.example")});
    ASSERT_TRUE(edge_->reaches(static_cast<std::uint64_t>(4 + behind)));
    edge_->stop();
    const std::string whole = file("snapshot"), path = folder_ / "policy/snapshot";
    std::filesystem::remove(path);
    std::filesystem::remove(folder_ / "policy/audit.jsonl");
    if (how == "garbage") std::ofstream(path, std::ios::binary) << how;
    if (how == "cut off") std::ofstream(path, std::ios::binary) << whole.substr(0, whole.size() / 2);
    start_with(away_);
    ASSERT_TRUE(eventually([&] { return is_told(behind); })) << edge_->told();
    EXPECT_FALSE(edge_->blocks("n1.example"));
    edge_->stop();
    EXPECT_NE(file("audit.jsonl").find("\"what\":\"base-lost\""), std::string::npos);
    EXPECT_EQ(file("audit.jsonl").find("\"id\":\"snapshot:0\"") == std::string::npos, how == "removed") << file("audit.jsonl");
  }
  bool is_told(int batches) { return log_problem_has("only what they say is in force (" + std::to_string(batches) + " of them)"); }
  bool log_problem_has(const std::string& text) { return edge_->state().log_problem.find(text) != std::string::npos; }
  void forget_snapshots() { centre().ask({"HDEL", "tf:1:head", "snapshots"}); }
  // With Redis and, later, without it.
  void expect_whole(std::uint64_t sequence) {
    for (const std::string& server : {there_, away_}) {
      SCOPED_TRACE(server);
      start_with(server);
      ASSERT_TRUE(eventually([&] { return edge_->state().sequence == sequence && edge_->state().log_problem.empty() && edge_->blocks("n1.example"); })) << edge_->told();
      EXPECT_FALSE(edge_->blocks("n2.example"));
      EXPECT_TRUE(edge_->blocks("n5.example"));
      EXPECT_EQ(edge_->state().batches_refused, 0u) << edge_->told();
    }
  }
  // Redis has looked for snapshots and taken none.
  void expect_still_told() {
    std::this_thread::sleep_for(std::chrono::milliseconds(1500));
    EXPECT_EQ(edge_->state().snapshots_loaded, 0u);
    EXPECT_TRUE(log_problem_has("only what they say is in force")) << edge_->told();
  }
};

TEST_F(SnapshotOnDiskLost, IsToldUntilASnapshotComes) {
  for (const char* how : {"garbage", "cut off", "removed"}) {
    SCOPED_TRACE(how);
    count_ = 0;
    lose_it(how, 1);
    forget_snapshots();
    start_with(there_);
    centre().push({add_domain("n7.example")});
    ASSERT_TRUE(edge_->reaches(6));
    expect_still_told();
    EXPECT_TRUE(edge_->blocks("n5.example"));
    start_with(away_);
    ASSERT_TRUE(eventually([&] { return edge_->blocks("n7.example"); }));
    EXPECT_TRUE(is_told(2)) << edge_->told();
    ASSERT_TRUE(make().ok());
    expect_whole(6);
    edge_->stop();
    std::filesystem::remove_all(folder_ / "policy");
    centre().ask({"FLUSHALL"});
  }
}

TEST_F(SnapshotOnDiskLost, WithNoBatchBehindItTooAtEachStart) {
  lose_it("removed", 0);
  forget_snapshots();
  start_with(there_);
  ASSERT_TRUE(eventually([&] { return edge_->blocks("n4.example"); })) << edge_->told();
  expect_still_told();
  start_with(away_);
  ASSERT_TRUE(eventually([&] { return edge_->blocks("n4.example"); })) << edge_->told();
  EXPECT_TRUE(is_told(4)) << edge_->told();
  ASSERT_TRUE(make().ok());
  start_with(there_);
  ASSERT_TRUE(eventually([&] { return edge_->state().snapshots_loaded == 1; })) << edge_->told();
  EXPECT_EQ(edge_->state().log_problem, "");
  expect_blocks(1, 4);
}

// A mistake in who is trusted must not cost what is on disk.
TEST_F(SnapshotOnDiskLost, WhatWasRefusedForWantOfTrustIsThereAgainWhenItIsTrusted) {
  push_and_make(4);
  start_with(there_);
  ASSERT_TRUE(edge_->reaches(4));
  options_.redis.trust.signers[3].may_snapshot = false;
  for (int i = 0; i < 2; ++i) {
    start_with(away_);
    ASSERT_TRUE(eventually([&] { return is_told(0); })) << edge_->told();
  }
  options_.redis.trust.signers[3].may_snapshot = true;
  start_with(away_);
  ASSERT_TRUE(edge_->reaches(4));
  EXPECT_EQ(edge_->state().log_problem, "");
  expect_blocks(1, 4);
}

TEST_F(SnapshotOnDiskLost, AnOlderSnapshotMendsItWhenTheLogHasTheRest) {
  lose_it("removed", 2);
  centre().ask({"XTRIM", "tf:1:log", "MINID", "5-0"});
  expect_whole(6);
}

TEST_F(SnapshotOnDiskLost, AnOlderSnapshotTakesNothingThatTheLogHasNoMore) {
  lose_it("removed", 2);
  centre().ask({"XTRIM", "tf:1:log", "MINID", "6-0"});
  start_with(there_);
  ASSERT_TRUE(eventually([&] { return edge_->state().connected; }));
  expect_still_told();
  EXPECT_TRUE(edge_->blocks("n5.example"));
}

// What the disk has is better than a log that was lost: it stays, and so does the word that it is not all.
TEST_F(SnapshotOnDiskLost, ALogBegunAnewTakesNothing) {
  lose_it("removed", 2);
  centre().ask({"FLUSHALL"});
  centre().push({add_domain("fresh.example")});
  for (int i = 0; i < 2; ++i) {
    start_with(there_);
    ASSERT_TRUE(eventually([&] { return edge_->blocks("fresh.example"); })) << edge_->told();
    expect_still_told();
    EXPECT_TRUE(edge_->blocks("n5.example"));
    EXPECT_TRUE(edge_->blocks("n6.example"));
    EXPECT_EQ(edge_->breaks(LogBreak::kReset), i == 0 ? 1u : 0u) << edge_->told();
  }
}

// Redis comes back from a backup that ends before what the disk has; later its log goes on otherwise.
TEST_F(SnapshotOnDiskLost, ABackupThatIsBehindTakesNothing) {
  lose_it("removed", 2);
  const RedisReply all = centre().ask({"XRANGE", "tf:1:log", "-", "+"});
  centre().ask({"DEL", "tf:1:log"});
  for (std::size_t i = 0; i < 4; ++i) {
    const RedisReply& fields = all.items[i].items[1];
    centre().ask({"XADD", "tf:1:log", all.items[i].items[0].text, "h", fields.field("h")->text, "b", fields.field("b")->text, "s", fields.field("s")->text});
  }
  for (int i = 0; i < 3; ++i) {
    start_with(there_);
    ASSERT_TRUE(eventually([&] { return edge_->state().connected; }));
    if (i == 1) centre().push({add_domain("otherwise.example")});
    if (i >= 1) {
      ASSERT_TRUE(eventually([&] { return edge_->blocks("otherwise.example"); })) << edge_->told();
    }
    expect_still_told();
    EXPECT_TRUE(edge_->blocks("n5.example"));
    EXPECT_TRUE(edge_->blocks("n6.example"));
  }
}

TEST_F(SnapshotOnDiskLost, WhatIsAppendedAfterAWriterWasKilledIsReadAtTheNextStart) {
  be_killed_between(1);
  start_with(there_);
  centre().push({add_domain("n7.example")});
  ASSERT_TRUE(edge_->reaches(7));
  start_with(away_);
  ASSERT_TRUE(edge_->reaches(7)) << edge_->told();
  expect_blocks(1, 7);
}

}  // namespace
}  // namespace telefence
