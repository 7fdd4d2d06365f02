// SPDX-License-Identifier: Apache-2.0

// What an edge takes from a log, and from whom: with a real redis-server.

#include <gtest/gtest.h>
#include <zstd.h>

#include <ctime>
#include <fstream>

#include "redis/private_redis.h"
#include "signatures/audit_log.h"
#include "signatures/batch.h"
#include "signatures/edge_feed.h"

namespace telefence {
namespace {

using Lines = std::vector<std::string>;

class FeedTrust : public testing::Test {
 protected:
  FeedTrust() : city_(make_signing_key("city", "")), other_(make_signing_key("other", "")), stranger_(make_signing_key("stranger", "")) {
    EXPECT_TRUE(write_key_files(folder_ / "city", city_).ok());
    EXPECT_TRUE(write_key_files(folder_ / "other", other_).ok());
    options_.redis.server = redis_.server();
    options_.state_dir = folder_ / "policy";
    options_.redis.trust.signers = {{folder_ / "city.pub", {}, {}, {}, true}, {folder_ / "other.pub", {}, {}, {}, true}};
  }
  void start() { edge_ = std::make_unique<EdgeFeed>(options_); }
  Centre centre() const { return Centre(redis_.server(), {&city_}); }

  PackedBatch packed(std::uint64_t sequence, const std::string& previous, const Lines& lines) {
    return pack_batch(sequence, 1000 * std::time(nullptr), "centre", previous, lines).value();
  }
  std::string hash_of(const PackedBatch& batch) { return batch_hash(batch.header, batch.body); }
  std::string signed_by(const SigningKey& key, const PackedBatch& batch) { return to_line(sign_batch(key, hash_of(batch))); }

  // Whether the edge refuses the second of three batches for this reason, and the third, signed and chained to it, is in force.
  void expect_refused_and_the_chain_goes_on(BatchRefusal reason, const PackedBatch& second, const std::string& signatures) {
    centre().add_raw("2-0", second, signatures);
    EXPECT_EQ(centre().push({add_domain("third.example")}), 3u);
    ASSERT_TRUE(edge_->reaches(3));
    EXPECT_EQ(edge_->refusals(reason), 1u) << edge_->state().last_refusal;
    EXPECT_EQ(edge_->state().batches_refused, 1u);
    EXPECT_FALSE(edge_->state().last_refusal.empty());
    EXPECT_TRUE(edge_->blocks("first.example"));
    EXPECT_FALSE(edge_->blocks("second.example"));
    EXPECT_TRUE(edge_->blocks("third.example"));
    EXPECT_TRUE(edge_->has_line("batch 2-0 refused"));
    EXPECT_EQ(edge_->breaks(LogBreak::kFork) + edge_->breaks(LogBreak::kGap), 0u);
    // On disk, too.
    edge_->stop();
    const std::string text = audit();
    EXPECT_NE(text.find("\"what\":\"refused\",\"id\":\"2-0\",\"reason\":\"" + std::string(refusal_name(reason))), std::string::npos) << text;
    EXPECT_EQ(verify_audit(folder_ / "policy/audit.jsonl").value().broken_line, 0u);
  }
  void begin_with_one() {
    start();
    ASSERT_EQ(centre().push({add_domain("first.example")}), 1u);
    ASSERT_TRUE(edge_->reaches(1));
  }
  std::string hash_of_newest() {
    const RedisReply newest = centre().ask({"XREVRANGE", "tf:1:log", "+", "-", "COUNT", "1"});
    const RedisReply& fields = newest.items[0].items[1];
    return batch_hash(fields.field("h")->text, fields.field("b")->text);
  }
  std::string audit() {
    std::ifstream stream(folder_ / "policy/audit.jsonl");
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  TestFolder folder_;
  PrivateRedis redis_;
  SigningKey city_, other_, stranger_;
  SignatureOptions options_;
  std::unique_ptr<EdgeFeed> edge_;
  const Lines second_{add_domain("second.example")};
};

TEST_F(FeedTrust, ABatchThatWouldPassTheQuotaOfItsSourceIsRefused) {
  options_.redis.trust.quotas = {{"centre", 2}, {"vendor", 0}};
  begin_with_one();
  EXPECT_EQ(centre().push({add_domain("first.example", R"(,"level":1)"), add_domain("second.example"), add_domain("second.example")}), 2u);
  ASSERT_TRUE(edge_->reaches(2)) << "two, one of them for the second time";
  centre().push({add_domain("third.example")});
  centre().push({add_domain("fourth.example", R"(,"source":"vendor")")});
  // Neither by what waits, nor must a new list be smaller than the old one.
  centre().push({add_domain("later.example", R"(,"valid_from":99999999999)")});
  centre().push({R"({"op":"replace-list","kind":"domain","source":"centre"})", add_domain("second.example")});
  centre().push({add_domain("fifth.example")});
  ASSERT_TRUE(edge_->reaches(7));
  EXPECT_EQ(edge_->refusals(BatchRefusal::kOverQuota), 3u) << edge_->state().last_refusal;
  for (const char* name : {"third.example", "fourth.example"}) EXPECT_FALSE(edge_->blocks(name)) << name;
  for (const char* name : {"second.example", "fifth.example"}) EXPECT_TRUE(edge_->blocks(name)) << name;
}

TEST_F(FeedTrust, AnUnsignedBatchIsRefused) {
  begin_with_one();
  expect_refused_and_the_chain_goes_on(BatchRefusal::kUnsigned, packed(2, hash_of_newest(), second_), "");
}

TEST_F(FeedTrust, ABatchOfAStrangerIsRefused) {
  begin_with_one();
  const PackedBatch batch = packed(2, hash_of_newest(), second_);
  expect_refused_and_the_chain_goes_on(BatchRefusal::kUnknownSigner, batch, signed_by(stranger_, batch));
}

TEST_F(FeedTrust, AChangedBodyIsRefused) {
  begin_with_one();
  const PackedBatch good = packed(2, hash_of_newest(), {add_domain("harmless.example")});
  PackedBatch forged = packed(2, hash_of_newest(), second_);
  forged.header = good.header;
  expect_refused_and_the_chain_goes_on(BatchRefusal::kWrongSignature, forged, signed_by(city_, good));
}

TEST_F(FeedTrust, AWideEntryOfOneSignerIsRefused) {
  begin_with_one();
  const PackedBatch batch = packed(2, hash_of_newest(), {second_[0], R"({"op":"add","kind":"number","value":"+86170*"})"});
  expect_refused_and_the_chain_goes_on(BatchRefusal::kNeedsSecond, batch, signed_by(city_, batch));
}

TEST_F(FeedTrust, AnOperationOfANewerVersionRefusesTheWholeBatch) {
  begin_with_one();
  const PackedBatch batch = packed(2, hash_of_newest(), {second_[0], R"({"op":"quarantine","kind":"domain","value":"x.example"})"});
  expect_refused_and_the_chain_goes_on(BatchRefusal::kNewer, batch, signed_by(city_, batch));
}

TEST_F(FeedTrust, AFormatOfANewerVersionIsRefused) {
  begin_with_one();
  PackedBatch batch = packed(2, hash_of_newest(), second_);
  batch.header.insert(1, R"("v":2,)");
  expect_refused_and_the_chain_goes_on(BatchRefusal::kNewer, batch, signed_by(city_, batch));
}

TEST_F(FeedTrust, ABodyThatUnpacksToTenGigabytesIsRefused) {
  begin_with_one();
  PackedBatch batch = packed(2, hash_of_newest(), second_);
  // What zstd makes of 1 GiB of blanks at a time fits 64 KiB twice; the frame's header says ten times more than there is.
  const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), &ZSTD_freeCCtx);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_contentSizeFlag, 1);
  ZSTD_CCtx_setPledgedSrcSize(context.get(), 10'000'000'000ull);
  batch.body.assign(48'000, '\0');
  const std::string blanks(1 << 20, ' ');
  ZSTD_outBuffer out{batch.body.data(), batch.body.size(), 0};
  for (int i = 0; i < 1024 && out.pos + 64 < out.size; ++i) {
    ZSTD_inBuffer in{blanks.data(), blanks.size(), 0};
    while (in.pos < in.size) ASSERT_FALSE(ZSTD_isError(ZSTD_compressStream2(context.get(), &out, &in, ZSTD_e_flush)));
  }
  batch.body.resize(out.pos);
  expect_refused_and_the_chain_goes_on(BatchRefusal::kMalformed, batch, signed_by(city_, batch));
}

TEST_F(FeedTrust, ARepeatedSequenceIsRefused) {
  begin_with_one();
  const PackedBatch batch = packed(1, "", second_);  // number 1 again, in place 2
  expect_refused_and_the_chain_goes_on(BatchRefusal::kMalformed, batch, signed_by(city_, batch));
}

TEST_F(FeedTrust, AnOldBatchPutInAgainHasNoEffect) {
  begin_with_one();
  ASSERT_EQ(centre().push({remove_domain("first.example")}), 2u);
  ASSERT_TRUE(edge_->reaches(2));
  ASSERT_FALSE(edge_->blocks("first.example"));
  // Whoever has Redis makes a log anew that ends before the removal, and which is signed and chained all the same.
  const RedisReply all = centre().ask({"XRANGE", "tf:1:log", "-", "+"});
  const RedisReply& fields = all.items[0].items[1];
  const PackedBatch first{fields.field("h")->text, fields.field("b")->text};
  centre().ask({"DEL", "tf:1:log"});
  centre().add_raw("1-0", first, fields.field("s")->text);
  ASSERT_TRUE(eventually([&] { return edge_->state().problem.find("is behind") != std::string::npos; })) << edge_->state().problem;
  EXPECT_FALSE(edge_->blocks("first.example"));
  // The same from nothing, so that it is read from its beginning.
  centre().ask({"DEL", "tf:1:log"});
  ASSERT_TRUE(eventually([&] { return edge_->breaks(LogBreak::kReset) == 1; }));
  centre().add_raw("1-0", first, fields.field("s")->text);
  const PackedBatch next = packed(2, hash_of(first), {add_domain("next.example")});
  centre().add_raw("2-0", next, signed_by(city_, next));
  ASSERT_TRUE(eventually([&] { return edge_->state().batches_applied == 3 && edge_->state().counts.domains > 0; }));
  EXPECT_EQ(edge_->state().counts.domains, 1u);
  EXPECT_FALSE(edge_->blocks("first.example"));
  EXPECT_TRUE(edge_->blocks("next.example"));
  EXPECT_EQ(edge_->state().batches_refused, 0u);
}

TEST_F(FeedTrust, AForkedHashIsToldAndReadAnew) {
  begin_with_one();
  const std::string hash = hash_of_newest();
  ASSERT_EQ(centre().push(second_), 2u);
  ASSERT_TRUE(edge_->reaches(2));
  // Another batch 2 in its place, as two centres after a split make it, and one behind it.
  const RedisReply all = centre().ask({"XRANGE", "tf:1:log", "-", "+"});
  const RedisReply& fields = all.items[0].items[1];
  const PackedBatch first{fields.field("h")->text, fields.field("b")->text};
  const PackedBatch fork = packed(2, hash, {add_domain("forked.example")});
  const PackedBatch behind = packed(3, hash_of(fork), {add_domain("behind.example")});
  RedisConnection connection;
  ASSERT_TRUE(connection.connect(redis_.login(), 5000).ok());
  ASSERT_TRUE(connection.command({"MULTI"}, 5000).ok());
  ASSERT_TRUE(connection.command({"DEL", "tf:1:log"}, 5000).ok());
  for (const auto& [id, batch] : {std::pair{"1-0", &first}, std::pair{"2-0", &fork}, std::pair{"3-0", &behind}})
    ASSERT_TRUE(connection.command({"XADD", "tf:1:log", id, "h", batch->header, "b", batch->body, "s", signed_by(city_, *batch)}, 5000).ok());
  ASSERT_TRUE(connection.command({"EXEC"}, 5000).ok());
  ASSERT_TRUE(edge_->reaches(3));
  EXPECT_GE(edge_->breaks(LogBreak::kReset), 1u);
  EXPECT_NE(edge_->state().log_problem, "");
  for (const char* name : {"first.example", "second.example", "forked.example", "behind.example"}) EXPECT_TRUE(edge_->blocks(name)) << name;
}

TEST_F(FeedTrust, AWideEntryOfTwoSignersIsTaken) {
  start();
  Centre both(redis_.server(), {&city_, &other_});
  both.push({R"({"op":"add","kind":"number","value":"+86170*"})"});
  ASSERT_TRUE(edge_->reaches(1));
  EXPECT_EQ(edge_->state().batches_refused, 0u);
}

// What its signer approved once, who signs the batch could use for ever: by dating batches back, or without a date.
TEST_F(FeedTrust, AnApprovalCountsOnceAndOnlyInItsTime) {
  begin_with_one();
  const Lines wide{R"({"op":"add","kind":"number","value":"+86170*"})"}, gone{R"({"op":"remove","kind":"number","value":"+86170*"})"};
  const std::int64_t now_s = std::time(nullptr);
  const auto push = [&](std::uint64_t sequence, std::int64_t ts_ms, const Lines& lines, const std::optional<BatchSignature>& approval) {
    const PackedBatch batch = pack_batch(sequence, ts_ms, "centre", hash_of_newest(), lines).value();
    centre().add_raw(std::to_string(sequence) + "-0", batch, signed_by(city_, batch) + (approval ? to_line(*approval) : ""));
  };
  const BatchSignature old = approve_body(other_, plain_body(wide), now_s - 30 * 86'400), good = approve_body(other_, plain_body(wide), now_s + 86'400);
  push(2, 1000 * (now_s - 31 * 86'400), wide, old);
  push(3, 0, wide, good);
  push(4, 1000 * now_s, wide, good);
  push(5, 1000 * now_s, gone, std::nullopt);
  push(6, 1000 * now_s + 1, wide, good);
  push(7, 1000 * now_s, second_, std::nullopt);
  ASSERT_TRUE(edge_->reaches(7));
  EXPECT_EQ(edge_->refusals(BatchRefusal::kNeedsSecond), 3u) << edge_->state().last_refusal;
  EXPECT_EQ(edge_->state().counts.numbers, 0u) << "in force by the fourth, and taken back by the fifth";
  // Nor after a restart, which knows the batches that were taken.
  edge_->stop();
  edge_->start();
  push(8, 1000 * now_s + 2, wide, good);
  push(9, 1000 * now_s, {add_domain("ninth.example")}, std::nullopt);
  ASSERT_TRUE(edge_->reaches(9));
  EXPECT_EQ(edge_->state().counts.numbers, 0u);
}

// Whoever owns Redis takes a batch of a log for trials, and puts it into that of the edges: the signature is right.
TEST_F(FeedTrust, ABatchOfAnotherLogIsRefused) {
  begin_with_one();
  const PackedBatch batch = pack_batch(2, 1000 * std::time(nullptr), "centre", hash_of_newest(), second_, "tf:2:log").value();
  expect_refused_and_the_chain_goes_on(BatchRefusal::kMalformed, batch, signed_by(city_, batch));
  EXPECT_NE(audit().find("it was published to the log tf:2:log"), std::string::npos);
}

// Somebody spoils a batch, and the next good one must not hide it; nor a restart. A snapshot that has it mends it.
TEST_F(FeedTrust, WhatIsMissingIsToldUntilItIsMended) {
  options_.redis.snapshot_spread_ms = 20;
  begin_with_one();
  centre().add_raw("2-0", {"{}", "x"}, "");
  EXPECT_EQ(centre().push({add_domain("third.example")}), 3u);
  ASSERT_TRUE(edge_->reaches(3));
  const std::string problem = edge_->state().problem;
  EXPECT_EQ(problem.find("batch 2-0 refused: "), 0u) << problem;
  edge_->stop();
  edge_->start();
  EXPECT_TRUE(eventually([&] { return edge_->state().connected && edge_->state().problem == problem; })) << edge_->state().problem;
  // A gap is told in its place, and stays as well.
  edge_->stop();
  EXPECT_EQ(centre().push({add_domain("fourth.example")}), 4u);
  EXPECT_EQ(centre().push({add_domain("fifth.example")}), 5u);
  centre().ask({"XDEL", "tf:1:log", "4-0"});
  edge_->start();
  ASSERT_TRUE(edge_->reaches(5));
  EXPECT_EQ(edge_->state().problem.find("gap in the log before batch 5"), 0u) << edge_->state().problem;
  EXPECT_TRUE(eventually([&] { return std::filesystem::exists(folder_ / "policy/unmended.json"); }));
  std::this_thread::sleep_for(std::chrono::milliseconds(1200));  // it is written once a second
  edge_->stop();
  edge_->start();
  EXPECT_TRUE(eventually([&] { return edge_->state().connected && edge_->state().log_problem.starts_with("gap in the log before batch 5"); }))
      << edge_->state().problem;
}

TEST_F(FeedTrust, KindsThatAreNotEnforcedAreToldAndHarmNothing) {
  start();
  centre().push({R"({"op":"add","kind":"ip","value":"192.0.2.0/24"})", R"({"op":"add","kind":"account","value":"6222 0000"})",
                 R"({"op":"add","kind":"app","value":"com.bad.loan"})", R"({"op":"remove","kind":"ip","value":"192.0.2.0/24"})",
                 add_domain("bad.example")});
  ASSERT_TRUE(edge_->reaches(1));
  const FeedState state = edge_->state();
  EXPECT_EQ(state.not_enforced[static_cast<std::size_t>(UnenforcedKind::kIp)], 0u) << "added and removed";
  EXPECT_EQ(state.not_enforced[static_cast<std::size_t>(UnenforcedKind::kAccount)], 1u);
  EXPECT_EQ(state.not_enforced[static_cast<std::size_t>(UnenforcedKind::kApp)], 1u);
  EXPECT_EQ(state.operations_refused, 0u);
  EXPECT_TRUE(edge_->blocks("bad.example"));
}

TEST_F(FeedTrust, AChangeWaitsForItsTime) {
  start();
  centre().push({add_domain("soon.example", ",\"valid_from\":" + std::to_string(std::time(nullptr) + 3))});
  ASSERT_TRUE(edge_->reaches(1));
  EXPECT_EQ(edge_->state().waiting, 1u);
  EXPECT_FALSE(edge_->blocks("soon.example"));
  ASSERT_TRUE(eventually([&] { return edge_->state().waiting == 0 && edge_->state().counts.domains == 1; }));
  EXPECT_TRUE(edge_->blocks("soon.example"));
}

TEST_F(FeedTrust, AnEdgeStartsWithWhatItHadAndRedisAway) {
  begin_with_one();
  centre().push(second_);
  centre().push({remove_domain("first.example")});
  ASSERT_TRUE(edge_->reaches(3));
  edge_.reset();
  redis_.stop();
  start();
  ASSERT_TRUE(edge_->reaches(3));
  EXPECT_FALSE(edge_->blocks("first.example"));
  EXPECT_TRUE(edge_->blocks("second.example"));
  EXPECT_FALSE(edge_->state().connected);
  // Back, without its data: nothing is lost, and what is pushed now is taken.
  redis_.start();
  ASSERT_TRUE(eventually([&] { return edge_->state().connected; }));
  EXPECT_EQ(centre().push({add_domain("fourth.example")}), 1u);
  ASSERT_TRUE(eventually([&] { return edge_->state().batches_applied == 4 && edge_->state().counts.domains == 2; }));
  EXPECT_TRUE(edge_->blocks("fourth.example"));
  EXPECT_TRUE(edge_->blocks("second.example"));
  EXPECT_NE(edge_->state().log_problem, "");
}

TEST_F(FeedTrust, AfterARestartOnlyWhatIsNewIsRead) {
  begin_with_one();
  edge_.reset();
  centre().push(second_);
  start();
  ASSERT_TRUE(edge_->reaches(2));
  EXPECT_TRUE(edge_->blocks("first.example"));
  EXPECT_TRUE(edge_->blocks("second.example"));
  EXPECT_EQ(edge_->state().log_problem, "");
  // The log trimmed past the position: told, and what is there is in force.
  edge_.reset();
  for (int i = 3; i <= 6; ++i) centre().push({add_domain("n" + std::to_string(i) + ".example")});
  centre().ask({"XTRIM", "tf:1:log", "MAXLEN", "2"});
  start();
  ASSERT_TRUE(edge_->reaches(6));
  EXPECT_EQ(edge_->breaks(LogBreak::kGap), 1u);
  EXPECT_TRUE(edge_->blocks("second.example"));
  EXPECT_TRUE(edge_->blocks("n6.example"));
  EXPECT_FALSE(edge_->blocks("n3.example"));
}

TEST_F(FeedTrust, AKeyTakenAwayTakesItsEntriesAlongAtTheNextStart) {
  begin_with_one();
  Centre(redis_.server(), {&other_}).push(second_);
  ASSERT_TRUE(edge_->reaches(2));
  edge_.reset();
  options_.redis.trust.signers.pop_back();
  start();
  ASSERT_TRUE(eventually([&] { return edge_->state().connected && edge_->state().last_contact_s > 0; }));
  EXPECT_TRUE(edge_->blocks("first.example"));
  EXPECT_FALSE(edge_->blocks("second.example"));
}

TEST_F(FeedTrust, AReloadChangesWhoIsTrusted) {
  begin_with_one();
  SignatureOptions fresh = options_;
  fresh.redis.trust.signers.erase(fresh.redis.trust.signers.begin());
  std::vector<Complaint> complaints;
  ASSERT_TRUE(edge_->feed().reload(fresh, complaints).ok());
  centre().push(second_);
  ASSERT_TRUE(eventually([&] { return edge_->refusals(BatchRefusal::kUnknownSigner) == 1; }));
  fresh.redis.trust.signers[0].key = folder_ / "none.pub";
  EXPECT_FALSE(edge_->feed().reload(fresh, complaints).ok());
  Centre(redis_.server(), {&other_}).push({add_domain("third.example")});
  ASSERT_TRUE(edge_->reaches(3));
  EXPECT_TRUE(edge_->blocks("third.example"));
}

TEST_F(FeedTrust, TwoCentresThatPushAtOnceLoseNothing) {
  start();
  constexpr int kEach = 100;
  const auto pushes = [&](const char* name, const SigningKey& key) {
    for (int i = 0; i < kEach; ++i) Centre(redis_.server(), {&key}).push({add_domain(std::string(name) + std::to_string(i) + ".example")});
  };
  std::thread one([&] { pushes("a", city_); }), two([&] { pushes("b", other_); });
  one.join();
  two.join();
  ASSERT_TRUE(edge_->reaches(2 * kEach));
  EXPECT_EQ(edge_->state().batches_applied, 2u * kEach);
  EXPECT_EQ(edge_->state().counts.domains, 2u * kEach);
  EXPECT_EQ(edge_->state().problem, "");
  for (const LogBreak reason : {LogBreak::kGap, LogBreak::kFork, LogBreak::kReset}) EXPECT_EQ(edge_->breaks(reason), 0u);
}

}  // namespace
}  // namespace telefence
