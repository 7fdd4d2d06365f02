// SPDX-License-Identifier: Apache-2.0

// Snapshots on the disk of an edge: with a real redis-server.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "signatures/snapshot_edge.h"

namespace telefence {
namespace {

class SnapshotOnDisk : public SnapshotFeed {};

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
  push_and_make(4);
  start();
  ASSERT_TRUE(edge_->reaches(4));
  centre().push({add_domain("n5.example")});
  centre().push({add_domain("n6.example")});
  ASSERT_TRUE(edge_->reaches(6));
  edge_->stop();
  const std::string applied = file("applied.log");
  count_ = 6;
  push_and_make(1);
  std::filesystem::remove_all(folder_ / "policy");
  start();
  ASSERT_TRUE(edge_->reaches(7));
  edge_->stop();
  // The new snapshot is there, the batches are those of before it.
  const std::string snapshot = file("snapshot");
  std::ofstream(folder_ / "policy/applied.log", std::ios::binary) << applied;
  redis_.stop();
  start();
  ASSERT_TRUE(edge_->reaches(7));
  expect_blocks(1, 7);
  edge_->stop();
  // The snapshot on disk is spoilt: what there is filters, and Redis is asked for the rest.
  std::string spoilt = snapshot;
  spoilt[spoilt.size() - 3] = static_cast<char>(spoilt[spoilt.size() - 3] ^ 1);
  std::ofstream(folder_ / "policy/snapshot", std::ios::binary) << spoilt;
  start();
  ASSERT_TRUE(eventually([&] { return edge_->state().snapshots_refused == 1; }));
}

// With Redis away the node has next to nothing in force: nobody may take that for the whole.
TEST_F(SnapshotOnDisk, ASnapshotOnDiskThatCantBeUsedIsToldUntilTheWholeIsThere) {
  const std::string there = options_.redis.server, away = "unix:" + folder_ / "nobody.sock";
  const auto start_with = [&](const std::string& server) {
    if (edge_) edge_->stop();
    options_.redis.server = server;
    start();
  };
  for (const char* how : {"garbage", "cut off", "removed"}) {
    SCOPED_TRACE(how);
    count_ = 0;
    push_and_make(4);
    start_with(there);
    ASSERT_TRUE(edge_->reaches(4));
    centre().push({add_domain("n5.example"), remove_domain("n2.example")});
    ASSERT_TRUE(edge_->reaches(5));
    edge_->stop();
    const std::string whole = file("snapshot"), path = folder_ / "policy/snapshot";
    std::filesystem::remove(path);
    std::filesystem::remove(folder_ / "policy/audit.jsonl");
    if (how != std::string("removed")) std::ofstream(path, std::ios::binary) << (how == std::string("garbage") ? how : whole.substr(0, whole.size() / 2));
    start_with(away);
    ASSERT_TRUE(edge_->reaches(5));
    EXPECT_NE(edge_->state().log_problem.find("only what they say is in force (1 of them)"), std::string::npos) << edge_->state().log_problem;
    EXPECT_FALSE(edge_->blocks("n1.example"));
    EXPECT_TRUE(edge_->blocks("n5.example"));
    edge_->stop();
    EXPECT_NE(file("audit.jsonl").find("\"what\":\"base-lost\""), std::string::npos);
    EXPECT_EQ(file("audit.jsonl").find("\"id\":\"snapshot:0\"") == std::string::npos, how == std::string("removed")) << file("audit.jsonl");
    // Redis is back, without its snapshots: the log is read in its order, so that what was taken back stays so.
    centre().ask({"DEL", "tf:1:snapshots"});
    start_with(there);
    ASSERT_TRUE(eventually([&] { return edge_->blocks("n1.example") && edge_->state().log_problem.empty() && edge_->state().sequence == 5; }));
    EXPECT_FALSE(edge_->blocks("n2.example"));
    EXPECT_TRUE(edge_->blocks("n5.example"));
    // And is whole on disk, too.
    start_with(away);
    ASSERT_TRUE(edge_->reaches(5));
    EXPECT_EQ(edge_->state().log_problem, "");
    EXPECT_TRUE(edge_->blocks("n1.example"));
    EXPECT_FALSE(edge_->blocks("n2.example"));
    edge_->stop();
    std::filesystem::remove_all(folder_ / "policy");
    centre().ask({"FLUSHALL"});
  }
}

}  // namespace
}  // namespace telefence
