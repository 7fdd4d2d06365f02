// SPDX-License-Identifier: Apache-2.0
// How a layer is filled with rows. What becomes of the values is in files_test.cc and snapshot_test.cc.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "match_helpers.h"
#include "signatures/layer_filler.h"

namespace telefence {
namespace {

// A table that had room for one row too few would grow to twice its size with the last one.
TEST(LayerFiller, RoomIsMadeBesideWhatWaitsToBePutIn) {
  const CompileTerms terms = test_terms();
  std::vector<Complaint> complaints;
  ComplaintList collected(complaints);
  Layer layer;
  LayerFiller filler(terms, layer, collected);
  Signature common;
  common.kind = SignatureKind::kNumber;
  filler.begin(common);
  std::uint64_t next = 13800000000;
  const auto take = [&](std::size_t count) {
    for (; count > 0; --count) ASSERT_TRUE(filler.take_plain({std::to_string(next++)}));
  };
  filler.reserve(SignatureKind::kNumber, 1000);
  take(1000);
  filler.reserve(SignatureKind::kNumber, 5000);
  const std::size_t bytes = layer.numbers().bytes();
  take(5000);
  filler.finish();
  EXPECT_EQ(layer.size(), 6000u);
  EXPECT_EQ(layer.numbers().bytes(), bytes);
}

}  // namespace
}  // namespace telefence
