// SPDX-License-Identifier: Apache-2.0
// A worker that falls behind sheds inspection by cause, in the order of ShedCause, and never forwarding.
#include <gtest/gtest.h>

#include "filter.h"
#include "payloads.h"
#include "pipeline/worker.h"
#include "quic_payloads.h"
#include "session_ends.h"

namespace telefence {
namespace {

using namespace testing;
using Octets = std::vector<std::uint8_t>;

constexpr std::size_t kTurnsPerLevel = LoadGauge::kRefilled / Burst::kFrames;

class Overload : public ::testing::Test {
 protected:
  Overload() {
    filter.block([](MatchSetBuilder& b) {
      Filter::block_domain(b, "evil.example");
      Filter::block_number(b, "+8617000000001");
      Filter::block_text(b, "win a prize");
    });
  }
  void TearDown() override {
    std::uint64_t sum = filter.stats().held_frames.read();
    for (const Counter& fate : filter.stats().fates) sum += fate.read();
    EXPECT_EQ(sum, filter.stats().received.read());
  }
  // The queue is filled anew for so long that so many levels are proved.
  void press(std::size_t levels) {
    const Octets filler = udp_frame("what is this", 9999);
    for (std::size_t turn = 0; turn < levels * kTurnsPerLevel; ++turn) {
      for (std::size_t i = 0; i < Burst::kFrames; ++i) filter.access.give(filler);
      filter.worker().run_once();
      filter.core.forget();
    }
    filter.access.forget();
    ASSERT_EQ(filter.stats().overload_level.read(), levels);
  }
  void send(const Octets& frame) {
    filter.access.give(frame);
    filter.worker().run_once();
  }
  std::uint64_t shed(ShedCause cause) const { return filter.stats().shed[static_cast<std::size_t>(cause)].read(); }
  // Only this cause may be shed: the first level is it.
  void only(ShedCause cause, ShedMode mode = ShedMode::kOpen) {
    OverloadOptions options;
    options.modes.fill(ShedMode::kNever);
    options.modes[static_cast<std::size_t>(cause)] = mode;
    filter.shed(options);
    press(1);
  }

  Filter filter{Mode::kEnforce, false, {}, false, true};
};

Octets fragment() {
  Octets frame = udp_frame("the first part of a longer packet", 53);
  frame[14 + 6] = 0x20;  // more fragments
  return frame;
}

std::string listed(std::uint32_t number) { return submit_sm(number, "10690001", "8613800000001", "You WIN A PRIZE, call now"); }

TEST_F(Overload, FragmentsAreShedFirstAndNothingElse) {
  press(1);
  send(fragment());
  EXPECT_EQ(filter.fate(Fate::kForwardedOverload), 1u);
  EXPECT_EQ(shed(ShedCause::kFragments), 1u);
  send(udp_frame(dns_query("evil.example"), 53));
  send(tcp_frame(submit_sm(1, "8617000000001", "8613800000001", "hi"), 2775));
  EXPECT_EQ(filter.fate(Fate::kAnswered), 1u);
  EXPECT_EQ(filter.fate(Fate::kNeutralised), 1u);
  EXPECT_EQ(filter.stats().overload_rises.read(), 1u);
}

TEST_F(Overload, AFragmentOfWhatIsNeverReadIsNotShed) {
  only(ShedCause::kFragments, ShedMode::kClosed);
  Octets icmp = fragment();
  icmp[14 + 9] = 1;
  send(icmp);
  EXPECT_EQ(filter.fate(Fate::kForwardedFragment), 1u);
  EXPECT_EQ(filter.core.sent().size(), 1u);
}

TEST_F(Overload, QuicIsForwardedUnreadOrDroppedSoThatBrowsersFallBack) {
  const Octets hello = quic_frame(quic_whole(quic_hello("www.evil.example")), 40000);
  only(ShedCause::kQuic);
  send(hello);
  EXPECT_EQ(filter.fate(Fate::kForwardedOverload), 1u);
  EXPECT_EQ(filter.core.sent().size(), 1u);
  filter.core.forget();
  OverloadOptions closed;
  closed.modes.fill(ShedMode::kNever);
  closed.modes[1] = ShedMode::kClosed;
  filter.shed(closed);
  send(hello);
  EXPECT_EQ(filter.fate(Fate::kDroppedOverload), 1u);
  EXPECT_EQ(filter.core.sent().size(), 0u);
  Octets other = udp_frame("no long header, maybe a connection that stands", 443);
  send(other);
  EXPECT_EQ(filter.core.sent().size(), 1u) << "what would not have been opened is never dropped";
}

TEST_F(Overload, NoMessageIsBegunThatGoesOnElsewhere) {
  only(ShedCause::kSpread);
  const std::string hello = tls_hello("www.evil.example");
  send(tcp_frame(hello.substr(0, 40), 443));
  EXPECT_EQ(filter.fate(Fate::kForwardedOverload), 1u);
  EXPECT_EQ(filter.stats().spread_begun.read(), 0u);
  send(tcp_frame(hello, 443));
  EXPECT_EQ(filter.fate(Fate::kReset), 1u) << "a whole one is read";
}

TEST_F(Overload, OneThatWasBegunIsFinished) {
  const std::string hello = tls_hello("www.evil.example");
  send(frame_of({.source_port = 40000, .destination_port = 443, .sequence = 1000, .payload = hello.substr(0, 40)}));
  EXPECT_EQ(filter.fate(Fate::kForwardedNeedMore), 1u);
  only(ShedCause::kSpread);
  send(frame_of({.source_port = 40000, .destination_port = 443, .sequence = 1040, .payload = hello.substr(40)}));
  EXPECT_EQ(filter.fate(Fate::kReset), 1u);
}

TEST_F(Overload, TextsAreNotSearchedButNumbersAreAndTheStreamGoesOn) {
  open_session(filter);
  only(ShedCause::kTexts);
  std::string stream = listed(1) + submit_sm(2, "8617000000001", "8613800000002", "hi") + listed(3);
  // Cut where no message ends.
  const auto segment = [&](std::size_t from, std::size_t to) {
    send(frame_of({.source_port = 40000, .destination_port = 2775, .sequence = 1000 + static_cast<std::uint32_t>(from),
                   .acknowledgement = 1, .payload = stream.substr(from, to - from)}));
  };
  segment(0, 50);
  segment(50, 150);
  segment(150, stream.size());
  std::string arrived;
  for (const auto& bytes : filter.core.sent()) {
    Frame frame;
    frame.data = const_cast<std::uint8_t*>(bytes.data());
    frame.length = static_cast<std::uint32_t>(bytes.size());
    const Layers layers = decode(frame);
    arrived += as_text(payload_of(std::as_const(frame), layers));
  }
  EXPECT_EQ(arrived.size(), stream.size());
  EXPECT_NE(arrived.find("8613800000001"), std::string::npos) << "its text was not searched";
  EXPECT_EQ(arrived.find("8613800000002"), std::string::npos) << "its number was";
  EXPECT_EQ(shed(ShedCause::kTexts), 3u);
  EXPECT_EQ(filter.fate(Fate::kForwardedOverload), 0u);
}

TEST_F(Overload, WholeMessagesAreShedLastAndStreamsNever) {
  press(5);
  send(udp_frame(dns_query("evil.example"), 53));
  send(tcp_frame(http_request("evil.example"), 80));
  EXPECT_EQ(shed(ShedCause::kNames), 2u);
  EXPECT_EQ(filter.fate(Fate::kForwardedOverload), 2u);
  send(udp_frame("what is this", 9999));
  EXPECT_EQ(filter.fate(Fate::kForwardedOverload), 2u) << "what is read by nobody is not shed";
  send(tcp_frame(submit_sm(1, "8617000000001", "8613800000001", "hi"), 2775));
  EXPECT_EQ(filter.fate(Fate::kNeutralised), 1u);
}

TEST_F(Overload, ClosedDropsWhatWouldHaveBeenReadAndNothingElse) {
  only(ShedCause::kNames, ShedMode::kClosed);
  send(udp_frame(dns_query("good.example"), 53));
  EXPECT_EQ(filter.fate(Fate::kDroppedOverload), 1u);
  send(udp_frame("what is this", 9999));
  EXPECT_EQ(filter.core.sent().size(), 1u);
  send(tcp_frame("the middle of a picture, on a connection that stands", 80));
  EXPECT_EQ(filter.core.sent().size(), 2u);
  send(tcp_frame(http_request("good.example"), 80));
  EXPECT_EQ(filter.fate(Fate::kDroppedOverload), 2u);
}

TEST_F(Overload, NothingIsShedThatMustNotBe) {
  OverloadOptions never;
  never.modes.fill(ShedMode::kNever);
  filter.shed(never);
  press(0);
  for (std::size_t turn = 0; turn < 2 * kTurnsPerLevel; ++turn) {
    for (std::size_t i = 0; i < Burst::kFrames; ++i) filter.access.give(udp_frame(dns_query("evil.example", 1), 53));
    filter.worker().run_once();
    filter.access.forget();
  }
  EXPECT_EQ(filter.fate(Fate::kAnswered), 2 * kTurnsPerLevel * Burst::kFrames);
  EXPECT_GE(filter.stats().overload_beyond.read(), 1u);
}

TEST(OverloadOfACapture, NeverHappens) {
  Filter filter;
  filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
  for (int i = 0; i < 4096; ++i) filter.access.give(udp_frame(dns_query("evil.example"), 53));
  filter.run();
  EXPECT_EQ(filter.fate(Fate::kAnswered), 4096u);
  EXPECT_EQ(filter.stats().overload_rises.read(), 0u);
}

}  // namespace
}  // namespace telefence
