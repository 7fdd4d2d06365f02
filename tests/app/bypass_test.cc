// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "app/bypass_keeper.h"
#include "app/trouble_watch.h"

namespace telefence {
namespace {

using std::chrono::seconds;
using Cause = BypassKeeper::Cause;

constexpr BypassKeeper::Clock::time_point kStart{seconds(1000)};

TEST(BypassKeeper, ACommandHoldsUntilAnotherTakesItBack) {
  BypassKeeper keeper;
  EXPECT_FALSE(keeper.state().is_on());
  EXPECT_FALSE(keeper.switch_off());
  keeper.switch_on("root", std::nullopt, kStart);
  EXPECT_FALSE(keeper.turn("packet buffers have run out", kStart + seconds(1)));
  EXPECT_FALSE(keeper.turn("", kStart + seconds(100'000)));
  EXPECT_EQ(keeper.state().cause, Cause::kCommand);
  EXPECT_EQ(keeper.state().why, "root");
  EXPECT_TRUE(keeper.switch_off());
  EXPECT_FALSE(keeper.state().is_on());
}

TEST(BypassKeeper, ACommandForSomeTimeEndsWithIt) {
  BypassKeeper keeper;
  keeper.switch_on("root", seconds(600), kStart);
  EXPECT_FALSE(keeper.turn("", kStart + seconds(599)));
  EXPECT_TRUE(keeper.turn("", kStart + seconds(600)));
  EXPECT_FALSE(keeper.state().is_on());
  keeper.switch_on("a", seconds(5), kStart);
  keeper.switch_on("b", std::nullopt, kStart + seconds(1));
  EXPECT_FALSE(keeper.turn("", kStart + seconds(50))) << "the newest command holds";
  EXPECT_EQ(keeper.state().by_command, 3u);
}

TEST(BypassKeeper, AfterAnErrorInspectionIsTriedAgainAMinuteLater) {
  BypassKeeper keeper;
  EXPECT_TRUE(keeper.turn("what went wrong", kStart));
  EXPECT_EQ(keeper.state().cause, Cause::kError);
  EXPECT_EQ(keeper.state().why, "what went wrong");
  EXPECT_FALSE(keeper.turn("", kStart + seconds(59)));
  EXPECT_TRUE(keeper.turn("what went wrong", kStart + seconds(60))) << "tried, whatever is still wrong";
  EXPECT_FALSE(keeper.state().is_on());
  EXPECT_TRUE(keeper.turn("what went wrong", kStart + seconds(61)));
  EXPECT_EQ(keeper.state().by_error, 2u);
}

TEST(BypassKeeper, ACommandEndsTheOneThatTheDaemonSwitchedOnItself) {
  BypassKeeper keeper;
  EXPECT_TRUE(keeper.turn("what went wrong", kStart));
  EXPECT_TRUE(keeper.switch_off());
  EXPECT_FALSE(keeper.state().is_on());
}

TEST(TroubleWatch, BuffersThatRunOutForThreeLooksAreAnError) {
  TroubleWatch watch;
  const auto look = [&](std::uint32_t free) { return watch.look({free, true, {0}}); };
  EXPECT_EQ(look(TroubleWatch::kFewFrames - 1), "");
  EXPECT_EQ(look(0), "");
  EXPECT_EQ(look(TroubleWatch::kFewFrames), "") << "they came back";
  EXPECT_EQ(look(10), "");
  EXPECT_EQ(look(10), "");
  EXPECT_EQ(look(10), "packet buffers have run out for 3 s");
  watch.forget();
  EXPECT_EQ(look(10), "");
}

TEST(TroubleWatch, AWorkerThatStaysBehindThoughItShedsAllIsAnError) {
  TroubleWatch watch;
  std::uint64_t beyond = 0;
  const auto look = [&](std::uint64_t more, bool may_shed_all = true) {
    beyond += more;
    return watch.look({9999, may_shed_all, {0, beyond}});
  };
  for (int i = 0; i < 4; ++i) EXPECT_EQ(look(3), "");
  EXPECT_EQ(look(0), "") << "a second in which it kept up";
  for (int i = 0; i < 4; ++i) EXPECT_EQ(look(1), "");
  EXPECT_EQ(look(1), "worker w1 is behind for 5 s though all that may be shed is");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(look(1, false), "") << "who wants no shedding wants no bypass for it";
}

}  // namespace
}  // namespace telefence
