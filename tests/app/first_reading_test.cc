// SPDX-License-Identifier: Apache-2.0
#include "app/first_reading.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <vector>

namespace telefence {
namespace {

std::vector<unsigned> cores_of_this_thread() {
  cpu_set_t own;
  CPU_ZERO(&own);
  EXPECT_EQ(sched_getaffinity(0, sizeof own, &own), 0);
  std::vector<unsigned> cores;
  for (unsigned core = 0; core < CPU_SETSIZE; ++core)
    if (CPU_ISSET(core, &own)) cores.push_back(core);
  return cores;
}

// For a scope, this thread runs on one of its cores only.
class OnOneCore {
 public:
  OnOneCore() {
    CPU_ZERO(&before_);
    EXPECT_EQ(sched_getaffinity(0, sizeof before_, &before_), 0);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cores_of_this_thread().back(), &one);
    EXPECT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  }
  ~OnOneCore() { EXPECT_EQ(sched_setaffinity(0, sizeof before_, &before_), 0); }

 private:
  cpu_set_t before_;
};

// At least two, as if there were.
std::vector<unsigned> several_cores() {
  std::vector<unsigned> cores = cores_of_this_thread();
  if (cores.size() == 1) cores.push_back(cores.front());
  return cores;
}

TEST(FirstReading, begins_at_once_and_goes_on_where_the_caller_runs_when_the_workers_are_there) {
  std::atomic<bool> has_begun{false};
  bool had_workers = false;
  std::vector<unsigned> cores_before, cores_after;
  FirstReading reading;
  reading.begin([&]() -> Result<void> {
    has_begun = true;
    cores_before = cores_of_this_thread();
    had_workers = reading.wait_for_workers();
    cores_after = cores_of_this_thread();
    return {};
  }, several_cores());
  const std::vector<unsigned> all = cores_of_this_thread();
  while (!has_begun) sched_yield();
  const OnOneCore control_core;
  EXPECT_TRUE(reading.finish().ok());
  EXPECT_TRUE(had_workers);
  EXPECT_EQ(cores_before, all);
  EXPECT_EQ(cores_after, cores_of_this_thread());
  EXPECT_EQ(cores_after.size(), 1u);
}

TEST(FirstReading, where_there_is_one_core_it_begins_when_the_start_needs_that_no_more) {
  FirstReading reading;
  bool had_workers = false;
  std::thread::id thread;
  const unsigned only = 0;
  reading.begin([&]() -> Result<void> {
    had_workers = reading.wait_for_workers();
    thread = std::this_thread::get_id();
    return Error{ErrorCode::kInvalid, "list.txt cannot be read"};
  }, {&only, 1});
  EXPECT_EQ(thread, std::thread::id());
  EXPECT_FALSE(reading.finish().ok());
  EXPECT_TRUE(had_workers);
  EXPECT_EQ(thread, std::this_thread::get_id());
}

TEST(FirstReading, what_it_failed_of_is_what_finishing_returns) {
  FirstReading reading;
  reading.begin([]() -> Result<void> { return Error{ErrorCode::kInvalid, "list.txt cannot be read"}; }, several_cores());
  const Result<void> outcome = reading.finish();
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().message, "list.txt cannot be read");
}

TEST(FirstReading, one_whose_start_failed_hears_that_there_will_be_no_workers) {
  bool had_workers = true;
  {
    FirstReading reading;
    reading.begin([&]() -> Result<void> {
      had_workers = reading.wait_for_workers();
      return {};
    }, several_cores());
    reading.abandon();
    reading.abandon();  // as the end of the object does once more
  }
  EXPECT_FALSE(had_workers);
}

}  // namespace
}  // namespace telefence
