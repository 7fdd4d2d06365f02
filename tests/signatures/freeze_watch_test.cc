// SPDX-License-Identifier: Apache-2.0
#include "signatures/freeze_watch.h"

#include <gtest/gtest.h>

namespace telefence {
namespace {

using namespace std::chrono_literals;
using Clock = FreezeWatch::Clock;

constexpr std::int64_t kNow_ms = 1'795'651'200'000;  // 2026-11-26

class FreezeWatchTest : public testing::Test {
 protected:
  FreezeWatchTest() : signers_(Signers::trusting({key_.described()}, {})) {}
  // What the centre signed `ago` before this moment.
  std::string word(std::uint64_t sequence, std::chrono::milliseconds ago = 0ms, const std::string& hash = "", const std::string& log = "tf:1:log") const {
    return timestamp_value({log, sequence, hash, now_ms() - ago.count(), "centre", {}, {}}, key_);
  }
  std::int64_t now_ms() const { return kNow_ms + std::chrono::duration_cast<std::chrono::milliseconds>(passed_).count(); }
  void take(const std::string& value) { watch_.take(value, signers_, here_, now_ms(), now()); }
  std::string problem() const { return watch_.problem(here_, now()); }
  Clock::time_point now() const { return started_ + passed_; }

  const SigningKey key_ = make_signing_key("centre", "");
  const Signers signers_;
  FreezeWatch watch_{"tf:1:log", 60};
  const Clock::time_point started_ = Clock::now();
  Clock::duration passed_{};
  LogTrail trail_;
  FreezeWatch::Here here_{5, trail_, true};
};

TEST_F(FreezeWatchTest, SilenceIsTold) {
  EXPECT_EQ(problem(), "");
  passed_ = 59s;
  EXPECT_EQ(problem(), "") << "the first word has as long to come";
  passed_ = 62s;
  EXPECT_NE(problem().find("since the start"), std::string::npos);
  take(word(5));
  EXPECT_EQ(problem(), "");
  passed_ += 59s;
  EXPECT_EQ(problem(), "");
  passed_ += 2s;
  EXPECT_NE(problem().find("since 2026-11-26T"), std::string::npos) << problem();
  take(word(5, 30s));
  EXPECT_EQ(problem(), "");
}

TEST_F(FreezeWatchTest, ABatchIsAWordOfTheCentreToo) {
  passed_ = 62s;
  watch_.note_signed(now_ms() - 1000, now_ms(), now());
  EXPECT_EQ(problem(), "");
  passed_ += 60s;
  EXPECT_NE(problem(), "");
  // One that is dated ahead is not fresh for longer.
  watch_.note_signed(now_ms() + 3'600'000, now_ms(), now());
  passed_ += 59s;
  EXPECT_EQ(problem(), "");
  EXPECT_LE(watch_.signed_at_ms(), now_ms());
  passed_ += 2s;
  EXPECT_NE(problem(), "");
}

// The wall clock goes back an hour, or ahead: silence is told as before, and what is fresh is no silence.
TEST_F(FreezeWatchTest, AClockThatJumpsHidesNothing) {
  take(word(5));
  passed_ += 61s;
  EXPECT_NE(watch_.problem(here_, now()).find("nothing that the centre signed came here since"), std::string::npos);
  watch_.take(word(5), signers_, here_, now_ms() - 3'600'000, now());
  EXPECT_NE(problem().find("dated 3600 s ahead: one of the two clocks is wrong"), std::string::npos) << "at once";
  watch_.take(word(5), signers_, here_, now_ms() + 40'000, now());
  EXPECT_EQ(problem(), "") << "40 s old by this clock";
  // Ahead by an hour: words come, and are old by this clock.
  for (int minute = 0; minute < 2; ++minute) {
    passed_ += 40s;
    watch_.take(word(5), signers_, here_, now_ms() + 3'600'000, now());
  }
  EXPECT_NE(problem().find("it is late, or one of the two clocks is wrong"), std::string::npos) << problem();
}

// Back by less than what is told: words go on to come, so nothing is wrong; and one that is read again does not become fresh by it.
TEST_F(FreezeWatchTest, AClockThatIsSetBackALittleAlarmsNobody) {
  take(word(5));
  const std::int64_t back_ms = 500'000;
  for (int minute = 0; minute < 10; ++minute) {
    passed_ += 50s;
    watch_.take(word(5), signers_, here_, now_ms() - back_ms, now());
    EXPECT_EQ(problem(), "") << minute;
  }
  const std::string last = word(5);
  for (int look = 0; look < 7; ++look) {
    passed_ += 10s;
    watch_.take(last, signers_, here_, now_ms() - back_ms, now());
  }
  EXPECT_NE(problem(), "");
}

TEST_F(FreezeWatchTest, WhoReadsTheLogFromItsBeginningIsNotBehind) {
  here_.last = 1;
  here_.is_caught_up = false;
  take(word(2000));
  passed_ += 30s;
  EXPECT_EQ(problem(), "");
  here_.last = 1900;
  here_.is_caught_up = true;  // and now it is
  EXPECT_NE(problem().find("has batch 2000, and batch 1900"), std::string::npos);
}

TEST_F(FreezeWatchTest, AnOldWordThatIsPutBackSaysNothingNew) {
  passed_ = 100s;
  take(word(5));
  const std::string old = word(9, 50s);
  take(old);
  EXPECT_EQ(problem(), "");
  passed_ += 10s;
  EXPECT_EQ(problem(), "") << "it would tell of a batch that is not here";
  passed_ += 60s;
  take(old);
  EXPECT_NE(problem(), "");
}

TEST_F(FreezeWatchTest, ABatchThatIsOnItsWayIsGivenTime) {
  take(word(6));
  EXPECT_EQ(problem(), "");
  passed_ = 4s;
  EXPECT_EQ(problem(), "");
  passed_ = 5s;
  EXPECT_NE(problem().find("has batch 6, and batch 5 is the newest that came here"), std::string::npos);
  here_.last = 6;
  EXPECT_EQ(problem(), "") << "at once when it has come";
  // Where much is pushed each word tells of a batch that has not come yet; none of them is late.
  for (std::uint64_t last = 6; last < 20; ++last) {
    here_.last = last;
    take(word(last + 1));
    passed_ += 10s;
    here_.last = last + 1;
    EXPECT_EQ(problem(), "") << last;
  }
}

TEST_F(FreezeWatchTest, AnotherLogIsTold) {
  take(word(5, 0ms, std::string(64, 'b')));
  EXPECT_EQ(problem(), "") << "what stood there is not known";
  trail_.add(5, std::string(64, 'a'));
  EXPECT_NE(problem().find("batch 5 is another one here than the centre signed"), std::string::npos);
  // Also when this log goes on: a fork may be longer than what the centre signs.
  trail_.add(6, std::string(64, 'c'));
  here_.last = 6;
  EXPECT_NE(problem().find("batch 5 is another one here than the centre signed"), std::string::npos);
  trail_ = {};
  trail_.add(5, std::string(64, 'b'));
  EXPECT_EQ(problem(), "");
}

TEST_F(FreezeWatchTest, WhatCountsForNothingIsSaid) {
  passed_ = 62s;
  const auto says = [&](const std::string& value, const char* what) {
    take(value);
    EXPECT_NE(problem().find(what), std::string::npos) << problem();
  };
  says(word(5, -700s), "dated 700 s ahead");
  says(word(5, 0ms, "", "tf:2:log"), "is of the log tf:2:log");
  says("{}\n", "of another version than 1");
  says("no object\n", "is not a JSON object");
  says("no line", "has no end of line");
  std::string changed = word(5);
  changed.replace(changed.find("\"seq\":5"), 7, "\"seq\":6");
  says(changed, "the signature of centre is wrong");
  const SigningKey stranger = make_signing_key("stranger", "");
  says(timestamp_value({"tf:1:log", 5, "", now_ms(), "x", {}, {}}, stranger), "which is not among redis.signers");
  says(word(5).substr(0, word(5).find('\n') + 1), "it has no signature");
  watch_.refused("NOPERM", now());
  EXPECT_NE(problem().find("NOPERM"), std::string::npos);
  take(word(5));
  EXPECT_EQ(problem(), "");
}

TEST_F(FreezeWatchTest, NothingIsWatchedUnlessItIsWanted) {
  FreezeWatch off("tf:1:log", 0);
  EXPECT_FALSE(off.is_wanted());
  EXPECT_FALSE(off.is_due(now()));
  EXPECT_EQ(off.problem(here_, now() + 1h), "");
}

TEST_F(FreezeWatchTest, LooksComeAtTimes) {
  EXPECT_TRUE(watch_.is_due(now()));
  take("");
  EXPECT_FALSE(watch_.is_due(now() + 9s));
  EXPECT_TRUE(watch_.is_due(now() + 10s));
  FreezeWatch quick("tf:1:log", 4);
  quick.take("", signers_, here_, now_ms(), now());
  EXPECT_TRUE(quick.is_due(now() + 1s));
}

}  // namespace
}  // namespace telefence
