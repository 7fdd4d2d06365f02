// SPDX-License-Identifier: Apache-2.0
#include "signatures/answer_pace.h"

#include <ctime>

namespace telefence {

bool AnswerPace::takes(Steady now) {
  if (now < rests_until_) return false;
  if (now - second_ >= std::chrono::seconds(1)) {
    second_ = now;
    in_second_ = 0;
  }
  if (in_second_ == kMostInSecond) return false;
  ++in_second_;
  return true;
}

void AnswerPace::made(Steady now, std::chrono::nanoseconds ran) {
  if (ran > kLongAnswer) rests_until_ = now + kRest * ran;
}

std::chrono::nanoseconds thread_time() {
  timespec ran{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ran);
  return std::chrono::seconds(ran.tv_sec) + std::chrono::nanoseconds(ran.tv_nsec);
}

}  // namespace telefence
