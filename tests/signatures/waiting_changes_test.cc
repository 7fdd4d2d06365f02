// SPDX-License-Identifier: Apache-2.0
#include "signatures/waiting_changes.h"

#include <gtest/gtest.h>

#include "crypto/hex.h"
#include "crypto/sha256.h"
#include "signatures/op_line.h"
#include "signatures/seen_batches.h"

namespace telefence {
namespace {

std::vector<Change> changes_of(std::initializer_list<const char*> lines) {
  std::vector<Change> out;
  for (const char* line : lines) out.push_back(parse_op_line(line).value());
  return out;
}

TEST(WaitingChanges, AChangeWaitsForItsTime) {
  WaitingChanges waiting("86", "edge");
  auto changes = changes_of({R"({"op":"add","kind":"domain","value":"now.example"})", R"({"op":"add","kind":"domain","value":"later.example","valid_from":200})",
                             R"({"op":"add","kind":"domain","value":"soon.example","valid_from":150})",
                             R"({"op":"add","kind":"domain","value":"past.example","valid_from":50})"});
  waiting.sort_out(changes, 100);
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[1].signature.value, "past.example");
  EXPECT_EQ(waiting.count(), 2u);
  EXPECT_TRUE(waiting.take_due(149).empty());
  const auto due = waiting.take_due(500);
  ASSERT_EQ(due.size(), 2u);
  EXPECT_EQ(due[0].signature.value, "soon.example");
  EXPECT_EQ(due[1].signature.value, "later.example");
  EXPECT_TRUE(waiting.take_due(1000).empty());
}

TEST(WaitingChanges, TheLastWordAboutAValueCounts) {
  for (const char* word : {R"({"op":"remove","kind":"domain","value":"BAD.example."})", R"({"op":"allow","kind":"domain","value":"bad.example"})",
                           R"({"op":"add","kind":"domain","value":"bad.example","match":"exact"})"}) {
    WaitingChanges waiting("86", "edge");
    auto first = changes_of({R"({"op":"add","kind":"domain","value":"bad.example","valid_from":200})"});
    waiting.sort_out(first, 100);
    EXPECT_TRUE(first.empty());
    auto second = changes_of({word});
    waiting.sort_out(second, 110);
    EXPECT_EQ(second.size(), 1u) << word;
    EXPECT_TRUE(waiting.take_due(300).empty()) << word;
  }
  WaitingChanges waiting("86", "edge");
  auto twice = changes_of({R"({"op":"add","kind":"number","value":"+8613800138000","valid_from":200})", R"({"op":"add","kind":"number","value":"13800138000","valid_from":300})"});
  waiting.sort_out(twice, 100);
  EXPECT_EQ(waiting.count(), 1u);
  EXPECT_TRUE(waiting.take_due(250).empty());
  EXPECT_EQ(waiting.take_due(300).size(), 1u);
}

TEST(WaitingChanges, WhatOtherSourcesSayWaitsOn) {
  const auto later = [](const char* source) {
    return std::string(R"({"op":"add","kind":"domain","value":"bad.example","valid_from":200,"source":")") + source + "\"}";
  };
  WaitingChanges waiting("86", "edge");
  auto first = changes_of({later("city").c_str(), later("vendor").c_str()});
  waiting.sort_out(first, 100);
  EXPECT_EQ(waiting.count(), 2u);
  auto of_one = changes_of({R"({"op":"remove","kind":"domain","value":"bad.example","source":"vendor"})"});
  waiting.sort_out(of_one, 110);
  EXPECT_EQ(waiting.count(), 1u);
  auto of_all = changes_of({R"({"op":"remove","kind":"domain","value":"bad.example"})"});
  waiting.sort_out(of_all, 110);
  EXPECT_EQ(waiting.count(), 0u);
}

TEST(WaitingChanges, WhatIsRecordedForATimeIsCarriedOutAfterwards) {
  const char* line = R"({"op":"add","kind":"domain","value":"bad.example","shadow_until":200})";
  WaitingChanges waiting("86", "edge");
  auto changes = changes_of({line});
  waiting.sort_out(changes, 100);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_TRUE(changes[0].signature.shadow);
  auto due = waiting.take_due(200);
  waiting.sort_out(due, 200);
  ASSERT_EQ(due.size(), 1u);
  EXPECT_FALSE(due[0].signature.shadow);
  // After a valid_from, too; and at once when it is over already.
  auto later = changes_of({R"({"op":"add","kind":"domain","value":"bad.example","valid_from":150,"shadow_until":200})"});
  waiting.sort_out(later, 100);
  EXPECT_TRUE(later.empty());
  due = waiting.take_due(150);
  waiting.sort_out(due, 150);
  ASSERT_EQ(due.size(), 1u);
  EXPECT_TRUE(due[0].signature.shadow);
  due = waiting.take_due(200);
  ASSERT_EQ(due.size(), 1u);
  EXPECT_FALSE(due[0].signature.shadow);
  auto over = changes_of({line});
  waiting.sort_out(over, 300);
  EXPECT_FALSE(over[0].signature.shadow);
  EXPECT_EQ(waiting.count(), 0u);
  // Who writes down the log has it wait as a whole.
  WaitingChanges all = WaitingChanges::of_all_nodes("86");
  auto kept = changes_of({line});
  all.sort_out(kept, 100);
  EXPECT_TRUE(kept.empty());
  all.for_each([](const Change& change) { EXPECT_EQ(change.signature.shadow_until_s, 200); });
}

TEST(WaitingChanges, AShareOfTheNodesGoesFirst) {
  int first = 0;
  for (int node = 0; node < 1000; ++node) {
    WaitingChanges waiting("86", "edge-" + std::to_string(node));
    auto changes = changes_of({R"({"op":"add","kind":"domain","value":"bad.example","shadow_until":200,"canary":10})"});
    waiting.sort_out(changes, 100);
    first += changes[0].signature.shadow ? 0 : 1;
    EXPECT_EQ(waiting.count(), changes[0].signature.shadow ? 1u : 0u);
  }
  EXPECT_GT(first, 60);
  EXPECT_LT(first, 140);
}

TEST(SeenBatches, RemembersManyAndWhatBecameOfThem) {
  SeenBatches seen;
  const auto hash = [](int i) { return hex_of(sha256(std::to_string(i))); };
  EXPECT_EQ(seen.find(hash(0)), SeenBatches::Seen::kNever);
  for (int i = 0; i < 20'000; ++i) seen.note(hash(i), i % 2 == 0);
  EXPECT_EQ(seen.count(), 20'000u);
  for (int i = 0; i < 20'000; ++i)
    ASSERT_EQ(seen.find(hash(i)), i % 2 == 0 ? SeenBatches::Seen::kApplied : SeenBatches::Seen::kRead) << i;
  for (int i = 20'000; i < 40'000; ++i) ASSERT_EQ(seen.find(hash(i)), SeenBatches::Seen::kNever);
  seen.note(hash(1), true);
  EXPECT_EQ(seen.find(hash(1)), SeenBatches::Seen::kApplied);
  seen.note(hash(1), false);  // read again, and refused now: it was applied once
  EXPECT_EQ(seen.find(hash(1)), SeenBatches::Seen::kApplied);
  EXPECT_EQ(seen.count(), 20'000u);
}

}  // namespace
}  // namespace telefence
