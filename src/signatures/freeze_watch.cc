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

void FreezeWatch::plan(Clock::time_point now) { next_look_ = now + std::min<Clock::duration>(kBetweenLooks, silent_after_ / 4); }

void FreezeWatch::refused(const std::string& why, Clock::time_point now) {
  plan(now);
  refusal_ = why;
}

void FreezeWatch::note_signed(std::int64_t at_ms, std::int64_t now_ms, Clock::time_point now) {
  came_at_ = now;
  at_ms = std::min(at_ms, now_ms);  // what is dated ahead is not fresh for longer
  const std::chrono::milliseconds age(now_ms - at_ms);
  if (signed_at_ms_ != 0 && age >= now - heard_at_ + age_) return;  // what came before is fresher, whatever the clock says now
  signed_at_ms_ = at_ms;
  heard_at_ = now;
  age_ = age;
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
  if (timestamp.at_ms > newest_.at_ms) note_signed(timestamp.at_ms, now_ms, now);  // else it is the same, read again
  newest_ = std::move(timestamp);
  if (newest_.sequence <= here.last) {
    lacked_ = 0;
  } else if (lacked_ <= here.last) {  // what was lacking before has come
    lacked_ = newest_.sequence;
    lacked_at_ = now;
  }
}

std::string FreezeWatch::disagreement(const Here& here, Clock::time_point now) const {
  // What was pushed a moment ago may still be on its way, and who reads the log from its beginning has not read all.
  if (lacked_ > here.last && here.is_caught_up && now - lacked_at_ >= kOnItsWay)
    return "the centre signed that the log has batch " + std::to_string(lacked_) + ", and batch " + std::to_string(here.last) +
           " is the newest that came here: the log is held back, or this server is behind";
  const LogTrail::Place* const place = here.trail.at_or_before(newest_.sequence);
  if (place != nullptr && place->sequence == newest_.sequence && !newest_.hash.empty() && newest_.hash != place->hash)
    return "batch " + std::to_string(newest_.sequence) + " is another one here than the centre signed: this is not its log";
  return {};
}

std::string FreezeWatch::problem(const Here& here, Clock::time_point now) const {
  if (!is_wanted()) return {};
  if (std::string what = disagreement(here, now); !what.empty()) return what;
  if (!refusal_.empty()) return refusal_;
  if (now - heard_at_ + age_ <= silent_after_) return {};
  if (signed_at_ms_ == 0) return "nothing that the centre signed came here since the start: the log may be held back, or telefence push timestamp does not run at the centre";
  if (now - came_at_ <= silent_after_)
    return "what the centre signs comes here, and is old by then: it is late, or one of the two clocks is wrong";
  return "nothing that the centre signed came here since " + instant_text(signed_at_ms_) +
         ": the log may be held back, or telefence push timestamp does not run at the centre";
}

}  // namespace telefence
