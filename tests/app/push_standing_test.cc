// SPDX-License-Identifier: Apache-2.0
#include "app/push_standing.h"

#include <gtest/gtest.h>

namespace telefence {
namespace {

using Is = Standing::Is;

class PushStanding : public testing::Test {
 protected:
  PushStanding() {
    for (std::uint64_t i = 1; i <= 5; ++i) places_.hashes[i] = "hash" + std::to_string(i);
    places_.last = 5;
    node_.name = "e1";
    node_.hash = "hash5";
    node_.sequence = 5;
  }
  Is of(std::uint64_t batch) {
    std::vector<Receipt> speaking;
    for (const Receipt& receipt : receipts_)
      if (receipt.speaks_of(batch)) speaking.push_back(receipt);
    std::map<std::string, Standing> standings;
    took_ = judge(batch, places_, {{"e1", node_}}, speaking, standings);
    why_ = standings.at("e1").why;
    return standings.at("e1").is;
  }
  LogPlaces places_;
  Heartbeat node_;
  std::vector<Receipt> receipts_;  // the newest first
  std::map<std::string, std::int64_t> took_;
  std::string why_;
};

TEST_F(PushStanding, ALaterBatchDoesNotSpeakForOneThatWasRefused) {
  receipts_ = {{"e1", "hash5", 4, 5, 630, {{4, "hash4", "unknown_signer", ""}}}, {"e1", "hash3", 1, 3, 20, {}}};
  node_.refusals = read_refusals("4 hash4 unknown_signer it is signed by X");
  EXPECT_EQ(of(4), Is::kRefused);
  EXPECT_EQ(why_, "it is signed by X");
  EXPECT_TRUE(took_.empty());
  EXPECT_EQ(of(5), Is::kApplied);
  EXPECT_EQ(took_.at("e1"), 630);
  EXPECT_EQ(of(3), Is::kApplied);
  EXPECT_EQ(took_.at("e1"), 20);
  node_.refusals.clear();  // it has forgotten it; the receipt has not
  EXPECT_EQ(of(4), Is::kRefused);
}

TEST_F(PushStanding, WhatWasTakenAfterAllIsInForce) {
  receipts_ = {{"e1", "hash5", 4, 5, {}, {}}, {"e1", "hash3", 3, 3, {}, {{4, "hash4", "unknown_signer", ""}}}};
  EXPECT_EQ(of(4), Is::kApplied);
}

TEST_F(PushStanding, ReceiptsOfAnotherLogCountForNothing) {
  receipts_ = {{"e1", "other5", 1, 5, 48, {{2, "other2", "unsigned", ""}}}};
  EXPECT_EQ(of(4), Is::kApplied) << "by its heartbeat";
  EXPECT_TRUE(took_.empty());
  EXPECT_EQ(of(2), Is::kApplied);
  node_.hash = "other5";
  EXPECT_EQ(of(4), Is::kBehind);
  EXPECT_NE(why_.find("is of another log"), std::string::npos) << why_;
  node_.sequence = 9;
  node_.hash = "";
  EXPECT_EQ(of(5), Is::kBehind) << "the log ends before";
}

TEST_F(PushStanding, WhatAnEdgeCantKnowIsNotClaimed) {
  node_.from = 5;
  EXPECT_EQ(of(5), Is::kApplied);
  EXPECT_EQ(of(4), Is::kUnknown);
  receipts_ = {{"e1", "hash4", 3, 4, 7, {}}};  // of before its start
  EXPECT_EQ(of(4), Is::kApplied);
  EXPECT_EQ(of(2), Is::kUnknown);
  node_.sequence = 3;
  node_.hash = "hash3";
  node_.problem = "why";
  EXPECT_EQ(of(5), Is::kBehind);
  EXPECT_EQ(why_, "why");
}

TEST_F(PushStanding, AnEarlierVersionTellsNoHash) {
  node_.hash = "";
  receipts_ = {{"e1", "", 1, 5, 7, {}}};
  EXPECT_EQ(of(2), Is::kApplied);
  EXPECT_EQ(took_.at("e1"), 7);
}

TEST_F(PushStanding, LinesThatAreNoneArePassedOver) {
  EXPECT_EQ(read_refusals("").size(), 0u);
  EXPECT_EQ(read_refusals("x\n7\n8 hash\n\n9 hash unsigned\n10x hash unsigned\n").size(), 1u);
  EXPECT_EQ(read_refusals("9 hash unsigned why and more").at(0).why, "why and more");
}

// Somebody took the batch out of the log, so that nobody can compare it; what was trimmed away, nobody could either, and that is no sign.
TEST_F(PushStanding, APlaceThatTheLogDoesNotHaveProvesNothingUnlessItWasTrimmed) {
  places_.first = 1;
  places_.hashes.erase(3);
  node_.sequence = 3;
  node_.hash = "another3";
  EXPECT_EQ(of(3), Is::kBehind);
  places_.first = 4;
  EXPECT_EQ(of(3), Is::kApplied);
}

TEST_F(PushStanding, AnotherLogIsNoneOfThis) {
  node_.other_log = "tf:9:log";
  EXPECT_EQ(of(5), Is::kBehind);
  EXPECT_EQ(why_, "it follows the log tf:9:log");
}

// It restarted with a key taken away, and refused more than it names: receipts of before speak of what is not in force any more.
TEST_F(PushStanding, OldReceiptsCountForNothingBehindForgottenRefusals) {
  receipts_ = {{"e1", "hash1", 1, 1, 20, {}}};
  node_.from = 5;
  EXPECT_EQ(of(1), Is::kApplied);
  node_.refusals = read_refusals("3 hash3 unknown_signer\n4 hash4 unknown_signer");
  node_.refused = 2;
  EXPECT_EQ(of(1), Is::kApplied) << "it names all that it refused";
  node_.refused = 4;
  EXPECT_EQ(of(1), Is::kUnknown);
}

TEST_F(PushStanding, WhoseWordIsNotProvedSaysNothing) {
  node_.unproved = "it is not signed";
  EXPECT_EQ(of(5), Is::kUnproved);
  EXPECT_EQ(why_, "it is not signed");
}

}  // namespace
}  // namespace telefence
