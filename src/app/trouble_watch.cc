// SPDX-License-Identifier: Apache-2.0
#include "app/trouble_watch.h"

namespace telefence {

std::string TroubleWatch::look(const Signs& signs) {
  seen_.resize(signs.beyond.size());
  looks_without_frames_ = signs.free_frames < kFewFrames ? looks_without_frames_ + 1 : 0;
  std::string error;
  if (looks_without_frames_ >= kLooksWithoutFrames)
    error = "packet buffers have run out for " + std::to_string(looks_without_frames_) + " s";
  for (std::size_t worker = 0; worker < seen_.size(); ++worker) {
    Seen& seen = seen_[worker];
    seen.looks = signs.beyond[worker] != seen.beyond ? seen.looks + 1 : 0;
    seen.beyond = signs.beyond[worker];
    if (error.empty() && signs.may_shed_all && seen.looks >= kLooksBehind)
      error = "worker w" + std::to_string(worker) + " is behind for " + std::to_string(seen.looks) +
              " s though all that may be shed is";
  }
  return error;
}

void TroubleWatch::forget() {
  looks_without_frames_ = 0;
  for (Seen& seen : seen_) seen.looks = 0;
}

}  // namespace telefence
