// SPDX-License-Identifier: Apache-2.0
#pragma once

// An edge, its Redis and who makes snapshots there, for tests with a real redis-server.

#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <string>

#include "centre/snapshot_publish.h"
#include "redis/private_redis.h"
#include "signatures/edge_feed.h"

namespace telefence {

class SnapshotFeed : public testing::Test {
 protected:
  SnapshotFeed() : city_(made("city")), police_(made("police")), vendor_(made("vendor")), maker_(made("maker")) {
    options_.redis.server = redis_.server();
    options_.redis.snapshot_spread_ms = 20;
    options_.state_dir = folder_ / "policy";
    options_.redis.trust.signers = {{folder_ / "city.pub", {}, {}, {}, true, false},
                                    {folder_ / "police.pub", {}, {}, {}, true, false},
                                    {folder_ / "vendor.pub", {}, {}, {}, false, false},
                                    {folder_ / "maker.pub", {}, {}, {}, false, true}};
  }
  SigningKey made(const std::string& name) {
    SigningKey key = make_signing_key(name, "");
    EXPECT_TRUE(write_key_files(folder_ / name, key).ok());
    return key;
  }
  void start() { edge_ = std::make_unique<EdgeFeed>(options_); }
  void start_at_an_empty_log() {
    start();
    centre().push({add_domain("zero.example")});
    ASSERT_TRUE(edge_->reaches(1));  // it has looked for snapshots, in vain
  }
  Centre centre() const { return Centre(redis_.server(), {&city_}); }

  Result<MadeSnapshot> make(SnapshotOrder order = {}) {
    if (order.keys.empty()) order.keys = {&maker_};
    RedisConnection connection;
    EXPECT_TRUE(connection.connect(redis_.login(), 5000).ok());
    return make_snapshot(connection, test_terms(), options_.redis.trust, order);
  }
  void push_and_make(int batches) {
    for (int i = 0; i < batches; ++i) last_ = centre().push({add_domain("n" + std::to_string(++count_) + ".example")});
    const Result<MadeSnapshot> done = make();
    ASSERT_TRUE(done.ok()) << done.error().message;
    EXPECT_EQ(done.value().manifest.sequence, last_);
  }
  void expect_blocks(int from, int to) {
    for (int i = from; i <= to; ++i) EXPECT_TRUE(edge_->blocks("n" + std::to_string(i) + ".example")) << i;
  }
  std::string file(const std::string& name) {
    std::ifstream stream(folder_ / ("policy/" + name), std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  TestFolder folder_;
  PrivateRedis redis_;
  SigningKey city_, police_, vendor_, maker_;
  SignatureOptions options_;
  std::unique_ptr<EdgeFeed> edge_;
  int count_ = 0;
  std::uint64_t last_ = 0;
};

}  // namespace telefence
