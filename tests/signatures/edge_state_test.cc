// SPDX-License-Identifier: Apache-2.0

// What an edge keeps on its disk when the disk does not go along.

#include "signatures/edge_state.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <new>
#include <thread>

#include "signatures/edge_feed.h"

namespace telefence {
namespace {

// Files of this process grow no further than so many bytes, as on a full disk.
class FullDisk {
 public:
  explicit FullDisk(std::uint64_t bytes) {
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit now = before_;
    now.rlim_cur = bytes;
    EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &now), 0);
  }
  ~FullDisk() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

class EdgeStateTest : public testing::Test {
 protected:
  EdgeStateTest() : state_(folder_ / "policy") {
    state_.load([](Result<SnapshotFile>) { return EdgeState::Base(); }, [](const StoredBatch&) {});
  }
  std::string audit() {
    std::ifstream stream(folder_ / "policy/audit.jsonl");
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  bool recovers() {
    return eventually([&] {
      state_.tick();
      return state_.problem().empty();
    });
  }

  TestFolder folder_;
  EdgeState state_;
};

TEST_F(EdgeStateTest, CompilesOneAtATimeAndOfThoseThatWaitTheNewest) {
  std::atomic<int> began{0}, stopped{0};
  std::atomic<int> last{0};
  const auto compile = [&](int which, bool waits) {
    state_.keep_compiled([&, which, waits](const std::string& folder, const std::stop_token& stop) -> Result<bool> {
      EXPECT_EQ(folder, folder_ / "policy");
      ++began;
      last = which;
      while (waits && !stop.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      if (waits) ++stopped;
      if (waits) return Error{ErrorCode::kFailed, "nothing came of it"};
      return true;
    });
  };
  compile(1, true);
  ASSERT_TRUE(eventually([&] { return began == 1; }));
  compile(2, false);
  state_.tick();
  EXPECT_EQ(began, 1) << "the first is not done";
  state_.stop_compiling();
  EXPECT_EQ(stopped, 1) << "it was asked to stop, and waited for";
  state_.tick();
  EXPECT_EQ(state_.problem(), "nothing came of it; it is tried again, and until then a start reads the snapshot from its text");
  EXPECT_EQ(last, 1) << "what waited is forgotten";
  // After a stop it goes on as before.
  compile(3, true);
  compile(4, false);
  compile(5, false);
  ASSERT_TRUE(eventually([&] { return began == 2; }));
  EXPECT_EQ(last, 3);
  state_.stop_compiling();
  compile(6, false);
  ASSERT_TRUE(recovers());
  EXPECT_EQ(last, 6);
  EXPECT_EQ(began, 3);
}

TEST_F(EdgeStateTest, WhatCouldNotBeCompiledIsTriedAgain) {
  std::atomic<int> calls{0};
  state_.keep_compiled([&](const std::string&, const std::stop_token&) -> Result<bool> {
    switch (++calls) {
      case 1: return Error{ErrorCode::kFailed, "the disk is full"};
      case 2: throw std::bad_alloc();
      default: return true;
    }
  });
  const auto tells = [&](const char* what) {
    return eventually([&] {
      state_.tick();
      return state_.problem().starts_with(what);
    });
  };
  EXPECT_TRUE(tells("the disk is full; it is tried again"));
  EXPECT_TRUE(tells("the snapshot can't be compiled: "));
  EXPECT_TRUE(recovers());
  EXPECT_EQ(calls, 3);
}

TEST_F(EdgeStateTest, WhereNothingWasToBeWrittenAnErrorStays) {
  std::atomic<int> calls{0};
  const auto fail = [&](const std::string&, const std::stop_token&) -> Result<bool> { return Error{ErrorCode::kFailed, "the disk is full"}; };
  state_.keep_compiled(fail);
  ASSERT_TRUE(eventually([&] {
    state_.tick();
    return !state_.problem().empty();
  }));
  state_.keep_compiled([&](const std::string&, const std::stop_token&) -> Result<bool> {
    ++calls;
    return false;
  });
  ASSERT_TRUE(eventually([&] { return calls == 1; }));
  state_.stop_compiling();
  state_.tick();
  EXPECT_TRUE(state_.problem().starts_with("the disk is full")) << state_.problem();
}

TEST_F(EdgeStateTest, WhatIsCompiledOfASnapshotThatIsReplacedIsStoppedAndLeavesNothing) {
  const std::string compiled = folder_ / "policy/snapshot.compiled";
  std::atomic<bool> began{false}, written{false};
  state_.keep_compiled([&](const std::string&, const std::stop_token& stop) -> Result<bool> {
    began = true;
    while (!stop.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    // As one that was about to write.
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    std::ofstream(compiled) << "of the one before";
    written = true;
    return true;
  });
  ASSERT_TRUE(eventually([&] { return began.load(); }));
  EXPECT_TRUE(state_.keep_snapshot("manifest", {}, "digest", {}, false));
  ASSERT_TRUE(eventually([&] { return written.load(); }));
  state_.stop_compiling();
  state_.tick();
  EXPECT_FALSE(std::filesystem::exists(compiled));
  EXPECT_EQ(state_.problem(), "");
}

TEST_F(EdgeStateTest, AuditLinesWaitForAFullDiskAndNoneIsMissing) {
  state_.audit(AuditEntry("first", "test"));
  {
    const FullDisk full(audit().size() + 10);
    for (const char* what : {"second", "third", "fourth"}) state_.audit(AuditEntry(what, "test"));
    state_.tick();
    EXPECT_NE(state_.problem().find("what it should say waits"), std::string::npos) << state_.problem();
    EXPECT_EQ(audit().find("second"), std::string::npos);
  }
  ASSERT_TRUE(recovers());
  const std::string text = audit();
  std::size_t at = 0;
  for (const char* what : {"first", "second", "third", "fourth"}) {
    at = text.find(what, at);
    ASSERT_NE(at, std::string::npos) << what << "\n" << text;
  }
  const Result<AuditCheck> checked = verify_audit(folder_ / "policy/audit.jsonl");
  ASSERT_TRUE(checked.ok());
  EXPECT_EQ(checked.value().broken_line, 0u);
  EXPECT_EQ(checked.value().lines, 4u);
}

TEST_F(EdgeStateTest, WhatIsTooMuchToWaitIsCountedInTheAuditFile) {
  {
    const FullDisk full(1);
    for (int i = 0; i < 10'003; ++i) state_.audit(AuditEntry("line", "test"));
  }
  ASSERT_TRUE(recovers());
  state_.tick();
  EXPECT_EQ(verify_audit(folder_ / "policy/audit.jsonl").value().lines, 10'001u);
  EXPECT_NE(audit().find("\"what\":\"lost\",\"lines\":3"), std::string::npos);
}

TEST_F(EdgeStateTest, AFolderThatWasRemovedOrReplacedIsTold) {
  state_.keep({"1-0", "header", "body", "signature"});
  EXPECT_EQ(state_.problem(), "");
  std::filesystem::rename(folder_ / "policy", folder_ / "elsewhere");
  EXPECT_TRUE(eventually([&] {
    state_.tick();
    return state_.problem().find("were removed or replaced while telefence runs") != std::string::npos;
  }));
  std::filesystem::rename(folder_ / "elsewhere", folder_ / "policy");
  EXPECT_TRUE(recovers());
}

}  // namespace
}  // namespace telefence
