// SPDX-License-Identifier: Apache-2.0
#include "signatures/freeze_watch.h"

#include <algorithm>
#include <utility>

#include "signatures/words.h"

namespace telefence {
namespace {

constexpr std::chrono::seconds kBetweenLooks{10}, kOnItsWay{5};
// A clock that is so far off is told; a word from the future would count as fresh for as long.
constexpr std::int64_t kSoonest_ms = 600'000;

}  // namespace

void FreezeWatch::plan(Clock::time_point now) {
  next_look_ = now + std::min<Clock::duration>(kBetweenLooks, std::chrono::milliseconds(250) * silent_after_s_);
}

void FreezeWatch::refused(const std::string& why, Clock::time_point now) {
  plan(now);
  refusal_ = why;
}

void FreezeWatch::take(std::string_view value, const Signers& signers, const Here& here, std::int64_t now_ms, Clock::time_point now) {
  plan(now);
  refusal_.clear();
  if (value.empty()) return;
  Result<LogTimestamp> read = read_timestamp(value);
  if (!read.ok()) return refused(read.error().message, now);
  LogTimestamp& timestamp = read.value();
  if (timestamp.log != log_) return refused("the timestamp is of the log " + timestamp.log, now);
  if (const auto why = signers.refuse(timestamp)) return refused("the timestamp counts for nothing: " + why->why, now);
  if (timestamp.at_ms > now_ms + kSoonest_ms)
    return refused("the timestamp is dated " + std::to_string((timestamp.at_ms - now_ms) / 1000) + " s ahead: one of the two clocks is wrong", now);
  // An old one that somebody put back says nothing new.
  if (timestamp.at_ms < newest_.at_ms) return;
  newest_ = std::move(timestamp);
  if (newest_.sequence <= here.last) {
    lacked_ = 0;
  } else if (lacked_ <= here.last) {  // what was lacking before has come
    lacked_ = newest_.sequence;
    lacked_at_ = now;
  }
}

std::string FreezeWatch::disagreement(const Here& here, Clock::time_point now) const {
  // What was pushed a moment ago may still be on its way.
  if (lacked_ > here.last && now - lacked_at_ >= kOnItsWay)
    return "the centre signed that the log has batch " + std::to_string(lacked_) + ", and batch " + std::to_string(here.last) +
           " is the newest that came here: the log is held back, or this server is behind";
  if (newest_.sequence == here.last && !newest_.hash.empty() && !here.hash.empty() && newest_.hash != here.hash)
    return "batch " + std::to_string(here.last) + " is another one here than the centre signed: this is not its log";
  return {};
}

std::string FreezeWatch::problem(const Here& here, std::int64_t now_ms, Clock::time_point now) const {
  if (!is_wanted()) return {};
  if (std::string what = disagreement(here, now); !what.empty()) return what;
  const std::chrono::seconds most(silent_after_s_);
  if (now - started_ <= most) return {};  // after a start the first word has as long to come
  const std::int64_t signed_at = signed_at_ms(here);
  if (signed_at != 0 && now_ms - signed_at <= 1000 * most.count()) return {};
  const std::string silence = "nothing that the centre signed came here since " + (signed_at == 0 ? "the start" : instant_text(signed_at));
  return silence + ": " + (refusal_.empty() ? "the log may be held back, or telefence push timestamp does not run at the centre" : refusal_);
}

}  // namespace telefence
