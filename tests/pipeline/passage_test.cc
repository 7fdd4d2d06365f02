// SPDX-License-Identifier: Apache-2.0
// Packets that pass unread: while the first signatures are read, and in bypass. What was held leaves first, and streams are found again.
#include <gtest/gtest.h>

#include "filter.h"
#include "payloads.h"
#include "pipeline/worker.h"
#include "session_ends.h"

namespace telefence {
namespace {

using namespace testing;

constexpr std::uint32_t kFirst = 1000;

class PassageTest : public ::testing::Test {
 protected:
  PassageTest() {
    filter.block([](MatchSetBuilder& b) {
      Filter::block_domain(b, "evil.example");
      Filter::block_text(b, "win a prize");
    });
  }
  void TearDown() override {
    std::uint64_t sum = 0;
    for (const Counter& fate : filter.stats().fates) sum += fate.read();
    EXPECT_EQ(sum, filter.stats().received.read());
    EXPECT_EQ(filter.free_buffers(), Filter::kBuffers);
  }
  // A segment of the stream.
  void send(std::size_t from, std::size_t to) {
    filter.access.give(frame_of({.source_port = 40000, .destination_port = 2775, .sequence = kFirst + static_cast<std::uint32_t>(from),
                                 .acknowledgement = 1, .payload = stream.substr(from, to - from)}));
    filter.run();
  }

  Filter filter{Mode::kEnforce, false, {}, false, true};
  std::string stream;
};

std::string message(std::uint32_t number, std::string_view text) { return submit_sm(number, "10690001", "8613800000001", text); }

TEST_F(PassageTest, BeforeTheSignaturesAreReadPacketsPassUnread) {
  filter.gate = Passage::kNotReady;
  const auto query = udp_frame(dns_query("evil.example"), 53);
  filter.access.give(query);
  filter.run();
  ASSERT_EQ(filter.core.sent().size(), 1u);
  EXPECT_EQ(filter.core.sent()[0], query);
  EXPECT_EQ(filter.fate(Fate::kForwardedNotReady), 1u);
  filter.gate = Passage::kInspect;
  filter.access.give(query);
  filter.run();
  EXPECT_EQ(filter.fate(Fate::kAnswered), 1u);
}

TEST(PassageOfACapture, WaitsForTheSignatures) {
  Filter filter;
  filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
  filter.gate = Passage::kNotReady;
  filter.access.give(udp_frame(dns_query("evil.example"), 53));
  filter.run();
  EXPECT_EQ(filter.stats().received.read(), 0u);
  filter.gate = Passage::kInspect;
  filter.run();
  EXPECT_EQ(filter.fate(Fate::kAnswered), 1u);
}

TEST_F(PassageTest, InBypassWhatWasHeldLeavesFirstAndInOrder) {
  stream = message(1, "the parcel is at the gate") + message(2, "You WIN A PRIZE, call now") + message(3, "see you");
  open_session(filter);
  const std::size_t second = message(1, "the parcel is at the gate").size();
  send(0, second + 10);
  send(second + 10, second + 30);
  EXPECT_LT(payloads_sent(filter.core).size(), second + 30) << "the beginning of the second message is held";
  ASSERT_GT(filter.worker().stats().held_frames.read(), 0u);
  filter.gate = Passage::kBypassed;
  send(second + 30, stream.size());
  EXPECT_EQ(payloads_sent(filter.core), stream) << "in order, whole, and as it was sent";
  EXPECT_EQ(filter.stats().held_frames.read(), 0u);
  EXPECT_EQ(filter.fate(Fate::kForwardedBypassed), 1u);
}

TEST_F(PassageTest, WhatWasHeldLeavesThoughNothingComes) {
  open_session(filter);
  stream = message(1, "You WIN A PRIZE, call now");
  send(0, 60);
  ASSERT_EQ(payloads_sent(filter.core).size(), 0u);
  filter.gate = Passage::kBypassed;
  filter.run();
  EXPECT_EQ(payloads_sent(filter.core), stream.substr(0, 60));
}

TEST_F(PassageTest, AfterBypassAStreamIsFoundAgainWithoutAnyWait) {
  open_session(filter);
  stream = message(1, "the parcel is at the gate");
  send(0, stream.size());
  filter.gate = Passage::kBypassed;
  const std::size_t unseen = stream.size();
  stream += message(2, "You WIN A PRIZE, call now");
  send(unseen, stream.size() - 5);  // its end is lost on the way, or goes another
  filter.gate = Passage::kInspect;
  const std::size_t after = stream.size();
  stream += message(3, "see you");
  send(after, stream.size());
  EXPECT_EQ(filter.core.sent().size(), 3u) << "nothing waits for what was never seen";
  const std::size_t last = stream.size();
  stream += message(4, "You WIN A PRIZE, call now");
  send(last, stream.size());
  EXPECT_EQ(filter.core.sent().size(), 4u);
  EXPECT_EQ(filter.fate(Fate::kNeutralised), 1u);
}

TEST_F(PassageTest, BypassOfADayIsAsGoodAsOneOfAMoment) {
  for (int round = 0; round < 3; ++round) {
    const std::size_t at = stream.size();
    stream += message(static_cast<std::uint32_t>(round), "You WIN A PRIZE, call now");
    filter.gate = Passage::kInspect;
    if (round != 0) {
      // A message that nobody minds finds the stream again.
      stream.insert(at, message(99, "hi"));
      send(at, at + message(99, "hi").size());
    }
    send(stream.size() - message(0, "You WIN A PRIZE, call now").size(), stream.size());
    EXPECT_EQ(filter.fate(Fate::kNeutralised), static_cast<std::uint64_t>(round) + 1);
    filter.gate = Passage::kBypassed;
    const std::size_t unseen = stream.size();
    stream += message(77, "hi");
    send(unseen, stream.size());
  }
}

TEST(PassageOfAMirror, LetsGo) {
  Filter filter(Mode::kEnforce, true, {}, false, true);
  filter.gate = Passage::kBypassed;
  filter.access.give(udp_frame(dns_query("evil.example"), 53));
  filter.run();
  EXPECT_EQ(filter.fate(Fate::kMirrorReleased), 1u);
  EXPECT_EQ(filter.free_buffers(), Filter::kBuffers);
}

TEST_F(PassageTest, ABurstOfJumboFramesPassesWhole) {
  filter.gate = Passage::kBypassed;
  const auto jumbo = udp_frame(std::string(3500, 'x'), 9999);
  for (int i = 0; i < 64; ++i) filter.access.give(jumbo);
  filter.run();
  EXPECT_EQ(filter.core.sent().size(), 64u);
  EXPECT_EQ(filter.fate(Fate::kForwardedBypassed), 64u);
}

}  // namespace
}  // namespace telefence
