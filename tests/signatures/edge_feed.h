// SPDX-License-Identifier: Apache-2.0
#pragma once

// A feed as an edge runs it, without packets, and what the centre does to it: for tests with real servers. Several may live at once.

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "centre/publish_batch.h"
#include "publish/guarded.h"
#include "redis/connection.h"
#include "signatures/as_reader.h"
#include "signatures/feed.h"
#include "signatures/key_file.h"
#include "signatures/match_helpers.h"

namespace telefence {

// Asks until it is true; 20 s is far beyond what a loaded machine needs.
template <typename Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 4000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

// A folder that goes with the test.
class TestFolder {
 public:
  TestFolder() {
    char name[] = "/tmp/telefence-test-XXXXXX";
    CHECK(mkdtemp(name) != nullptr);
    path_ = name;
  }
  ~TestFolder() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class EdgeFeed {
 public:
  explicit EdgeFeed(SignatureOptions options) : options_(std::move(options)), published_(readers_, MatchSet::empty()) { start(); }
  ~EdgeFeed() { stop(); }

  void start() {
    feed_ = std::make_unique<Feed>(options_, std::make_unique<SignatureStore>(test_terms()), published_, readers_,
                                   [](const MatchSet&) -> Result<void> { return {}; },
                                   [this](const std::string& line) {
                                     lines_.with([&](std::vector<std::string>& lines) { lines.push_back(line); });
                                   });
    feed_->start();
  }
  void stop() {
    if (feed_) feed_->stop();
    feed_.reset();
  }
  Feed& feed() { return *feed_; }
  FeedState state() const { return feed_->state(); }
  bool reaches(std::uint64_t sequence) {
    return eventually([&] { return state().sequence >= sequence; });
  }
  std::uint64_t refusals(BatchRefusal reason) const { return state().refusals[static_cast<std::size_t>(reason)]; }
  std::uint64_t breaks(LogBreak reason) const { return state().log_breaks[static_cast<std::size_t>(reason)]; }
  bool has_line(const std::string& part) const {
    return lines_.with([&](const std::vector<std::string>& lines) {
      return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) { return line.find(part) != std::string::npos; });
    });
  }
  // What it has told so far, for the message of a test that fails.
  std::string told() const {
    return lines_.with([](const std::vector<std::string>& lines) {
      std::string out;
      for (const std::string& line : lines) out += line + "\n";
      return out;
    });
  }
  bool blocks(std::string_view name) {
    const AsReader reading(readers_);
    return !Asker(published_.read()).domain(name).empty();
  }

  SignatureOptions options_;

 private:
  Readers readers_;
  Published<MatchSet> published_;
  std::unique_ptr<Feed> feed_;
  Guarded<std::vector<std::string>> lines_;
};

inline std::string add_domain(const std::string& name, const std::string& more = "") {
  return R"({"op":"add","kind":"domain","value":")" + name + "\"" + more + "}";
}
inline std::string remove_domain(const std::string& name) { return R"({"op":"remove","kind":"domain","value":")" + name + "\"}"; }

// What the centre does to the log at `server`.
class Centre {
 public:
  explicit Centre(std::string server, std::vector<const SigningKey*> keys = {}) : server_(std::move(server)), keys_(std::move(keys)) {}

  std::uint64_t push(const std::vector<std::string>& lines) {
    RedisConnection connection;
    const Result<void> connected = connection.connect({server_, "", ""}, 5000);
    EXPECT_TRUE(connected.ok()) << connected.error().message;
    const Result<PublishedBatch> published = publish_batch(connection, "tf:1:log", lines, {"centre", keys_});
    EXPECT_TRUE(published.ok()) << (published.ok() ? "" : published.error().message);
    return published.ok() ? published.value().sequence : 0;
  }
  RedisReply ask(std::initializer_list<std::string_view> words) {
    RedisConnection connection;
    const Result<void> connected = connection.connect({server_, "", ""}, 5000);
    EXPECT_TRUE(connected.ok()) << (connected.ok() ? "" : connected.error().message);
    Result<RedisReply> reply = connection.command(words, 5000);
    EXPECT_TRUE(reply.ok()) << (reply.ok() ? "" : reply.error().message);
    return reply.ok() ? reply.value() : RedisReply{};
  }
  // Puts an entry into the log as it is.
  void add_raw(const std::string& id, const PackedBatch& packed, const std::string& signatures) {
    const RedisReply reply = ask({"XADD", "tf:1:log", id, "h", packed.header, "b", packed.body, "s", signatures});
    EXPECT_FALSE(reply.is_error()) << reply.text;
  }

 private:
  std::string server_;
  std::vector<const SigningKey*> keys_;
};

}  // namespace telefence
