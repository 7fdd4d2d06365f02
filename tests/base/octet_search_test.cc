// SPDX-License-Identifier: Apache-2.0
#include "base/octet_search.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <vector>

namespace telefence {
namespace {

enum class Kind : std::uint8_t { kUsual = 7, kOther = 8 };

TEST(OctetSearch, WhatIsUnlikeTheRestIsVisitedInOrderAndNothingBehindTheEnd) {
  std::mt19937_64 random(5);
  for (std::size_t count = 0; count <= 4 * kOctetsAtOnce; ++count) {
    for (const unsigned one_of : {1u, 2u, 20u, 1000u}) {
      std::array<Kind, 4 * kOctetsAtOnce> kinds;
      kinds.fill(Kind::kOther);  // also behind the end
      std::vector<std::size_t> expected;
      for (std::size_t i = 0; i < count; ++i) {
        kinds[i] = random() % one_of == 0 ? Kind::kOther : Kind::kUsual;
        if (kinds[i] == Kind::kOther) expected.push_back(i);
      }
      std::vector<std::size_t> visited;
      visit_unlike(kinds.data(), count, Kind::kUsual, [&](std::size_t i) { visited.push_back(i); });
      ASSERT_EQ(visited, expected) << count;
    }
  }
}

TEST(OctetSearch, TruthIsOneOctet) {
  std::array<bool, kOctetsAtOnce> done{};
  done.fill(true);
  done[3] = done[63] = false;
  std::vector<std::size_t> visited;
  visit_unlike(done.data(), done.size(), true, [&](std::size_t i) { visited.push_back(i); });
  EXPECT_EQ(visited, (std::vector<std::size_t>{3, 63}));
}

}  // namespace
}  // namespace telefence
