// SPDX-License-Identifier: Apache-2.0
#include "signatures/policy_file.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <random>

#include "signatures/edge_feed.h"
#include "signatures/edge_state.h"

namespace telefence {
namespace {

EdgeState::Base no_snapshot(Result<SnapshotFile>) { return {}; }

StoredBatch batch_at(std::uint64_t i) {
  return {std::to_string(i) + "-0", "{\"seq\":" + std::to_string(i) + "}", std::string(i * 37 % 3000, static_cast<char>(i)), i % 3 == 0 ? "" : "sig\n"};
}

bool is_batch(const StoredBatch& found, std::uint64_t i) {
  const StoredBatch wanted = batch_at(i);
  return found.id == wanted.id && found.header == wanted.header && found.body == wanted.body && found.signature == wanted.signature;
}

// How many there are; they must be 1, 2, 3 ... without a gap.
std::uint64_t count_of(const std::string& folder, PolicyFile::Loaded* told = nullptr) {
  PolicyFile file;
  const Result<void> opened = file.open(folder);
  EXPECT_TRUE(opened.ok()) << (opened.ok() ? "" : opened.error().message);
  std::uint64_t count = 0;
  const auto loaded = file.load([&](const StoredBatch& batch, const std::string&) {
    ++count;
    EXPECT_TRUE(is_batch(batch, count)) << count;
  });
  EXPECT_TRUE(loaded.ok()) << (loaded.ok() ? "" : loaded.error().message);
  if (told != nullptr && loaded.ok()) *told = loaded.value();
  return count;
}

std::string text_of(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

TEST(PolicyFile, WhatWasAppendedIsReadBackInOrder) {
  const TestFolder folder;
  EXPECT_EQ(count_of(folder / "p"), 0u);
  {
    PolicyFile file;
    ASSERT_TRUE(file.open(folder / "p").ok());
    ASSERT_TRUE(file.load([](const StoredBatch&, const std::string&) {}).ok());
    for (std::uint64_t i = 1; i <= 50; ++i) ASSERT_TRUE(file.append(batch_at(i)).ok());
    PolicyFile second;
    const Result<void> opened = second.open(folder / "p");
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code, ErrorCode::kUsage);
  }
  EXPECT_EQ(count_of(folder / "p"), 50u);
}

TEST(PolicyFile, CutAtAnyByteItIsWhatItWasAMomentBefore) {
  const TestFolder folder;
  std::vector<std::uint64_t> ends;
  {
    PolicyFile file;
    ASSERT_TRUE(file.open(folder / "p").ok());
    ASSERT_TRUE(file.load([](const StoredBatch&, const std::string&) {}).ok());
    ends.push_back(file.size());
    for (std::uint64_t i = 1; i <= 4; ++i) {
      ASSERT_TRUE(file.append(batch_at(i)).ok());
      ends.push_back(file.size());
    }
  }
  const std::string whole = text_of(folder / "p/applied.log");
  ASSERT_EQ(whole.size(), ends.back());
  for (std::size_t cut = ends.front(); cut <= whole.size(); ++cut) {
    std::ofstream(folder / "p/applied.log", std::ios::binary | std::ios::trunc) << whole.substr(0, cut);
    const auto wanted = static_cast<std::uint64_t>(std::upper_bound(ends.begin(), ends.end(), cut) - ends.begin() - 1);
    PolicyFile::Loaded loaded;
    ASSERT_EQ(count_of(folder / "p", &loaded), wanted) << cut;
    EXPECT_EQ(loaded.bytes_cut, cut - ends[wanted]);
    EXPECT_EQ(text_of(folder / "p/applied.log").size(), ends[wanted]);
  }
}

TEST(PolicyFile, AFlippedBitTakesNoWrongBatchIn) {
  const TestFolder folder;
  {
    PolicyFile file;
    ASSERT_TRUE(file.open(folder / "p").ok());
    ASSERT_TRUE(file.load([](const StoredBatch&, const std::string&) {}).ok());
    for (std::uint64_t i = 1; i <= 6; ++i) ASSERT_TRUE(file.append(batch_at(i)).ok());
  }
  const std::string whole = text_of(folder / "p/applied.log");
  for (std::size_t at = 19; at < whole.size(); at += 3) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ (1 << at % 8));
    std::ofstream(folder / "p/applied.log", std::ios::binary | std::ios::trunc) << changed;
    EXPECT_LT(count_of(folder / "p"), 6u) << at;
  }
  std::ofstream(folder / "p/applied.log", std::ios::trunc) << "something else entirely\n";
  PolicyFile file;
  ASSERT_TRUE(file.open(folder / "p").ok());
  EXPECT_FALSE(file.load([](const StoredBatch&, const std::string&) {}).ok());
  EXPECT_EQ(text_of(folder / "p/applied.log"), "something else entirely\n");
}

// Shared with a child that is killed: how many appends it was told had succeeded.
struct Shared {
  volatile std::uint64_t done;
};

TEST(PolicyFile, KilledAtAnyMomentItHasWhatWasThereOrTheNewOne) {
  const TestFolder folder;
  auto* shared = static_cast<Shared*>(mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(shared, MAP_FAILED);
  shared->done = 0;
  std::mt19937 random(11);
  int in_the_middle = 0;
  constexpr int kKills = 300;
  for (int round = 0; round < kKills; ++round) {
    // Sometimes from nothing, so that the making of the file is killed, too.
    if (round % 3 == 0) {
      std::filesystem::remove_all(folder / "p");
      shared->done = 0;
    }
    const pid_t pid = fork();
    if (pid == 0) {
      PolicyFile file;
      std::uint64_t count = 0;
      if (!file.open(folder / "p").ok() || !file.load([&](const StoredBatch&, const std::string&) { ++count; }).ok()) _exit(1);
      for (;;) {
        if (!file.append(batch_at(++count)).ok() || !file.tick().ok()) _exit(1);
        shared->done = count;
      }
    }
    usleep(static_cast<useconds_t>(random() % (round % 3 == 0 ? 600 : 4000)));
    kill(pid, SIGKILL);
    int status = 0;
    waitpid(pid, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child failed by itself";
    const std::uint64_t done = shared->done;
    const std::uint64_t found = count_of(folder / "p");
    ASSERT_GE(found, done) << "lost what was said to be kept";
    ASSERT_LE(found, done + 1);
    in_the_middle += found == done + 1 ? 1 : 0;
    shared->done = found;
  }
  std::printf("%d kills, %d of them between the writing of a batch and the word that it is written\n", kKills, in_the_middle);
  munmap(shared, sizeof(Shared));
}

// A file size limit fails a write in its middle, as a full disk does.
TEST(EdgeState, OnAFullDiskItSaysSoAndGoesOnWhenThereIsRoom) {
  const TestFolder folder;
  const pid_t pid = fork();
  if (pid == 0) {
    signal(SIGXFSZ, SIG_IGN);
    EdgeState state(folder / "p");
    state.load(no_snapshot, [](const StoredBatch&) {});
    if (!state.problem().empty()) _exit(2);
    rlimit limit{};
    getrlimit(RLIMIT_FSIZE, &limit);
    const rlim_t before = limit.rlim_cur;
    limit.rlim_cur = 5000;
    setrlimit(RLIMIT_FSIZE, &limit);
    for (std::uint64_t i = 1; i <= 20; ++i) state.keep(batch_at(i));
    state.tick();
    if (state.problem().find("can't write") == std::string::npos) _exit(3);
    limit.rlim_cur = before;
    setrlimit(RLIMIT_FSIZE, &limit);
    usleep(1'100'000);
    state.tick();
    state.keep(batch_at(21));
    state.tick();
    _exit(state.problem().empty() ? 0 : 4);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(count_of(folder / "p"), 21u);
}

TEST(EdgeState, KilledOnAFullDiskItHasAWholeBeginning) {
  const TestFolder folder;
  const pid_t pid = fork();
  if (pid == 0) {
    signal(SIGXFSZ, SIG_IGN);
    EdgeState state(folder / "p");
    state.load(no_snapshot, [](const StoredBatch&) {});
    const rlimit limit{5000, RLIM_INFINITY};
    setrlimit(RLIMIT_FSIZE, &limit);
    for (std::uint64_t i = 1; i <= 20; ++i) state.keep(batch_at(i));
    _exit(0);
  }
  waitpid(pid, nullptr, 0);
  const std::uint64_t found = count_of(folder / "p");
  EXPECT_GT(found, 0u);
  EXPECT_LT(found, 20u);
}

TEST(EdgeState, AFolderThatCanNotBeMadeIsTold) {
  EdgeState state("/proc/nowhere/policy");
  state.load(no_snapshot, [](const StoredBatch&) { FAIL(); });
  EXPECT_NE(state.problem(), "");
  state.keep(batch_at(1));
  state.audit(AuditEntry("x", "y"));
  state.tick();
  EXPECT_NE(state.problem(), "");
}

}  // namespace
}  // namespace telefence
