// SPDX-License-Identifier: Apache-2.0

// Edges and snapshots: with a real redis-server.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <map>
#include <set>
#include <thread>

#include "signatures/audit_log.h"
#include "signatures/snapshot_edge.h"
#include "signatures/snapshot_fetch.h"

namespace telefence {
namespace {

TEST_F(SnapshotFeed, ANewEdgeLoadsTheNewestAndReadsTheLogFromThere) {
  push_and_make(5);
  centre().push({remove_domain("n2.example"), add_domain("later.example")});
  centre().ask({"XTRIM", "tf:1:log", "MINID", "6-0"});  // nothing but the snapshot has the first five
  start();
  ASSERT_TRUE(edge_->reaches(6));
  EXPECT_TRUE(edge_->blocks("n1.example"));
  EXPECT_FALSE(edge_->blocks("n2.example"));
  EXPECT_TRUE(edge_->blocks("later.example"));
  EXPECT_EQ(edge_->state().snapshot, 5u);
  EXPECT_EQ(edge_->state().batches_applied, 1u);
  EXPECT_EQ(edge_->state().problem, "");
  EXPECT_EQ(edge_->state().note, "");
  // From its disk, without Redis.
  edge_->stop();
  redis_.stop();
  start();
  ASSERT_TRUE(edge_->reaches(6));
  EXPECT_EQ(edge_->state().snapshot, 5u);
  EXPECT_TRUE(edge_->blocks("n5.example"));
  EXPECT_FALSE(edge_->blocks("n2.example"));
  EXPECT_TRUE(edge_->blocks("later.example"));
}

TEST_F(SnapshotFeed, ALogTrimmedPastTheEdgesPlaceIsMendedByASnapshot) {
  push_and_make(3);
  start();
  ASSERT_TRUE(edge_->reaches(3));
  edge_->stop();
  push_and_make(4);
  push_and_make(2);
  centre().push({add_domain("last.example")});
  centre().ask({"XTRIM", "tf:1:log", "MINID", "10-0"});
  start();
  ASSERT_TRUE(edge_->reaches(10));
  ASSERT_TRUE(eventually([&] { return edge_->state().snapshots_loaded == 1; }));
  ASSERT_TRUE(eventually([&] { return edge_->blocks("last.example"); }));
  expect_blocks(1, 9);
  EXPECT_EQ(edge_->breaks(LogBreak::kGap), 1u);
  EXPECT_EQ(edge_->state().log_problem, "") << "it is mended";
}

// A region's edges meet a break in the same moment.
TEST_F(SnapshotFeed, EdgesThatMeetABreakTogetherDoNotLoadTogether) {
  constexpr std::size_t kEdges = 24;
  push_and_make(1);
  options_.redis.snapshot_spread_ms = 1500;
  std::vector<std::unique_ptr<EdgeFeed>> edges(kEdges);
  const auto start_all = [&] {
    std::vector<std::thread> starting;
    for (std::size_t i = 0; i < kEdges; ++i)
      starting.emplace_back([&, i] {
        SignatureOptions options = options_;
        options.state_dir = folder_ / ("policy" + std::to_string(i));
        edges[i] = std::make_unique<EdgeFeed>(options);
      });
    for (std::thread& one : starting) one.join();
  };
  start_all();
  for (const auto& edge : edges) ASSERT_TRUE(edge->reaches(1));
  for (auto& edge : edges) edge.reset();
  push_and_make(4);
  centre().ask({"XTRIM", "tf:1:log", "MINID", "5-0"});
  const auto before = std::chrono::steady_clock::now();
  start_all();
  std::map<std::size_t, double> loaded;  // when, in seconds
  ASSERT_TRUE(eventually([&] {
    for (std::size_t i = 0; i < kEdges; ++i)
      if (!loaded.contains(i) && edges[i]->state().snapshots_loaded == 1)
        loaded[i] = std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count();
    return loaded.size() == kEdges;
  }));
  std::vector<double> moments;
  for (const auto& [edge, moment] : loaded) moments.push_back(moment);
  std::sort(moments.begin(), moments.end());
  // By chance alone all of them within a third of the time, or 13 within a fifteenth of it, is not seen in a lifetime.
  EXPECT_GT(moments.back() - moments.front(), 0.5);
  for (std::size_t i = 0; i + 12 < kEdges; ++i) EXPECT_GT(moments[i + 12] - moments[i], 0.1) << i;
}

// It was only refused a batch, and looks for a snapshot that has it: one made without others would take those away.
TEST_F(SnapshotFeed, WhoHasAllBatchesLosesNoneToASnapshotWithGaps) {
  push_and_make(1);
  start();
  for (int i = 2; i <= 4; ++i) centre().push({add_domain("n" + std::to_string(i) + ".example")});
  ASSERT_TRUE(edge_->reaches(4));
  Centre(redis_.server()).push({add_domain("unsigned.example")});
  ASSERT_TRUE(eventually([&] { return edge_->state().batches_refused == 1; }));
  centre().ask({"XDEL", "tf:1:log", "3-0"});
  ASSERT_TRUE(make({.accept_gaps = true}).ok());
  edge_->stop();
  start();  // it reads the refused batch again, and looks for a snapshot at once
  ASSERT_TRUE(eventually([&] { return edge_->state().batches_refused >= 1; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  EXPECT_EQ(edge_->state().snapshot, 1u);
  expect_blocks(1, 4);
  // An edge that lacks one takes it.
  SignatureOptions options = options_;
  options.state_dir = folder_ / "other";
  EdgeFeed other(options);
  EXPECT_TRUE(eventually([&] { return other.state().snapshot == 5; }));
  EXPECT_FALSE(other.blocks("n3.example"));
}

TEST_F(SnapshotFeed, AForkIsMendedByASnapshot) {
  push_and_make(2);
  start();
  ASSERT_TRUE(edge_->reaches(2));
  const PackedBatch forked = pack_batch(3, 1, "centre", std::string(64, 'f'), std::vector{add_domain("forked.example")}).value();
  centre().add_raw("3-0", forked, to_line(sign_batch(city_, batch_hash(forked.header, forked.body))));
  ASSERT_TRUE(eventually([&] { return edge_->breaks(LogBreak::kFork) == 1; }));
  EXPECT_NE(edge_->state().log_problem, "");
  // Nobody makes a snapshot over it by mistake; one who says so does.
  EXPECT_FALSE(make().ok());
  ASSERT_TRUE(make({.accept_gaps = true}).ok());
  edge_->stop();
  start();
  ASSERT_TRUE(edge_->reaches(3));
}

TEST_F(SnapshotFeed, WhenTheLogIsLostAnOlderSnapshotTakesNothingBack) {
  start_at_an_empty_log();
  push_and_make(3);
  centre().push({add_domain("later.example"), remove_domain("n2.example")});
  ASSERT_TRUE(edge_->reaches(5));
  centre().ask({"DEL", "tf:1:log"});
  ASSERT_TRUE(eventually([&] { return edge_->breaks(LogBreak::kReset) == 1; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(2500));  // beyond snapshot_spread and a question that blocks
  EXPECT_EQ(edge_->state().snapshots_loaded, 0u);
  EXPECT_TRUE(edge_->blocks("later.example"));
  EXPECT_FALSE(edge_->blocks("n2.example"));
}

TEST_F(SnapshotFeed, WhenTheLogIsRestoredFromABackupAnOlderSnapshotTakesNothingBack) {
  start_at_an_empty_log();
  push_and_make(1);
  centre().push({add_domain("second.example")});
  centre().ask({"COPY", "tf:1:log", "backup"});
  centre().push({add_domain("later.example")});
  centre().push({remove_domain("n1.example")});
  ASSERT_TRUE(edge_->reaches(5));
  centre().ask({"COPY", "backup", "tf:1:log", "REPLACE"});
  centre().push({add_domain("after.example")});
  ASSERT_TRUE(eventually([&] { return edge_->breaks(LogBreak::kReset) == 1 && edge_->state().counts.domains == 4; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(2500));
  EXPECT_EQ(edge_->state().snapshots_loaded, 0u);
  EXPECT_TRUE(edge_->blocks("after.example"));
  EXPECT_TRUE(edge_->blocks("later.example"));
  EXPECT_FALSE(edge_->blocks("n1.example"));
}

TEST_F(SnapshotFeed, AnOldBatchOfAClockThatWasAheadHasNoEffect) {
  const std::int64_t ahead_ms = (std::time(nullptr) + 3600) * std::int64_t{1000};
  std::string previous;
  std::vector<std::pair<PackedBatch, std::string>> old;
  for (std::uint64_t i = 1; i <= 130; ++i) {
    const std::string line = i == 3 ? add_domain("innocent.example") : i == 4 ? remove_domain("innocent.example") : add_domain("n" + std::to_string(i) + ".example");
    const PackedBatch packed = pack_batch(i, ahead_ms, "centre", previous, std::vector{line}).value();
    previous = batch_hash(packed.header, packed.body);
    old.emplace_back(packed, to_line(sign_batch(city_, previous)));
    centre().add_raw(std::to_string(i) + "-0", packed, old.back().second);
  }
  ASSERT_TRUE(make().ok());
  centre().ask({"DEL", "tf:1:log"});
  for (std::uint64_t i = 1; i <= 3; ++i) centre().add_raw(std::to_string(i) + "-0", old[i - 1].first, old[i - 1].second);
  start();
  ASSERT_TRUE(eventually([&] { return edge_->state().snapshots_loaded == 1 && !edge_->state().problem.empty(); }));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_FALSE(edge_->blocks("innocent.example"));
  EXPECT_TRUE(edge_->blocks("n130.example"));
}

TEST_F(SnapshotFeed, ASignatureThatAServerLeftOutIsMadeGoodByASnapshot) {
  push_and_make(1);
  start();
  ASSERT_TRUE(edge_->reaches(1));
  edge_->stop();
  push_and_make(1);
  const RedisReply whole = centre().ask({"XRANGE", "tf:1:log", "-", "+"});
  ASSERT_EQ(whole.items.size(), 2u);
  centre().ask({"DEL", "tf:1:log"});
  for (std::size_t i = 0; i < 2; ++i) {
    const RedisReply& fields = whole.items[i].items[1];
    centre().add_raw(whole.items[i].items[0].text, {fields.field("h")->text, fields.field("b")->text}, i == 0 ? fields.field("s")->text : "");
  }
  start();
  ASSERT_TRUE(eventually([&] { return edge_->state().snapshots_loaded == 1; }));
  EXPECT_EQ(edge_->refusals(BatchRefusal::kUnsigned), 1u);
  ASSERT_TRUE(eventually([&] { return edge_->blocks("n2.example"); }));
}

TEST_F(SnapshotFeed, AFlippedByteIsNotTakenAndTheOneBeforeIs) {
  push_and_make(3);
  push_and_make(2);
  RedisReply chunk = centre().ask({"GET", "tf:1:snap:5:0"});
  chunk.text[chunk.text.size() / 2] = static_cast<char>(chunk.text[chunk.text.size() / 2] ^ 1);
  centre().ask({"SET", "tf:1:snap:5:0", chunk.text});
  start();
  ASSERT_TRUE(edge_->reaches(5));
  EXPECT_EQ(edge_->state().snapshot, 3u);
  EXPECT_EQ(edge_->state().snapshots_refused, 1u);
  expect_blocks(1, 5);
  EXPECT_TRUE(edge_->has_line("snapshot 5 refused: chunk 0 of snapshot 5 is not the one that its manifest names"));
  edge_->stop();
  // None is sound: the log is read.
  centre().ask({"DEL", "tf:1:snap:3:manifest"});
  std::filesystem::remove_all(folder_ / "policy");
  start();
  ASSERT_TRUE(edge_->reaches(5));
  EXPECT_EQ(edge_->state().snapshots_loaded, 0u);
  expect_blocks(1, 5);
}

TEST_F(SnapshotFeed, OnlyWhoMayMakeThemIsBelieved) {
  for (int i = 0; i < 3; ++i) centre().push({add_domain("n" + std::to_string(i) + ".example")});
  const SigningKey stranger = make_signing_key("stranger", "");
  for (const SigningKey* key : std::initializer_list<const SigningKey*>{&city_, &stranger}) {
    ASSERT_TRUE(make({.keys = {key}}).ok());
    centre().ask({"XTRIM", "tf:1:log", "MINID", "3-0"});
    start();
    ASSERT_TRUE(edge_->reaches(3));
    EXPECT_GE(edge_->state().snapshots_refused, 1u);
    EXPECT_EQ(edge_->state().snapshots_loaded, 0u);
    EXPECT_FALSE(edge_->blocks("n0.example"));
    edge_->stop();
    std::filesystem::remove_all(folder_ / "policy");
    if (key == &city_) {
      centre().ask({"FLUSHALL"});
      for (int i = 0; i < 3; ++i) centre().push({add_domain("n" + std::to_string(i) + ".example")});
    }
  }
}

TEST_F(SnapshotFeed, AWideEntryNeedsTheBatchThatTwoSigned) {
  const std::string wide = R"({"op":"add","kind":"number","value":"+86170*"})", text = R"({"op":"add","kind":"pattern","value":"验证码"})";
  Centre(redis_.server(), {&city_, &police_}).push({wide});
  Centre(redis_.server(), {&city_, &police_}).push({text});
  push_and_make(1);
  push_and_make(1);  // made of the one before: the proof goes along
  centre().ask({"XTRIM", "tf:1:log", "MINID", "3-0"});
  start();
  ASSERT_TRUE(edge_->reaches(3));
  EXPECT_EQ(edge_->state().snapshots_loaded, 1u) << edge_->state().problem;
  EXPECT_EQ(edge_->state().counts.numbers, 1u);
  EXPECT_EQ(edge_->state().counts.patterns, 1u) << "a wide pattern brings its batch along, too";
  edge_->stop();
  std::filesystem::remove_all(folder_ / "policy");
  // Whoever makes snapshots can't put one in alone: here by the word of edges that take what is unsigned.
  centre().ask({"FLUSHALL"});
  // Nor with the proof of another entry: by its name, or when two said it should only be watched.
  const std::string number = R"({"op":"add","kind":"number","value":"+86171*","shadow":true})";
  // Nor with one for a later time, by whom edges had not to wait.
  const std::string tomorrow = std::to_string(std::time(nullptr) + 86'400);
  const std::string later = R"({"op":"add","kind":"number","value":"+86172*","valid_from":)" + tomorrow + "}";
  const std::string watched = R"({"op":"add","kind":"number","value":"+86173*","shadow_until":)" + tomorrow + "}";
  Centre(redis_.server(), {&city_, &police_}).push({text, number, later, watched});
  Centre(redis_.server(), {}).push({R"({"op":"add","kind":"pattern","value":"验证.","match":"regex","name":"验证码"})", wide,
                                    R"({"op":"add","kind":"number","value":"+86171*"})", R"({"op":"add","kind":"number","value":"+86172*"})",
                                    R"({"op":"add","kind":"number","value":"+86173*"})"});
  TrustOptions lax;
  lax.accept_unsigned = true;
  RedisConnection connection;
  ASSERT_TRUE(connection.connect(redis_.login(), 5000).ok());
  ASSERT_TRUE(make_snapshot(connection, test_terms(), lax, {.keys = {&maker_}}).ok());
  start();
  // It is loaded first, and told of when it is in force.
  ASSERT_TRUE(eventually([&] { return edge_->state().recent_complaints.size() == 5; })) << edge_->state().recent_complaints.size();
  EXPECT_EQ(edge_->state().snapshots_loaded, 1u);
  EXPECT_EQ(edge_->state().counts.numbers, 0u);
  EXPECT_EQ(edge_->state().counts.patterns, 0u);
  for (const Complaint& complaint : edge_->state().recent_complaints) EXPECT_EQ(complaint.reason, "this is a wide entry, and no batch of two signers is there for it");
}

// The edge has never seen the batch that used it: the snapshot has to tell.
TEST_F(SnapshotFeed, AnApprovalStaysUsedWhenItsEntryWasTakenBack) {
  const std::string wide = R"({"op":"add","kind":"number","value":"+86170*"})";
  BatchAuthor author("centre", {&city_});
  author.approvals = {approve_body(police_, wide + "\n", std::time(nullptr) + 86'400)};
  RedisConnection connection;
  ASSERT_TRUE(connection.connect(redis_.login(), 5000).ok());
  const auto push_approved = [&] { ASSERT_TRUE(publish_batch(connection, "tf:1:log", {&wide, 1}, author).ok()); };
  push_approved();
  centre().push({R"({"op":"remove","kind":"number","value":"+86170*"})"});
  // Also when the snapshot is made of another one.
  ASSERT_TRUE(make().ok());
  push_and_make(1);
  centre().ask({"XTRIM", "tf:1:log", "MINID", "4-0"});
  start();
  ASSERT_TRUE(edge_->reaches(3));
  push_approved();
  push_approved();
  centre().push({add_domain("last.example")});
  ASSERT_TRUE(edge_->reaches(6));
  EXPECT_EQ(edge_->refusals(BatchRefusal::kNeedsSecond), 2u);
  EXPECT_EQ(edge_->state().counts.numbers, 0u);
}

TEST_F(SnapshotFeed, AWideEntryThatWaitsBringsItsBatchAlong) {
  const std::string later = std::to_string(std::time(nullptr) + 2);
  Centre(redis_.server(), {&city_, &police_}).push({R"({"op":"add","kind":"number","value":"+86170*","valid_from":)" + later + "}"});
  push_and_make(1);
  std::this_thread::sleep_for(std::chrono::milliseconds(2200));
  push_and_make(1);  // it has become due in between
  centre().ask({"XTRIM", "tf:1:log", "MINID", "3-0"});
  start();
  ASSERT_TRUE(edge_->reaches(3));
  EXPECT_EQ(edge_->state().snapshots_refused, 0u) << edge_->state().problem;
  EXPECT_EQ(edge_->state().counts.numbers, 1u);
}

// Somebody who owns Redis hides a batch, and names a snapshot of before what was taken back.
TEST_F(SnapshotFeed, AnOldSnapshotTakesNothingBack) {
  push_and_make(2);
  start();
  ASSERT_TRUE(edge_->reaches(2));
  centre().push({remove_domain("n1.example")});
  ASSERT_TRUE(edge_->reaches(3));
  centre().push({add_domain("hidden.example")});
  ASSERT_TRUE(edge_->reaches(4));
  edge_->stop();
  centre().push({add_domain("missing.example")});
  centre().push({add_domain("last.example")});
  centre().ask({"XDEL", "tf:1:log", "5-0"});
  start();
  ASSERT_TRUE(edge_->reaches(6));
  EXPECT_EQ(edge_->breaks(LogBreak::kGap), 1u);
  std::this_thread::sleep_for(std::chrono::milliseconds(2500));
  EXPECT_EQ(edge_->state().snapshots_loaded, 0u);
  EXPECT_FALSE(edge_->blocks("n1.example"));
  EXPECT_TRUE(edge_->blocks("hidden.example"));
}

TEST_F(SnapshotFeed, WhatEveryEdgeRefusesAlikeStopsNoSnapshot) {
  push_and_make(1);
  Centre(redis_.server(), {}).push({add_domain("unsigned.example")});
  const PackedBatch forged = pack_batch(3, 1, "centre", "", std::vector{add_domain("forged.example")}).value();
  centre().add_raw("3-0", forged, to_line(sign_batch(city_, std::string(64, 'f'))));
  centre().ask({"XADD", "tf:1:log", "4-0", "h", "nonsense", "b", "x"});
  push_and_make(1);
  start();
  ASSERT_TRUE(edge_->reaches(5));
  EXPECT_EQ(edge_->state().snapshot, 5u) << "made without --accept-gaps";
  expect_blocks(1, 2);
  EXPECT_FALSE(edge_->blocks("unsigned.example"));
  EXPECT_FALSE(edge_->blocks("forged.example"));
  // Where unsigned batches count, an edge with other keys may have taken it.
  centre().add_raw("6-0", pack_batch(6, 1, "centre", "", std::vector{add_domain("forged.example")}).value(), to_line(sign_batch(city_, std::string(64, 'f'))));
  options_.redis.trust.accept_unsigned = true;
  EXPECT_FALSE(make().ok());
}

TEST_F(SnapshotFeed, WhatTheMakerCantTakeIsNotSignedAway) {
  centre().push({add_domain("n1.example")});
  const SigningKey stranger = make_signing_key("stranger", "");
  Centre(redis_.server(), {&stranger}).push({add_domain("theirs.example")});
  const Result<MadeSnapshot> made = make();
  ASSERT_FALSE(made.ok());
  EXPECT_NE(made.error().message.find("edges with other keys or a newer version may have taken it"), std::string::npos) << made.error().message;
  EXPECT_TRUE(make({.accept_gaps = true}).ok());
}

TEST_F(SnapshotFeed, AnOldBatchPutIntoItsPlaceAgainHasNoEffect) {
  centre().push({add_domain("old.example")});
  const RedisReply old = centre().ask({"XRANGE", "tf:1:log", "1-0", "1-0"}).items[0].items[1];
  centre().push({remove_domain("old.example")});
  ASSERT_TRUE(make().ok());
  start();
  ASSERT_TRUE(edge_->reaches(2));
  EXPECT_EQ(edge_->state().snapshots_loaded, 1u);
  // Somebody who owns Redis makes the log anew, of what was signed once.
  centre().ask({"DEL", "tf:1:log"});
  centre().add_raw("1-0", {old.field("h")->text, old.field("b")->text}, old.field("s")->text);
  ASSERT_TRUE(eventually([&] { return edge_->state().problem.find("is behind: its log ends with batch 1-0") != std::string::npos; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_FALSE(edge_->blocks("old.example"));
}

// A second server, and an edge that began with a snapshot of the first.
class SnapshotAndTwoServers : public SnapshotFeed {
 protected:
  SnapshotAndTwoServers() { options_.redis.others = {second_.server()}; }
  Centre second() const { return Centre(second_.server(), {&city_}); }
  // What replication brings to the second one.
  void replicate(int from, int to) {
    for (const RedisReply& entry : log_.items) {
      const auto sequence = static_cast<int>(first_part(entry.items[0].text));
      if (sequence < from || sequence > to) continue;
      const RedisReply& fields = entry.items[1];
      second().add_raw(entry.items[0].text, {fields.field("h")->text, fields.field("b")->text}, fields.field("s")->text);
    }
  }
  // The edge has loaded the snapshot of batch `batches`; then the first server goes away, and the second has `replicated` of them.
  void lose_the_first(int replicated, int batches) {
    for (int i = 0; i < batches / 2; ++i) centre().push({add_domain("early" + std::to_string(i) + ".example")});
    ASSERT_TRUE(make().ok());  // the next is made of it
    push_and_make(batches - batches / 2);
    log_ = centre().ask({"XRANGE", "tf:1:log", "-", "+"});
    ASSERT_EQ(log_.items.size(), static_cast<std::size_t>(batches));
    replicate(1, replicated);
    start();
    ASSERT_TRUE(edge_->reaches(static_cast<std::uint64_t>(batches)));
    ASSERT_EQ(edge_->state().snapshots_loaded, 1u);
    redis_.stop();
  }
  bool is_behind_at(int batch) {
    return eventually([&] { return edge_->state().problem.find("is behind: its log ends with batch " + std::to_string(batch) + "-0") != std::string::npos; });
  }
  // And nothing is published any more, so that blocks() may be asked.
  bool comes_to(std::uint64_t domains) {
    const bool has_come = eventually([&] { return edge_->state().counts.domains == domains; });
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    return has_come;
  }
  std::uint64_t all_breaks() const { return edge_->breaks(LogBreak::kReset) + edge_->breaks(LogBreak::kGap) + edge_->breaks(LogBreak::kFork); }

  PrivateRedis second_;
  RedisReply log_;
};

TEST_F(SnapshotAndTwoServers, AReplicaThatIsBehindTheSnapshotIsCalledBehind) {
  lose_the_first(395, 400);
  ASSERT_TRUE(is_behind_at(395)) << edge_->state().problem;
  EXPECT_EQ(all_breaks(), 0u);
  // It catches up; until it has, it is behind.
  replicate(396, 398);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_NE(edge_->state().problem, "");
  replicate(399, 400);
  ASSERT_TRUE(eventually([&] { return edge_->state().problem.empty(); })) << edge_->state().problem;
  second().push({remove_domain("n1.example"), add_domain("after.example")});
  ASSERT_TRUE(edge_->reaches(401));
  ASSERT_TRUE(comes_to(400));
  EXPECT_TRUE(edge_->blocks("after.example"));
  EXPECT_TRUE(edge_->blocks("early0.example"));
  EXPECT_FALSE(edge_->blocks("n1.example"));
  EXPECT_EQ(all_breaks(), 0u);
  EXPECT_EQ(edge_->state().snapshots_loaded, 1u);
}

TEST_F(SnapshotAndTwoServers, SoIsOneThatIsFarBehind) {
  lose_the_first(101, 400);  // between two that the snapshot names
  ASSERT_TRUE(is_behind_at(101)) << edge_->state().problem;
  replicate(102, 400);
  ASSERT_TRUE(eventually([&] { return edge_->state().problem.empty(); })) << edge_->state().problem;
  second().push({add_domain("after.example")});
  ASSERT_TRUE(edge_->reaches(401));
  EXPECT_EQ(all_breaks(), 0u);
}

// The second one was made the primary though it lacked the last ones, and others took their place.
TEST_F(SnapshotAndTwoServers, ALogThatGoesOnOtherwiseIsNoneThatIsBehind) {
  lose_the_first(101, 400);
  ASSERT_TRUE(is_behind_at(101)) << edge_->state().problem;
  second().push({add_domain("instead.example")});
  ASSERT_TRUE(eventually([&] { return edge_->breaks(LogBreak::kReset) == 1; }));
  ASSERT_TRUE(comes_to(401)) << edge_->state().counts.domains;
  EXPECT_TRUE(edge_->blocks("instead.example"));
  EXPECT_TRUE(edge_->blocks("n1.example"));
}

// The same, before the edge comes: what was pushed in place of others is read, though the end of the log is behind.
TEST_F(SnapshotAndTwoServers, WhatTookThePlaceOfOthersIsRead) {
  lose_the_first(0, 400);
  edge_->stop();
  replicate(1, 101);
  for (int i = 0; i < 2; ++i) second().push({add_domain("instead" + std::to_string(i) + ".example")});
  start();
  ASSERT_TRUE(eventually([&] { return edge_->breaks(LogBreak::kReset) >= 1; }));
  ASSERT_TRUE(comes_to(402)) << edge_->state().counts.domains;
  EXPECT_TRUE(edge_->blocks("instead1.example"));
  EXPECT_TRUE(edge_->blocks("instead0.example"));
}

TEST_F(SnapshotAndTwoServers, AnotherLogIsToldThoughItIsShorter) {
  lose_the_first(0, 40);
  edge_->stop();
  for (int i = 0; i < 30; ++i) second().push({add_domain("other" + std::to_string(i) + ".example")});
  start();
  ASSERT_TRUE(eventually([&] { return edge_->breaks(LogBreak::kReset) >= 1; }));
  ASSERT_TRUE(comes_to(70)) << edge_->state().counts.domains;
  EXPECT_TRUE(edge_->blocks("other29.example"));
  EXPECT_EQ(edge_->state().problem.find("is behind"), std::string::npos) << edge_->state().problem;
}

// Two primaries at once: batches of before the snapshot was made that are not in it. They have no effect, and that is told.
TEST_F(SnapshotAndTwoServers, ABatchOfBeforeThatIsNotInTheSnapshotIsTold) {
  const PackedBatch other = pack_batch(6, 1000, "centre", std::string(), std::vector{add_domain("other.example")}).value();
  lose_the_first(5, 10);
  ASSERT_TRUE(is_behind_at(5)) << edge_->state().problem;
  second().add_raw("6-0", other, to_line(sign_batch(city_, batch_hash(other.header, other.body))));
  ASSERT_TRUE(eventually([&] { return edge_->breaks(LogBreak::kReset) == 1; }));
  EXPECT_NE(edge_->state().log_problem.find("batch 6-0 is another one than snapshot 10 was made of"), std::string::npos) << edge_->state().log_problem;
  EXPECT_FALSE(edge_->blocks("other.example"));
}

TEST_F(SnapshotFeed, KindsThatAreNotEnforcedAreCountedTheSameByLogAndBySnapshot) {
  const auto push = [&](const std::string& op, const std::string& kind, const std::string& value, const std::string& more = "") {
    const std::string text = value.empty() ? "" : R"(,"value":")" + value + "\"";
    last_ = centre().push({R"({"op":")" + op + R"(","kind":")" + kind + "\"" + text + more + "}"});
  };
  push("add", "ip", "192.0.2.0/24");
  push("add", "ip", "192.0.2.0/24");
  push("add", "ip", "192.0.2.0/24", R"(,"source":"vendor")");
  push("add", "ip", "2001:db8::1");
  push("add", "account", "6222 0000");
  push("allow", "app", "com.good.app");
  push("add", "app", "com.bad.loan", R"(,"source":"vendor")");
  ASSERT_TRUE(make().ok());
  push("add", "app", "com.worse.loan", R"(,"source":"vendor","expires":)" + std::to_string(std::time(nullptr) + 4));
  push("remove", "ip", "2001:db8::1");
  push("replace-list", "app", "", R"(,"source":"nobody")");
  ASSERT_TRUE(make().ok());
  push("add", "account", "6222 1111");
  const auto counts = [&] {
    const auto& of = edge_->state().not_enforced;
    return std::vector{of[static_cast<std::size_t>(UnenforcedKind::kIp)], of[static_cast<std::size_t>(UnenforcedKind::kAccount)], of[static_cast<std::size_t>(UnenforcedKind::kApp)]};
  };
  start();
  ASSERT_TRUE(edge_->reaches(last_));
  EXPECT_EQ(edge_->state().snapshots_loaded, 1u);
  EXPECT_EQ(counts(), (std::vector<std::uint64_t>{2, 2, 3}));
  EXPECT_EQ(edge_->state().counts.in_force(), 0u) << "none of them is taken for a domain";
  edge_->stop();
  start();  // from its disk
  ASSERT_TRUE(edge_->reaches(last_));
  EXPECT_EQ(counts(), (std::vector<std::uint64_t>{2, 2, 3}));
  edge_->stop();
  std::filesystem::remove_all(folder_ / "policy");
  centre().ask({"DEL", "tf:1:head"});  // no snapshot is named
  start();
  ASSERT_TRUE(edge_->reaches(last_));
  EXPECT_EQ(edge_->state().snapshots_loaded, 0u);
  EXPECT_EQ(counts(), (std::vector<std::uint64_t>{2, 2, 3}));
  // What is over is not counted, and a removal without a source takes away what all say.
  ASSERT_TRUE(eventually([&] { return counts() == std::vector<std::uint64_t>{2, 2, 2}; }));
  push("remove", "ip", "192.0.2.0/24");
  push("replace-list", "app", "", R"(,"source":"vendor")");
  ASSERT_TRUE(edge_->reaches(last_));
  EXPECT_EQ(counts(), (std::vector<std::uint64_t>{0, 2, 1}));
}

// Whoever is faster: what is named is whole, and nothing else is left behind.
TEST_F(SnapshotFeed, TwoMakersAtOnceSpoilNothing) {
  push_and_make(1);
  std::map<std::string, int> outcomes;
  const auto has_been = [&](const std::string& part) {
    return std::any_of(outcomes.begin(), outcomes.end(), [&](const auto& one) { return one.first.find(part) != std::string::npos; });
  };
  for (int round = 0; round < 300 && (round < 20 || !has_been("makes snapshot") || !has_been("has made a snapshot meanwhile")); ++round) {
    for (int i = 0; i < 5; ++i) centre().push({add_domain("r" + std::to_string(round) + "-" + std::to_string(i) + ".example")});
    std::atomic<bool> is_over = false;
    std::thread publisher([&] {
      // In every other round nobody pushes: then all of them make the same one.
      for (int i = 0; round % 2 == 0 && !is_over; ++i) {
        centre().push({add_domain("p" + std::to_string(round) + "-" + std::to_string(i) + ".example")});
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    });
    std::vector<std::string> told(3);
    std::vector<std::thread> makers;
    for (std::string& outcome : told)
      makers.emplace_back([&] {
        const Result<MadeSnapshot> made = make();
        outcome = made.ok() ? "made" : made.error().message;
      });
    for (std::thread& maker : makers) maker.join();
    is_over = true;
    publisher.join();
    for (const std::string& outcome : told) ++outcomes[outcome];
    EXPECT_GE(std::count(told.begin(), told.end(), "made"), 1) << told[0] << "; " << told[1] << "; " << told[2];
    std::set<std::string> expected;
    RedisConnection connection;
    ASSERT_TRUE(connection.connect(redis_.login(), 5000).ok());
    const AskRedis ask = [&](auto words) { return connection.command(words, 5000); };
    const std::vector<std::uint64_t> names = snapshots_at(ask, "tf:1:log").value();
    for (const std::uint64_t sequence : names) {
      const Result<ManifestThere> there = manifest_at(ask, "tf:1:log", sequence);
      ASSERT_TRUE(there.ok()) << there.error().message;
      expected.insert(manifest_key("tf:1:log", sequence));
      for (std::size_t i = 0; i < there.value().manifest.chunks.size(); ++i) {
        const Result<std::string> chunk = chunk_at(ask, "tf:1:log", there.value().manifest, i);
        ASSERT_TRUE(chunk.ok()) << chunk.error().message;
        EXPECT_TRUE(unpack_chunk(there.value().manifest, i, chunk.value()).ok());
        expected.insert(chunk_key("tf:1:log", sequence, i));
      }
    }
    std::set<std::string> found;
    for (const RedisReply& key : centre().ask({"KEYS", "tf:1:snap:*"}).items) found.insert(key.text);
    EXPECT_EQ(found, expected);
  }
  for (const auto& [outcome, count] : outcomes) std::printf("%4d %s\n", count, outcome.c_str());
  EXPECT_TRUE(has_been("makes snapshot")) << "never two of the same";
  EXPECT_TRUE(has_been("has made a snapshot meanwhile")) << "never one faster than another";
}

TEST_F(SnapshotFeed, AMakerWhoseClaimIsAnothersTouchesNothing) {
  push_and_make(1);
  centre().push({add_domain("n2.example")});
  centre().ask({"SET", "tf:1:snap:2:maker", "another"});
  centre().ask({"SET", "tf:1:snap:2:0", "what another has written"});
  const Result<MadeSnapshot> refused = make();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kFailed);
  EXPECT_EQ(centre().ask({"GET", "tf:1:snap:2:0"}).text, "what another has written");
  EXPECT_EQ(centre().ask({"GET", "tf:1:snap:2:maker"}).text, "another");
  centre().ask({"DEL", "tf:1:snap:2:maker"});
  ASSERT_TRUE(make().ok());
  EXPECT_EQ(centre().ask({"EXISTS", "tf:1:snap:2:maker"}).integer, 0);
}

TEST_F(SnapshotFeed, KeepsTheLastFewAndTrimsWhatIsOld) {
  for (int i = 0; i < 5; ++i) push_and_make(2);
  EXPECT_EQ(centre().ask({"HGET", "tf:1:head", "snapshots"}).text, "10,8,6");
  EXPECT_EQ(centre().ask({"EXISTS", "tf:1:snap:4:manifest", "tf:1:snap:4:0", "tf:1:snap:2:manifest"}).integer, 0);
  EXPECT_EQ(centre().ask({"EXISTS", "tf:1:snap:6:manifest", "tf:1:snap:6:0"}).integer, 2);
  EXPECT_EQ(make().error().code, ErrorCode::kUsage) << "nothing new";
  // Two of long ago, two of today; the snapshot has them all.
  centre().ask({"FLUSHALL"});
  std::string hash;
  for (std::uint64_t i = 1; i <= 4; ++i) {
    const std::int64_t dated_ms = 1000 * (std::time(nullptr) - (i <= 2 ? 5 * 86400 : 60));
    const PackedBatch packed = pack_batch(i, dated_ms, "centre", hash, std::vector{add_domain("t" + std::to_string(i) + ".example")}).value();
    hash = batch_hash(packed.header, packed.body);
    centre().add_raw(std::to_string(i) + "-0", packed, to_line(sign_batch(city_, hash)));
  }
  const Result<MadeSnapshot> done = make({.trim_older_s = 2 * 86400});
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_EQ(done.value().trimmed, 2u);
  EXPECT_EQ(centre().ask({"XLEN", "tf:1:log"}).integer, 2);
}

// What two signed is read again with its batch: the approval is of this one.
TEST_F(SnapshotFeed, AWideEntryBehindAnOlderSnapshotIsTakenAgain) {
  start_at_an_empty_log();
  const std::string wide = R"({"op":"add","kind":"number","value":"+86170*"})";
  BatchAuthor author("centre", {&city_});
  author.approvals = {approve_body(police_, wide + "\n", std::time(nullptr) + 86'400)};
  RedisConnection connection;
  ASSERT_TRUE(connection.connect(redis_.login(), 5000).ok());
  centre().push({add_domain("hidden.example")});
  ASSERT_TRUE(edge_->reaches(2));
  edge_->stop();
  centre().push({add_domain("missing.example")});  // which this edge never sees
  push_and_make(1);
  ASSERT_TRUE(publish_batch(connection, "tf:1:log", {&wide, 1}, author).ok());
  centre().ask({"XDEL", "tf:1:log", "3-0"});
  start();
  ASSERT_TRUE(edge_->reaches(5));
  ASSERT_TRUE(eventually([&] { return edge_->state().snapshots_loaded == 1; })) << edge_->told();
  ASSERT_TRUE(eventually([&] { return edge_->state().sequence == 5 && edge_->state().counts.numbers == 1; })) << edge_->state().last_refusal;
  EXPECT_EQ(edge_->state().batches_refused, 0u) << edge_->state().last_refusal;
}

}  // namespace
}  // namespace telefence
