// SPDX-License-Identifier: Apache-2.0
#include "signatures/unenforced_entries.h"

#include <gtest/gtest.h>

#include <string>

namespace telefence {
namespace {

Change change_of(Change::Op op, const std::string& source, const std::string& value, std::int64_t expires_s = 0) {
  Change change;
  change.op = op;
  change.unenforced = UnenforcedKind::kIp;
  change.signature.value = value;
  change.signature.source = source;
  change.signature.expires_s = expires_s;
  return change;
}

std::uint64_t count(const UnenforcedEntries& entries) { return entries.counts()[static_cast<std::size_t>(UnenforcedKind::kIp)]; }

TEST(UnenforcedEntries, ASourceWithoutEntriesIsForgotten) {
  UnenforcedEntries entries(false);
  for (int i = 0; i < 1000; ++i) {
    const std::string source = "made up " + std::to_string(i);
    entries.apply(change_of(Change::Op::kReplaceList, source, ""));
    entries.apply(change_of(Change::Op::kRemove, source, "192.0.2.1"));
    entries.apply(change_of(Change::Op::kAdd, source, "192.0.2.1"));
    entries.apply(change_of(i % 2 == 0 ? Change::Op::kRemove : Change::Op::kReplaceList, source, "192.0.2.1"));
  }
  EXPECT_EQ(entries.sources(), 0u);
  for (const char* source : {"a", "b", "c"}) entries.apply(change_of(Change::Op::kAdd, source, "192.0.2.1", source[0] == 'c' ? 100 : 0));
  EXPECT_EQ(entries.sources(), 3u);
  entries.sweep(100);
  EXPECT_EQ(entries.sources(), 2u);
  entries.apply(change_of(Change::Op::kRemove, "", "192.0.2.1"));
  EXPECT_EQ(entries.sources(), 0u) << "a removal without a source is of all";
  EXPECT_EQ(count(entries), 0u);
  entries.apply(change_of(Change::Op::kAdd, "a", "192.0.2.1"));
  entries.forget_all();
  EXPECT_EQ(entries.sources(), 0u);
}

TEST(UnenforcedEntries, EachSourceHasItsOwnWordAlsoAfterOthersWent) {
  UnenforcedEntries entries(false);
  entries.apply(change_of(Change::Op::kAdd, "a", "192.0.2.1"));
  entries.apply(change_of(Change::Op::kAdd, "b", "192.0.2.1"));
  entries.apply(change_of(Change::Op::kAdd, "b", "192.0.2.1"));
  EXPECT_EQ(count(entries), 2u);
  entries.apply(change_of(Change::Op::kRemove, "a", "192.0.2.1"));
  entries.apply(change_of(Change::Op::kAdd, "c", "192.0.2.1"));
  entries.apply(change_of(Change::Op::kReplaceList, "c", ""));
  EXPECT_EQ(count(entries), 1u);
  entries.apply(change_of(Change::Op::kRemove, "c", "192.0.2.1"));
  EXPECT_EQ(count(entries), 1u) << "the word of b stays";
  entries.apply(change_of(Change::Op::kRemove, "b", "192.0.2.1"));
  EXPECT_EQ(count(entries), 0u);
}

}  // namespace
}  // namespace telefence
