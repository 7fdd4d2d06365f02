// SPDX-License-Identifier: Apache-2.0
#include "publish/published.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "publish/guarded.h"

namespace telefence {
namespace {

// Knows when it is destroyed, and whether it is whole.
struct Version {
  explicit Version(std::uint64_t number, std::atomic<int>* living) : first(number), second(number), alive(living) {
    ++*alive;
  }
  ~Version() {
    --*alive;
    first = 0;
    second = 1;
  }
  std::uint64_t first, second;
  std::atomic<int>* alive;
};

TEST(Published, OldVersionLivesUntilEveryOnlineReaderHasPassed) {
  std::atomic<int> alive{0};
  Readers readers;
  Published<Version> published(readers, std::make_unique<Version>(1, &alive));
  readers.online(0);
  readers.online(5);
  const Version& held = published.read();
  const std::uint64_t mark = published.publish(std::make_unique<Version>(2, &alive));
  EXPECT_EQ(published.read().first, 2u);
  EXPECT_EQ(held.first, 1u);
  readers.quiesce(0);
  EXPECT_FALSE(readers.is_over(mark));
  EXPECT_EQ(readers.passed(mark), 1u);
  EXPECT_EQ(published.reclaim(), 1u);
  EXPECT_EQ(alive, 2);
  readers.quiesce(5);
  EXPECT_TRUE(readers.is_over(mark));
  EXPECT_EQ(published.reclaim(), 0u);
  EXPECT_EQ(alive, 1);
}

TEST(Published, OfflineReaderHoldsNothingUp) {
  std::atomic<int> alive{0};
  Readers readers;
  Published<Version> published(readers, std::make_unique<Version>(1, &alive));
  readers.online(3);
  readers.offline(3);
  published.publish(std::make_unique<Version>(2, &alive));
  EXPECT_EQ(alive, 1);
}

TEST(Published, WaitGivesUpAfterItsTime) {
  Readers readers;
  readers.online(0);
  EXPECT_FALSE(readers.wait(readers.begin_grace(), 1));
  readers.quiesce(0);
  EXPECT_TRUE(readers.wait(readers.begin_grace() - 1, 1));
}

TEST(Published, ReadersNeverSeeAHalfOrDestroyedVersionWhileOneThreadSwaps) {
  std::atomic<int> alive{0};
  Readers readers;
  Published<Version> published(readers, std::make_unique<Version>(1, &alive));
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> wrong{0}, reads{0};
  std::vector<std::thread> threads;
  for (std::size_t id = 0; id < 2; ++id) {
    threads.emplace_back([&, id] {
      readers.online(id);
      std::uint64_t last = 0;
      while (!stop) {
        const Version& version = published.read();
        if (version.first != version.second || version.first < last) ++wrong;
        last = version.first;
        ++reads;
        readers.quiesce(id);
      }
      readers.offline(id);
    });
  }
  while (reads == 0) std::this_thread::yield();  // on a busy machine all swaps may be over before a reader has its turn
  for (std::uint64_t number = 2; number < 3000; ++number) {
    published.publish(std::make_unique<Version>(number, &alive));
    if (number % 64 == 0) std::this_thread::yield();
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0u);
  EXPECT_GT(reads, 0u);
  published.reclaim();
  EXPECT_EQ(alive, 1);
}

TEST(Guarded, OnlyOpensUnderItsLock) {
  Guarded<int> value(1);
  value.with([](int& inner) { inner += 41; });
  EXPECT_EQ(value.with([](const int& inner) { return inner; }), 42);
}

}  // namespace
}  // namespace telefence
