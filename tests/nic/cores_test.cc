// SPDX-License-Identifier: Apache-2.0
#include "nic/cores.h"

#include <gtest/gtest.h>

#include <array>

#include "base/allowed_cores.h"

namespace telefence {
namespace {

using Cores = std::vector<unsigned>;

constexpr std::array<unsigned, 4> kAllowed{0, 1, 2, 5};

NicOptions with_cores(Cores workers, unsigned control) {
  NicOptions options;
  options.worker_cores = std::move(workers);
  options.control_core = control;
  return options;
}

TEST(Cores, ConfiguredCoresAreTaken) {
  const Result<CorePlan> plan = plan_cores(with_cores({1, 5}, 0), kAllowed);
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan.value().workers, (Cores{1, 5}));
  EXPECT_EQ(plan.value().control, 0u);
  EXPECT_TRUE(plan.value().notes.empty());
}

TEST(Cores, WithoutWorkersOneIsPutBesideTheControlThread) {
  EXPECT_EQ(plan_cores(with_cores({}, 0), kAllowed).value().workers, (Cores{1}));
  const Result<CorePlan> elsewhere = plan_cores(with_cores({}, 9), kAllowed);
  EXPECT_EQ(elsewhere.value().control, 0u);
  const std::array<unsigned, 1> one{3};
  const Result<CorePlan> shared = plan_cores(with_cores({}, 0), one);
  EXPECT_EQ(shared.value().workers, (Cores{3}));
  EXPECT_EQ(shared.value().control, 3u);
}

TEST(Cores, SharedCoresAreNoted) {
  const Result<CorePlan> plan = plan_cores(with_cores({0, 1, 1}, 0), kAllowed);
  ASSERT_EQ(plan.value().notes.size(), 2u);
  EXPECT_EQ(plan.value().notes[0], "worker w0 shares core 0 with the control thread");
  EXPECT_EQ(plan.value().notes[1], "worker w2 shares core 1 with worker w1");
}

TEST(Cores, CoreThatIsNotThereIsNamedWithThoseThatAre) {
  const Result<CorePlan> worker = plan_cores(with_cores({1, 7}, 0), kAllowed);
  ASSERT_FALSE(worker.ok());
  EXPECT_EQ(worker.error().code, ErrorCode::kEnvironment);
  EXPECT_NE(worker.error().message.find("worker w1 is to run on core 7"), std::string::npos) << worker.error().message;
  EXPECT_NE(worker.error().message.find("cores 0-2,5 only"), std::string::npos) << worker.error().message;
  EXPECT_NE(worker.error().message.find("change `engine.workers`"), std::string::npos) << worker.error().message;
  const Result<CorePlan> control = plan_cores(with_cores({1}, 3), kAllowed);
  ASSERT_FALSE(control.ok());
  EXPECT_NE(control.error().message.find("change `engine.control_core`"), std::string::npos) << control.error().message;
}

TEST(Cores, TooManyWorkersAreRefused) {
  EXPECT_EQ(plan_cores(with_cores(Cores(65, 1), 0), kAllowed).error().code, ErrorCode::kInvalid);
}

TEST(Cores, ThisProcessMayUseSome) { EXPECT_FALSE(allowed_cores().empty()); }

TEST(Cores, NearOneAreThoseOfItsNodeThatAreAllowed) {
  const Cores allowed = allowed_cores();
  ASSERT_FALSE(allowed.empty());
  const Cores near = cores_near(allowed.front(), allowed);
  ASSERT_FALSE(near.empty());
  EXPECT_EQ(near.front(), allowed.front());
  for (const unsigned one : near) EXPECT_EQ(cores_near(one, allowed), near);
  EXPECT_EQ(cores_near(allowed.front(), Cores{allowed.front()}), Cores{allowed.front()});
}

TEST(Cores, NearOneThatNobodyKnowsAreAll) {
  constexpr unsigned kNowhere = 100'000;
  EXPECT_EQ(cores_near(kNowhere, Cores{0, 3}), (Cores{0, 3}));
}

}  // namespace
}  // namespace telefence
