// SPDX-License-Identifier: Apache-2.0

// The second signature on a snapshot: with a real redis-server, and a maker of snapshots who lies.

#include "centre/snapshot_cosign.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <functional>

#include "centre/log_head.h"
#include "centre/snapshot_publish.h"
#include "crypto/hex.h"
#include "crypto/sha256.h"
#include "redis/private_redis.h"
#include "signatures/batch.h"
#include "signatures/edge_feed.h"
#include "signatures/snapshot_fetch.h"
#include "signatures/words.h"

namespace telefence {
namespace {

constexpr const char* kLog = "tf:1:log";

class SnapshotCosign : public testing::Test {
 protected:
  SnapshotCosign() : city_(made("city")), police_(made("police")), maker_(made("maker")), second_(made("second")) {
    options_.redis.server = redis_.server();
    options_.redis.snapshot_spread_ms = 20;
    options_.state_dir = folder_ / "policy";
    options_.redis.trust.signers = {{folder_ / "city.pub", {}, {}, {}, true, false},
                                    {folder_ / "police.pub", {}, {}, {}, true, false},
                                    {folder_ / "maker.pub", {"nobody"}, {}, {}, false, true},
                                    {folder_ / "second.pub", {"nobody"}, {}, {}, false, true}};
    options_.redis.trust.snapshot_signers = 2;
    EXPECT_TRUE(connection_.connect(redis_.login(), 5000).ok());
  }
  SigningKey made(const std::string& name) {
    SigningKey key = make_signing_key(name, "");
    EXPECT_TRUE(write_key_files(folder_ / name, key).ok());
    return key;
  }
  Centre centre() const { return Centre(redis_.server(), {&city_}); }
  // One of everything that a log can say.
  void push_of_all_kinds() {
    centre().push({add_domain("a.example"), add_domain("b.example", R"(,"source":"vendor","expires":"2199-01-01T00:00:00Z","note":"x")"),
                   add_domain("c.example", R"(,"match":"exact","campaign":"k","id":7)")});
    centre().push({R"({"op":"add","kind":"number","value":"+8613800000001"})", R"({"op":"add","kind":"number","value":"+86170000","match":"prefix"})",
                   R"({"op":"add","kind":"pattern","value":"刷单返利日结"})", R"({"op":"add","kind":"url","value":"http://d.example/pay"})",
                   R"({"op":"add","kind":"ip","value":"192.0.2.1"})", R"({"op":"allow","kind":"domain","value":"fine.example"})"});
    centre().push({add_domain("later.example", R"(,"valid_from":"2199-01-01T00:00:00Z")"), remove_domain("a.example"), remove_domain("never.example"),
                   R"({"op":"remove","kind":"pattern","value":"从未下发的文本"})"});
    Centre(redis_.server(), {&city_, &police_}).push({R"({"op":"add","kind":"number","value":"+86177","match":"prefix"})"});
    Centre(redis_.server(), {}).push({add_domain("nobody-signed.example")});  // refused
  }
  std::uint64_t make() {
    SnapshotOrder order;
    order.keys = {&maker_};
    order.trim_older_s = trim_older_s_;
    const Result<MadeSnapshot> done = make_snapshot(connection_, test_terms(), options_.redis.trust, order);
    EXPECT_TRUE(done.ok()) << done.error().message;
    return done.ok() ? done.value().manifest.sequence : 0;
  }
  Result<CosignedSnapshot> cosign(const SigningKey& key) { return cosign_snapshot(connection_, test_terms(), options_.redis.trust, kLog, key); }
  // Why it is not signed; "" = it is.
  std::string why_not() {
    const Result<CosignedSnapshot> done = cosign(second_);
    return done.ok() ? "" : done.error().message;
  }
  // The maker's own: what he puts in place of the only chunk, and his signature on it.
  void forge(std::uint64_t sequence, const std::function<void(std::string& text, SnapshotManifest& manifest)>& change) {
    const AskRedis ask = [this](auto words) { return connection_.command(words, 5000); };
    SnapshotManifest manifest = manifest_at(ask, kLog, sequence).value().manifest;
    ASSERT_EQ(manifest.chunks.size(), 1u);
    std::string text = unpack_chunk(manifest, 0, chunk_at(ask, kLog, manifest, 0).value()).value();
    change(text, manifest);
    std::string packed(ZSTD_compressBound(text.size()), '\0');
    packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 3));
    manifest.chunks = {{packed.size(), hex_of(sha256(packed))}};
    const std::string signed_text = manifest_text(manifest);
    centre().ask({"SET", chunk_key(kLog, sequence, 0), packed});
    centre().ask({"SET", manifest_key(kLog, sequence), manifest_value(signed_text, {sign_snapshot(maker_, snapshot_digest(signed_text))})});
  }
  void start() { edge_ = std::make_unique<EdgeFeed>(options_); }

  TestFolder folder_;
  PrivateRedis redis_;
  SigningKey city_, police_, maker_, second_;
  SignatureOptions options_;
  RedisConnection connection_;
  std::int64_t trim_older_s_ = 0;
  std::unique_ptr<EdgeFeed> edge_;
};

TEST_F(SnapshotCosign, EdgesTakeItWhenBothHaveSigned) {
  push_of_all_kinds();
  const std::uint64_t made = make();
  EXPECT_EQ(made, 5u);
  centre().push({add_domain("behind.example")});
  start();
  ASSERT_TRUE(edge_->reaches(6));
  EXPECT_EQ(edge_->state().snapshot, 0u) << "it has read the log";
  EXPECT_EQ(edge_->state().snapshots_refused, 0u) << "made a moment ago: that is no fault";
  edge_.reset();
  std::filesystem::remove_all(options_.state_dir);
  const Result<CosignedSnapshot> done = cosign(second_);
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_EQ(done.value().begun_with, 0u);
  EXPECT_EQ(done.value().manifest.signatures.size(), 2u);
  EXPECT_FALSE(done.value().was_signed);
  EXPECT_TRUE(cosign(second_).value().was_signed);
  start();
  ASSERT_TRUE(edge_->reaches(6));
  EXPECT_EQ(edge_->state().snapshot, 5u);
  EXPECT_TRUE(edge_->blocks("b.example"));
  EXPECT_FALSE(edge_->blocks("a.example"));
  EXPECT_TRUE(edge_->blocks("behind.example"));
}

// From what this key has signed before, when the batches are gone.
TEST_F(SnapshotCosign, TheNextOneIsComparedFromTheLastThatWasSigned) {
  push_of_all_kinds();
  make();
  ASSERT_EQ(why_not(), "");
  centre().ask({"XTRIM", kLog, "MINID", "6-0"});
  for (int i = 0; i < 3; ++i) {
    centre().push({add_domain("n" + std::to_string(i) + ".example"), remove_domain("c.example")});
    const std::uint64_t made = make();
    const Result<CosignedSnapshot> done = cosign(second_);
    ASSERT_TRUE(done.ok()) << done.error().message;
    EXPECT_EQ(done.value().manifest.sequence, made);
    EXPECT_EQ(done.value().begun_with, made - 1);
    EXPECT_EQ(done.value().batches, 1u);
  }
  // Somebody who has signed none can't tell what was in the batches that are gone.
  options_.redis.trust.signers.push_back({folder_ / "city.pub", {}, {}, {}, true, true});
  options_.redis.trust.signers.erase(options_.redis.trust.signers.begin());
  const Result<CosignedSnapshot> done = cosign(city_);
  ASSERT_FALSE(done.ok());
  EXPECT_NE(done.error().message.find("does not follow batch 0"), std::string::npos) << done.error().message;
  // But it makes one of what edges take, and the others sign that.
  SnapshotOrder order;
  order.keys = {&city_};
  centre().push({add_domain("z.example")});
  ASSERT_TRUE(make_snapshot(connection_, test_terms(), options_.redis.trust, order).ok());
  EXPECT_EQ(why_not(), "");
}

// A batch that nobody here can judge, and one that is missing: both find the same, and edges that lack it get a snapshot.
TEST_F(SnapshotCosign, GapsThatBothFindDoNotEndIt) {
  push_of_all_kinds();
  const SigningKey stranger = make_signing_key("stranger", "");
  Centre(redis_.server(), {&stranger}).push({add_domain("theirs.example")});
  centre().ask({"XADD", kLog, "50-0", "junk", "x"});
  centre().push({add_domain("behind.example")});
  SnapshotOrder order;
  order.keys = {&maker_};
  ASSERT_FALSE(make_snapshot(connection_, test_terms(), options_.redis.trust, order).ok());
  order.accept_gaps = true;
  ASSERT_TRUE(make_snapshot(connection_, test_terms(), options_.redis.trust, order).ok());
  EXPECT_EQ(why_not(), "");
  centre().ask({"XTRIM", kLog, "MINID", "51-0"});
  start();
  ASSERT_TRUE(edge_->reaches(51));
  EXPECT_EQ(edge_->state().snapshot, 51u);
  EXPECT_TRUE(edge_->blocks("behind.example"));
}

// By a wrong clock, or on purpose: what others said is not over for that, nor in force before its time.
TEST_F(SnapshotCosign, ABatchThatIsDatedAheadMakesNothingElseOld) {
  const std::int64_t now_ms = std::int64_t{1000} * std::time(nullptr), day_ms = 86'400'000;
  const auto in_30_days = [&](const char* what) { return ",\"" + std::string(what) + "\":\"" + instant_text(now_ms + 30 * day_ms) + "\""; };
  centre().push({add_domain("expires.example", in_30_days("expires")), add_domain("waits.example", in_30_days("valid_from")), add_domain("a.example")});
  const Result<LogHead> head = read_head(connection_, kLog, 5000);
  const PackedBatch ahead = pack_batch(2, now_ms + 400 * day_ms, "city", head.value().hash, std::vector<std::string>{add_domain("ahead.example")}, kLog).value();
  centre().add_raw("2-0", ahead, to_line(sign_batch(city_, batch_hash(ahead.header, ahead.body))));
  ASSERT_EQ(make(), 2u);
  ASSERT_EQ(why_not(), "");
  centre().ask({"XTRIM", kLog, "MAXLEN", "0"});
  start();
  ASSERT_TRUE(edge_->reaches(2));
  EXPECT_EQ(edge_->state().snapshot, 2u);
  EXPECT_TRUE(edge_->blocks("expires.example"));
  EXPECT_TRUE(edge_->blocks("ahead.example"));
  EXPECT_FALSE(edge_->blocks("waits.example"));
  EXPECT_EQ(edge_->state().waiting, 1u);
}

class LyingMaker : public SnapshotCosign {
 protected:
  LyingMaker() {
    push_of_all_kinds();
    made_ = make();
    forge(made_, [this](std::string& text, SnapshotManifest& of_it) { honest_ = text, manifest_ = of_it; });
  }
  // He makes this of what is honest.
  void says(const char* what, const std::function<void(std::string&, SnapshotManifest&)>& change) {
    forge(made_, [&](std::string& text, SnapshotManifest& of_it) {
      text = honest_;
      of_it = manifest_;
      change(text, of_it);
    });
    EXPECT_NE(why_not().find(what), std::string::npos) << why_not();
    // And so no edge takes it.
    const AskRedis ask = [this](auto words) { return connection_.command(words, 5000); };
    EXPECT_TRUE(Signers::load(options_.redis.trust).value().refuse(manifest_at(ask, kLog, made_).value().manifest));
  }
  std::uint64_t made_ = 0;
  std::string honest_;
  SnapshotManifest manifest_;
};

TEST_F(LyingMaker, WhatWasOnlyPackedAgainSaysTheSame) { EXPECT_EQ(why_not(), ""); }

TEST_F(LyingMaker, EntriesThatTheLogDoesNotSayAreNotSigned) {
  says("it has 1 entries that the log does not say; the first: {\"op\":\"add\",\"kind\":\"domain\",\"value\":\"bank.example\"", [&](std::string& text, SnapshotManifest& of_it) {
    text += "#{\"op\":\"add\",\"kind\":\"domain\",\"match\":\"suffix\",\"source\":\"centre\"}\nbank.example\n";
    ++of_it.domains;
  });
  says("it lacks 1 entries that the log says", [&](std::string& text, SnapshotManifest& of_it) {
    const std::size_t at = text.find("\nc.example");
    text.erase(at, text.find('\n', at + 1) - at);
    --of_it.domains;
  });
  // Neither more nor fewer, but another source, or an end that is later: both are another entry.
  says("it has 1 entries that the log does not say", [&](std::string& text, SnapshotManifest&) {
    text.replace(text.find("7226582400"), 10, "7226582401");  // 2199-01-01
  });
  // In force and over before anybody has looked: edges that load it at once would block it.
  says("it has 1 entries that the log does not say", [&](std::string& text, SnapshotManifest& of_it) {
    text += "#{\"op\":\"add\",\"kind\":\"domain\",\"match\":\"suffix\",\"source\":\"centre\",\"columns\":[\"expires\"]}\nshort.example\t" +
           std::to_string(manifest_.moment_ms / 1000 - 1) + "\n";
    ++of_it.domains;
  });
  // A removal that ends: edges take it for one that does not.
  says("entries that the log does not say", [&](std::string& text, SnapshotManifest& of_it) {
    text += R"({"op":"remove","kind":"domain","value":"f.example","expires":"1970-01-02T00:00:00Z"})" "\n";
    ++of_it.removed;
  });
  // Without its proof a wide entry is in force nowhere.
  says("it lacks 1 entries that the log says", [&](std::string& text, SnapshotManifest&) {
    const std::size_t at = text.find("#{\"proof\"");
    text.erase(at, text.find('\n', at) + 1 - at);
  });
}

TEST_F(LyingMaker, AManifestThatIsNotOfThisLogIsNotSigned) {
  says("it is dated ahead", [&](std::string&, SnapshotManifest& of_it) {
    of_it.moment_ms += 3 * 60'000;  // entries would be over before their time, or in force before it
  });
  says("it is dated ahead", [&](std::string&, SnapshotManifest& of_it) {
    of_it.created_ms += 2 * 3'600'000;
  });
  says("it is dated before batches that are in it", [&](std::string&, SnapshotManifest& of_it) {
    of_it.created_ms = 1000;  // so that they could be brought again
  });
  says("its manifest tells other numbers", [&](std::string&, SnapshotManifest& of_it) {
    of_it.domains = 77;
  });
  says("the log has another batch 5", [&](std::string&, SnapshotManifest& of_it) {
    of_it.hash = std::string(64, 'a');
  });
  says("the log has another batch 5", [&](std::string&, SnapshotManifest& of_it) {
    of_it.hash.clear();
  });
  says("made with --accept-gaps", [&](std::string&, SnapshotManifest& of_it) {
    of_it.has_gaps = true;
  });
  says("it names other batches before it than the log has", [&](std::string&, SnapshotManifest& of_it) {
    of_it.before = {};
    of_it.before.add(1, std::string(64, 'b'));
  });
}

// Until the second has signed, edges that begin take the one before, and what is behind that one is not trimmed away.
TEST_F(SnapshotCosign, NothingIsTrimmedThatEdgesNeed) {
  push_of_all_kinds();
  trim_older_s_ = -10;  // all of them are old enough
  make();
  EXPECT_EQ(centre().ask({"XLEN", kLog}).integer, 5) << "nobody takes this one yet";
  ASSERT_EQ(why_not(), "");
  for (int i = 0; i < 5; ++i) {
    centre().push({add_domain("n" + std::to_string(i) + ".example")});
    make();
  }
  EXPECT_EQ(centre().ask({"XRANGE", kLog, "-", "+", "COUNT", "1"}).items.at(0).items.at(0).text, "5-0");
  start();
  ASSERT_TRUE(edge_->reaches(10));
  EXPECT_EQ(edge_->state().snapshot, 5u) << "three newer ones are kept, and this one, which counts";
  EXPECT_TRUE(edge_->blocks("n4.example"));
}

TEST_F(SnapshotCosign, OneThatWaitsIsNotMadeAgain) {
  push_of_all_kinds();
  make();
  SnapshotOrder order;
  order.keys = {&maker_};
  const Result<MadeSnapshot> again = make_snapshot(connection_, test_terms(), options_.redis.trust, order);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().message, std::string(kNothingNew) + "5");
}

// Quotas count for snapshots, too.
TEST_F(SnapshotCosign, ASourceWithMoreThanItMayHaveIsRefused) {
  push_of_all_kinds();
  centre().push({add_domain("b.example", R"(,"source":"vendor","valid_from":"2199-01-01T00:00:00Z")")});  // another word on the same entry
  options_.redis.trust.quotas = {{"vendor", 1}};
  make();
  ASSERT_EQ(why_not(), "");
  options_.redis.trust.quotas = {{"vendor", 0}};
  SnapshotOrder order;
  order.keys = {&maker_};
  centre().push({add_domain("z.example")});
  EXPECT_NE(make_snapshot(connection_, test_terms(), options_.redis.trust, order).error().message.find("edges would refuse this snapshot"), std::string::npos);
  centre().ask({"XTRIM", kLog, "MINID", "7-0"});
  start();
  ASSERT_TRUE(eventually([&] { return edge_->state().snapshots_refused >= 1; }));
  EXPECT_NE(edge_->state().problem.find("the source 'vendor' would have 1 entries, and may have 0"), std::string::npos) << edge_->state().problem;
  EXPECT_FALSE(edge_->blocks("b.example"));
}

}  // namespace
}  // namespace telefence
