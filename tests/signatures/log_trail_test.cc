// SPDX-License-Identifier: Apache-2.0
#include "signatures/log_trail.h"

#include <gtest/gtest.h>

namespace telefence {
namespace {

TEST(LogTrail, IsCloseNearTheEndAndNeverFarApart) {
  LogTrail trail;
  for (std::uint64_t i = 1; i <= 1'000'000; ++i) trail.add(i, std::to_string(i));
  trail.thin();
  EXPECT_LT(trail.places().size(), 32u * 17);
  for (std::uint64_t behind = 0; behind < 999'900; behind += 1 + behind / 50) {
    const std::uint64_t at = 1'000'000 - behind;
    const LogTrail::Place* place = trail.at_or_before(at);
    ASSERT_NE(place, nullptr) << at;
    EXPECT_LE(place->sequence, at);
    EXPECT_LE(at - place->sequence, behind / 16) << at;
    EXPECT_EQ(place->hash, std::to_string(place->sequence));
  }
}

// Snapshots are made one of the other: what was thinned often is as what was thinned once.
TEST(LogTrail, ThinnedOftenIsThinnedOnce) {
  LogTrail once, often;
  for (std::uint64_t i = 1; i <= 5000; ++i) {
    once.add(i, "");
    often.add(i, "");
    if (i % 7 == 0) often.thin();
  }
  once.thin();
  often.thin();
  ASSERT_EQ(often.places().size(), once.places().size());
  for (std::size_t i = 0; i < once.places().size(); ++i) EXPECT_EQ(often.places()[i].sequence, once.places()[i].sequence);
}

TEST(LogTrail, BeginsAnewWithASmallerNumber) {
  LogTrail trail;
  EXPECT_EQ(trail.at_or_before(9), nullptr);
  trail.add(5, "a");
  trail.add(6, "b");
  EXPECT_EQ(trail.at_or_before(4), nullptr);
  EXPECT_EQ(trail.at_or_before(5)->hash, "a");
  EXPECT_EQ(trail.at_or_before(100)->hash, "b");
  trail.add(6, "c");
  EXPECT_EQ(trail.places().size(), 1u);
}

}  // namespace
}  // namespace telefence
